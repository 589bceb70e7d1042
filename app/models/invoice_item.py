from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.database.columns import Id, Money
from app.database.transactions import Model


class InvoiceItem(Model):
    """One unit on one invoice. ``live`` follows the invoice: false once it is cancelled."""

    __tablename__ = "invoice_items"

    id: Mapped[Id]
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"))
    item_id: Mapped[UUID] = mapped_column(ForeignKey("items.id"))
    unit_price: Mapped[Money]
    live: Mapped[bool]
