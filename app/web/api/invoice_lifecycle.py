"""Operations on an invoice's lifecycle."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.domain.accounts.roles import Permission
from app.domain.inventory.delivery import DeliveryInfo
from app.domain.invoices.invoice_lifecycle import InvoiceStatus, PaymentMethod
from app.queries.consistency.repair_plan import findings_of_invoice, plan_for_invoice
from app.queries.inventory.items import find_items
from app.queries.invoices.invoices import get_invoice
from app.services.invoices.finance import FinanceService
from app.services.invoices.lifecycle import InvoiceLifecycleService
from app.web.api.framework.field_types import Input, MethodWord, Notes, OneOf, Text, Version
from app.web.api.framework.operation import operation
from app.web.api.item_lifecycle import BASE, DeliveryDetails
from app.web.api.readback import invoice_of
from app.web.api.responses import (
    FixResult,
    Inconsistency,
    Invoice,
    Item,
    LifecycleStatus,
    PlannedStep,
)
from app.web.authentication import signed_in_user
from app.web.authorization import require

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
    reason: Text = Field(
        "Fixed through the API", description="Written to each unit's history, with your name."
    )


@operation("GET", f"{PATH}/status", Permission.INVOICE_READ, LifecycleStatus)
def get_lifecycle_status(invoice_id: UUID) -> LifecycleStatus:
    """An invoice's status, and its units' against what they should be."""
    found = InvoiceLifecycleService().get_invoice_lifecycle_status(invoice_id)
    wrong = findings_of_invoice(invoice_id)
    return LifecycleStatus(
        invoice_id=found.invoice_id,
        invoice_number=found.number,
        invoice_status=found.status,
        expected_item_status=found.expected_item_status,
        consistent=found.consistent and not wrong,
        items=Item.all_of(find_items([unit.item_id for unit in found.units])),
        inconsistencies=Inconsistency.all_of(wrong),
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


@operation(
    "POST",
    f"{PATH}/fix-inconsistencies",
    Permission.INCONSISTENCY_FIX,
    FixResult,
    body=Fix,
    refusals=("item-busy",),
)
def fix_inconsistencies(invoice_id: UUID, body: Fix) -> FixResult:
    """Plan how to bring an invoice's units to where they should be, and do it unless `dryRun`."""
    get_invoice(invoice_id)
    plan, unfixable = plan_for_invoice(invoice_id)
    if body.dry_run or not plan.changes:
        applied = False
    else:
        plan = InvoiceLifecycleService().fix_inventory_inconsistencies(
            invoice_id, signed_in_user().id, reason=body.reason
        )
        unfixable = findings_of_invoice(invoice_id)
        applied = plan.changes
    return FixResult(
        applied=applied,
        plan=PlannedStep.all_of(plan.steps),
        unfixable=Inconsistency.all_of(unfixable),
    )
