"""An admin corrects a serial number typed wrong at receiving, with a reason, while it can be."""

from functools import partial
from uuid import UUID, uuid4

import pytest

from app.domain.errors import (
    Duplicate,
    InvalidInput,
    InvalidTransition,
    NotFound,
    NotPermitted,
    VersionConflict,
)
from app.domain.text.folding import search_text
from app.queries.inventory.serial_corrections import corrections_of, has_only_its_receipt
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.inventory.serial_correction import correct_serial
from tests.support.invariants import assert_invariants
from tests.support.race import run_concurrently
from tests.support.shop import Shop

inventory = InventoryLifecycleService()


def unit(shop: Shop, serial: str) -> UUID:
    (item_id,) = inventory.receive_items(shop.new_sku(), shop.staff, serial_numbers=[serial])
    return item_id


def new_serial(prefix: str = "NAT") -> str:
    return f"{prefix}-{uuid4().hex[:12]}"


def test_it_is_corrected_found_and_kept_with_who_and_why(shop: Shop) -> None:
    wrong, right = new_serial(), new_serial("ÜBER")
    item_id = unit(shop, wrong)
    correct_serial(item_id, f" {right} ", shop.admin, reason=" Misread label ", version=1)
    assert shop.row("SELECT serial_number, version FROM items WHERE id = %s", item_id) == (right, 2)
    found = shop.rows("SELECT words FROM item_search WHERE item_id = %s", item_id)
    assert found == [(search_text(right),)]
    (kept,) = corrections_of(item_id)
    assert (kept.from_serial, kept.to_serial) == (wrong, right)
    assert (kept.reason, kept.corrected_by) == ("Misread label", "Admin")
    # What it was is free for the unit that has it.
    unit(shop, wrong)
    assert has_only_its_receipt(item_id)


def test_only_its_case_is_corrected_too(shop: Shop) -> None:
    serial = new_serial("abc")
    item_id = unit(shop, serial)
    correct_serial(item_id, serial.upper(), shop.admin, reason="Label is in capitals")
    assert shop.serial(item_id) == serial.upper()


@pytest.mark.parametrize("who", ["staff", "colleague", "manager"])
def test_only_an_admin_corrects(shop: Shop, who: str) -> None:
    item_id = unit(shop, new_serial())
    with shop.unchanged(), pytest.raises(NotPermitted):
        correct_serial(item_id, new_serial(), getattr(shop, who), reason="Why")


def _hold(shop: Shop, item_id: UUID) -> None:
    inventory.hold_items_manually([item_id], "Ana", shop.staff)


def _hold_and_release(shop: Shop, item_id: UUID) -> None:
    _hold(shop, item_id)
    inventory.release_items([item_id], shop.staff)


def _invoice(shop: Shop, item_id: UUID) -> None:
    shop.new_invoice([item_id])


def _sell(shop: Shop, item_id: UUID) -> None:
    shop.new_paid_invoice([item_id])


@pytest.mark.parametrize("happens", [_hold, _hold_and_release, _invoice, _sell])
def test_what_has_happened_to_a_unit_makes_its_serial_number_final(shop: Shop, happens) -> None:
    item_id = unit(shop, new_serial())
    happens(shop, item_id)
    with shop.unchanged(), pytest.raises(InvalidTransition, match="only while nothing"):
        correct_serial(item_id, new_serial(), shop.admin, reason="Why")


@pytest.mark.parametrize(
    ("serial", "reason", "fields"),
    [
        ("", "Why", ["serialNumber"]),
        ("x" * 65, "Why", ["serialNumber"]),
        ("a\nb", "Why", ["serialNumber"]),
        ("right", "", ["reason"]),
        ("right", None, ["reason"]),
        ("right", "y" * 501, ["reason"]),
        ("\u202e", " ", ["serialNumber", "reason"]),
    ],
)
def test_what_is_wrong_is_told_field_by_field(shop: Shop, serial, reason, fields) -> None:
    item_id = unit(shop, new_serial())
    with shop.unchanged(), pytest.raises(InvalidInput) as refused:
        correct_serial(item_id, serial, shop.admin, reason=reason)
    assert list(refused.value.errors) == fields


def test_the_same_a_known_an_outdated_and_an_unknown_one_are_refused(shop: Shop) -> None:
    serial, other = new_serial(), new_serial("café")
    item_id = unit(shop, serial)
    unit(shop, other)
    correct = partial(correct_serial, reason="Why")
    with shop.unchanged():
        with pytest.raises(Duplicate, match="already"):
            correct(item_id, serial, shop.admin)
        for known in (other, other.upper(), other.replace("é", "e\u0301")):
            with pytest.raises(Duplicate, match=other):
                correct(item_id, known, shop.admin)
        with pytest.raises(VersionConflict):
            correct(item_id, new_serial(), shop.admin, version=9)
        with pytest.raises(NotFound):
            correct(uuid4(), new_serial(), shop.admin)


def test_two_units_corrected_at_once_to_one_number_are_not_both(own_shop: Shop) -> None:
    shop = own_shop
    units = [unit(shop, f"typo-{number}") for number in range(6)]
    results = run_concurrently(
        shop,
        [
            partial(correct_serial, each, "The-Right-One", shop.admin, reason="Why")
            for each in units
        ],
    )
    assert sum(isinstance(result, Duplicate) for result in results) == 5
    assert shop.value("SELECT count(*) FROM serial_corrections") == 1
    assert_invariants(shop.connection)


def test_a_correction_and_a_sale_at_once_leave_one_of_both(own_shop: Shop) -> None:
    shop = own_shop
    for number in range(6):
        item_id = unit(shop, f"typo-{number}")
        corrected, _ = run_concurrently(
            shop,
            [
                partial(correct_serial, item_id, f"right-{number}", shop.admin, reason="Why"),
                partial(shop.new_invoice, [item_id]),
            ],
        )
        serial = "typo" if isinstance(corrected, InvalidTransition) else "right"
        assert shop.serial(item_id) == f"{serial}-{number}"
        assert shop.statuses([item_id]) == ["Reserved"]
    assert_invariants(shop.connection)
