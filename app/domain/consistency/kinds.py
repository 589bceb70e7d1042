"""Kinds of findings: severity, and what each means in plain words."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.inventory.item_lifecycle import InventoryStatus, PhysicalStatus


class InconsistencyKind(StrEnum):
    ORPHANED_RESERVATION = "ORPHANED_RESERVATION"
    SOLD_WITHOUT_INVOICE = "SOLD_WITHOUT_INVOICE"
    LOCATION_MISMATCH = "LOCATION_MISMATCH"
    LONG_RESERVATION = "LONG_RESERVATION"
    EXPIRED_RESERVATION = "EXPIRED_RESERVATION"
    INVOICE_ITEM_MISMATCH = "INVOICE_ITEM_MISMATCH"
    AUDIT_MISMATCH = "AUDIT_MISMATCH"
    REFUND_DUE = "REFUND_DUE"


class Severity(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Meaning:
    """``title`` names it, ``meaning`` says what it does to the store, ``remedy`` what mends it."""

    title: str
    severity: Severity
    meaning: str
    remedy: str


_K = InconsistencyKind

MEANINGS: dict[InconsistencyKind, Meaning] = {
    _K.INVOICE_ITEM_MISMATCH: Meaning(
        "Unit out of step with its invoice",
        Severity.HIGH,
        "An invoice lists the unit, and the unit is not in the status that the invoice asks for. "
        "The invoice cannot go on until it is mended.",
        "Bring the unit to where its invoice wants it; where two invoices want it, "
        "give one of them another unit.",
    ),
    _K.SOLD_WITHOUT_INVOICE: Meaning(
        "Sold on no invoice",
        Severity.HIGH,
        "The unit counts as sold or delivered, and no paid or delivered invoice lists it: "
        "stock is gone without money for it.",
        "Take the sale back, or find out who has the unit and bill it.",
    ),
    _K.AUDIT_MISMATCH: Meaning(
        "History does not add up",
        Severity.HIGH,
        "The unit is not where its history ends, its history is no unbroken chain, or a total "
        "that the store keeps differs from what it is the total of. Somebody went round the rules.",
        "Bring the unit to where it belongs; what history says of the past stays as it is "
        "and is accepted with a reason.",
    ),
    _K.ORPHANED_RESERVATION: Meaning(
        "Reserved for nothing",
        Severity.MEDIUM,
        "The unit is reserved for an invoice that is missing, cancelled, or does not list it. "
        "Nobody can sell it and nobody is going to buy it.",
        "Free the unit.",
    ),
    _K.LOCATION_MISMATCH: Meaning(
        "Not where it should be",
        Severity.MEDIUM,
        "What the unit counts as and where it is contradict each other: "
        "for example delivered, and still in stock.",
        "Look where the unit is, and say so.",
    ),
    _K.EXPIRED_RESERVATION: Meaning(
        "Hold ran out and was not tidied up",
        Severity.MEDIUM,
        "A temporary hold ended more than two cleanups ago and still blocks the unit: "
        "look whether background work is running.",
        "End the hold.",
    ),
    _K.REFUND_DUE: Meaning(
        "Refund due",
        Severity.MEDIUM,
        "An invoice was cancelled more than a day ago, and what had been paid for it still belongs "
        "to its customer.",
        "Give the money back to the customer, then acknowledge this with a note that says how and "
        "when. The payments stay in the books; refunds can be recorded there from a later version "
        "of this store on.",
    ),
    _K.LONG_RESERVATION: Meaning(
        "Reserved for very long",
        Severity.LOW,
        "The unit has been reserved for longer than the store's limit. "
        "Ask whether it is still wanted.",
        "Release the hold; for an invoice take the payment, or cancel it.",
    ),
}

#: A hold that ended this many cleanups ago should have been freed by now.
CLEANUP_MINUTES = 15
CLEANUPS_MISSED = 2
#: From when a refund that is due is a finding.
REFUND_HOURS_MAX = 24

_S, _P = InventoryStatus, PhysicalStatus

#: Where a unit cannot be, whatever it counts as. A sold unit may be in stock, in repair or on its
#: way; a delivered one may come back for repair.
CONTRADICTIONS: dict[InventoryStatus, frozenset[PhysicalStatus]] = {
    _S.AVAILABLE: frozenset({_P.WITH_CUSTOMER}),
    _S.RESERVED: frozenset(_P) - {_P.IN_STOCK},
    _S.SOLD: frozenset({_P.WITH_CUSTOMER, _P.MISSING}),
    _S.DELIVERED: frozenset({_P.IN_STOCK, _P.MISSING}),
}


def contradicts(inventory_status: str, status: str) -> bool:
    """Whether a unit of this inventory status cannot be at such a place."""
    return PhysicalStatus(status) in CONTRADICTIONS[InventoryStatus(inventory_status)]
