"""The source of imported invoices and the user who imports them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.models.user import SYSTEM_USER_ID

PREFIX = "retail"


@dataclass(frozen=True)
class Source:
    """``prefix`` makes its invoice numbers the store's own references."""

    prefix: str
    customer_ids: Mapping[str, UUID]
    timezone: ZoneInfo
    staff: UUID = SYSTEM_USER_ID
    manager: UUID = SYSTEM_USER_ID

    def reference(self, number: str) -> str:
        return f"{self.prefix}:{number}"

    def occurred_at(self, at: datetime) -> datetime | None:
        """The shop's local time as a moment; None for now, where it is not yet past."""
        moment = moment_of(at, self.timezone)
        return moment if moment < datetime.now(UTC) else None


def moment_of(at: datetime, timezone: ZoneInfo) -> datetime:
    return at.replace(tzinfo=timezone).astimezone(UTC)
