"""Carries out an import's events through the ordinary services."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.imports.retail.events import Event, EventKind
from app.domain.imports.retail.sales import Cancellation, Sale
from app.domain.invoices.invoice_lifecycle import (
    AWAITING_PAYMENT,
    InvoiceStatus,
    PaymentMethod,
)
from app.domain.text.folding import fold_text
from app.services.imports.retail.progress import ImportCounts, ImportedInvoice
from app.services.imports.retail.source import Source
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NamedUnit, NewInvoice, NewPayment
from app.store_currency import store_currency

#: The API and the pages stop at 10,000 units; the largest real invoice has 80,995.
ITEMS_MAX = 1_000_000
PART_PAYMENT = Decimal("0.4")


class Batch:
    """What is done in one transaction; nothing of it counts before that is committed."""

    def __init__(self, source: Source, before: Mapping[str, ImportedInvoice]) -> None:
        self.source = source
        self.before = before
        self.after: dict[str, ImportedInvoice] = {}
        self.counts = ImportCounts()
        self.stock: dict[str, list[UUID]] = {}

    def receive(self, events: Sequence[Event]) -> None:
        """Take in just the units that these events sell, all of them at once."""
        quantities: dict[str, int] = {}
        new = [event for event in events if self._is_due(event, EventKind.CREATED)]
        for event in new:
            for (sku, _), quantity in event.sale.articles.items():
                quantities[sku] = quantities.get(sku, 0) + quantity
        if not new:
            return
        inventory = InventoryLifecycleService(self.source.occurred_at(new[0].at))
        self.stock = inventory.receive_delivery(quantities, self.source.staff)
        self.counts.transitions += sum(quantities.values())

    def apply(self, event: Event) -> None:
        if not self._is_due(event, event.kind):
            return
        finance = FinanceService(self.source.occurred_at(event.at), items_max=ITEMS_MAX)
        _ACTS[event.kind](self, event, finance)

    def _imported(self, sale: Sale) -> ImportedInvoice | None:
        return self.after.get(sale.number) or self.before.get(sale.number)

    def _is_due(self, event: Event, kind: EventKind) -> bool:
        if event.kind != kind:
            return False
        imported = self._imported(event.sale)
        if imported is None or kind == EventKind.CREATED:
            return imported is None
        if kind == EventKind.DELIVERED:
            return imported.status == InvoiceStatus.PAID
        if kind == EventKind.PART_CANCELLED:
            return imported.status in AWAITING_PAYMENT and imported.units > event.left
        if kind == EventKind.PART_PAID:
            return imported.status == InvoiceStatus.OPEN
        return imported.status in AWAITING_PAYMENT

    def _known(self, event: Event) -> ImportedInvoice:
        imported = self._imported(event.sale)
        assert imported  # no event but the creation is due without it
        return imported

    def _moved(self, event: Event, status: InvoiceStatus, units: int) -> None:
        self.after[event.sale.number] = replace(self._known(event), status=status, units=units)

    def _create(self, event: Event, finance: FinanceService) -> None:
        sale = event.sale
        invoice_id = finance.create_invoice(
            NewInvoice(
                customer_id=self.source.customer_ids[sale.customer],
                units=tuple(self._units_of(sale)),
                source_reference=self.source.reference(sale.number),
            ),
            self.source.staff,
        )
        self.after[sale.number] = ImportedInvoice(invoice_id, InvoiceStatus.OPEN, sale.units)
        self.counts.invoices += 1
        self.counts.units += sale.units
        self.counts.transitions += sale.units

    def _units_of(self, sale: Sale) -> Iterable[NamedUnit]:
        for (sku, unit_price), quantity in sale.articles.items():
            received = self.stock[sku]
            for item_id in received[-quantity:]:
                yield NamedUnit(item_id, unit_price)
            del received[-quantity:]

    def _cancel_in_part(self, event: Event, finance: FinanceService) -> None:
        assert event.cancellation
        freed = finance.remove_lines(
            self._known(event).invoice_id,
            _units_to_free(self._known(event).invoice_id, event.cancellation),
            self.source.manager,
            f"Cancelled by {event.cancellation.number}",
        )
        self._moved(event, InvoiceStatus.OPEN, event.left)
        self.counts.cancelled_in_part += 1
        self.counts.cancelled_units += len(freed)
        self.counts.transitions += len(freed)

    def _cancel(self, event: Event, finance: FinanceService) -> None:
        assert event.cancellation
        imported = self._known(event)
        finance.cancel_invoice(
            imported.invoice_id,
            self.source.manager,
            notes=f"Cancelled by {event.cancellation.number}",
        )
        self._moved(event, InvoiceStatus.CANCELLED, 0)
        self.counts.cancelled += 1
        self.counts.cancelled_units += imported.units
        self.counts.transitions += imported.units

    def _pay_in_part(self, event: Event, finance: FinanceService) -> None:
        total = sum(
            (price * count for (_, price), count in event.sale.articles.items()), Decimal(0)
        )
        amount = (total * PART_PAYMENT).quantize(store_currency().smallest)
        finance.record_payment(
            NewPayment(self._known(event).invoice_id, amount, _method(event.sale)),
            self.source.staff,
        )
        self._moved(event, InvoiceStatus.PARTIALLY_PAID, event.left)

    def _pay(self, event: Event, finance: FinanceService) -> None:
        finance.pay_balance(
            self._known(event).invoice_id, self.source.staff, method=_method(event.sale)
        )
        self._moved(event, InvoiceStatus.PAID, event.left)
        self.counts.paid += 1
        self.counts.transitions += event.left

    def _deliver(self, event: Event, finance: FinanceService) -> None:
        finance.update_invoice_status(
            self._known(event).invoice_id, InvoiceStatus.DELIVERED, self.source.staff
        )
        self._moved(event, InvoiceStatus.DELIVERED, event.left)
        self.counts.delivered += 1
        self.counts.transitions += event.left


_ACTS = {
    EventKind.CREATED: Batch._create,
    EventKind.PART_CANCELLED: Batch._cancel_in_part,
    EventKind.CANCELLED: Batch._cancel,
    EventKind.PART_PAID: Batch._pay_in_part,
    EventKind.PAID: Batch._pay,
    EventKind.DELIVERED: Batch._deliver,
}


def _method(sale: Sale) -> PaymentMethod:
    return PaymentMethod.TRANSFER if sale.customer else PaymentMethod.CASH


def _units_to_free(invoice_id: UUID, cancellation: Cancellation) -> list[UUID]:
    articles = cancellation.articles.items()
    wanted = {(fold_text(sku), price): quantity for (sku, price), quantity in articles}
    rows = db.session.execute(
        text("""SELECT l.item_id, fold_text(p.sku) AS sku, l.unit_price FROM invoice_items l
            JOIN items i ON i.id = l.item_id JOIN products p ON p.id = i.product_id
            WHERE l.invoice_id = :invoice_id AND fold_text(p.sku) = ANY(:skus)
            ORDER BY l.item_id DESC"""),
        {"invoice_id": invoice_id, "skus": [sku for sku, _ in wanted]},
    )
    chosen = []
    for row in rows:
        article = (row.sku, row.unit_price)
        if wanted.get(article):
            wanted[article] -= 1
            chosen.append(row.item_id)
    return chosen
