"""How a unit gets from what it is to what it should be: the fewest corrections, then the fewest
steps, each of them one that the table allows. Never out of Delivered.
"""

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.inventory.item_lifecycle import (
    CORRECTIONS,
    HOLD_REASONS,
    TRANSITIONS,
    ChangeReason,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
)
from app.domain.inventory.physical_status import may_happen_at

_S, _R = InventoryStatus, ChangeReason


@dataclass(frozen=True)
class ItemHolder:
    """Whom a unit is reserved for. ``expired`` is for a temporary hold that has run out."""

    type: ReservedForType
    id: str
    expired: bool = False


@dataclass(frozen=True)
class ItemState:
    """Where a unit stands, or should. A sold unit's holder is the invoice that it was sold on."""

    status: InventoryStatus
    holder: ItemHolder | None = None

    def meets(self, goal: "ItemState") -> bool:
        """Only a reservation has a holder that the unit itself knows."""
        if self.status is not goal.status:
            return False
        if self.status is not _S.RESERVED or self.holder is None or goal.holder is None:
            return self.holder == goal.holder or self.status is not _S.RESERVED
        return (self.holder.type, self.holder.id) == (goal.holder.type, goal.holder.id)


@dataclass(frozen=True)
class RepairStep:
    """One change of status. ``holder`` is whom the unit is reserved for or sold to by it."""

    before: InventoryStatus
    after: InventoryStatus
    reason: ChangeReason
    holder: ItemHolder | None = None

    @property
    def explanation(self) -> str:
        return EXPLANATIONS.get((self.before, self.after, self.reason)) or EXPLANATIONS[self.reason]


EXPLANATIONS: dict[ChangeReason | tuple[InventoryStatus, InventoryStatus, ChangeReason], str] = {
    _R.INVOICE_CREATED: "Reserve it for the invoice that lists it.",
    _R.SESSION_HOLD: "Hold it in the cart.",
    _R.MANUAL_HOLD: "Hold it by hand, so that its history has a step to go on from.",
    _R.DIRECT_SALE: "Sell it on the paid invoice that lists it.",
    _R.INVOICE_CANCELLED: "Free it from a reservation that no invoice stands behind.",
    _R.HOLD_RELEASED: "End the hold.",
    _R.RESERVATION_EXPIRED: "End the hold that has run out.",
    _R.INVOICE_PAID: "Sell it: the invoice that it is reserved for is paid.",
    _R.INVOICE_DELIVERED: "Count it as delivered.",
    _R.CORRECTION: "Correct it: no ordinary step leads there.",
    (_S.SOLD, _S.AVAILABLE, _R.CORRECTION): "Take back a sale that no invoice stands behind.",
}


def shortest_chain(
    start: ItemState,
    goal: ItemState,
    *,
    place: PhysicalStatus = PhysicalStatus.IN_STOCK,
    must_move: bool = False,
) -> list[RepairStep] | None:
    """The steps from ``start`` to ``goal``: fewest corrections first, then fewest steps.

    Empty when it is there already, unless it ``must_move`` so that its history ends where it
    stands. ``place`` is where the unit is, which forbids some steps. None when nothing leads there.
    """
    if start.meets(goal) and not must_move:
        return []
    order = itertools.count()
    waiting: list[tuple[int, int, int, ItemState, tuple[RepairStep, ...]]] = [
        (0, 0, next(order), start, ())
    ]
    seen: set[ItemState] = set()
    while waiting:
        corrections, _, _, here, steps = heapq.heappop(waiting)
        if steps and here.meets(goal):
            return list(steps)
        if here in seen:
            continue
        if steps or not here.meets(goal):
            seen.add(here)
        for step, there in _steps_from(here, goal, place):
            corrected = corrections + (step.reason is _R.CORRECTION)
            heapq.heappush(waiting, (corrected, len(steps) + 1, next(order), there, (*steps, step)))
    return None


def _steps_from(
    here: ItemState, goal: ItemState, place: PhysicalStatus
) -> Iterator[tuple[RepairStep, ItemState]]:
    for (before, after), reasons in TRANSITIONS.items():
        if before is not here.status:
            continue
        for holder, reason in _ordinary(here, after, goal):
            if reason in reasons and may_happen_at(reason, place):
                yield RepairStep(before, after, reason, holder), ItemState(after, holder)
    for before, after in sorted(CORRECTIONS):
        if before is here.status:
            holder = goal.holder if after is not _S.AVAILABLE else None
            if after is not _S.RESERVED or holder:
                yield RepairStep(before, after, _R.CORRECTION, holder), ItemState(after, holder)


def _ordinary(
    here: ItemState, after: InventoryStatus, goal: ItemState
) -> Iterator[tuple[ItemHolder | None, ChangeReason]]:
    """The reasons that are true of this unit, with whom it is for afterwards."""
    match here.status, after:
        case _S.AVAILABLE, _S.RESERVED:
            holder = goal.holder or _PASSING
            yield holder, HOLD_REASONS[holder.type]
        case _S.AVAILABLE, _S.SOLD:
            yield goal.holder, _R.DIRECT_SALE
        case _S.RESERVED, _S.AVAILABLE:
            yield None, _release_reason(here.holder)
        case _S.RESERVED, _S.SOLD if _is_for(here, goal):
            yield goal.holder, _R.INVOICE_PAID
        case _S.SOLD, _S.DELIVERED:
            yield goal.holder, _R.INVOICE_DELIVERED


def _is_for(here: ItemState, goal: ItemState) -> bool:
    """Paying an invoice sells what is reserved for just that one."""
    return (
        here.holder is not None
        and goal.holder is not None
        and here.holder.type is ReservedForType.INVOICE
        and (here.holder.type, here.holder.id) == (goal.holder.type, goal.holder.id)
    )


def _release_reason(holder: ItemHolder | None) -> ChangeReason:
    if holder is None or holder.type is ReservedForType.INVOICE:
        return _R.INVOICE_CANCELLED
    return _R.RESERVATION_EXPIRED if holder.expired else _R.HOLD_RELEASED


#: Who has a free unit while its history is given a new end.
_PASSING = ItemHolder(ReservedForType.MANUAL, "Repair of its history")
