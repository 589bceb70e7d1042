"""The physical statuses that each transition of an item allows.

The database's tables ``step_places`` and ``unit_places`` are copies of what is here.
"""

from app.domain.inventory.item_lifecycle import ChangeReason, InventoryStatus, PhysicalStatus

_S, _R, _P = InventoryStatus, ChangeReason, PhysicalStatus
_ANYWHERE = frozenset(PhysicalStatus)
_IN_STOCK = frozenset({_P.IN_STOCK})

#: Reason of a step -> the places where the unit may be when it is taken. A step that ends a
#: reservation is never refused, so that a cancelled invoice can always let go.
STEP_PLACES: dict[ChangeReason, frozenset[PhysicalStatus]] = {
    _R.RECEIVED: _ANYWHERE - {_P.WITH_CUSTOMER},
    _R.MIGRATED: _ANYWHERE,
    _R.INVOICE_CREATED: _IN_STOCK,
    _R.SESSION_HOLD: _IN_STOCK,
    _R.MANUAL_HOLD: _IN_STOCK,
    _R.DIRECT_SALE: _IN_STOCK,
    _R.INVOICE_CANCELLED: _ANYWHERE,
    _R.HOLD_RELEASED: _ANYWHERE,
    _R.RESERVATION_EXPIRED: _ANYWHERE,
    # A sold unit may still be on its way or in repair; a missing one cannot be sold.
    _R.INVOICE_PAID: frozenset({_P.IN_STOCK, _P.IN_TRANSIT, _P.IN_REPAIR}),
    # With its customer already: marking it delivered only writes down what happened.
    _R.INVOICE_DELIVERED: _ANYWHERE - {_P.MISSING},
    _R.CORRECTION: _ANYWHERE,
}

#: (inventory status, place) that nobody may set by hand -> what to do instead. A reserved unit may
#: get lost or break: that is allowed and reported, and STEP_PLACES says what it then blocks.
RIGHT_WAY: dict[tuple[InventoryStatus, PhysicalStatus], str] = {
    (_S.AVAILABLE, _P.WITH_CUSTOMER): "A customer has only what was sold and delivered: create an "
    "invoice for it, take the payment, then mark it delivered.",
    (_S.RESERVED, _P.WITH_CUSTOMER): "A customer has only what was sold and delivered: sell it on "
    "an invoice, take the payment, then mark it delivered.",
    (_S.SOLD, _P.WITH_CUSTOMER): "Mark it delivered on its invoice: that says that its customer "
    "has it.",
    (_S.SOLD, _P.MISSING): "Its customer has paid for it. An admin gives the invoice another unit "
    "on this unit's page; after that this one can be missing.",
    (_S.DELIVERED, _P.IN_STOCK): "It belongs to its customer, and nothing leads out of delivered. "
    "If it is here for repair, choose In repair.",
    (_S.DELIVERED, _P.MISSING): "Its customer has it, so it cannot be missing from the store.",
}

PLACE_WORDS: dict[PhysicalStatus, str] = {
    _P.IN_STOCK: "in stock",
    _P.IN_TRANSIT: "on its way somewhere",
    _P.WITH_CUSTOMER: "with a customer",
    _P.IN_REPAIR: "in repair",
    _P.MISSING: "missing",
}


def may_happen_at(reason: ChangeReason, place: str) -> bool:
    """Whether a step for ``reason`` may be taken by a unit that is at ``place``."""
    return PhysicalStatus(place) in STEP_PLACES[reason]


def right_way(inventory_status: str, place: str) -> str | None:
    """What to do instead of saying that such a unit is at ``place``; None where it may be."""
    return RIGHT_WAY.get((InventoryStatus(inventory_status), PhysicalStatus(place)))


def place_words(place: str) -> str:
    """Where a unit is, to go on with after 'it is'."""
    return PLACE_WORDS[PhysicalStatus(place)]


def promise_warning(serial_number: str, place: str, holder: str, *, on_invoice: bool) -> str:
    """What to know when a unit that is reserved for ``holder`` is not in stock any more."""
    said = f"{serial_number} is {place_words(place)}, and it is promised to {holder}."
    if not on_invoice:
        return f"{said} It cannot go on an invoice until it is in stock again, or is released."
    if may_happen_at(ChangeReason.INVOICE_PAID, place):
        return f"{said} The invoice can be paid; an admin can give it another unit instead."
    return (
        f"{said} The invoice cannot be paid in full until the unit is in stock again, "
        "an admin gives the invoice another unit, or it is cancelled."
    )
