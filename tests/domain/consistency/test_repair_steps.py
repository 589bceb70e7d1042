"""Every plan is allowed by the table, ends where it should, and none is shorter."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.consistency.repair_steps import ItemHolder, ItemState, RepairStep, shortest_chain
from app.domain.inventory.item_lifecycle import (
    CORRECTIONS,
    ChangeReason,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
    is_allowed,
)
from app.domain.inventory.physical_status import may_happen_at

AVAILABLE, RESERVED, SOLD, DELIVERED = InventoryStatus
INVOICE = ItemHolder(ReservedForType.INVOICE, "1")
OTHER = ItemHolder(ReservedForType.INVOICE, "2")
CART = ItemHolder(ReservedForType.SESSION, "cart")
RUN_OUT = ItemHolder(ReservedForType.SESSION, "cart", expired=True)

holders = st.sampled_from(
    [INVOICE, OTHER, CART, RUN_OUT, ItemHolder(ReservedForType.MANUAL, "Ana")]
)
starts = st.one_of(
    st.sampled_from([ItemState(AVAILABLE), ItemState(SOLD), ItemState(DELIVERED)]),
    st.builds(ItemState, st.just(RESERVED), holders),
)
goals = st.one_of(
    st.just(ItemState(AVAILABLE)),
    st.builds(ItemState, st.just(RESERVED), holders),
    st.builds(ItemState, st.sampled_from([SOLD, DELIVERED]), st.sampled_from([INVOICE, OTHER])),
)


def corrections_of(steps: list[RepairStep]) -> int:
    return sum(step.reason is ChangeReason.CORRECTION for step in steps)


def walks(start: InventoryStatus, length_max: int) -> list[list[tuple]]:
    """Every walk through the bare table, corrections too, whoever the unit is for."""
    found: list[list[tuple]] = [[]]
    for walk in found:
        if len(walk) < length_max:
            here = walk[-1][1] if walk else start
            found += [
                [*walk, (here, after, reason)]
                for after in InventoryStatus
                for reason in ChangeReason
                if is_allowed(here, after, reason)
            ]
    return found


@given(starts, goals, st.sampled_from(PhysicalStatus))
def test_every_plan_is_allowed_and_ends_at_its_goal(start, goal, place) -> None:
    steps = shortest_chain(start, goal, place=place)
    if steps is None:
        assert start.status is DELIVERED or (
            place is not PhysicalStatus.IN_STOCK and goal.status is not AVAILABLE
        )
        return
    assert all(is_allowed(step.before, step.after, step.reason) for step in steps)
    assert all(may_happen_at(step.reason, place) for step in steps)
    assert all(one.after is other.before for one, other in pairwise(steps))
    assert not any(step.before is DELIVERED for step in steps)
    if steps:
        assert steps[0].before is start.status
        assert ItemState(steps[-1].after, steps[-1].holder).meets(goal)
    else:
        assert start.meets(goal)
    assert all(step.explanation for step in steps)


@given(starts, goals)
def test_no_shorter_plan_is_in_the_table(start, goal) -> None:
    """Seen from the statuses alone nothing is shorter, where the unit is for the right one."""
    steps = shortest_chain(start, goal)
    if not steps or (
        start.status is RESERVED and not start.meets(ItemState(RESERVED, goal.holder))
    ):
        return
    rivals = [
        walk for walk in walks(start.status, len(steps)) if walk and walk[-1][1] is goal.status
    ]
    least = min(sum(step[2] is ChangeReason.CORRECTION for step in walk) for walk in rivals)
    assert corrections_of(steps) <= least
    if start.status is not RESERVED:
        same = [
            walk
            for walk in rivals
            if sum(step[2] is ChangeReason.CORRECTION for step in walk) == corrections_of(steps)
        ]
        assert len(steps) == min(map(len, same))


@given(starts, goals)
def test_a_correction_comes_only_where_no_valid_chain_leads(start, goal) -> None:
    steps = shortest_chain(start, goal)
    ordinary = [
        walk
        for walk in walks(start.status, 4)
        if walk
        and walk[-1][1] is goal.status
        and all(reason is not ChangeReason.CORRECTION for *_, reason in walk)
    ]
    if steps and corrections_of(steps):
        assert not ordinary


@pytest.mark.parametrize("goal", [ItemState(AVAILABLE), ItemState(RESERVED, CART)])
def test_nothing_leads_out_of_delivered(goal) -> None:
    assert shortest_chain(ItemState(DELIVERED), goal) is None
    assert not any(before is DELIVERED for before, _ in CORRECTIONS)


@pytest.mark.parametrize(
    ("start", "goal", "reasons"),
    [
        (ItemState(RESERVED, OTHER), ItemState(AVAILABLE), ["INVOICE_CANCELLED"]),
        (ItemState(RESERVED, CART), ItemState(AVAILABLE), ["HOLD_RELEASED"]),
        (ItemState(RESERVED, RUN_OUT), ItemState(AVAILABLE), ["RESERVATION_EXPIRED"]),
        (ItemState(RESERVED, INVOICE), ItemState(SOLD, INVOICE), ["INVOICE_PAID"]),
        (
            ItemState(RESERVED, OTHER),
            ItemState(SOLD, INVOICE),
            ["INVOICE_CANCELLED", "DIRECT_SALE"],
        ),
        (
            ItemState(RESERVED, CART),
            ItemState(RESERVED, INVOICE),
            ["HOLD_RELEASED", "INVOICE_CREATED"],
        ),
        (
            ItemState(RESERVED, INVOICE),
            ItemState(DELIVERED, INVOICE),
            ["INVOICE_PAID", "INVOICE_DELIVERED"],
        ),
        (
            ItemState(AVAILABLE),
            ItemState(DELIVERED, INVOICE),
            ["DIRECT_SALE", "INVOICE_DELIVERED"],
        ),
        (ItemState(SOLD), ItemState(AVAILABLE), ["CORRECTION"]),
        (ItemState(SOLD), ItemState(RESERVED, INVOICE), ["CORRECTION", "INVOICE_CREATED"]),
    ],
)
def test_the_plans_that_a_store_needs(start, goal, reasons) -> None:
    assert [step.reason for step in shortest_chain(start, goal)] == reasons


@pytest.mark.parametrize(
    ("standing", "reasons"),
    [
        (ItemState(AVAILABLE), ["MANUAL_HOLD", "HOLD_RELEASED"]),
        (ItemState(RESERVED, INVOICE), ["INVOICE_CANCELLED", "INVOICE_CREATED"]),
        (ItemState(SOLD, INVOICE), ["CORRECTION", "DIRECT_SALE"]),
        (ItemState(DELIVERED, INVOICE), None),
    ],
)
def test_a_history_gets_a_new_end_by_going_round(standing, reasons) -> None:
    steps = shortest_chain(standing, standing, must_move=True)
    assert (steps and [step.reason for step in steps]) == reasons
