from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.database.columns import Id, Stamp
from app.database.transactions import Model


class Location(Model):
    """A place in a warehouse."""

    __tablename__ = "locations"

    id: Mapped[Id]
    warehouse_id: Mapped[UUID] = mapped_column(ForeignKey("warehouses.id"))
    code: Mapped[str]
    created_at: Mapped[Stamp]
