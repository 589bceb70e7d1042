"""Where an invoice and its units stand, and the steps of an invoice's life."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import Field

from app.authentication import signed_in_user
from app.authorization import require
from app.blueprints.api.fields import Input, MethodWord, Notes, OneOf, Version
from app.blueprints.api.lifecycle import BASE, DeliveryDetails
from app.blueprints.api.operation import operation
from app.blueprints.api.shapes import FixResult, Inconsistency, Invoice, Item, LifecycleStatus
from app.blueprints.api.views import invoice_of, viewer
from app.domain.delivery import DeliveryInfo
from app.domain.invoice_lifecycle import InvoiceStatus, PaymentMethod
from app.domain.roles import Permission
from app.queries.invoice_lifecycle import InvoiceLifecycleStatus, InvoiceUnit
from app.queries.items import find_items
from app.services.finance import FinanceService
from app.services.invoice_lifecycle import InvoiceLifecycleService

KIND = "INVOICE_ITEM_MISMATCH"
PATH = f"{BASE}/invoice/{{invoice_id}}"
TRANSITION_PERMISSIONS = {
    InvoiceStatus.CANCELLED: Permission.INVOICE_CANCEL,
    InvoiceStatus.PAID: Permission.INVOICE_PAY,
    InvoiceStatus.DELIVERED: Permission.INVOICE_DELIVER,
}


class Transition(Input):
    status: Annotated[str, OneOf(*TRANSITION_PERMISSIONS)]
    version: Version | None = Field(None, description="The invoice's, as it was last seen.")
    method: MethodWord = Field(PaymentMethod.CASH.value, description="How the balance is paid.")
    delivery_info: DeliveryDetails | None = None
    notes: Notes | None = None

    def as_info(self) -> DeliveryInfo | None:
        details = self.delivery_info
        if details is None:
            return DeliveryInfo(notes=self.notes) if self.notes else None
        return (
            details.as_info()
            if details.notes
            else DeliveryInfo(
                details.carrier, details.tracking_number, details.delivered_to, self.notes
            )
        )


class Fix(Input):
    dry_run: bool = Field(False, description="Only plan; change nothing.")


@operation("GET", f"{PATH}/status", Permission.INVOICE_READ, LifecycleStatus)
def get_lifecycle_status(invoice_id: UUID) -> LifecycleStatus:
    """An invoice's status, and its units' against what they should be."""
    found = InvoiceLifecycleService().get_invoice_lifecycle_status(invoice_id)
    return LifecycleStatus(
        invoice_id=found.invoice_id,
        invoice_number=found.number,
        invoice_status=found.status,
        expected_item_status=found.expected_item_status,
        consistent=found.consistent,
        items=Item.all_of(find_items([unit.item_id for unit in found.units], viewer())),
        inconsistencies=_inconsistencies(found),
    )


@operation(
    "POST",
    f"{PATH}/transition",
    Permission.INVOICE_PAY,
    Invoice,
    body=Transition,
    refusals=("invalid-transition", "invoice-state", "version-conflict", "item-busy"),
)
def transition_invoice(invoice_id: UUID, body: Transition) -> Invoice:
    """Cancel an invoice, pay its balance, or deliver it."""
    require(TRANSITION_PERMISSIONS[InvoiceStatus(body.status)])
    FinanceService().update_invoice_status(
        invoice_id,
        body.status,
        signed_in_user().id,
        version=body.version,
        method=body.method,
        delivery_info=body.as_info(),
        notes=body.notes,
    )
    return invoice_of(invoice_id)


@operation("POST", f"{PATH}/fix-inconsistencies", Permission.INCONSISTENCY_FIX, FixResult, body=Fix)
def fix_inconsistencies(invoice_id: UUID, body: Fix) -> FixResult:
    """Plan how to bring an invoice's units to where they should be, and do it if asked to."""
    found = InvoiceLifecycleService().get_invoice_lifecycle_status(invoice_id)
    return FixResult(applied=False, plan=[], unfixable=_inconsistencies(found))


def _inconsistencies(found: InvoiceLifecycleStatus) -> list[Inconsistency]:
    now = datetime.now(UTC)
    return [_inconsistency(found, unit, now) for unit in found.off]


def _inconsistency(
    found: InvoiceLifecycleStatus, unit: InvoiceUnit, now: datetime
) -> Inconsistency:
    return Inconsistency(
        id=uuid5(found.invoice_id, f"{KIND} {unit.item_id}"),
        kind=KIND,
        severity="high",
        item_id=unit.item_id,
        serial_number=unit.serial_number,
        invoice_id=found.invoice_id,
        expected=found.expected_item_status,
        actual=unit.inventory_status,
        explanation=f"Invoice {found.number} is {found.status}, so {unit.serial_number} should be "
        f"{found.expected_item_status}; it is {unit.inventory_status}.",
        suggested_fix=None,
        detected_at=now,
        resolved_at=None,
    )
