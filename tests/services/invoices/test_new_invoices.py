from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from app.domain.errors import (
    HoldExpired,
    InvalidInput,
    ItemsNotAvailable,
    NotEnoughStock,
    NotFound,
    NotPermitted,
)
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NamedUnit, NewCustomer, NewInvoice, Quantity
from tests.support.shop import Shop

service = FinanceService()
inventory = InventoryLifecycleService()


def quantity_order(shop: Shop, *quantities: Quantity, **more) -> NewInvoice:
    return NewInvoice(customer_id=shop.customer, quantities=quantities, **more)


def units_of(shop: Shop, invoice_id) -> list:
    query = "SELECT item_id FROM invoice_items WHERE invoice_id = %s AND live ORDER BY item_id"
    return [item_id for (item_id,) in shop.rows(query, invoice_id)]


def test_an_invoice_reserves_the_units_it_names(shop: Shop) -> None:
    ids = shop.new_units(2)
    invoice_id = service.create_invoice(shop.order(ids, "12.50", notes=" by phone "), shop.staff)
    assert shop.invoice(invoice_id) == ("Open", Decimal("25.00"), 0)
    assert units_of(shop, invoice_id) == ids
    assert shop.row(
        "SELECT inventory_status, reserved_for_type, reserved_for_id, reserved_by,"
        " reservation_expiry FROM items WHERE id = %s",
        ids[0],
    ) == ("Reserved", "Invoice", str(invoice_id), shop.staff, None)
    assert shop.last_change(
        ids[0], "change_reason, reference_type, reference_id, changed_by, notes"
    ) == ("INVOICE_CREATED", "Invoice", str(invoice_id), shop.staff, "by phone")
    assert shop.row(
        "SELECT created_by, notes, number ~ '^[0-9]+$' FROM invoices WHERE id = %s", invoice_id
    ) == (shop.staff, "by phone", True)
    assert shop.rows(
        "SELECT from_status, to_status, changed_by FROM invoice_status_history"
        " WHERE invoice_id = %s",
        invoice_id,
    ) == [(None, "Open", shop.staff)]


def test_a_unit_without_a_price_has_its_products(shop: Shop) -> None:
    (item_id,) = shop.new_units(1, shop.new_sku("7.25"))
    order = NewInvoice(customer_id=shop.customer, units=(NamedUnit(item_id),))
    assert shop.invoice(service.create_invoice(order, shop.staff))[1] == Decimal("7.25")


def test_a_unit_without_any_price_is_refused(shop: Shop) -> None:
    sku = shop.new_sku(None)
    (item_id,) = shop.new_units(1, sku)
    order = NewInvoice(customer_id=shop.customer, units=(NamedUnit(item_id),))
    with shop.unchanged(), pytest.raises(InvalidInput, match=f"Product {sku} has no price"):
        service.create_invoice(order, shop.staff)


def test_a_quantity_takes_any_free_units_oldest_first(shop: Shop) -> None:
    mugs, plates = shop.new_sku("3.00"), shop.new_sku()
    mug_ids, plate_ids = shop.new_units(4, mugs), shop.new_units(3, plates)
    shop.hold(mug_ids[:1], "cart-other")
    shop.hold(plate_ids[:1], "cart-expired")
    shop.expire(plate_ids[:1])
    invoice_id = service.create_invoice(
        quantity_order(shop, Quantity(mugs, 2), Quantity(plates, 3, Decimal("1.50"))), shop.staff
    )
    assert units_of(shop, invoice_id) == sorted([*mug_ids[1:3], *plate_ids])
    assert shop.invoice(invoice_id)[1] == Decimal("10.50")
    assert shop.reasons(plate_ids[0])[-2:] == ["RESERVATION_EXPIRED", "INVOICE_CREATED"]


def test_units_can_be_named_and_counted_on_one_invoice_without_meeting(shop: Shop) -> None:
    sku = shop.new_sku()
    ids = shop.new_units(4, sku)
    order = NewInvoice(
        customer_id=shop.customer,
        units=(NamedUnit(ids[0]),),
        quantities=(Quantity(sku, 2), Quantity(sku, 1, Decimal("5.00"))),
    )
    invoice_id = service.create_invoice(order, shop.staff)
    assert units_of(shop, invoice_id) == ids
    assert shop.invoice(invoice_id)[1] == Decimal("35.00")


def test_a_quantity_can_come_from_one_warehouse(shop: Shop) -> None:
    sku, depot = shop.new_sku(), shop.new_warehouse()
    shop.new_units(1, sku)
    there = inventory.receive_items(sku, shop.staff, quantity=1, warehouse=depot)
    order = quantity_order(shop, Quantity(sku, 1, None, depot))
    assert units_of(shop, service.create_invoice(order, shop.staff)) == there
    with shop.unchanged(), pytest.raises(NotEnoughStock):
        service.create_invoice(order, shop.staff)


def test_too_great_a_quantity_leaves_no_order_behind(shop: Shop) -> None:
    sku, other = shop.new_sku(), shop.new_sku()
    shop.new_units(2, sku)
    named = shop.new_units(1, other)
    order = NewInvoice(
        customer=NewCustomer("Never seen", "never@example.com"),
        units=(NamedUnit(named[0]),),
        quantities=(Quantity(sku, 3),),
    )
    with shop.unchanged(), pytest.raises(NotEnoughStock) as refused:
        service.create_invoice(order, shop.staff)
    assert refused.value.facts() == {"sku": sku, "asked": 3, "free": 2}


def test_one_taken_unit_refuses_the_whole_invoice(shop: Shop) -> None:
    ids = shop.new_units(3)
    first = shop.new_invoice(ids[:1])
    with shop.unchanged(), pytest.raises(ItemsNotAvailable) as refused:
        shop.new_invoice(ids)
    assert [(unit.id, unit.holder.id) for unit in refused.value.items] == [(ids[0], str(first))]


def test_a_cart_becomes_an_invoice_in_two_valid_transitions(shop: Shop) -> None:
    ids = shop.new_units(2)
    shop.hold(ids, "cart-1")
    invoice_id = service.create_invoice(shop.order(ids, session_id="cart-1"), shop.staff)
    for item_id in ids:
        assert shop.rows(
            "SELECT from_status, to_status, change_reason, reference_type, reference_id"
            " FROM inventory_status_history WHERE item_id = %s AND seq > 2 ORDER BY seq",
            item_id,
        ) == [
            ("Reserved", "Available", "HOLD_RELEASED", "Session", "cart-1"),
            ("Available", "Reserved", "INVOICE_CREATED", "Invoice", str(invoice_id)),
        ]


def test_a_carts_own_units_count_for_its_quantity(shop: Shop) -> None:
    sku = shop.new_sku()
    ids = shop.new_units(3, sku)
    shop.hold(ids[1:], "cart-2")
    order = quantity_order(shop, Quantity(sku, 2), session_id="cart-2")
    assert units_of(shop, service.create_invoice(order, shop.staff)) == ids[1:]
    with shop.unchanged(), pytest.raises(NotEnoughStock):
        service.create_invoice(order, shop.staff)


def test_a_carts_own_units_count_for_its_quantity_from_a_warehouse(shop: Shop) -> None:
    sku, depot = shop.new_sku(), shop.new_warehouse()
    here = shop.new_units(1, sku)
    there = inventory.receive_items(sku, shop.staff, quantity=1, warehouse=depot)
    shop.hold([*here, *there], "cart-3")
    order = quantity_order(shop, Quantity(sku, 1, None, depot), session_id="cart-3")
    assert units_of(shop, service.create_invoice(order, shop.staff)) == there
    assert shop.statuses(here) == ["Reserved"]


def test_what_is_left_in_the_cart_stays_held(shop: Shop) -> None:
    ids = shop.new_units(3)
    shop.hold(ids, "cart-4")
    service.create_invoice(shop.order(ids[:1], session_id="cart-4"), shop.staff)
    assert inventory.release_session("cart-4", shop.staff) == ids[1:]


def test_without_its_session_a_cart_is_in_ones_own_way(shop: Shop) -> None:
    ids = shop.new_units(1)
    shop.hold(ids, "cart-5")
    with shop.unchanged(), pytest.raises(ItemsNotAvailable):
        shop.new_invoice(ids)


def test_an_expired_cart_still_becomes_an_invoice_while_its_units_are_free(shop: Shop) -> None:
    unswept, swept = shop.new_units(2)
    shop.hold([unswept, swept], "cart-6")
    shop.expire([swept])
    inventory.cleanup_expired_reservations()
    shop.expire([unswept])
    assert shop.statuses([unswept, swept]) == ["Reserved", "Available"]
    invoice_id = service.create_invoice(
        shop.order([unswept, swept], session_id="cart-6"), shop.staff
    )
    assert units_of(shop, invoice_id) == [unswept, swept]


def test_an_expired_cart_whose_units_are_gone_says_who_has_them(shop: Shop) -> None:
    gone, still_held = shop.new_units(2)
    shop.hold([gone, still_held], "cart-7")
    shop.expire([gone])
    other = service.create_invoice(shop.order([gone]), shop.colleague)
    with shop.unchanged(), pytest.raises(HoldExpired) as refused:
        service.create_invoice(shop.order([gone, still_held], session_id="cart-7"), shop.staff)
    (unit,) = refused.value.items
    assert (unit.id, unit.holder.id, unit.holder.user) == (gone, str(other), "Colleague")


def test_units_that_a_cart_never_held_are_just_not_available(shop: Shop) -> None:
    ids = shop.new_units(2)
    shop.new_invoice(ids[:1])
    shop.hold(ids[1:], "cart-8")
    with shop.unchanged(), pytest.raises(ItemsNotAvailable) as refused:
        service.create_invoice(shop.order(ids, session_id="cart-8"), shop.staff)
    assert not isinstance(refused.value, HoldExpired)


def test_nobody_makes_an_invoice_of_somebody_elses_cart(shop: Shop) -> None:
    ids = shop.new_units(1)
    shop.hold(ids, "cart-9")
    order = shop.order(ids, session_id="cart-9")
    for stranger in (shop.colleague, shop.manager):
        with shop.unchanged(), pytest.raises(NotPermitted, match="Staff's cart"):
            service.create_invoice(order, stranger)
    service.create_invoice(order, shop.staff)


def test_a_direct_sale_is_created_and_paid_in_one_step(shop: Shop) -> None:
    ids = shop.new_units(2)
    shop.hold(ids[:1], "cart-10")
    invoice_id = service.create_invoice(
        shop.order(ids, session_id="cart-10", direct_sale=True, method="Card"), shop.staff
    )
    assert shop.invoice(invoice_id) == ("Paid", Decimal("20.00"), Decimal("20.00"))
    assert [shop.reasons(item_id) for item_id in ids] == [
        ["RECEIVED", "SESSION_HOLD", "HOLD_RELEASED", "DIRECT_SALE"],
        ["RECEIVED", "DIRECT_SALE"],
    ]
    assert shop.last_change(ids[0], "from_status, to_status, reference_type, reference_id") == (
        "Available",
        "Sold",
        "Invoice",
        str(invoice_id),
    )
    assert shop.rows(
        "SELECT amount, method, created_by FROM payments WHERE invoice_id = %s", invoice_id
    ) == [(Decimal("20.00"), "Card", shop.staff)]


def test_a_direct_sale_of_taken_units_is_refused(shop: Shop) -> None:
    ids = shop.new_units(2)
    shop.hold(ids[:1], "cart-11")
    with shop.unchanged(), pytest.raises(ItemsNotAvailable):
        service.create_invoice(shop.order(ids, direct_sale=True), shop.staff)


def test_what_costs_nothing_can_be_invoiced_and_sold_directly(shop: Shop) -> None:
    on_account, at_once = shop.new_units(2)
    invoice_id = shop.new_invoice([on_account], "0.00")
    assert shop.invoice(invoice_id) == ("Open", 0, 0)
    service.update_invoice_status(invoice_id, "Paid", shop.staff)
    sold = service.create_invoice(shop.order([at_once], "0.00", direct_sale=True), shop.staff)
    for paid in [invoice_id, sold]:
        assert shop.invoice(paid) == ("Paid", 0, 0)
        assert shop.rows("SELECT FROM payments WHERE invoice_id = %s", paid) == []
    assert shop.statuses([on_account, at_once]) == ["Sold", "Sold"]


def test_an_import_may_say_when_it_happened(shop: Shop) -> None:
    then = datetime(2011, 3, 4, 10, 30, tzinfo=UTC)
    ids = shop.new_units(1)
    past = FinanceService(then)
    invoice_id = past.create_invoice(shop.order(ids, direct_sale=True), shop.staff)
    assert shop.value("SELECT created_at FROM invoices WHERE id = %s", invoice_id) == then
    assert shop.row(
        "SELECT received_at, created_at > now() - interval '1 minute' FROM payments"
        " WHERE invoice_id = %s",
        invoice_id,
    ) == (then, True)
    assert shop.last_change(ids[0], "change_date, created_at > now() - interval '1 minute'") == (
        then,
        True,
    )
    assert shop.rows(
        "SELECT DISTINCT change_date FROM invoice_status_history WHERE invoice_id = %s", invoice_id
    ) == [(then,)]


def test_a_new_customer_is_added_and_known_again_by_name_and_address(shop: Shop) -> None:
    ids = shop.new_units(3)
    buyers = [
        NewCustomer(" Rosa ", "rosa@example.com", "vip"),
        NewCustomer("rosa", "Rosa@Example.com"),
        NewCustomer("Rosa"),
    ]
    customers = [
        shop.value(
            "SELECT customer_id FROM invoices WHERE id = %s",
            service.create_invoice(
                NewInvoice(customer=buyer, units=(NamedUnit(item_id),)), shop.staff
            ),
        )
        for buyer, item_id in zip(buyers, ids, strict=True)
    ]
    assert customers[0] == customers[1] != customers[2]
    assert shop.row("SELECT name, email, tier FROM customers WHERE id = %s", customers[0]) == (
        "Rosa",
        "rosa@example.com",
        "vip",
    )


def test_an_invoice_can_be_given_in_the_shape_of_the_api(shop: Shop) -> None:
    sku = shop.new_sku("4.00")
    named, *_others = shop.new_units(3, sku)
    invoice_id = service.create_invoice(
        {
            "customer": {"name": "Ana", "email": "ana@example.com"},
            "items": [
                {"itemId": str(named), "unitPrice": "9.99"},
                {"sku": sku, "quantity": 2, "unitPrice": 0.01},
            ],
        },
        shop.staff,
    )
    assert shop.invoice(invoice_id)[1] == Decimal("10.01")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"customer_id": None}, "customer"),
        ({"customer": NewCustomer("Both")}, "customer"),
        ({"customer_id": None, "customer": NewCustomer("  ")}, "customer.name"),
        ({"customer_id": None, "customer": NewCustomer("x" * 201)}, "customer.name"),
        ({"units": ()}, "items"),
        ({"units": (), "quantities": (Quantity("MUG", 10_001),)}, "items"),
        ({"units": tuple(NamedUnit(uuid4()) for _ in range(10_001))}, "items"),
        ({"quantities": (Quantity("MUG", 0),)}, "items.0.quantity"),
        ({"quantities": (Quantity("MUG", -1),)}, "items.0.quantity"),
        ({"method": "Cheque"}, "method"),
    ],
)
def test_what_is_wrong_with_an_order_is_said_per_field(shop: Shop, change, field) -> None:
    order = {"customer_id": shop.customer, "units": (NamedUnit(uuid4()),)} | change
    with shop.unchanged(), pytest.raises(InvalidInput) as refused:
        service.create_invoice(NewInvoice(**order), shop.staff)
    assert list(refused.value.errors) == [field]


def test_the_same_unit_twice_is_wrong(shop: Shop) -> None:
    ids = shop.new_units(1)
    with shop.unchanged(), pytest.raises(InvalidInput, match="in the list twice"):
        service.create_invoice(shop.order([*ids, *ids]), shop.staff)


@pytest.mark.parametrize("price", ["-0.01", "1.005", "NaN", "Infinity", "1000000000000"])
def test_a_price_is_money(shop: Shop, price) -> None:
    sku = shop.new_sku()
    ids = shop.new_units(1, sku)
    orders = [
        shop.order(ids, price),
        quantity_order(shop, Quantity(sku, 1, Decimal(price))),
        {"customerId": shop.customer, "items": [{"itemId": ids[0], "unitPrice": price}]},
    ]
    for order in orders:
        with shop.unchanged(), pytest.raises(InvalidInput, match="unitPrice"):
            service.create_invoice(order, shop.staff)


def test_a_total_beyond_all_money_is_refused(shop: Shop) -> None:
    ids = shop.new_units(2)
    with (
        shop.unchanged(),
        pytest.raises(InvalidInput, match="would come to £1,999,999,999,999"),
    ):
        shop.new_invoice(ids, "999999999999.99")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"customerId": "x"}, "customerId"),
        ({"items": [{"itemId": "x"}]}, "items.0.itemId"),
        ({"items": [{"itemId": None}]}, "items.0.itemId"),
        ({"items": [{"sku": "MUG", "quantity": "many"}]}, "items.0.quantity"),
        ({"items": [{"sku": "MUG", "quantity": None}]}, "items.0.quantity"),
        ({"items": [{"sku": "MUG", "quantity": 1, "unitPrice": "free"}]}, "items.0.unitPrice"),
    ],
)
def test_what_is_wrong_with_an_api_body_is_said_per_field(shop: Shop, body, field) -> None:
    with shop.unchanged(), pytest.raises(InvalidInput) as refused:
        service.create_invoice({"customerId": str(shop.customer)} | body, shop.staff)
    assert list(refused.value.errors) == [field]


def test_unknown_customers_units_products_and_warehouses_are_not_found(shop: Shop) -> None:
    sku, stranger = shop.new_sku(), uuid4()
    ids = shop.new_units(1, sku)
    orders = {
        "customer": NewInvoice(customer_id=stranger, units=(NamedUnit(ids[0]),)),
        "item": shop.order([*ids, stranger]),
        "product": quantity_order(shop, Quantity("NONE", 1)),
        "warehouse": quantity_order(shop, Quantity(sku, 1, None, "NOWHERE")),
    }
    for kind, order in orders.items():
        with shop.unchanged(), pytest.raises(NotFound) as refused:
            service.create_invoice(order, shop.staff)
        assert refused.value.kind == kind
