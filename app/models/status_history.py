from uuid import UUID

from sqlalchemy.orm import Mapped

from app.database.columns import Id, Instant
from app.database.transactions import Model


class InventoryStatusHistory(Model):
    """One change of one unit's status, written by the database with the change itself.

    ``change_date`` is when it happened, ``created_at`` when it was written; ``hash`` is over this
    row and the hash of the one before it (``seq`` - 1).
    """

    __tablename__ = "inventory_status_history"

    id: Mapped[Id]
    item_id: Mapped[UUID]
    seq: Mapped[int]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    change_reason: Mapped[str]
    reference_type: Mapped[str | None]
    reference_id: Mapped[str | None]
    changed_by: Mapped[UUID]
    change_date: Mapped[Instant]
    notes: Mapped[str | None]
    request_id: Mapped[str | None]
    created_at: Mapped[Instant]
    hash: Mapped[bytes]
