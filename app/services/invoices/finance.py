"""FinanceService: invoices created, paid, delivered, cancelled, lines removed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db, transactional
from app.domain.errors import ExceedsBalance, InvalidInput, NotFound
from app.domain.input.email_address import clean_optional_email
from app.domain.input.fields import (
    cleaned_line,
    cleaned_optional_line,
    cleaned_optional_text,
)
from app.domain.inventory.delivery import DeliveryInfo
from app.domain.inventory.item_lifecycle import ReservedForType
from app.domain.invoices.invoice_lifecycle import (
    AWAITING_PAYMENT,
    InvoiceStatus,
    status_for_payments,
)
from app.queries.carts.carts import held_item_ids
from app.services.catalogue.customers import find_or_add_customer
from app.services.inventory.item_details import NOTES_LENGTH_MAX
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.inputs import (
    NAME_LENGTH_MAX,
    REFERENCE_LENGTH_MAX,
    NewCustomer,
    NewInvoice,
    NewPayment,
)
from app.services.invoices.invoice_numbers import number_invoice
from app.services.invoices.lifecycle import InvoiceLifecycleService
from app.services.ledger.cart_owners import lock_items_for_cart
from app.services.ledger.change_context import ChangeContext
from app.services.ledger.hold_rules import (
    ITEMS_MAX,
    ReservedFor,
    list_price,
    require_unique_ids,
)
from app.services.ledger.invoice_amounts import refuse_over_most
from app.services.ledger.invoice_rows import (
    add_invoice,
    add_lines,
    add_payment,
    remove_lines,
    set_invoice_status,
)
from app.services.ledger.lookups import warehouse_id_of
from app.services.ledger.row_locks import LockedInvoice, LockedItem, lock_invoice, lock_items
from app.store_currency import written


class FinanceService:
    """Both are for imports: when it happened, if that was not now, and larger invoices."""

    def __init__(self, occurred_at: datetime | None = None, *, items_max: int = ITEMS_MAX) -> None:
        self.occurred_at = occurred_at
        self.items_max = items_max
        self.inventory = InventoryLifecycleService(occurred_at)
        self.lifecycle = InvoiceLifecycleService(occurred_at)

    @transactional
    def create_invoice(self, data: NewInvoice | Mapping[str, Any], user_id: UUID) -> UUID:
        """Make an invoice and reserve its units, or sell them at once; all or nothing.

        Units that ``session_id`` holds are the first to be taken where a quantity is asked for.
        Raises InvalidInput, NotFound, ItemsNotAvailable, HoldExpired, NotEnoughStock, and
        NotPermitted or CartClosed for the cart of ``session_id``.
        """
        order = data if isinstance(data, NewInvoice) else NewInvoice.from_mapping(data)
        order.check(items_max=self.items_max)
        customer_id = self._customer(order)
        items, unit_prices = self._choose(order, user_id)
        total = sum(unit_prices.values(), Decimal(0))
        refuse_over_most("items", total)
        context = ChangeContext(user_id=user_id, occurred_at=self.occurred_at)
        invoice_id = add_invoice(
            customer_id,
            context,
            notes=cleaned_optional_text("notes", order.notes, length_max=NOTES_LENGTH_MAX),
            source_reference=order.source_reference,
        )
        if order.direct_sale:
            self.inventory.statuses.end_expired_and_own_holds(
                items, user_id, session_id=order.session_id
            )
            self.inventory.statuses.sell(items, invoice_id, user_id, order.notes)
        else:
            self.inventory.statuses.reserve(
                items,
                ReservedFor(ReservedForType.INVOICE, str(invoice_id)),
                user_id,
                order.notes,
                session_id=order.session_id,
            )
        add_lines(invoice_id, unit_prices)
        if order.direct_sale:
            if total:
                self._pay(invoice_id, user_id, total, order.method, None)
            set_invoice_status(invoice_id, InvoiceStatus.PAID, context)
        if self.occurred_at is None:
            number_invoice(invoice_id)
        # An import makes many in one transaction; the commit of that gives them their numbers.
        return invoice_id

    @transactional
    def record_payment(
        self, data: NewPayment | Mapping[str, Any], user_id: UUID, notes: str | None = None
    ) -> UUID:
        """Take money for an invoice; when nothing is left to pay its units are Sold.

        ``notes`` are for the units' history. Raises InvalidInput, NotFound, ExceedsBalance, and
        InvoiceStateRefused for an invoice that does not await payment.
        """
        payment = data if isinstance(data, NewPayment) else NewPayment.from_mapping(data)
        payment.check()
        invoice = lock_invoice(payment.invoice_id, version=payment.version)
        self._refuse_unless_awaiting(invoice, "takes no payment")
        if payment.amount > invoice.balance:
            raise ExceedsBalance(
                f"Invoice {invoice.number} has {written(invoice.balance)} still to be paid; "
                f"{written(payment.amount)} is more than that.",
                balance=invoice.balance,
            )
        payment_id = self._pay(
            invoice.id, user_id, payment.amount, payment.method, payment.reference
        )
        after = status_for_payments(invoice.total, invoice.paid + payment.amount)
        if after == InvoiceStatus.PAID:
            self.inventory.mark_items_as_sold_for_invoice(invoice.id, user_id, notes)
        else:
            self.lifecycle.handle_status_change(
                invoice.id, InvoiceStatus(invoice.status), after, user_id
            )
        return payment_id

    @transactional
    def cancel_invoice(
        self,
        invoice_id: UUID,
        user_id: UUID,
        *,
        version: int | None = None,
        notes: str | None = None,
    ) -> list[UUID]:
        """Cancel an invoice; returns the units that are free again.

        Raises NotFound, VersionConflict, InvoiceStateRefused.
        """
        lock_invoice(invoice_id, version=version)
        return self.inventory.release_items_for_invoice_cancellation(invoice_id, user_id, notes)

    @transactional
    def pay_balance(
        self,
        invoice_id: UUID,
        user_id: UUID,
        *,
        version: int | None = None,
        method: str = "Cash",
        notes: str | None = None,
    ) -> None:
        """Pay what is left of an invoice, which may be nothing, so that its units are sold.

        Raises NotFound, InvalidInput, VersionConflict, InvoiceStateRefused.
        """
        invoice = lock_invoice(invoice_id, version=version)
        self._refuse_unless_awaiting(invoice, "cannot be paid")
        if invoice.balance:
            self.record_payment(NewPayment(invoice_id, invoice.balance, method), user_id, notes)
        else:
            self.inventory.mark_items_as_sold_for_invoice(invoice_id, user_id, notes)

    @transactional
    def update_invoice_status(
        self,
        invoice_id: UUID,
        status: str,
        user_id: UUID,
        *,
        version: int | None = None,
        method: str = "Cash",
        delivery_info: DeliveryInfo | None = None,
        notes: str | None = None,
    ) -> UUID:
        """Cancel, pay the balance of, or deliver an invoice.

        Raises InvalidInput for other statuses, NotFound, VersionConflict, InvoiceStateRefused.
        """
        if status == InvoiceStatus.CANCELLED:
            self.cancel_invoice(invoice_id, user_id, version=version, notes=notes)
        elif status == InvoiceStatus.PAID:
            self.pay_balance(invoice_id, user_id, version=version, method=method, notes=notes)
        elif status == InvoiceStatus.DELIVERED:
            self.inventory.mark_items_as_delivered_for_invoice(
                invoice_id, user_id, delivery_info, version=version
            )
        else:
            lock_invoice(invoice_id, version=version)
            raise InvalidInput({"status": "One of Cancelled, Paid, Delivered."})
        return invoice_id

    @transactional
    def remove_lines(
        self, invoice_id: UUID, item_ids: Sequence[UUID], user_id: UUID, notes: str | None = None
    ) -> list[UUID]:
        """Take units off an invoice that awaits payment and free them.

        What is left must still cover what was paid, and one unit must remain: else cancel it.
        """
        invoice = lock_invoice(invoice_id)
        self._refuse_unless_awaiting(invoice, "keeps its lines")
        items = lock_items(require_unique_ids(item_ids, items_max=self.items_max))
        lines = self._lines(invoice_id)
        strangers = [item.id for item in items if item.id not in lines]
        if strangers:
            raise NotFound(f"item on invoice {invoice.number}", strangers)
        removed = sum((lines[item.id] for item in items), Decimal(0))
        if len(items) == len(lines):
            raise invoice.refuse("These are all its units. Cancel the invoice instead.")
        if invoice.paid > invoice.total - removed:
            left = written(invoice.total - removed)
            raise invoice.refuse(
                f"{written(invoice.paid)} was paid and only {left} would be left to pay for. "
                "Cancel the invoice and make a new one."
            )
        freed = self.inventory.release_items_for_removed_lines(invoice, items, user_id, notes)
        remove_lines(invoice_id, freed)
        if invoice.paid and invoice.paid == invoice.total - removed:
            self.lifecycle.handle_invoice_fully_paid(invoice_id, user_id)
        return freed

    def _customer(self, order: NewInvoice) -> UUID:
        if order.customer_id is None:
            assert order.customer  # checked
            return _find_or_add(order.customer)
        return order.customer_id

    def _choose(
        self, order: NewInvoice, user_id: UUID
    ) -> tuple[list[LockedItem], dict[UUID, Decimal]]:
        """Lock the units that the order names, then those that it leaves to us."""
        named = {unit.item_id: unit.unit_price for unit in order.units}
        in_cart = held_item_ids(order.session_id) if order.session_id and order.quantities else []
        wanted = {*named, *in_cart}
        locked = (
            lock_items_for_cart(wanted, order.session_id, user_id)
            if order.session_id
            else lock_items(wanted)
        )
        chosen = [item for item in locked if item.id in named]
        unit_prices = {item.id: _price(named[item.id], item) for item in chosen}
        for line in order.quantities:
            warehouse_id = warehouse_id_of(line.warehouse) if line.warehouse else None
            held = [
                item
                for item in locked
                if item.sku == line.sku
                and item.id not in unit_prices
                and item.reserved_for_id == order.session_id
                and warehouse_id in (None, item.warehouse_id)
            ][: line.quantity]
            missing = line.quantity - len(held)
            picked = (
                self.inventory.statuses.lock_available(
                    line.sku, missing, warehouse=line.warehouse, besides=list(unit_prices)
                )
                if missing
                else []
            )
            for item in [*held, *picked]:
                chosen.append(item)
                unit_prices[item.id] = _price(line.unit_price, item)
        return chosen, unit_prices

    def _lines(self, invoice_id: UUID) -> dict[UUID, Decimal]:
        rows = db.session.execute(
            text("SELECT item_id, unit_price FROM invoice_items WHERE invoice_id = :id"),
            {"id": invoice_id},
        )
        return {row.item_id: row.unit_price for row in rows}

    def _pay(
        self, invoice_id: UUID, user_id: UUID, amount: Decimal, method: str, reference: str | None
    ) -> UUID:
        return add_payment(
            invoice_id,
            user_id,
            amount=amount,
            method=method,
            reference=cleaned_optional_line(
                "reference", reference, length_max=REFERENCE_LENGTH_MAX
            ),
            occurred_at=self.occurred_at,
        )

    def _refuse_unless_awaiting(self, invoice: LockedInvoice, consequence: str) -> None:
        if invoice.status not in AWAITING_PAYMENT:
            raise invoice.refuse(f"Invoice {invoice.number} is {invoice.status} and {consequence}.")


def _find_or_add(customer: NewCustomer) -> UUID:
    """The customer who has this e-mail address, whatever name was given, or a new one."""
    name = cleaned_line("customer.name", customer.name, length_max=NAME_LENGTH_MAX)
    return find_or_add_customer(name, clean_optional_email(customer.email), customer.tier).id


def _price(given: Decimal | None, item: LockedItem) -> Decimal:
    return given if given is not None else list_price(item)
