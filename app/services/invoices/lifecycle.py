"""InvoiceLifecycleService: what an invoice's transitions mean for its items."""

from datetime import datetime
from uuid import UUID

from app.database.transactions import transactional
from app.domain.errors import InvalidInput
from app.domain.inventory.delivery import DeliveryInfo
from app.domain.invoices.invoice_lifecycle import INVOICE_TRANSITIONS, InvoiceStatus
from app.queries.consistency.repair_plan import RepairPlan
from app.queries.invoices.lifecycle_status import InvoiceLifecycleStatus, invoice_lifecycle_status
from app.services.consistency.repair import RepairService
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.ledger.change_context import ChangeContext
from app.services.ledger.hold_rules import is_reserved_for
from app.services.ledger.invoice_rows import set_invoice_status
from app.services.ledger.row_locks import invoice_item_ids, lock_invoice, lock_items


class InvoiceLifecycleService:
    """``occurred_at`` is for imports: when it happened, if that was not now."""

    def __init__(self, occurred_at: datetime | None = None) -> None:
        self.occurred_at = occurred_at
        self.inventory = InventoryLifecycleService(occurred_at)

    @transactional
    def handle_invoice_created(self, invoice_id: UUID, user_id: UUID) -> list[UUID]:
        """Reserve those of an invoice's units that are not yet reserved for it."""
        invoice = lock_invoice(invoice_id)
        items = lock_items(invoice_item_ids(invoice_id))
        missing = [item.id for item in items if not is_reserved_for(item, invoice)]
        if not missing:
            return []
        return self.inventory.reserve_items_for_invoice(missing, invoice_id, user_id)

    @transactional
    def handle_invoice_cancelled(
        self, invoice_id: UUID, user_id: UUID, notes: str | None = None
    ) -> list[UUID]:
        """Cancel an invoice and free its units."""
        return self.inventory.release_items_for_invoice_cancellation(invoice_id, user_id, notes)

    @transactional
    def handle_invoice_fully_paid(self, invoice_id: UUID, user_id: UUID) -> list[UUID]:
        """Make an invoice with nothing left to pay Paid and its units Sold."""
        return self.inventory.mark_items_as_sold_for_invoice(invoice_id, user_id)

    @transactional
    def handle_invoice_delivered(
        self, invoice_id: UUID, user_id: UUID, delivery_info: DeliveryInfo | None = None
    ) -> list[UUID]:
        """Hand over what is left of a paid invoice."""
        return self.inventory.mark_items_as_delivered_for_invoice(
            invoice_id, user_id, delivery_info
        )

    @transactional
    def handle_status_change(
        self, invoice_id: UUID, old_status: str, new_status: str, user_id: UUID
    ) -> list[UUID]:
        """Bring an invoice from one status to another, with its units; returns those changed.

        Raises InvoiceStateRefused when it is not in ``old_status`` or may not go to the new one.
        """
        if new_status not in set(InvoiceStatus):
            raise InvalidInput({"status": f"One of {', '.join(InvoiceStatus)}."})
        invoice = lock_invoice(invoice_id)
        before, after = InvoiceStatus(invoice.status), InvoiceStatus(new_status)
        if before != old_status:
            raise invoice.refuse(f"Invoice {invoice.number} is {before}, no longer {old_status}.")
        if before == after:
            return []
        if after not in INVOICE_TRANSITIONS[before]:
            raise invoice.refuse(f"Invoice {invoice.number} is {before} and cannot become {after}.")
        if after == InvoiceStatus.CANCELLED:
            return self.handle_invoice_cancelled(invoice_id, user_id)
        if after == InvoiceStatus.PAID:
            return self.handle_invoice_fully_paid(invoice_id, user_id)
        if after == InvoiceStatus.DELIVERED:
            return self.handle_invoice_delivered(invoice_id, user_id)
        if not invoice.paid:
            raise invoice.refuse(f"Nothing was paid yet for invoice {invoice.number}.")
        set_invoice_status(
            invoice_id, after, ChangeContext(user_id=user_id, occurred_at=self.occurred_at)
        )
        return []

    def get_invoice_lifecycle_status(self, invoice_id: UUID) -> InvoiceLifecycleStatus:
        """An invoice's status and its units' against what they should be. Raises NotFound."""
        return invoice_lifecycle_status(invoice_id)

    def fix_inventory_inconsistencies(
        self,
        invoice_id: UUID,
        user_id: UUID,
        *,
        reason: str = "Brought in step with the invoice",
        preview: str | None = None,
    ) -> RepairPlan:
        """Bring an invoice's units to where it wants them, as planned; returns what was done.

        Raises NotFound, NotPermitted, and PreviewOutdated when ``preview`` is no longer the plan.
        """
        return RepairService(self.occurred_at).fix_invoice(
            invoice_id, user_id, reason, preview=preview
        )
