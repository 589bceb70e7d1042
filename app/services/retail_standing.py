"""How far an import has got, and what it has written."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from app.database import db, transactional


@dataclass(frozen=True)
class Standing:
    """How far an invoice has got in the store; ``units`` counts its lines while it is open."""

    invoice_id: UUID
    status: str
    units: int


@dataclass
class Tally:
    """What was written."""

    invoices: int = 0
    units: int = 0
    transitions: int = 0
    cancelled: int = 0
    cancelled_in_part: int = 0
    cancelled_units: int = 0
    paid: int = 0
    delivered: int = 0

    def add(self, other: "Tally") -> None:
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)


@transactional
def standings(prefix: str) -> dict[str, Standing]:
    """Every invoice of this source by its number there."""
    rows = db.session.execute(
        text("""SELECT i.source_reference, i.id, i.status,
                CASE WHEN i.status IN ('Open', 'PartiallyPaid')
                THEN (SELECT count(*) FROM invoice_items l WHERE l.invoice_id = i.id)
                ELSE 0 END AS units
            FROM invoices i WHERE starts_with(i.source_reference, :prefix)"""),
        {"prefix": f"{prefix}:"},
    )
    return {
        row.source_reference.removeprefix(f"{prefix}:"): Standing(row.id, row.status, row.units)
        for row in rows
    }
