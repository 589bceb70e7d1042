"""Status changes of items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db

COLUMNS = """
    h.id, h.item_id, i.serial_number, h.seq, h.from_status, h.to_status, h.change_reason,
    h.reference_type, h.reference_id, h.changed_by, u.name AS changed_by_name, h.change_date,
    h.notes, h.created_at
"""
SOURCE = """
    inventory_status_history h JOIN items i ON i.id = h.item_id JOIN users u ON u.id = h.changed_by
"""


@dataclass(frozen=True)
class StatusChange:
    """One row of history. ``seq`` counts per unit from 1; times are aware, in UTC."""

    id: UUID
    item_id: UUID
    serial_number: str
    seq: int
    from_status: str | None
    to_status: str
    change_reason: str
    reference_type: str | None
    reference_id: str | None
    changed_by: UUID
    changed_by_name: str
    change_date: datetime
    notes: str | None
    created_at: datetime


def history_of_items(item_ids: Sequence[UUID], limit: int = 1000) -> list[StatusChange]:
    """The last ``limit`` changes of these units, newest first."""
    rows = db.session.execute(
        text(f"""SELECT {COLUMNS} FROM {SOURCE} WHERE h.item_id = ANY(CAST(:ids AS uuid[]))
            ORDER BY h.id DESC LIMIT :limit"""),
        {"ids": list(item_ids), "limit": limit},
    )
    return [StatusChange(**row._mapping) for row in rows]
