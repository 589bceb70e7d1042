from uuid import UUID

from sqlalchemy.orm import Mapped

from app.database.columns import Id, Instant, Stamp
from app.database.transactions import Model


class InvoiceStatusHistory(Model):
    """One change of an invoice's status, written by the database with the change itself."""

    __tablename__ = "invoice_status_history"

    id: Mapped[Id]
    invoice_id: Mapped[UUID]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    changed_by: Mapped[UUID]
    change_date: Mapped[Instant]
    notes: Mapped[str | None]
    request_id: Mapped[str | None]
    created_at: Mapped[Stamp]
