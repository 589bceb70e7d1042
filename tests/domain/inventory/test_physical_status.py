"""Where a unit may be: nothing that a check would find an hour later may be done now."""

import itertools

import pytest

from app.domain.consistency.kinds import contradicts
from app.domain.inventory.item_lifecycle import (
    CORRECTIONS,
    TRANSITIONS,
    ChangeReason,
    InventoryStatus,
    PhysicalStatus,
)
from app.domain.inventory.physical_status import (
    STEP_PLACES,
    may_happen_at,
    place_words,
    promise_warning,
    right_way,
)

PAIRS = list(itertools.product(InventoryStatus, PhysicalStatus))
STEPS = [
    (before, after, reason, place)
    for (before, after), reasons in TRANSITIONS.items()
    if before
    for reason in sorted(reasons)
    for place in PhysicalStatus
]
#: These end what is wrong already, or free a unit that nobody may be kept from letting go.
ENDS_A_RESERVATION = {
    ChangeReason.INVOICE_CANCELLED,
    ChangeReason.HOLD_RELEASED,
    ChangeReason.RESERVATION_EXPIRED,
}


@pytest.mark.parametrize(("status", "place"), PAIRS)
def test_no_place_is_set_by_hand_that_a_check_would_find(status, place) -> None:
    may_break_on_the_shelf = status == InventoryStatus.RESERVED and (
        place != PhysicalStatus.WITH_CUSTOMER
    )
    assert (right_way(status, place) is None) == (
        not contradicts(status, place) or may_break_on_the_shelf
    )


@pytest.mark.parametrize(("before", "after", "reason", "place"), STEPS)
def test_no_step_leads_to_what_a_check_would_find(before, after, reason, place) -> None:
    if reason in ENDS_A_RESERVATION:
        assert may_happen_at(reason, place)
        return
    there = PhysicalStatus.WITH_CUSTOMER if after == InventoryStatus.DELIVERED else place
    if may_happen_at(reason, place):
        assert not contradicts(after, there)
    elif after != InventoryStatus.DELIVERED:
        assert contradicts(after, there) or reason == ChangeReason.DIRECT_SALE
    else:
        assert place == PhysicalStatus.MISSING


def test_every_reason_has_its_places_and_a_correction_all() -> None:
    assert set(STEP_PLACES) == set(ChangeReason)
    assert STEP_PLACES[ChangeReason.CORRECTION] == set(PhysicalStatus)
    assert CORRECTIONS


@pytest.mark.parametrize("place", sorted(set(PhysicalStatus) - {PhysicalStatus.IN_STOCK}))
@pytest.mark.parametrize("on_invoice", [True, False])
def test_a_warning_names_the_unit_where_it_is_and_who_waits(place, on_invoice) -> None:
    said = promise_warning("MUG-1", place, "invoice 1009", on_invoice=on_invoice)
    assert said.startswith(f"MUG-1 is {place_words(place)}, and it is promised to invoice 1009. ")
