from typing import Any
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.columns import Id, Instant, Stamp, Version
from app.database.transactions import Model


class Item(Model):
    """A unit of stock. ``inventory_status`` is what it is to the store, ``status`` where it is."""

    __tablename__ = "items"

    id: Mapped[Id]
    serial_number: Mapped[str]
    serial_key: Mapped[str] = mapped_column(FetchedValue())
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    condition: Mapped[str]
    inventory_status: Mapped[str]
    status: Mapped[str]
    status_history: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    warehouse_id: Mapped[UUID] = mapped_column(ForeignKey("warehouses.id"))
    location_id: Mapped[UUID | None] = mapped_column(ForeignKey("locations.id"))
    reserved_at: Mapped[Instant | None]
    reserved_by: Mapped[UUID | None]
    reserved_for_type: Mapped[str | None]
    reserved_for_id: Mapped[str | None]
    reservation_expiry: Mapped[Instant | None]
    notes: Mapped[str | None]
    version: Mapped[Version]
    created_at: Mapped[Stamp]
    updated_at: Mapped[Stamp]
    history_length: Mapped[int]
    history_hash: Mapped[bytes]
    status_changed_at: Mapped[Stamp]
