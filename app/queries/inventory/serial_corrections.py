"""Corrected serial numbers, and items whose serial number can be corrected."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db


@dataclass(frozen=True)
class SerialCorrection:
    """``corrected_by`` is a name."""

    from_serial: str
    to_serial: str
    reason: str
    corrected_by: str
    created_at: datetime


def corrections_of(item_id: UUID) -> list[SerialCorrection]:
    """The newest first."""
    rows = db.session.execute(
        text("""SELECT c.from_serial, c.to_serial, c.reason, u.name AS corrected_by, c.created_at
            FROM serial_corrections c JOIN users u ON u.id = c.corrected_by
            WHERE c.item_id = :id ORDER BY c.id DESC"""),
        {"id": item_id},
    )
    return [SerialCorrection(**row._mapping) for row in rows]


def has_only_its_receipt(item_id: UUID) -> bool:
    """Whether nothing has happened to a unit since it came into stock."""
    return bool(
        db.session.scalar(
            text("""SELECT i.history_length = 1 AND i.inventory_status = 'Available'
                    AND NOT EXISTS (SELECT FROM invoice_items l WHERE l.item_id = i.id)
                FROM items i WHERE i.id = :id"""),
            {"id": item_id},
        )
    )
