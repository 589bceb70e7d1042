from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app.domain.errors import Duplicate, InvalidInput, NotFound
from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.support.shop import Shop

service = InventoryLifecycleService()


def test_units_arrive_with_their_own_serials_in_their_order(shop: Shop) -> None:
    sku = shop.new_sku()
    serials = [f"{sku}-b", f" {sku}-a "]
    ids = service.receive_items(
        sku, shop.staff, serial_numbers=serials, condition="Used", notes=" from a closing shop "
    )
    assert [shop.serial(item_id) for item_id in ids] == [f"{sku}-b", f"{sku}-a"]
    assert shop.row(
        "SELECT inventory_status, status, condition, version, notes, history_length FROM items"
        " WHERE id = %s",
        ids[0],
    ) == ("Available", "InStock", "Used", 1, "from a closing shop", 1)
    assert shop.last_change(ids[0], "seq, from_status, to_status, change_reason, changed_by") == (
        1,
        None,
        "Available",
        "RECEIVED",
        shop.staff,
    )


def test_generated_serials_are_readable_counted_per_product_and_pass_over_those_in_use(
    shop: Shop,
) -> None:
    sku = shop.new_sku()
    service.receive_items(sku, shop.staff, serial_numbers=[f"{sku}-000002"])
    ids = service.receive_items(sku, shop.staff, quantity=3)
    assert [shop.serial(item_id) for item_id in ids] == [
        f"{sku}-000001",
        f"{sku}-000003",
        f"{sku}-000004",
    ]


def test_units_arrive_in_the_warehouse_and_at_the_place_that_were_said(shop: Shop) -> None:
    code = shop.new_warehouse()
    for _ in range(2):
        (item_id,) = service.receive_items(
            shop.new_sku(), shop.staff, quantity=1, warehouse=code, location=" A-1 "
        )
        assert shop.row(
            "SELECT w.code, l.code FROM items i JOIN warehouses w ON w.id = i.warehouse_id"
            " JOIN locations l ON l.id = i.location_id WHERE i.id = %s",
            item_id,
        ) == (code, "A-1")


def test_an_import_may_say_that_units_arrived_in_the_past(shop: Shop) -> None:
    then = datetime(2011, 3, 4, 10, 30, tzinfo=UTC)
    (item_id,) = InventoryLifecycleService(then).receive_items(
        shop.new_sku(), shop.staff, quantity=1
    )
    change_date, is_written_now = shop.last_change(
        item_id, "change_date, created_at > clock_timestamp() - interval '1 minute'"
    )
    assert (change_date, is_written_now) == (then, True)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "serialNumbers"),
        ({"serial_numbers": ["a"], "quantity": 1}, "serialNumbers"),
        ({"serial_numbers": []}, "serialNumbers"),
        ({"serial_numbers": ["twice-1", " twice-1"]}, "serialNumbers"),
        ({"serial_numbers": ["x" * 65]}, "serialNumbers.0"),
        ({"serial_numbers": ["fine-1", "  "]}, "serialNumbers.1"),
        ({"serial_numbers": ["a\x00b"]}, "serialNumbers.0"),
        ({"serial_numbers": [f"n{n}" for n in range(10_001)]}, "serialNumbers"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 10_001}, "quantity"),
        ({"quantity": 1, "condition": "Broken"}, "condition"),
    ],
)
def test_what_cannot_be_received_is_said_per_field(shop: Shop, wrong, field) -> None:
    sku = shop.new_sku()
    with shop.unchanged(), pytest.raises(InvalidInput) as refused:
        service.receive_items(sku, shop.staff, **wrong)
    assert list(refused.value.errors) == [field]


def test_a_serial_is_given_once_and_none_of_the_others_arrives_either(shop: Shop) -> None:
    sku = shop.new_sku()
    service.receive_items(sku, shop.staff, serial_numbers=[f"{sku}-known"])
    with shop.unchanged(), pytest.raises(Duplicate) as refused:
        service.receive_items(sku, shop.staff, serial_numbers=[f"{sku}-new", f"{sku}-known"])
    assert refused.value.facts() == {"field": "serialNumbers", "values": [f"{sku}-known"]}


def test_unknown_products_and_warehouses_are_not_found(shop: Shop) -> None:
    sku = shop.new_sku()
    with shop.unchanged():
        with pytest.raises(NotFound, match="product with the SKU NONE"):
            service.receive_items("NONE", shop.staff, quantity=1)
        with pytest.raises(NotFound, match="warehouse with the code NOWHERE"):
            service.receive_items(sku, shop.staff, quantity=1, warehouse="NOWHERE")


def test_ten_thousand_units_arrive_at_once(shop: Shop) -> None:
    ids = shop.new_units(10_000)
    assert len(set(ids)) == 10_000
    assert (
        shop.value("SELECT count(*) FROM inventory_status_history WHERE item_id = ANY(%s)", ids)
        == 10_000
    )


def test_the_history_of_units_is_told_newest_first(shop: Shop) -> None:
    first, second = shop.new_units(2)
    service.hold_items_manually([first], "Ana", shop.staff, notes="for the window")
    told = service.get_item_status_history([first, second])
    assert [(change.item_id, change.change_reason) for change in told] == [
        (first, "MANUAL_HOLD"),
        (second, "RECEIVED"),
        (first, "RECEIVED"),
    ]
    assert (told[0].changed_by_name, told[0].notes, told[0].reference_id) == (
        "Staff",
        "for the window",
        "Ana",
    )
    assert service.get_item_status_history([uuid4()]) == []
