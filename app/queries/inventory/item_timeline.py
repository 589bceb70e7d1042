"""An item's history as its page shows it, with names for ids."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db

TIMELINE_MAX = 500


@dataclass(frozen=True)
class TimelineEntry:
    """Times are aware, in UTC; ``change_date`` is when it happened."""

    id: UUID
    item_id: UUID
    serial_number: str
    product_name: str
    from_status: str | None
    to_status: str
    change_reason: str
    reference_type: str | None
    reference_id: str | None
    invoice_id: UUID | None
    invoice_number: str | None
    changed_by_name: str
    change_date: datetime
    created_at: datetime
    notes: str | None


SELECT = """
    SELECT h.id, h.item_id, i.serial_number, p.name AS product_name, h.from_status, h.to_status,
        h.change_reason, h.reference_type, h.reference_id, v.id AS invoice_id,
        v.number AS invoice_number, u.name AS changed_by_name, h.change_date, h.created_at, h.notes
    FROM ({changes}) h
    JOIN items i ON i.id = h.item_id
    JOIN products p ON p.id = i.product_id
    JOIN users u ON u.id = h.changed_by
    LEFT JOIN invoices v ON v.id = CASE WHEN h.reference_type = 'Invoice'
        AND pg_input_is_valid(h.reference_id, 'uuid') THEN h.reference_id::uuid END
    ORDER BY {order}
"""
OF_ITEM = text(
    SELECT.format(
        changes="""SELECT * FROM inventory_status_history WHERE item_id = :item_id
            ORDER BY seq DESC LIMIT :limit""",
        order="h.seq DESC",
    )
)
RECENT = text(
    SELECT.format(
        changes="SELECT * FROM inventory_status_history ORDER BY id DESC LIMIT :limit",
        order="h.id DESC",
    )
)


def timeline_of_item(item_id: UUID) -> list[TimelineEntry]:
    """A unit's changes of status, the newest first, at most TIMELINE_MAX."""
    rows = db.session.execute(OF_ITEM, {"item_id": item_id, "limit": TIMELINE_MAX})
    return [TimelineEntry(**row._mapping) for row in rows]


def recent_changes(limit: int = 12) -> list[TimelineEntry]:
    """The last changes that were written, of any unit."""
    rows = db.session.execute(RECENT, {"limit": limit})
    return [TimelineEntry(**row._mapping) for row in rows]
