from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.database.columns import Id, Money, Stamp
from app.database.transactions import Model


class Payment(Model):
    """``received_at`` is when the money came, ``created_at`` when that was written."""

    __tablename__ = "payments"

    id: Mapped[Id]
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"))
    amount: Mapped[Money]
    method: Mapped[str]
    reference: Mapped[str | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    received_at: Mapped[Stamp]
    created_at: Mapped[Stamp]
