import itertools

import pytest

from app.domain.inventory.item_lifecycle import (
    CORRECTIONS,
    EVENTS,
    HOLD_REASONS,
    TRANSITIONS,
    ChangeReason,
    InventoryStatus,
    ReservedForType,
    allowed_from,
    is_allowed,
)

#: The contract's table, word for word.
CONTRACT = """
(none)     Available  RECEIVED
Available  Reserved   INVOICE_CREATED SESSION_HOLD MANUAL_HOLD
Available  Sold       DIRECT_SALE
Reserved   Available  INVOICE_CANCELLED HOLD_RELEASED RESERVATION_EXPIRED
Reserved   Sold       INVOICE_PAID
Sold       Delivered  INVOICE_DELIVERED
"""
ALLOWED = {
    (before if before != "(none)" else None, after, reason)
    for before, after, *reasons in map(str.split, CONTRACT.strip().splitlines())
    for reason in reasons
}
CORRECTED = {
    ("Available", "Reserved", "CORRECTION"),
    ("Available", "Sold", "CORRECTION"),
    ("Reserved", "Available", "CORRECTION"),
    ("Reserved", "Sold", "CORRECTION"),
    ("Sold", "Delivered", "CORRECTION"),
    ("Sold", "Available", "CORRECTION"),
}
EVERY_STEP = list(itertools.product([None, *InventoryStatus], InventoryStatus, ChangeReason))


@pytest.mark.parametrize(("before", "after", "reason"), EVERY_STEP)
def test_a_step_is_allowed_exactly_where_the_contract_lists_it(before, after, reason) -> None:
    assert is_allowed(before, after, reason) == ((before, after, reason) in ALLOWED | CORRECTED)


def test_the_statuses_are_those_of_the_contract() -> None:
    assert list(InventoryStatus) == ["Available", "Reserved", "Sold", "Delivered"]


def test_the_transitions_are_the_contracts_table_and_nothing_else() -> None:
    listed = {
        (before, after, reason)
        for (before, after), reasons in TRANSITIONS.items()
        for reason in reasons
    }
    assert listed == ALLOWED


def test_nothing_leaves_delivered_not_even_by_correction() -> None:
    assert allowed_from(InventoryStatus.DELIVERED) == []
    assert not [step for step in CORRECTIONS if step[0] == InventoryStatus.DELIVERED]


def test_a_correction_may_do_every_ordinary_step_and_take_back_a_sale() -> None:
    ordinary = {(before, after) for before, after in TRANSITIONS if before}
    assert CORRECTIONS - ordinary == {("Sold", "Available")}
    assert ordinary < CORRECTIONS


def test_a_correction_brings_no_new_unit_into_the_store() -> None:
    assert not any(is_allowed(None, after, ChangeReason.CORRECTION) for after in InventoryStatus)


def test_no_status_leads_to_itself() -> None:
    assert all(before != after for before, after in [*TRANSITIONS, *CORRECTIONS])


def test_what_is_migrated_is_no_transition_of_the_running_store() -> None:
    assert not any(is_allowed(None, after, ChangeReason.MIGRATED) for after in InventoryStatus)


def test_where_a_unit_can_go_is_listed_with_the_reasons() -> None:
    assert allowed_from(InventoryStatus.RESERVED) == [
        ("Available", {"INVOICE_CANCELLED", "HOLD_RELEASED", "RESERVATION_EXPIRED"}),
        ("Sold", {"INVOICE_PAID"}),
    ]


def test_every_reason_has_words_for_people() -> None:
    assert set(EVENTS) == set(ChangeReason)


def test_every_kind_of_reservation_has_the_reason_that_makes_it() -> None:
    assert set(HOLD_REASONS) == set(ReservedForType)
    reserving = TRANSITIONS[InventoryStatus.AVAILABLE, InventoryStatus.RESERVED]
    assert set(HOLD_REASONS.values()) == reserving
