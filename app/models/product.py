from sqlalchemy import Computed
from sqlalchemy.orm import Mapped, mapped_column

from app.database.columns import Id, Money, Stamp, Version
from app.database.transactions import Model


class Product(Model):
    __tablename__ = "products"

    id: Mapped[Id]
    sku: Mapped[str]
    name: Mapped[str]
    price: Mapped[Money | None]
    barcode: Mapped[str | None]
    category: Mapped[str | None]
    next_serial: Mapped[int]
    search_text: Mapped[str] = mapped_column(
        Computed("search_text(sku || ' ' || name || ' ' || coalesce(barcode, ''))")
    )
    version: Mapped[Version]
    created_at: Mapped[Stamp]
    updated_at: Mapped[Stamp]
