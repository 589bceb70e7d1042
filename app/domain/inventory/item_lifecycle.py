"""Statuses of an item and the transitions between them.

Everything that needs this rule derives it from here or is tested against it: the buttons a page
shows, the README's table, and the database's own ``inventory_transitions`` table.
"""

from enum import StrEnum


class InventoryStatus(StrEnum):
    AVAILABLE = "Available"
    RESERVED = "Reserved"
    SOLD = "Sold"
    DELIVERED = "Delivered"


class ChangeReason(StrEnum):
    RECEIVED = "RECEIVED"
    MIGRATED = "MIGRATED"
    INVOICE_CREATED = "INVOICE_CREATED"
    SESSION_HOLD = "SESSION_HOLD"
    MANUAL_HOLD = "MANUAL_HOLD"
    DIRECT_SALE = "DIRECT_SALE"
    INVOICE_CANCELLED = "INVOICE_CANCELLED"
    HOLD_RELEASED = "HOLD_RELEASED"
    RESERVATION_EXPIRED = "RESERVATION_EXPIRED"
    INVOICE_PAID = "INVOICE_PAID"
    INVOICE_DELIVERED = "INVOICE_DELIVERED"
    CORRECTION = "CORRECTION"


class PhysicalStatus(StrEnum):
    IN_STOCK = "InStock"
    IN_TRANSIT = "InTransit"
    WITH_CUSTOMER = "WithCustomer"
    IN_REPAIR = "InRepair"
    MISSING = "Missing"


class Condition(StrEnum):
    NEW = "New"
    OPEN_BOX = "OpenBox"
    USED = "Used"
    REFURBISHED = "Refurbished"
    DAMAGED = "Damaged"


class ReservedForType(StrEnum):
    INVOICE = "Invoice"
    SESSION = "Session"
    MANUAL = "Manual"


_S, _R = InventoryStatus, ChangeReason

#: (from, to) -> the reasons that may be given for it. ``None`` is "not in the store yet".
TRANSITIONS: dict[tuple[InventoryStatus | None, InventoryStatus], frozenset[ChangeReason]] = {
    (None, _S.AVAILABLE): frozenset({_R.RECEIVED}),
    (_S.AVAILABLE, _S.RESERVED): frozenset({_R.INVOICE_CREATED, _R.SESSION_HOLD, _R.MANUAL_HOLD}),
    (_S.AVAILABLE, _S.SOLD): frozenset({_R.DIRECT_SALE}),
    (_S.RESERVED, _S.AVAILABLE): frozenset(
        {_R.INVOICE_CANCELLED, _R.HOLD_RELEASED, _R.RESERVATION_EXPIRED}
    ),
    (_S.RESERVED, _S.SOLD): frozenset({_R.INVOICE_PAID}),
    (_S.SOLD, _S.DELIVERED): frozenset({_R.INVOICE_DELIVERED}),
}

#: What an admin's correction may do. It never leaves Delivered.
CORRECTIONS: frozenset[tuple[InventoryStatus, InventoryStatus]] = frozenset(
    {(before, after) for before, after in TRANSITIONS if before is not None}
    | {(_S.SOLD, _S.AVAILABLE)}
)

#: What each step is called where a person reads it.
EVENTS: dict[ChangeReason, str] = {
    _R.RECEIVED: "Item received",
    _R.MIGRATED: "Taken over from the earlier system",
    _R.INVOICE_CREATED: "Reserved for an invoice",
    _R.SESSION_HOLD: "Held in a cart",
    _R.MANUAL_HOLD: "Held by hand",
    _R.DIRECT_SALE: "Sold directly",
    _R.INVOICE_CANCELLED: "Invoice cancelled",
    _R.HOLD_RELEASED: "Hold released",
    _R.RESERVATION_EXPIRED: "Hold expired",
    _R.INVOICE_PAID: "Invoice paid",
    _R.INVOICE_DELIVERED: "Delivered",
    _R.CORRECTION: "Corrected by an admin",
}

HOLD_REASONS: dict[ReservedForType, ChangeReason] = {
    ReservedForType.INVOICE: _R.INVOICE_CREATED,
    ReservedForType.SESSION: _R.SESSION_HOLD,
    ReservedForType.MANUAL: _R.MANUAL_HOLD,
}


def is_allowed(
    before: InventoryStatus | None, after: InventoryStatus, reason: ChangeReason
) -> bool:
    """Whether a unit may go from ``before`` to ``after`` for ``reason``."""
    if reason is ChangeReason.CORRECTION:
        return (before, after) in CORRECTIONS
    return reason in TRANSITIONS.get((before, after), frozenset())


def allowed_from(before: InventoryStatus) -> list[tuple[InventoryStatus, frozenset[ChangeReason]]]:
    """The statuses that a unit can reach in one step, with the reasons for each."""
    return [(after, reasons) for (start, after), reasons in TRANSITIONS.items() if start == before]
