"""An invoice's and its items' statuses beside the expected ones."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.errors import NotFound
from app.domain.inventory.item_lifecycle import InventoryStatus
from app.domain.invoices.invoice_lifecycle import EXPECTED_ITEM_STATUS, InvoiceStatus


@dataclass(frozen=True)
class InvoiceUnitStatus:
    """A unit on an invoice; ``reserved_here`` is whether its reservation names this invoice."""

    item_id: UUID
    serial_number: str
    inventory_status: str
    live: bool
    reserved_here: bool


@dataclass(frozen=True)
class InvoiceLifecycleStatus:
    invoice_id: UUID
    number: str
    status: str
    expected_item_status: str
    units: list[InvoiceUnitStatus]
    off: list[InvoiceUnitStatus]

    @property
    def consistent(self) -> bool:
        return not self.off


def invoice_lifecycle_status(invoice_id: UUID) -> InvoiceLifecycleStatus:
    """Raises NotFound."""
    rows = db.session.execute(
        text("""
            SELECT v.number, v.status, l.item_id, l.live, i.serial_number, i.inventory_status,
                i.reserved_for_type IS NOT DISTINCT FROM 'Invoice'
                    AND i.reserved_for_id IS NOT DISTINCT FROM v.id::text AS reserved_here
            FROM invoices v LEFT JOIN invoice_items l ON l.invoice_id = v.id
            LEFT JOIN items i ON i.id = l.item_id
            WHERE v.id = :id ORDER BY i.serial_key"""),
        {"id": invoice_id},
    ).all()
    if not rows:
        raise NotFound("invoice", [invoice_id])
    status = InvoiceStatus(rows[0].status)
    units = [
        InvoiceUnitStatus(
            row.item_id, row.serial_number, row.inventory_status, row.live, row.reserved_here
        )
        for row in rows
        if row.item_id
    ]
    return InvoiceLifecycleStatus(
        invoice_id=invoice_id,
        number=rows[0].number,
        status=status,
        expected_item_status=EXPECTED_ITEM_STATUS[status],
        units=units,
        off=[unit for unit in units if not as_expected(status, unit)],
    )


def as_expected(status: InvoiceStatus, unit: InvoiceUnitStatus) -> bool:
    """Whether a unit is where its invoice's status wants it.

    A cancelled invoice wants nothing of its former units but that none is still reserved for it;
    a paid one is handed over unit by unit.
    """
    if status == InvoiceStatus.CANCELLED:
        return not unit.reserved_here
    if status == InvoiceStatus.PAID:
        return unit.inventory_status in {InventoryStatus.SOLD, InventoryStatus.DELIVERED}
    if unit.inventory_status != EXPECTED_ITEM_STATUS[status]:
        return False
    return unit.reserved_here or status == InvoiceStatus.DELIVERED
