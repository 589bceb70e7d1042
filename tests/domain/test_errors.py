from uuid import uuid4

import pytest

from app.domain import errors
from app.domain.errors import (
    ExceedsBalance,
    HoldExpired,
    InvalidInput,
    ItemsNotAvailable,
    NotEnoughStock,
    NotFound,
    Refusal,
    UnavailableItem,
    VersionConflict,
)

#: The contract's codes for 409 that the services answer with.
CODES = {
    "items-not-available",
    "invalid-transition",
    "invoice-state",
    "exceeds-balance",
    "version-conflict",
    "not-enough-stock",
    "hold-expired",
    "session-closed",
    "duplicate",
    "item-busy",
}


def taken(serial: str) -> UnavailableItem:
    return UnavailableItem(uuid4(), serial, "MUG", "Mug", "Sold", "InStock", None, "sold on it")


def test_the_refusals_are_those_of_the_contract() -> None:
    refusals = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, Refusal) and kind is not Refusal
    ]
    # The API has one of its own: two requests with the same key at once.
    assert {kind.code for kind in refusals} - {"idempotency-in-progress"} == CODES
    assert len({kind.title for kind in refusals}) == len(refusals)


@pytest.mark.parametrize("kind", [ItemsNotAvailable, HoldExpired])
def test_units_that_are_not_available_are_all_listed_and_three_named(kind) -> None:
    items = [taken(f"MUG-{number}") for number in range(5)]
    refusal = kind(items)
    assert refusal.facts() == {"items": items}
    assert refusal.detail == (
        "MUG-0: sold on it; MUG-1: sold on it; MUG-2: sold on it; and 2 more."
    )


def test_a_refusal_carries_the_facts_that_help_to_mend_it() -> None:
    assert NotEnoughStock("x", sku="MUG", asked=3, free=2).facts() == {
        "sku": "MUG",
        "asked": 3,
        "free": 2,
    }
    assert VersionConflict("x", asked=1, current=2).facts() == {"version": 1, "currentVersion": 2}
    assert ExceedsBalance("x", balance=5).facts() == {"balance": 5}
    assert Refusal("x").facts() == {}


def test_all_ids_that_were_not_found_are_kept_and_five_shown() -> None:
    ids = [uuid4() for _ in range(7)]
    refusal = NotFound("item", ids)
    assert refusal.ids == [str(item_id) for item_id in ids]
    assert str(ids[4]) in refusal.detail
    assert str(ids[5]) not in refusal.detail


def test_wrong_fields_are_named_with_what_to_do() -> None:
    refusal = InvalidInput({"amount": "Say how much.", "method": "One of Cash."})
    assert refusal.detail == "amount: Say how much.; method: One of Cash."
