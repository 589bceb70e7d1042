"""Repairs that an admin chooses where no plan can decide."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db, transactional
from app.domain.errors import InvalidInput, NotEnoughStock, NotFound
from app.domain.inventory.item_lifecycle import (
    ChangeReason,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
)
from app.domain.invoices.invoice_lifecycle import AWAITING_PAYMENT, InvoiceStatus
from app.queries.consistency.checks import scope_of
from app.services.consistency.findings import check_again, checked_note
from app.services.consistency.repair import accept_history, require_fixer, set_place
from app.services.inventory.item_details import refuse_place
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.ledger.change_context import CONTEXT, ChangeContext
from app.services.ledger.hold_rules import ReservedFor, is_reserved_for
from app.services.ledger.invoice_rows import remove_lines
from app.services.ledger.item_status import ItemStatusWriter
from app.services.ledger.row_locks import (
    LockedInvoice,
    LockedItem,
    lock_free_items,
    lock_invoice,
    lock_items,
)


class ManualRepair:
    """All raise NotPermitted for who may not mend, InvalidInput without a reason, NotFound."""

    def __init__(self) -> None:
        self.statuses = ItemStatusWriter()

    @transactional
    def swap_unit(
        self,
        invoice_id: UUID,
        item_id: UUID,
        user_id: UUID,
        reason: str,
        *,
        replacement_id: UUID | None = None,
    ) -> UUID:
        """Give an invoice another free unit of the same product in the place of this one.

        The price stays. The one that is swapped out is free afterwards, where it is, unless another
        invoice has it. Raises InvoiceStateRefused, NotEnoughStock, ItemsNotAvailable.
        """
        require_fixer(user_id)
        said = checked_note(reason, "reason")
        invoice = lock_invoice(invoice_id)
        line_price(invoice, item_id)
        if invoice.status not in {*AWAITING_PAYMENT, InvoiceStatus.PAID}:
            raise invoice.refuse(f"Invoice {invoice.number} is {invoice.status}: its units stay.")
        old, new = self._pair(item_id, replacement_id)
        if old.inventory_status == InventoryStatus.DELIVERED and invoice.status == "Paid":
            raise invoice.refuse(f"{old.serial_number} was delivered: its customer has it.")
        note = (
            f"{said} (swapped on invoice {invoice.number}: {old.serial_number} for "
            f"{new.serial_number})"
        )
        self._let_go(old, invoice, user_id, note)
        _put_on_line(invoice, old, new, user_id)
        self.statuses.end_expired_and_own_holds([new], user_id)
        if invoice.status == InvoiceStatus.PAID:
            self.statuses.sell([new], invoice.id, user_id, note)
        else:
            holder = ReservedFor(ReservedForType.INVOICE, str(invoice.id))
            self.statuses.reserve([new], holder, user_id, note)
        _look_again(user_id, said, [old.id, new.id], invoice.id)
        return new.id

    @transactional
    def remove_line(self, invoice_id: UUID, item_id: UUID, user_id: UUID, reason: str) -> None:
        """Take a unit off an invoice that awaits payment, whoever has the unit.

        Its last line stays: cancel it instead. Raises InvoiceStateRefused.
        """
        require_fixer(user_id)
        said = checked_note(reason, "reason")
        invoice = lock_invoice(invoice_id)
        if invoice.status not in AWAITING_PAYMENT:
            raise invoice.refuse(
                f"Invoice {invoice.number} is {invoice.status} and keeps its lines."
            )
        price = line_price(invoice, item_id)
        if _line_count(invoice.id) == 1:
            raise invoice.refuse(f"It is the only unit of invoice {invoice.number}. Cancel that.")
        if invoice.paid > invoice.total - price:
            raise invoice.refuse(
                f"{invoice.paid} was paid and only {invoice.total - price} would be left to pay "
                "for. Swap the unit, or cancel the invoice."
            )
        item = lock_items([item_id])[0]
        self._let_go(item, invoice, user_id, f"{said} (taken off invoice {invoice.number})")
        remove_lines(invoice.id, [item_id])
        if invoice.paid and invoice.paid == invoice.total - price:
            InventoryLifecycleService().mark_items_as_sold_for_invoice(invoice.id, user_id)
        _look_again(user_id, said, [item_id], invoice.id)

    @transactional
    def put_back(self, item_id: UUID, user_id: UUID, reason: str) -> None:
        """Confirm that a unit was found and is in stock. InvalidTransition for a delivered one."""
        require_fixer(user_id)
        said = checked_note(reason, "reason")
        refuse_place(lock_items([item_id])[0], PhysicalStatus.IN_STOCK)
        set_place([item_id], PhysicalStatus.IN_STOCK)
        _look_again(user_id, said, [item_id])

    @transactional
    def accept_history(self, item_id: UUID, user_id: UUID, reason: str) -> None:
        """Accept a unit's history as it is: it is not reported again, and the audit still tells."""
        require_fixer(user_id)
        said = checked_note(reason, "reason")
        lock_items([item_id])
        check_again(scope_of(item_ids=[item_id]))
        accept_history([item_id])
        check_again(scope_of(item_ids=[item_id]), user_id=user_id, resolution=f"Accepted: {said}")

    def _pair(self, item_id: UUID, replacement_id: UUID | None) -> tuple[LockedItem, LockedItem]:
        if replacement_id is not None:
            both = {item.id: item for item in lock_items([item_id, replacement_id])}
            if both[item_id].product_id != both[replacement_id].product_id:
                raise InvalidInput({"replacementId": "Choose a unit of the same product."})
            return both[item_id], both[replacement_id]
        old = lock_items([item_id])[0]
        free = lock_free_items(old.product_id, 1, besides=[item_id])
        if not free:
            raise NotEnoughStock(
                f"No other unit of {old.sku} is free. Receive one, or take the line off.",
                sku=old.sku,
                asked=1,
                free=0,
            )
        return old, free[0]

    def _let_go(self, item: LockedItem, invoice: LockedInvoice, user_id: UUID, note: str) -> None:
        """Free a unit from this invoice; who else has it keeps it."""
        if is_reserved_for(item, invoice):
            reason = ChangeReason.INVOICE_CANCELLED
        elif item.inventory_status == InventoryStatus.SOLD and not _is_sold_elsewhere(
            item.id, invoice.id
        ):
            reason = ChangeReason.CORRECTION
        else:
            return
        context = ChangeContext(
            user_id=user_id,
            reason=reason,
            reference=(ReservedForType.INVOICE, str(invoice.id)),
            notes=note,
        )
        self.statuses.change_status([item], InventoryStatus.AVAILABLE, context)


def line_price(invoice: LockedInvoice, item_id: UUID) -> Decimal:
    """The price of a unit on an invoice, or NotFound."""
    price: Decimal | None = db.session.scalar(
        text("""SELECT unit_price FROM invoice_items
            WHERE invoice_id = :invoice_id AND item_id = :item_id"""),
        {"invoice_id": invoice.id, "item_id": item_id},
    )
    if price is None:
        raise NotFound(f"item on invoice {invoice.number}", [item_id])
    return price


def _line_count(invoice_id: UUID) -> int:
    count: int = db.session.scalars(
        text("SELECT count(*) FROM invoice_items WHERE invoice_id = :id"), {"id": invoice_id}
    ).one()
    return count


def _is_sold_elsewhere(item_id: UUID, invoice_id: UUID) -> bool:
    return bool(
        db.session.scalar(
            text("""SELECT EXISTS (SELECT FROM invoice_items l
                JOIN invoices v ON v.id = l.invoice_id
                WHERE l.item_id = :item_id AND v.id <> :invoice_id
                    AND v.status IN ('Paid', 'Delivered'))"""),
            {"item_id": item_id, "invoice_id": invoice_id},
        )
    )


def _put_on_line(invoice: LockedInvoice, old: LockedItem, new: LockedItem, user_id: UUID) -> None:
    """The database lets a correction do this, and only for a unit of the same product."""
    context = ChangeContext(user_id=user_id, reason=ChangeReason.CORRECTION)
    db.session.execute(
        text(f"""WITH {CONTEXT}
            UPDATE invoice_items SET item_id = :new FROM context
            WHERE invoice_id = :invoice_id AND item_id = :old AND context.reason IS NOT NULL"""),
        {"new": new.id, "old": old.id, "invoice_id": invoice.id, **context.parameters()},
    )


def _look_again(
    user_id: UUID, said: str, item_ids: list[UUID], invoice_id: UUID | None = None
) -> None:
    scope = scope_of(item_ids=item_ids, invoice_ids=[invoice_id] if invoice_id else [])
    check_again(scope, user_id=user_id, resolution=f"Decided: {said}")
