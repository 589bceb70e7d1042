from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.database.transactions import db, transactional
from app.domain.errors import (
    InvalidInput,
    InvalidTransition,
    ItemsNotAvailable,
    NotEnoughStock,
    NotFound,
    NotPermitted,
)
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.ledger.hold_rules import is_held_by_session
from tests.support.shop import Shop

service = InventoryLifecycleService()


def time_left(shop: Shop, item_id) -> timedelta:
    return shop.value(
        "SELECT reservation_expiry - clock_timestamp() FROM items WHERE id = %s", item_id
    )


def test_a_cart_holds_units_for_the_minutes_that_are_set(shop: Shop) -> None:
    ids = shop.new_units(2)
    assert service.hold_items_for_session(ids, "cart-a", shop.staff, notes="thinking") == ids
    assert shop.row(
        "SELECT inventory_status, reserved_for_type, reserved_for_id, reserved_by FROM items"
        " WHERE id = %s",
        ids[0],
    ) == ("Reserved", "Session", "cart-a", shop.staff)
    assert timedelta(minutes=14) < time_left(shop, ids[0]) <= timedelta(minutes=15)
    assert shop.last_change(
        ids[0], "from_status, to_status, change_reason, reference_type, reference_id, notes"
    ) == ("Available", "Reserved", "SESSION_HOLD", "Session", "cart-a", "thinking")


def test_a_cart_can_hold_as_long_as_it_says(shop: Shop) -> None:
    ids = shop.new_units(1)
    service.hold_items_for_session(ids, "cart-b", shop.staff, expires_in_minutes=60)
    assert timedelta(minutes=59) < time_left(shop, ids[0]) <= timedelta(minutes=60)


def test_a_manual_hold_lasts_until_it_is_released_or_as_long_as_it_says(shop: Shop) -> None:
    for_ever, for_an_hour = shop.new_units(2)
    service.hold_items_manually([for_ever], "Ana, for the fair", shop.staff)
    service.hold_items_manually([for_an_hour], "Ana", shop.staff, expires_in_minutes=60)
    assert time_left(shop, for_ever) is None
    assert time_left(shop, for_an_hour) > timedelta(minutes=59)
    assert shop.last_change(for_ever, "change_reason, reference_type, reference_id") == (
        "MANUAL_HOLD",
        "Manual",
        "Ana, for the fair",
    )


def test_a_quantity_is_held_oldest_first(shop: Shop) -> None:
    sku = shop.new_sku()
    oldest, second, _youngest = shop.new_units(3, sku)
    assert service.hold_quantity_for_session(sku, 2, "cart-c", shop.staff) == [oldest, second]


def test_a_quantity_comes_from_the_warehouse_that_was_said(shop: Shop) -> None:
    sku, depot = shop.new_sku(), shop.new_warehouse()
    shop.new_units(2, sku)
    there = service.receive_items(sku, shop.staff, quantity=2, warehouse=depot)
    assert service.hold_quantity_for_session(sku, 2, "cart-d", shop.staff, warehouse=depot) == there
    with shop.unchanged(), pytest.raises(NotEnoughStock, match=f"0 are free in {depot}"):
        service.hold_quantity_for_session(sku, 1, "cart-d", shop.staff, warehouse=depot)


def test_too_great_a_quantity_says_how_many_were_asked_for_and_are_free(shop: Shop) -> None:
    sku = shop.new_sku()
    shop.hold(shop.new_units(5, sku)[:2], "cart-e")
    with shop.unchanged(), pytest.raises(NotEnoughStock) as refused:
        service.hold_quantity_for_session(sku, 4, "cart-f", shop.staff)
    assert refused.value.facts() == {"sku": sku, "asked": 4, "free": 3}


def test_units_that_are_not_in_stock_are_no_stock(shop: Shop) -> None:
    sku = shop.new_sku()
    away, here = shop.new_units(2, sku)
    shop.execute("UPDATE items SET status = 'InRepair' WHERE id = %s", away)
    with pytest.raises(NotEnoughStock) as refused:
        service.hold_quantity_for_session(sku, 2, "cart-g", shop.staff)
    assert refused.value.free == 1
    with pytest.raises(ItemsNotAvailable) as refused:
        service.hold_items_for_session([away, here], "cart-g", shop.staff)
    (unit,) = refused.value.items
    assert (unit.id, unit.holder, unit.why) == (away, None, "it is InRepair, not in stock")


@pytest.mark.parametrize("quantity", [0, -1, 10_001])
def test_a_quantity_is_a_number_from_1_to_10000(shop: Shop, quantity) -> None:
    with pytest.raises(InvalidInput, match="quantity"):
        service.hold_quantity_for_session(shop.new_sku(), quantity, "cart-h", shop.staff)


@pytest.mark.parametrize("method", [service.hold_items_for_session, service.hold_items_manually])
def test_holds_name_each_unit_once_and_1_to_10000_of_them(shop: Shop, method) -> None:
    (known,) = shop.new_units(1)
    wrong = {
        "Give 1 to 10,000 units": [[], [uuid4() for _ in range(10_001)]],
        "The same unit is in the list twice": [[known, known]],
    }
    with shop.unchanged():
        for message, lists in wrong.items():
            for ids in lists:
                with pytest.raises(InvalidInput, match=message):
                    method(ids, "somebody", shop.staff)


@pytest.mark.parametrize("holder", ["", "   ", "x" * 201, "a\x1fb", "a\nb", "a\x00b"])
def test_a_hold_says_for_whom_in_printable_words(shop: Shop, holder) -> None:
    ids = shop.new_units(1)
    with shop.unchanged():
        for method in [service.hold_items_for_session, service.hold_items_manually]:
            with pytest.raises(InvalidInput, match="reservedForId"):
                method(ids, holder, shop.staff)


@pytest.mark.parametrize("minutes", [0, -5, 366 * 24 * 60 + 1])
def test_a_hold_lasts_from_a_minute_to_a_year(shop: Shop, minutes) -> None:
    ids = shop.new_units(1)
    with shop.unchanged(), pytest.raises(InvalidInput, match="expiresInMinutes"):
        service.hold_items_manually(ids, "Ana", shop.staff, expires_in_minutes=minutes)


def test_unknown_units_are_all_named_and_no_other_is_held(shop: Shop) -> None:
    known, strangers = shop.new_units(1), [uuid4(), uuid4()]
    with shop.unchanged(), pytest.raises(NotFound) as refused:
        service.hold_items_for_session([*strangers, *known], "cart-i", shop.staff)
    assert sorted(refused.value.ids) == sorted(map(str, strangers))


def test_a_refusal_lists_every_offending_unit_with_who_has_it_and_what_else_is_free(
    shop: Shop,
) -> None:
    sku = shop.new_sku("12.00")
    in_cart, by_hand, invoiced, sold, free, *others = shop.new_units(9, sku)
    shop.hold([in_cart], "cart-j")
    service.hold_items_manually([by_hand], "the fair", shop.colleague)
    invoice_id = shop.new_invoice([invoiced])
    paid_id = shop.new_paid_invoice([sold])
    with shop.unchanged(), pytest.raises(ItemsNotAvailable) as refused:
        service.hold_items_for_session(
            [in_cart, by_hand, invoiced, sold, free], "cart-k", shop.colleague
        )
    units = {unit.id: unit for unit in refused.value.items}
    assert set(units) == {in_cart, by_hand, invoiced, sold}
    number, paid_number = shop.invoice_number(invoice_id), shop.invoice_number(paid_id)
    assert [
        (
            units[item_id].inventory_status,
            units[item_id].holder.type,
            units[item_id].holder.id,
            units[item_id].holder.label,
            units[item_id].holder.user,
            units[item_id].holder.releasable_by,
        )
        for item_id in [in_cart, by_hand, invoiced, sold]
    ] == [
        ("Reserved", "Session", "cart-j", "Staff's cart", "Staff", "Staff or a manager"),
        ("Reserved", "Manual", "the fair", "the fair", "Colleague", "Colleague or a manager"),
        (
            "Reserved",
            "Invoice",
            str(invoice_id),
            f"invoice {number}",
            "Staff",
            "a manager, by cancelling the invoice",
        ),
        ("Sold", "Invoice", str(paid_id), f"invoice {paid_number}", "Staff", "nobody: it is sold"),
    ]
    since, until = shop.row(
        "SELECT reserved_at, reservation_expiry FROM items WHERE id = %s", in_cart
    )
    assert (units[in_cart].holder.since, units[in_cart].holder.until) == (since, until)
    assert units[invoiced].holder.until is None
    assert units[sold].holder.since == shop.last_change(sold, "change_date")[0]
    for unit in units.values():
        assert (unit.sku, unit.product_name) == (sku, "Mug")
        assert unit.serial_number == shop.serial(unit.id)
        # The one that was asked for is free, too, and no alternative to itself.
        assert [(free.id, free.serial_number) for free in unit.alternatives] == [
            (item_id, shop.serial(item_id)) for item_id in others[:3]
        ]
    assert f"reserved for invoice {number} by Staff since " in refused.value.detail


def test_a_cart_does_not_hold_again_what_it_holds(shop: Shop) -> None:
    ids = shop.new_units(1)
    shop.hold(ids, "cart-l")
    with shop.unchanged(), pytest.raises(ItemsNotAvailable):
        service.hold_items_for_session(ids, "cart-l", shop.staff)


def test_an_expired_hold_is_free_for_the_next_without_any_sweeper(shop: Shop) -> None:
    sku = shop.new_sku()
    ids = shop.new_units(3, sku)
    shop.hold(ids, "cart-m")
    shop.expire(ids)
    service.hold_items_manually(ids[:1], "Ana", shop.colleague)
    service.hold_quantity_for_session(sku, 2, "cart-n", shop.colleague)
    for item_id, reason in zip(ids, ["MANUAL_HOLD", "SESSION_HOLD", "SESSION_HOLD"], strict=True):
        assert shop.reasons(item_id) == [
            "RECEIVED",
            "SESSION_HOLD",
            "RESERVATION_EXPIRED",
            reason,
        ]
    expired = (
        "SELECT changed_by, reference_id FROM inventory_status_history"
        " WHERE item_id = %s AND seq = 3"
    )
    system = shop.value("SELECT id FROM users WHERE NOT can_sign_in")
    assert shop.row(expired, ids[0]) == (system, "cart-m")


def test_own_holds_are_released(shop: Shop) -> None:
    ids = shop.new_units(2)
    shop.hold(ids[:1], "cart-o")
    service.hold_items_manually(ids[1:], "Ana", shop.staff)
    assert service.release_items(ids, shop.staff, "changed her mind") == ids
    assert shop.statuses(ids) == ["Available", "Available"]
    assert shop.last_change(ids[0], "change_reason, reference_type, reference_id, notes") == (
        "HOLD_RELEASED",
        "Session",
        "cart-o",
        "changed her mind",
    )


def test_others_holds_are_released_by_a_manager_and_by_no_one_else(shop: Shop) -> None:
    ids = shop.new_units(2)
    service.hold_items_manually(ids, "Ana", shop.staff)
    with shop.unchanged():
        with pytest.raises(NotPermitted, match="reserved for Ana by Staff"):
            service.release_items(ids, shop.colleague)
        with pytest.raises(NotFound, match="user"):
            service.release_items(ids, uuid4())
    service.release_items(ids[:1], shop.manager)
    service.release_items(ids[1:], shop.admin)
    assert shop.statuses(ids) == ["Available", "Available"]


def test_one_unit_of_somebody_else_keeps_all_from_being_released(shop: Shop) -> None:
    own, others = shop.new_units(2)
    service.hold_items_manually([own], "Ana", shop.colleague)
    service.hold_items_manually([others], "Ben", shop.staff)
    with shop.unchanged(), pytest.raises(NotPermitted):
        service.release_items([own, others], shop.colleague)


def test_only_holds_are_released_and_the_refusal_names_the_others(shop: Shop) -> None:
    free, invoiced, sold, held = shop.new_units(4)
    shop.hold([held], "cart-p")
    shop.new_invoice([invoiced])
    shop.new_paid_invoice([sold])
    with shop.unchanged(), pytest.raises(InvalidTransition) as refused:
        service.release_items([free, invoiced, sold, held], shop.manager)
    assert {unit["id"] for unit in refused.value.facts()["items"]} == {free, invoiced, sold}


def test_a_cart_is_emptied_as_a_whole(shop: Shop) -> None:
    ids = shop.new_units(2)
    shop.hold(ids, "cart-q")
    shop.expire(ids[:1])
    with shop.unchanged(), pytest.raises(NotPermitted):
        service.release_session("cart-q", shop.colleague)
    assert service.release_session("cart-q", shop.staff) == ids
    assert shop.reasons(ids[0])[-1] == "HOLD_RELEASED"
    with shop.unchanged(), pytest.raises(NotFound, match="held cart"):
        service.release_session("cart-q", shop.staff)


def test_what_somebody_else_took_meanwhile_is_not_released(shop: Shop) -> None:
    mine, taken, invoiced, free = ids = shop.new_units(4)
    session_id = str(uuid4())
    shop.hold([mine], session_id)
    service.hold_items_for_session([taken], str(uuid4()), shop.colleague)
    shop.new_invoice([invoiced])
    is_mine = partial(is_held_by_session, session_id=session_id)
    # A manager may release anybody's hold, and asked for one cart's alone.
    assert service.release_what_is_held(ids, is_mine, shop.manager) == [mine]
    assert shop.statuses([mine, taken, invoiced, free]) == [
        "Available",
        "Reserved",
        "Reserved",
        "Available",
    ]
    assert service.release_what_is_held(ids, is_mine, shop.manager) == []


def test_holding_many_units_in_a_cart_has_more_time(shop: Shop) -> None:
    @transactional
    def hold(ids: list[UUID]) -> str:
        service.hold_items_for_session(ids, str(uuid4()), shop.staff)
        return db.session.scalar(text("SHOW statement_timeout"))

    assert hold(shop.new_units(3)) == "5s"
    assert hold(shop.new_units(1001)) == "1min"


def test_a_carts_hold_is_extended_also_where_it_has_just_run_out(shop: Shop) -> None:
    ids = shop.new_units(2)
    shop.hold(ids, "cart-r")
    shop.expire(ids[:1])
    history = [shop.reasons(item_id) for item_id in ids]
    assert service.extend_session_hold("cart-r", shop.staff, expires_in_minutes=30) == ids
    assert all(time_left(shop, item_id) > timedelta(minutes=29) for item_id in ids)
    service.extend_session_hold("cart-r", shop.staff)
    assert all(time_left(shop, item_id) <= timedelta(minutes=15) for item_id in ids)
    assert [shop.reasons(item_id) for item_id in ids] == history
    with shop.unchanged():
        for stranger in (shop.colleague, shop.manager):
            with pytest.raises(NotPermitted, match="Only Staff can add to it"):
                service.extend_session_hold("cart-r", stranger)
        with pytest.raises(InvalidInput):
            service.extend_session_hold("cart-r", shop.staff, expires_in_minutes=0)
