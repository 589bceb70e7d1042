"""A standing store gets keys for its serial numbers, whatever these are, and loses none."""

import pytest

from app.domain.errors import Duplicate
from app.domain.text.folding import search_text, serial_key
from app.queries.inventory.item_filters import ItemFilters
from app.queries.inventory.items import list_items
from app.queries.inventory.sellable_items import find_serial
from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.migrations.old_shop import OldShop
from tests.queries.inventory.test_item_search import VIEWER
from tests.support.invariants import assert_invariants

SERIALS = ["NAT-10", "NAT-2", "Ü-100", "k7-1", "K7-1", "K7-1 ", "10", "9", "  x\u00a0y "]
GUARDS = "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'items'::regclass ORDER BY 1"


@pytest.fixture
def shop(migrate_to, connection) -> OldShop:
    migrate_to("000")
    shop = OldShop(connection)
    for serial in SERIALS:
        shop.unit(serial)
    migrate_to("005")
    return shop


def serials(**filters) -> list[str]:
    page = list_items(ItemFilters(sort="serial", **filters), VIEWER)
    return [item.serial_number for item in page.items]


def test_serials_keep_their_spelling_and_are_sorted_and_found(shop: OldShop, migrate_to) -> None:
    units = "SELECT id, serial_number, version, updated_at FROM items ORDER BY id"
    before = shop.connection.execute(units).fetchall()
    migrate_to("head")
    assert shop.connection.execute(units).fetchall() == before
    same = ["k7-1", "K7-1", "K7-1 "]
    assert serials() == ["9", "10", *same, "NAT-2", "NAT-10", "  x\u00a0y ", "Ü-100"]
    assert serials(q="u-1") == ["Ü-100"]
    assert serials(q="x y") == ["  x\u00a0y "]
    assert serials(serial_number="K7-1") == same
    ids = {serial: item_id for item_id, serial, *_ in before}
    assert [find_serial(serial) for serial in ("k7-1", "K7-1")] == [ids["k7-1"], ids["K7-1"]]
    assert_invariants(shop.connection)


def test_no_new_unit_can_have_a_serial_that_there_is(shop: OldShop, migrate_to) -> None:
    migrate_to("head")
    for taken in ("K7-1", "k7-1", "ü-100", "u\u0308-100", "nat-2", "X Y"):
        with pytest.raises(Duplicate, match="In the store already"):
            InventoryLifecycleService().receive_items("MUG", shop.clerk, serial_numbers=[taken])
    InventoryLifecycleService().receive_items("MUG", shop.clerk, serial_numbers=["NAT-02"])
    (guards,) = shop.connection.execute(
        "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'items'::regclass"
        " AND NOT tgisinternal AND tgenabled <> 'A'"
    ).fetchone()
    assert guards == 0


def test_products_and_customers_are_found_without_regard_to_accents(shop, migrate_to) -> None:
    shop.insert("customers", name="JOSÉ", email="J@EXAMPLE.com")
    shop.connection.execute("UPDATE products SET name = 'Über mug'")
    migrate_to("head")
    assert len(serials(q="uber")) == len(SERIALS)
    rows = shop.connection.execute("SELECT search_text FROM customers ORDER BY 1").fetchall()
    assert rows == [("ana ana@example.com",), (search_text("JOSÉ J@EXAMPLE.com"),)]
    keys = shop.connection.execute("SELECT serial_number, serial_key FROM items").fetchall()
    assert all(key.split("\x02")[0] == serial_key(serial) for serial, key in keys)


def test_one_barcode_on_two_products_is_refused_with_both(shop: OldShop, migrate_to) -> None:
    for sku, barcode in {"A": "012345678905", "B": "0012345678905", "C": "77"}.items():
        shop.insert("products", sku=sku, name=sku, barcode=barcode)
    with pytest.raises(Exception, match="Nothing was changed") as refused:
        migrate_to("head")
    assert "A has 012345678905, B has 0012345678905" in str(refused.value)
    shop.connection.execute("UPDATE products SET barcode = NULL WHERE sku = 'B'")
    migrate_to("head")
    assert serials(q="0012345678905") == []
