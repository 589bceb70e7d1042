"""Column types that several tables share."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from sqlalchemy import FetchedValue, Numeric, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import mapped_column

#: A UUIDv7 that the database makes, ordered by time.
Id = Annotated[UUID, mapped_column(primary_key=True, server_default=text("uuidv7()"))]
Money = Annotated[Decimal, mapped_column(Numeric(14, 2))]
Instant = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True))]
#: Set by the database's clock.
Stamp = Annotated[
    datetime,
    mapped_column(TIMESTAMP(timezone=True), server_default=text("clock_timestamp()")),
]
#: Counted up by a trigger at every change.
Version = Annotated[int, mapped_column(server_default=text("1"), server_onupdate=FetchedValue())]
