"""Statuses of an invoice, and the status that its items must have."""

from decimal import Decimal
from enum import StrEnum

from app.domain.inventory.item_lifecycle import InventoryStatus


class InvoiceStatus(StrEnum):
    OPEN = "Open"
    PARTIALLY_PAID = "PartiallyPaid"
    PAID = "Paid"
    DELIVERED = "Delivered"
    CANCELLED = "Cancelled"


class PaymentMethod(StrEnum):
    CASH = "Cash"
    CARD = "Card"
    TRANSFER = "Transfer"
    OTHER = "Other"


class CustomerTier(StrEnum):
    STANDARD = "standard"
    VIP = "vip"


_I = InvoiceStatus

INVOICE_TRANSITIONS: dict[InvoiceStatus, frozenset[InvoiceStatus]] = {
    _I.OPEN: frozenset({_I.PARTIALLY_PAID, _I.PAID, _I.CANCELLED}),
    _I.PARTIALLY_PAID: frozenset({_I.PAID, _I.CANCELLED}),
    _I.PAID: frozenset({_I.DELIVERED}),
    _I.DELIVERED: frozenset(),
    _I.CANCELLED: frozenset(),
}

#: The status of every unit on an invoice. A paid invoice may be handed over unit by unit.
EXPECTED_ITEM_STATUS: dict[InvoiceStatus, InventoryStatus] = {
    _I.OPEN: InventoryStatus.RESERVED,
    _I.PARTIALLY_PAID: InventoryStatus.RESERVED,
    _I.PAID: InventoryStatus.SOLD,
    _I.DELIVERED: InventoryStatus.DELIVERED,
    _I.CANCELLED: InventoryStatus.AVAILABLE,
}

AWAITING_PAYMENT = frozenset({_I.OPEN, _I.PARTIALLY_PAID})


def balance_of(status: str, total: Decimal, paid: Decimal) -> Decimal:
    """What is still to be paid; nothing of a cancelled invoice."""
    return Decimal(0) if status == InvoiceStatus.CANCELLED else total - paid


def refund_due(status: str, paid: Decimal) -> Decimal:
    """What was paid for an invoice that is cancelled, and still belongs to its customer."""
    return paid if status == InvoiceStatus.CANCELLED else Decimal(0)


def status_for_payments(total: Decimal, paid: Decimal) -> InvoiceStatus:
    """The status that ``paid`` out of ``total`` makes of an invoice that is not yet paid."""
    if paid >= total:
        return InvoiceStatus.PAID
    return InvoiceStatus.PARTIALLY_PAID if paid > 0 else InvoiceStatus.OPEN
