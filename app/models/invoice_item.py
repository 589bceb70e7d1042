from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Model
from app.models.columns import Id, Money


class InvoiceItem(Model):
    """One unit on one invoice. ``live`` follows the invoice: false once it is cancelled."""

    __tablename__ = "invoice_items"

    id: Mapped[Id]
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"))
    item_id: Mapped[UUID] = mapped_column(ForeignKey("items.id"))
    unit_price: Mapped[Money]
    live: Mapped[bool]
