from uuid import uuid4

import pytest

from app.domain.errors import InvalidInput, NotFound
from app.domain.inventory.item_actions import ItemAction, Viewer, item_actions
from app.domain.inventory.sort_order import ItemOrder
from app.queries.inventory.item_filters import ItemFilters
from app.queries.inventory.items import find_item, list_items
from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.support.shop import Shop


def found(shop: Shop, **filters) -> list[str]:
    return [item.serial_number for item in list_items(ItemFilters(**filters), clerk(shop)).items]


def clerk(shop: Shop) -> Viewer:
    return Viewer(shop.staff, "staff")


@pytest.mark.parametrize("sort", ItemOrder)
@pytest.mark.parametrize("narrowed", ["sku", "q", "status"])
def test_pages_show_every_unit_once_and_in_order(shop: Shop, sort: str, narrowed: str) -> None:
    sku = shop.new_sku()
    units = shop.new_units(7, sku)
    shop.hold(units[2:4], str(uuid4()))
    shop.new_paid_invoice(units[5:6])
    narrow = {
        "sku": {"sku": sku},
        "q": {"q": sku.lower()},
        "status": {"sku": sku, "inventory_status": "Available"},
    }[narrowed]
    filters = ItemFilters(**narrow, sort=sort, limit=2)
    serials, cursor = [], None
    while True:
        page = list_items(filters, clerk(shop), cursor=cursor)
        serials += [item.serial_number for item in page.items if item.sku == sku]
        cursor = page.next_cursor
        if cursor is None:
            break
    expected = [shop.serial(unit) for unit in units]
    if narrowed == "status":
        expected = [expected[place] for place in (0, 1, 4, 6)]
    assert serials == (expected[::-1] if sort == ItemOrder.NEWEST else expected)


def test_words_are_looked_for_in_serials_skus_names_and_barcodes(shop: Shop) -> None:
    sku = shop.new_sku()
    name, barcode = f"Teapot {uuid4().hex}", uuid4().hex
    shop.execute("UPDATE products SET name = %s, barcode = %s WHERE sku = %s", name, barcode, sku)
    (unit,) = shop.new_units(1, sku)
    serial = shop.serial(unit)
    for words in (serial, serial.lower(), serial[1:], sku, name[3:20].upper(), barcode[4:15]):
        assert serial in found(shop, q=words), words
    assert found(shop, q=uuid4().hex) == []


def test_a_whole_serial_number_finds_all_units_whose_own_has_it_in(shop: Shop) -> None:
    sku, other = shop.new_sku(), shop.new_sku()
    serials = [f"{sku}-0000077", f"{sku}-00000771", f"9{sku}-0000077", f"{sku}_0000077"]
    InventoryLifecycleService().receive_items(sku, shop.staff, serial_numbers=serials)
    InventoryLifecycleService().receive_items(
        other, shop.staff, serial_numbers=[f"{other}-0000077", f"0000077-{sku}"]
    )
    whole = f"{sku.lower()}-0000077"
    assert found(shop, q=whole) == [serials[2], serials[1], serials[0]]
    assert found(shop, q=whole, inventory_status="Sold") == []
    assert found(shop, q=whole, sku=other) == []


@pytest.mark.parametrize("words", ["zq", "Z", "zq "])
def test_short_words_are_looked_for(shop: Shop, words: str) -> None:
    sku = f"ZQ{uuid4().hex[:8]}"
    shop.execute("INSERT INTO products (sku, name) VALUES (%s, 'Zither')", sku)
    (unit,) = shop.new_units(1, sku)
    assert shop.serial(unit) in found(shop, q=words)


@pytest.mark.parametrize(
    "words", ["%", "_", "%%%", "___", "\\", "'", "a'b\\c%d", ":limit", "%(x)s"]
)
def test_signs_stand_for_themselves(shop: Shop, words: str) -> None:
    shop.new_units(1)
    assert all(words in serial for serial in found(shop, q=words))


def test_a_cursor_of_another_list_is_refused(shop: Shop) -> None:
    sku = shop.new_sku()
    shop.new_units(3, sku)
    cursor = list_items(ItemFilters(sku=sku, limit=1), clerk(shop)).next_cursor
    with pytest.raises(InvalidInput):
        list_items(ItemFilters(sku=sku, sort=ItemOrder.SERIAL), clerk(shop), cursor=cursor)


def test_a_unit_says_who_has_it_and_who_may_release_it(shop: Shop) -> None:
    held, invoiced, free = shop.new_units(3)
    shop.hold([held], str(uuid4()))
    invoice_id = shop.new_invoice([invoiced])
    item = find_item(held, Viewer(shop.colleague, "staff"))
    assert (item.holder, item.releasable_by) == ("Staff's cart", "Staff, or any manager")
    assert ItemAction.RELEASE not in item.actions
    assert ItemAction.RELEASE in find_item(held, clerk(shop)).actions
    assert find_item(invoiced, clerk(shop)).holder == f"Invoice {shop.invoice_number(invoice_id)}"
    assert find_item(free, clerk(shop)).holder is None


def test_an_unknown_unit_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFound):
        find_item(uuid4(), clerk(shop))


@pytest.mark.parametrize(
    ("inventory_status", "status", "kind", "own", "expired", "role", "expected"),
    [
        ("Available", "InStock", None, False, False, "staff", {"hold"}),
        ("Available", "Missing", None, False, False, "staff", set()),
        ("Reserved", "InStock", "Session", True, False, "staff", {"release"}),
        ("Reserved", "InStock", "Manual", False, False, "staff", set()),
        ("Reserved", "InStock", "Manual", False, True, "staff", {"hold"}),
        ("Reserved", "InStock", "Manual", False, False, "manager", {"release"}),
        ("Reserved", "InStock", "Invoice", True, False, "manager", set()),
        ("Reserved", "Missing", "Invoice", True, False, "admin", {"swap"}),
        ("Sold", "InStock", None, False, False, "manager", set()),
        ("Sold", "InStock", None, False, False, "admin", {"swap"}),
        ("Delivered", "WithCustomer", None, False, False, "admin", set()),
    ],
)
def test_actions_follow_status_holder_and_role(
    inventory_status, status, kind, own, expired, role, expected
) -> None:
    viewer = Viewer(uuid4(), role)
    actions = item_actions(
        viewer,
        inventory_status=inventory_status,
        status=status,
        reserved_for_type=kind,
        reserved_by=viewer.id if own else uuid4(),
        hold_expired=expired,
    )
    assert set(actions) - {ItemAction.EDIT} == expected
