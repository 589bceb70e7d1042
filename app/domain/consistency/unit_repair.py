"""Plans the repair of a unit from the invoices that list it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.domain.consistency.kinds import contradicts
from app.domain.consistency.repair_steps import ItemHolder, ItemState, RepairStep, shortest_chain
from app.domain.inventory.item_lifecycle import InventoryStatus, PhysicalStatus, ReservedForType
from app.domain.inventory.physical_status import place_words
from app.domain.invoices.invoice_lifecycle import AWAITING_PAYMENT, InvoiceStatus

_S, _P = InventoryStatus, PhysicalStatus
_TAIL = (
    "What the unit keeps of its history's end does not fit that history, and history cannot be "
    "rewritten. Restore it from a backup, or accept it as it is."
)


class Choice(StrEnum):
    """What an admin can decide where no plan can; each is a service call of its own."""

    SWAP = "swap"
    REMOVE_LINE = "remove-line"
    PUT_BACK = "put-back"
    SETTLE = "settle"


@dataclass(frozen=True)
class Claim:
    """An invoice that is not cancelled and lists the unit."""

    invoice_id: UUID
    number: str
    status: InvoiceStatus


@dataclass(frozen=True, kw_only=True)
class UnitFacts:
    """A unit as it is.

    ``history_end`` is the status that its history ends with, if it has any;
    ``tail_matches_item``: what the unit keeps of that end is true; ``can_append_history``: a row
    can be added to it. ``claims`` are of invoices that are not cancelled.
    """

    item_id: UUID
    serial_number: str
    version: int
    status: InventoryStatus
    place: PhysicalStatus
    holder: ItemHolder | None
    claims: tuple[Claim, ...]
    history_end: InventoryStatus | None
    tail_matches_item: bool
    can_append_history: bool = True
    history_accepted: bool = False
    history_faulty: bool = False
    reserved_for_long: bool = False


@dataclass(frozen=True)
class UnitRepair:
    """``place`` is where the unit is to be said to be. ``unfixable`` says why no plan mends it."""

    unit: UnitFacts
    steps: tuple[RepairStep, ...] = ()
    place: PhysicalStatus | None = None
    unfixable: str | None = None
    choices: tuple[Choice, ...] = ()

    @property
    def changes(self) -> bool:
        return bool(self.steps) or self.place is not None

    @property
    def place_explanation(self) -> str:
        return "A delivered unit is with its customer."


def plan_unit_repair(unit: UnitFacts) -> UnitRepair:
    """The plan for one unit, or why there is none and what can be chosen instead."""
    if len(unit.claims) > 1:
        return _not_repairable(unit, _claimed_twice(unit.claims), Choice.SWAP, Choice.REMOVE_LINE)
    if not unit.can_append_history:
        return _not_repairable(unit, _TAIL, *([] if unit.history_accepted else [Choice.SETTLE]))
    claim = unit.claims[0] if unit.claims else None
    refusal = _unfixable(unit, claim)
    if refusal:
        return refusal
    goal = _goal(unit, claim)
    steps = shortest_chain(ItemState(unit.status, unit.holder), goal, place=unit.place)
    if steps is None:
        return _not_repairable(unit, "No allowed step leads from there to where it should be.")
    return _with_place_and_history(unit, goal, steps)


def _goal(unit: UnitFacts, claim: Claim | None) -> ItemState:
    """Where the unit should be. Holds stay as they are unless they have run out."""
    if claim is None:
        keeps_hold = (
            unit.holder is not None
            and unit.holder.type is not ReservedForType.INVOICE
            and not unit.holder.expired
            and not unit.reserved_for_long
        )
        if unit.status is _S.RESERVED and keeps_hold:
            return ItemState(_S.RESERVED, unit.holder)
        return ItemState(unit.status if unit.status is _S.DELIVERED else _S.AVAILABLE)
    invoice = ItemHolder(ReservedForType.INVOICE, str(claim.invoice_id))
    if claim.status in AWAITING_PAYMENT:
        return ItemState(_S.RESERVED, invoice)
    handed_over = unit.status is _S.DELIVERED or unit.place is _P.WITH_CUSTOMER
    if claim.status is InvoiceStatus.DELIVERED or handed_over:
        return ItemState(_S.DELIVERED, invoice)
    return ItemState(_S.SOLD, invoice)


def _unfixable(unit: UnitFacts, claim: Claim | None) -> UnitRepair | None:
    """Where a person must decide, because the store cannot know."""
    if claim is None:
        return _unfixable_without_invoice(unit)
    where = place_words(unit.place)
    if claim.status in AWAITING_PAYMENT:
        if unit.status is _S.DELIVERED:
            return _not_repairable(
                unit,
                f"It was handed over and invoice {claim.number} is not paid. Nothing leads out of "
                "delivered: give the invoice another unit, or take the line off it.",
                Choice.SWAP,
                Choice.REMOVE_LINE,
            )
        if unit.place is not _P.IN_STOCK:
            return _not_repairable(
                unit,
                f"Invoice {claim.number} wants it, and it is {where}.",
                Choice.SWAP,
                Choice.REMOVE_LINE,
                Choice.PUT_BACK,
            )
        if unit.reserved_for_long and _is_reserved_for(unit, claim):
            return _not_repairable(
                unit,
                f"It waits for invoice {claim.number} to be paid: take the payment, "
                "or cancel the invoice on its page.",
            )
    if claim.status is InvoiceStatus.PAID:
        is_gone = unit.place is _P.MISSING
        away = unit.place in (_P.IN_TRANSIT, _P.IN_REPAIR) and unit.status is not _S.SOLD
        if unit.status is not _S.DELIVERED and (
            is_gone or (away and not _may_be_sold(unit, claim))
        ):
            return _not_repairable(
                unit,
                f"Invoice {claim.number} is paid, and the unit is {where}.",
                Choice.SWAP,
                Choice.PUT_BACK,
            )
    return None


def _unfixable_without_invoice(unit: UnitFacts) -> UnitRepair | None:
    if unit.status is _S.DELIVERED:
        return _not_repairable(
            unit,
            "It was handed over on no invoice that is known, and nothing leads out of delivered. "
            "Bill its customer for another unit of the kind, and acknowledge this with a note.",
        )
    if unit.place is _P.WITH_CUSTOMER:
        return _not_repairable(
            unit,
            "A customer has it, and no invoice lists it. Get it back and put it back in stock; "
            "then it can be freed, or sold on a new invoice.",
            Choice.PUT_BACK,
        )
    held = unit.holder is not None and unit.holder.type is not ReservedForType.INVOICE
    if unit.status is _S.RESERVED and unit.place is not _P.IN_STOCK and held:
        ended = unit.holder is not None and unit.holder.expired
        if not ended and not unit.reserved_for_long:
            return _not_repairable(
                unit,
                f"It is held, and it is {place_words(unit.place)}. Release the hold, "
                "or put the unit back in stock when it is found.",
                Choice.PUT_BACK,
            )
    return None


def _with_place_and_history(
    unit: UnitFacts, goal: ItemState, steps: list[RepairStep]
) -> UnitRepair:
    after = steps[-1].after if steps else unit.status
    if not steps and after is _S.DELIVERED and contradicts(after, unit.place):
        return _and_history(unit, goal, UnitRepair(unit, place=_P.WITH_CUSTOMER))
    return _and_history(unit, goal, UnitRepair(unit, tuple(steps)))


def _and_history(unit: UnitFacts, goal: ItemState, plan: UnitRepair) -> UnitRepair:
    """A status that its history does not know gets there by a round of steps that it does."""
    if plan.steps or unit.history_accepted:
        return plan
    if not unit.tail_matches_item:
        return _not_repairable(unit, _TAIL, Choice.SETTLE, place=plan.place)
    if unit.history_end is unit.status:
        return (
            _not_repairable(
                unit,
                "Nothing is wrong with the unit as it is now; what is wrong in its history stays "
                "there. Accept it with a reason, so that it is not reported again.",
                Choice.SETTLE,
                place=plan.place,
            )
            if unit.history_faulty
            else plan
        )
    start = ItemState(unit.status, unit.holder)
    is_hold = start.holder is not None and start.holder.type is not ReservedForType.INVOICE
    round_trip = shortest_chain(
        start,
        ItemState(_S.AVAILABLE) if is_hold else goal,
        place=unit.place,
        must_move=True,
    )
    if round_trip is None or unit.place is not _P.IN_STOCK:
        return _not_repairable(
            unit,
            "It is where its invoice wants it, its history ends elsewhere, and no step can be "
            "added to that. Accept it with a reason, so that it is not reported again.",
            Choice.SETTLE,
            place=plan.place,
        )
    return UnitRepair(unit, tuple(round_trip), plan.place)


def _may_be_sold(unit: UnitFacts, claim: Claim) -> bool:
    return unit.status is _S.RESERVED and _is_reserved_for(unit, claim)


def _is_reserved_for(unit: UnitFacts, claim: Claim) -> bool:
    return unit.holder is not None and (unit.holder.type, unit.holder.id) == (
        ReservedForType.INVOICE,
        str(claim.invoice_id),
    )


def _claimed_twice(claims: Sequence[Claim]) -> str:
    numbers = [f"{claim.number} ({claim.status})" for claim in claims]
    return (
        f"Invoices {', '.join(numbers[:-1])} and {numbers[-1]} list it, and only one can have it. "
        "Decide which, and give the other one another unit or take the line off it."
    )


def _not_repairable(
    unit: UnitFacts, why: str, *choices: Choice, place: PhysicalStatus | None = None
) -> UnitRepair:
    return UnitRepair(unit, place=place, unfixable=why, choices=choices)
