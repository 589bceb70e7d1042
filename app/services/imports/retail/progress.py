"""How far an import has got, and what it has written."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db, transactional
from app.domain.imports.retail.lines import Skipped, SkipReason
from app.domain.imports.retail.sales import Sale
from app.domain.invoices.invoice_lifecycle import InvoiceStatus

SETTLED = frozenset({InvoiceStatus.PAID, InvoiceStatus.DELIVERED})


@dataclass(frozen=True)
class ImportedInvoice:
    """How far an invoice has got in the store; ``units`` counts its lines."""

    invoice_id: UUID
    status: str
    units: int


@dataclass
class ImportCounts:
    """What was written."""

    invoices: int = 0
    units: int = 0
    transitions: int = 0
    cancelled: int = 0
    cancelled_in_part: int = 0
    cancelled_units: int = 0
    paid: int = 0
    delivered: int = 0

    def add(self, other: "ImportCounts") -> None:
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)


@transactional
def imported_invoices(prefix: str) -> dict[str, ImportedInvoice]:
    """Every invoice of this source by its number there."""
    rows = db.session.execute(
        text("""SELECT i.source_reference, i.id, i.status, count(l.item_id) AS units
            FROM invoices i LEFT JOIN invoice_items l ON l.invoice_id = i.id
            WHERE starts_with(i.source_reference, :prefix) GROUP BY i.id"""),
        {"prefix": f"{prefix}:"},
    )
    return {
        row.source_reference.removeprefix(f"{prefix}:"): ImportedInvoice(
            row.id, row.status, row.units
        )
        for row in rows
    }


def late_cancellations(
    sales: Iterable[Sale], imported: Mapping[str, ImportedInvoice]
) -> Iterator[Skipped]:
    """Cancellations of invoices that were paid before this import knew of them."""
    for sale in sales:
        known = imported.get(sale.number)
        if known is None or known.status not in SETTLED:
            continue
        left = sale.units
        for cancellation in sorted(sale.cancellations, key=attrgetter("at")):
            left -= cancellation.units
            if left < known.units:
                for line, units in cancellation.parts:
                    yield Skipped(line, SkipReason.INVOICE_FINISHED_BEFORE, units)
