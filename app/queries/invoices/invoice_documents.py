"""Invoices with all their lines and payments, in one statement each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.errors import NotFound
from app.domain.invoices.invoice_lifecycle import balance_of, refund_due


@dataclass(frozen=True)
class InvoiceCustomer:
    id: UUID
    name: str
    tier: str


@dataclass(frozen=True)
class DocumentLine:
    item_id: UUID
    serial_number: str
    sku: str
    unit_price: Decimal
    inventory_status: str


@dataclass(frozen=True)
class InvoicePayment:
    """``created_at`` is when the money came, which an import may put into the past."""

    id: UUID
    invoice_id: UUID
    amount: Decimal
    method: str
    reference: str | None
    created_at: datetime
    created_by: UUID | None


@dataclass(frozen=True)
class WholeInvoice:
    """Money is in the store's currency; times are aware, in UTC; ``created_by`` is a user's id."""

    id: UUID
    number: str
    customer: InvoiceCustomer
    status: str
    total: Decimal
    paid: Decimal
    created_at: datetime
    created_by: UUID | None
    version: int
    items: list[DocumentLine] = field(default_factory=list)
    payments: list[InvoicePayment] = field(default_factory=list)

    @property
    def balance(self) -> Decimal:
        return balance_of(self.status, self.total, self.paid)

    @property
    def refund_due(self) -> Decimal:
        return refund_due(self.status, self.paid)

    @property
    def credited(self) -> Decimal:
        """Nothing yet: credits come with returns."""
        return Decimal(0)


def load_invoice(invoice_id: UUID) -> WholeInvoice:
    """One invoice, or NotFound."""
    found = whole_invoices([invoice_id])
    if not found:
        raise NotFound("invoice", [invoice_id])
    return found[0]


def whole_invoices(invoice_ids: Sequence[UUID]) -> list[WholeInvoice]:
    """These invoices in the order of their ids as given; unknown ones are left out."""
    parameters: dict[str, Any] = {"ids": list(invoice_ids)}
    found = {row.id: _invoice(row) for row in db.session.execute(_INVOICES, parameters)}
    for row in db.session.execute(_LINES, parameters):
        values = dict(row._mapping)
        found[values.pop("invoice_id")].items.append(DocumentLine(**values))
    for row in db.session.execute(_PAYMENTS, parameters):
        found[row.invoice_id].payments.append(InvoicePayment(**row._mapping))
    return [found[invoice_id] for invoice_id in invoice_ids if invoice_id in found]


def payment_by_id(payment_id: UUID, invoice: WholeInvoice) -> InvoicePayment:
    """One of an invoice's payments."""
    return next(payment for payment in invoice.payments if payment.id == payment_id)


def _invoice(row: Any) -> WholeInvoice:
    values = dict(row._mapping)
    customer = InvoiceCustomer(
        values.pop("customer_id"), values.pop("customer_name"), values.pop("customer_tier")
    )
    return WholeInvoice(customer=customer, **values)


_INVOICES = text("""
    SELECT v.id, v.number, c.id AS customer_id, c.name AS customer_name, c.tier AS customer_tier,
        v.status, v.total, v.paid, v.created_at, v.created_by, v.version
    FROM invoices v JOIN customers c ON c.id = v.customer_id
    WHERE v.id = ANY(CAST(:ids AS uuid[]))
""")
_LINES = text("""
    SELECT l.invoice_id, l.item_id, i.serial_number, p.sku, l.unit_price, i.inventory_status
    FROM invoice_items l JOIN items i ON i.id = l.item_id JOIN products p ON p.id = i.product_id
    WHERE l.invoice_id = ANY(CAST(:ids AS uuid[])) ORDER BY l.invoice_id, i.id
""")
_PAYMENTS = text("""
    SELECT id, invoice_id, amount, method, reference, received_at AS created_at, created_by
    FROM payments WHERE invoice_id = ANY(CAST(:ids AS uuid[])) ORDER BY id
""")
