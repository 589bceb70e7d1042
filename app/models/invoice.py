from uuid import UUID

from sqlalchemy import Computed, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.database.columns import Id, Money, Stamp, Version
from app.database.transactions import Model


class Invoice(Model):
    """``total`` and ``paid`` are kept by the database from the lines and payments.

    Only the transaction that makes an invoice sees it without its ``number``.
    """

    __tablename__ = "invoices"

    id: Mapped[Id]
    number: Mapped[str | None]
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"))
    status: Mapped[str]
    is_live: Mapped[bool] = mapped_column(Computed("status <> 'Cancelled'"))
    total: Mapped[Money]
    paid: Mapped[Money]
    notes: Mapped[str | None]
    source_reference: Mapped[str | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[Stamp]
    updated_at: Mapped[Stamp]
    version: Mapped[Version]
