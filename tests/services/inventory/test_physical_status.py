"""A unit's place against what happens to it: refused with words, or allowed and told of."""

import itertools
from collections.abc import Callable
from uuid import UUID

import pytest

from app.domain.errors import HoldExpired, InvalidTransition, ItemsNotAvailable
from app.domain.inventory.item_lifecycle import ChangeReason, InventoryStatus, PhysicalStatus
from app.domain.inventory.physical_status import STEP_PLACES, may_happen_at, right_way
from app.services.background.cleanup import BackgroundCleanupService
from app.services.consistency.manual_repair import ManualRepair
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from tests.support.shop import Shop

finance = FinanceService()
inventory = InventoryLifecycleService()
ELSEWHERE = sorted(set(PhysicalStatus) - {PhysicalStatus.IN_STOCK})


def unit_of(shop: Shop, status: str) -> UUID:
    (unit,) = shop.new_units(1)
    if status == "Reserved":
        shop.new_invoice([unit])
    if status in ("Sold", "Delivered"):
        invoice_id = shop.new_paid_invoice([unit])
        if status == "Delivered":
            inventory.mark_items_as_delivered_for_invoice(invoice_id, shop.staff)
    return unit


def say(shop: Shop, unit: UUID, place: str) -> list[str]:
    version = shop.value("SELECT version FROM items WHERE id = %s", unit)
    return inventory.edit_item(unit, shop.staff, version=version, status=place)


def place_of(shop: Shop, unit: UUID) -> str:
    return shop.value("SELECT status FROM items WHERE id = %s", unit)


@pytest.mark.parametrize(
    ("status", "place"), list(itertools.product(InventoryStatus, PhysicalStatus))
)
def test_a_unit_is_said_to_be_where_it_can_be_and_else_told_why_not(
    shop: Shop, status, place
) -> None:
    unit = unit_of(shop, status)
    here = place_of(shop, unit)
    instead = right_way(status, place)
    if instead is None or place == here:
        warnings = say(shop, unit, place)
        assert place_of(shop, unit) == place
        assert bool(warnings) == (status == "Reserved" and place != "InStock")
        return
    with shop.unchanged(), pytest.raises(InvalidTransition) as refused:
        say(shop, unit, place)
    assert shop.serial(unit) in refused.value.detail
    assert instead in refused.value.detail
    assert refused.value.items[0]["status"] == here


def pay(shop: Shop, invoice_id: UUID) -> None:
    shop.pay(invoice_id, "10.00")


def pay_by_status(shop: Shop, invoice_id: UUID) -> None:
    finance.update_invoice_status(invoice_id, "Paid", shop.staff)


@pytest.mark.parametrize("way", [pay, pay_by_status])
@pytest.mark.parametrize("place", PhysicalStatus)
def test_a_reserved_unit_is_paid_for_only_where_it_can_be_sold(
    shop: Shop, way: Callable[[Shop, UUID], None], place
) -> None:
    (unit,) = shop.new_units(1)
    invoice_id = shop.new_invoice([unit])
    shop.misplace([unit], place)
    if may_happen_at(ChangeReason.INVOICE_PAID, place):
        way(shop, invoice_id)
        assert shop.statuses([unit]) == ["Sold"]
        return
    with shop.unchanged(), pytest.raises(InvalidTransition) as refused:
        way(shop, invoice_id)
    assert shop.invoice_number(invoice_id) in refused.value.detail
    assert "In stock" in refused.value.detail


def test_a_deposit_is_taken_while_a_unit_is_missing_and_the_rest_is_not(shop: Shop) -> None:
    unit, other = shop.new_units(2)
    invoice_id = shop.new_invoice([unit, other])
    say(shop, unit, "Missing")
    shop.pay(invoice_id, "5.00")
    with shop.unchanged(), pytest.raises(InvalidTransition, match="missing"):
        shop.pay(invoice_id, "15.00")
    say(shop, unit, "InStock")
    shop.pay(invoice_id, "15.00")
    assert shop.statuses([unit, other]) == ["Sold", "Sold"]


@pytest.mark.parametrize("place", PhysicalStatus)
def test_a_sold_unit_is_delivered_from_where_it_is_unless_it_is_missing(shop: Shop, place) -> None:
    unit, other = shop.new_units(2)
    invoice_id = shop.new_paid_invoice([unit, other])
    shop.misplace([unit], place)
    if may_happen_at(ChangeReason.INVOICE_DELIVERED, place):
        inventory.mark_items_as_delivered_for_invoice(invoice_id, shop.staff)
        assert place_of(shop, unit) == "WithCustomer"
        return
    with shop.unchanged(), pytest.raises(InvalidTransition, match="is Sold and missing"):
        inventory.mark_items_as_delivered_for_invoice(invoice_id, shop.staff)
    assert inventory.mark_items_as_delivered_for_invoice(
        invoice_id, shop.staff, item_ids=[other]
    ) == [other]


@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize("direct_sale", [True, False])
def test_a_carts_unit_that_went_away_is_not_available_and_no_expired_hold(
    shop: Shop, place, direct_sale
) -> None:
    unit, other = shop.new_units(2)
    cart = f"cart-{place}-{direct_sale}"
    shop.hold([unit, other], cart)
    shop.misplace([unit], place)
    order = shop.order([unit, other], session_id=cart, direct_sale=direct_sale)
    with shop.unchanged(), pytest.raises(ItemsNotAvailable) as refused:
        finance.create_invoice(order, shop.staff)
    assert type(refused.value) is ItemsNotAvailable
    (taken,) = refused.value.items
    assert (taken.id, taken.status) == (unit, place)
    assert place in taken.why
    # The others of the cart are sold all the same, and the cart lets go of what is away.
    finance.create_invoice(shop.order([other], session_id=cart), shop.staff)
    assert inventory.release_session(cart, shop.staff) == [unit]
    assert shop.statuses([unit]) == ["Available"]


def test_a_hold_that_ran_out_and_was_taken_is_still_told_as_that(shop: Shop) -> None:
    (unit,) = shop.new_units(1)
    shop.hold([unit], "slow cart")
    shop.expire([unit])
    shop.new_invoice([unit])
    with pytest.raises(HoldExpired):
        finance.create_invoice(shop.order([unit], session_id="slow cart"), shop.staff)


def test_a_cart_is_kept_and_emptied_wherever_its_units_are(shop: Shop) -> None:
    unit, other = shop.new_units(2)
    shop.hold([unit, other], "cart of two")
    assert say(shop, unit, "InRepair") == [
        f"{shop.serial(unit)} is in repair, and it is promised to Staff's cart. It cannot go on an "
        "invoice until it is in stock again, or is released."
    ]
    assert inventory.extend_session_hold("cart of two", shop.staff) == [unit, other]
    assert inventory.release_session("cart of two", shop.staff) == [unit, other]
    assert place_of(shop, unit) == "InRepair"


@pytest.mark.parametrize("place", ELSEWHERE)
def test_an_invoice_lets_go_of_its_units_wherever_they_are(shop: Shop, place) -> None:
    (unit,) = shop.new_units(1)
    invoice_id = shop.new_invoice([unit])
    shop.misplace([unit], place)
    inventory.release_items_for_invoice_cancellation(invoice_id, shop.manager)
    assert shop.statuses([unit]) == ["Available"]


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_hold_ends_by_itself_wherever_its_unit_is(shop: Shop, place) -> None:
    (unit,) = shop.new_units(1)
    shop.hold([unit], f"left alone {place}")
    shop.misplace([unit], place)
    shop.expire([unit])
    assert unit in inventory.cleanup_expired_reservations()


def test_a_missing_units_invoice_gets_another_one_and_goes_on(shop: Shop) -> None:
    sku = shop.new_sku()
    lost, free = shop.new_units(2, sku)
    invoice_id = shop.new_invoice([lost])
    say(shop, lost, "Missing")
    ManualRepair().swap_unit(invoice_id, lost, shop.admin, "Not on the shelf")
    shop.pay(invoice_id, "10.00")
    assert shop.statuses([lost, free]) == ["Available", "Sold"]
    assert place_of(shop, lost) == "Missing"


def test_a_sold_unit_gets_lost_after_its_invoice_has_another(shop: Shop) -> None:
    sku = shop.new_sku()
    lost, free = shop.new_units(2, sku)
    invoice_id = shop.new_paid_invoice([lost])
    with pytest.raises(InvalidTransition, match="another unit"):
        say(shop, lost, "Missing")
    ManualRepair().swap_unit(invoice_id, lost, shop.admin, "Not on the shelf")
    assert say(shop, lost, "Missing") == []
    assert shop.statuses([lost, free]) == ["Available", "Sold"]


def test_a_delivered_unit_is_not_put_back_in_stock(shop: Shop) -> None:
    unit = unit_of(shop, "Delivered")
    with shop.unchanged(), pytest.raises(InvalidTransition, match="belongs to its customer"):
        ManualRepair().put_back(unit, shop.admin, "It lies here")


def test_what_was_allowed_is_found_by_no_check_but_for_reserved_units(own_shop: Shop) -> None:
    shop = own_shop
    for status, place in itertools.product(InventoryStatus, PhysicalStatus):
        unit = unit_of(shop, status)
        if right_way(status, place) is None and status != "Reserved":
            say(shop, unit, place)
    for place in STEP_PLACES[ChangeReason.INVOICE_PAID]:
        (unit,) = shop.new_units(1)
        invoice_id = shop.new_invoice([unit])
        say(shop, unit, place)
        shop.pay(invoice_id, "10.00")
    BackgroundCleanupService().run_consistency_check()
    assert shop.rows("SELECT explanation FROM inconsistencies") == []
