"""From nothing, and from a shop that has been trading for years."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest

from app.domain.errors import NotPermitted
from app.models.user import SYSTEM_USER_ID
from app.queries.carts.cart_rows import carts_put_aside
from app.queries.invoices.void_numbers import list_void_numbers
from app.services.carts import carts
from app.services.carts.cart_sale import CartSale, sell_cart
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NamedUnit, NewCustomer, NewInvoice, NewPayment
from tests.migrations.old_shop import LEGACY, OldShop
from tests.support.invariants import assert_invariants

ITEM = """
    SELECT inventory_status, reserved_for_type, reserved_for_id, reserved_by, reservation_expiry,
        history_length FROM items WHERE serial_number = %s
"""
HISTORY = """
    SELECT h.seq, h.from_status, h.to_status, h.change_reason, h.reference_type, h.reference_id,
        h.changed_by, h.notes
    FROM inventory_status_history h JOIN items i ON i.id = h.item_id WHERE i.serial_number = %s
"""


def one(connection: psycopg.Connection, query: str, *parameters) -> tuple:
    (row,) = connection.execute(query, parameters).fetchall()
    return row


def contents(connection: psycopg.Connection) -> list:
    """Every column of every table of the old shop, and every row."""
    tables = ["users", "customers", "products", "items", "invoices", "invoice_items", "payments"]
    return [
        connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY 1, 2"
        ).fetchall(),
        *(connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall() for table in tables),
    ]


def revision(connection: psycopg.Connection) -> str:
    return one(connection, "SELECT version_num FROM alembic_version")[0]


@pytest.fixture
def old_shop(migrate_to, connection: psycopg.Connection) -> OldShop:
    migrate_to("000")
    return OldShop(connection)


def test_an_empty_database_becomes_an_empty_store(migrate_to, connection) -> None:
    migrate_to("head")
    assert one(connection, "SELECT code FROM warehouses") == ("MAIN",)
    assert one(connection, "SELECT id, can_sign_in FROM users") == (SYSTEM_USER_ID, False)
    assert one(connection, "SELECT count(*) FROM items") == (0,)
    assert one(connection, "SELECT nextval('invoice_numbers')") == (1001,)
    before = contents(connection)
    migrate_to("head")
    assert contents(connection) == before


def test_a_trading_shop_is_taken_over_as_it_stands(old_shop: OldShop, migrate_to) -> None:
    connection, shop = old_shop.connection, old_shop
    shop.unit("free")
    shop.unit("away", status="InRepair")
    opened = shop.invoice("7", "Open", {"open-1": "10.00", "open-2": "5.50"})
    unsigned = shop.invoice("8", "Open", {"unsigned": "1.00"}, created_by=None)
    part = shop.invoice("9", "PartiallyPaid", {"part": "10.00"}, paid="4.00")
    said_open = shop.invoice("10", "Open", {"said-open": "10.00"}, paid="4.00")
    said_part = shop.invoice("11", "PartiallyPaid", {"said-part": "10.00"})
    paid = shop.invoice("12", "Paid", {"paid": "10.00"}, paid="10.00")
    delivered = shop.invoice("13", "Delivered", {"delivered": "10.00"}, paid="10.00")
    shop.invoice("14", "Cancelled", {"back-on-shelf": "10.00", "sold-again": "10.00"})
    again = shop.invoice("15", "Paid", {"sold-again": "12.00"}, paid="12.00")
    gift = shop.invoice("2024-A", "Paid", {"gift": "0.00"})
    migrate_to("head")

    for serial, invoice_id, status, by in [
        ("open-1", opened, "Reserved", shop.clerk),
        ("open-2", opened, "Reserved", shop.clerk),
        ("unsigned", unsigned, "Reserved", SYSTEM_USER_ID),
        ("part", part, "Reserved", shop.clerk),
        ("said-open", said_open, "Reserved", shop.clerk),
        ("said-part", said_part, "Reserved", shop.clerk),
        ("paid", paid, "Sold", None),
        ("delivered", delivered, "Delivered", None),
        ("sold-again", again, "Sold", None),
        ("gift", gift, "Sold", None),
    ]:
        reserved = ("Invoice", str(invoice_id)) if status == "Reserved" else (None, None)
        assert one(connection, ITEM, serial) == (status, *reserved, by, None, 1), serial
        number = one(connection, "SELECT number FROM invoices WHERE id = %s", invoice_id)[0]
        assert one(connection, HISTORY, serial) == (
            1,
            None,
            status,
            "MIGRATED",
            "Invoice",
            str(invoice_id),
            SYSTEM_USER_ID,
            f"Taken over with invoice {number}",
        )
    for serial in ["free", "away", "back-on-shelf"]:
        assert one(connection, ITEM, serial) == ("Available", None, None, None, None, 1)
        assert one(connection, HISTORY, serial)[2:6] == ("Available", "MIGRATED", None, None)
    assert dict(
        connection.execute("SELECT number, (status, total, paid)::text FROM invoices").fetchall()
    ) == {
        "7": "(Open,15.50,0.00)",
        "8": "(Open,1.00,0.00)",
        "9": "(PartiallyPaid,10.00,4.00)",
        "10": "(PartiallyPaid,10.00,4.00)",
        "11": "(Open,10.00,0.00)",
        "12": "(Paid,10.00,10.00)",
        "13": "(Delivered,10.00,10.00)",
        "14": "(Cancelled,20.00,0.00)",
        "15": "(Paid,12.00,12.00)",
        "2024-A": "(Paid,0.00,0.00)",
    }
    assert_invariants(connection)


def test_what_was_known_of_units_and_payments_is_kept(old_shop: OldShop, migrate_to) -> None:
    connection = old_shop.connection
    old_shop.unit("away", status="InRepair")
    old_shop.invoice("1", "PartiallyPaid", {"part": "10.00"}, paid="4.00")
    migrate_to("head")
    assert one(
        connection,
        "SELECT status, status_history = %s::jsonb, w.code FROM items"
        " JOIN warehouses w ON w.id = warehouse_id WHERE serial_number = 'away'",
        LEGACY,
    ) == ("InRepair", True, "MAIN")
    assert one(connection, "SELECT amount, received_at FROM payments") == (
        Decimal("4.00"),
        datetime(2020, 2, 2, 12, tzinfo=UTC),
    )
    assert connection.execute("SELECT words FROM item_search ORDER BY 1").fetchall() == [
        ("away",),
        ("part",),
    ]
    assert one(
        connection,
        "SELECT to_status, from_status, changed_by, notes FROM invoice_status_history",
    ) == ("PartiallyPaid", None, SYSTEM_USER_ID, "Taken over from the earlier system")


def test_the_store_trades_on_with_what_it_took_over(old_shop: OldShop, migrate_to) -> None:
    connection = old_shop.connection
    free = old_shop.unit("MUG-000002")
    part = old_shop.invoice("4711", "PartiallyPaid", {"part": "10.00"}, paid="4.00")
    paid = old_shop.invoice("4712", "Paid", {"paid": "10.00"}, paid="10.00")
    opened = old_shop.invoice("A-9999", "Open", {"open": "10.00"})
    migrate_to("head")
    finance, inventory, clerk = FinanceService(), InventoryLifecycleService(), old_shop.clerk
    finance.record_payment(NewPayment(part, Decimal("6.00")), clerk)
    finance.update_invoice_status(paid, "Delivered", clerk)
    finance.update_invoice_status(opened, "Cancelled", clerk)
    order = NewInvoice(customer_id=old_shop.customer, units=(NamedUnit(free),))
    new = finance.create_invoice(order, clerk)
    assert one(connection, "SELECT number FROM invoices WHERE id = %s", new) == ("4713",)
    inventory.receive_items("MUG", clerk, quantity=3)
    assert one(connection, "SELECT count(DISTINCT serial_number) FROM items") == (7,)
    assert (
        dict(
            connection.execute("SELECT serial_number, inventory_status FROM items").fetchall()
        ).items()
        >= {
            "part": "Sold",
            "paid": "Delivered",
            "open": "Available",
            "MUG-000002": "Reserved",
        }.items()
    )
    assert_invariants(connection)


def test_invoices_are_counted_when_a_standing_store_gets_their_totals(
    old_shop: OldShop, migrate_to
) -> None:
    connection = old_shop.connection
    old_shop.invoice("1", "Open", {"open": "10.00"})
    old_shop.invoice("2", "PartiallyPaid", {"part": "10.00"}, paid="4.00")
    old_shop.invoice("3", "Delivered", {"gone": "10.00"}, paid="10.00")
    migrate_to("004")
    connection.execute("SELECT set_config('holdfast.user_id', %s, false)", [str(old_shop.clerk)])
    for _ in range(2):
        connection.execute("INSERT INTO invoices (customer_id) VALUES (%s)", [old_shop.customer])
    connection.execute("UPDATE invoices SET status = 'Cancelled' WHERE number = '1001'")
    migrate_to("head")
    kept = "SELECT jsonb_object_agg(status, quantity) FROM invoice_tallies"
    assert one(connection, kept) == (
        {"Open": 2, "PartiallyPaid": 1, "Delivered": 1, "Cancelled": 1},
    )
    assert_invariants(connection)
    finance = FinanceService()
    (part,) = one(connection, "SELECT id FROM invoices WHERE number = '2'")
    finance.record_payment(NewPayment(part, Decimal("6.00")), old_shop.clerk)
    assert one(connection, "SELECT sum(quantity) FROM invoice_tallies") == (5,)
    assert_invariants(connection)


def test_numbers_that_a_standing_store_used_up_are_void_and_the_earlier_shops_gaps_are_not(
    old_shop: OldShop, migrate_to
) -> None:
    connection = old_shop.connection
    for number in ["7", "4711", "2024-A"]:
        old_shop.invoice(number, "Open", {f"unit-{number}": "10.00"})
    migrate_to("007")
    connection.execute("SELECT set_config('holdfast.user_id', %s, false)", [str(old_shop.clerk)])
    add = "INSERT INTO invoices (customer_id) VALUES (%s)"
    connection.execute("SELECT nextval('invoice_numbers')")
    connection.execute(add, [old_shop.customer])
    connection.execute("SELECT nextval('invoice_numbers') FROM generate_series(1, 2)")
    connection.execute(add, [old_shop.customer])
    migrate_to("head")
    found = connection.execute("SELECT number FROM void_invoice_numbers ORDER BY 1").fetchall()
    assert found == [(4712,), (4714,), (4715,)]
    connection.execute(add, [old_shop.customer])
    assert one(connection, "SELECT max(number) FROM invoices WHERE number ~ '^47'") == ("4717",)
    assert [void.number for void in list_void_numbers().items] == ["4715", "4714", "4712"]
    assert_invariants(connection)


def test_of_customers_with_one_address_the_oldest_keeps_it_and_nobody_is_lost(
    old_shop: OldShop, migrate_to, caplog
) -> None:
    connection = old_shop.connection
    twin = old_shop.insert("customers", name="Ana again", email=" ANA@example.com")
    third = old_shop.insert("customers", name="Ana once more", email="ａｎａ@example.com")
    other = old_shop.insert("customers", name="Bob", email="bob@example.com")
    for number, customer in (("1", old_shop.customer), ("2", twin), ("3", third)):
        old_shop.invoice(number, "Open", {f"u{number}": "1.00"}, customer_id=customer)
    migrate_to("head")
    found = connection.execute("SELECT id, email, former_email FROM customers ORDER BY id")
    assert found.fetchall() == [
        (old_shop.customer, "ana@example.com", None),
        (twin, None, " ANA@example.com"),
        (third, None, "ａｎａ@example.com"),
        (other, "bob@example.com", None),
    ]
    assert connection.execute("SELECT customer_id FROM invoices ORDER BY number").fetchall() == [
        (old_shop.customer,),
        (twin,),
        (third,),
    ]
    assert "stays with the customer Ana; Ana again has it as a former address" in caplog.text


OBSTACLES = {
    "twice on live invoices": (
        lambda shop: (
            shop.invoice("1", "Open", {"claimed": "1.00"}),
            shop.invoice("2", "Open", {"claimed": "1.00"}),
        ),
        ["more than one invoice", "claimed on invoices 1, 2"],
    ),
    "overpaid": (
        lambda shop: shop.invoice("3", "PartiallyPaid", {"a": "10.00"}, paid="10.01"),
        ["more paid than its lines", "3: paid 10.01 of 10.00"],
    ),
    "paid but short": (
        lambda shop: shop.invoice("4", "Paid", {"b": "10.00"}, paid="9.99"),
        ["not paid in full", "4: paid 9.99 of 10.00"],
    ),
    "delivered but short": (
        lambda shop: shop.invoice("5", "Delivered", {"c": "10.00"}),
        ["not paid in full", "5: paid 0 of 10.00"],
    ),
    "paid in full but open": (
        lambda shop: shop.invoice("6", "Open", {"d": "10.00"}, paid="10.00"),
        ["paid in full and still open", "6: Open, paid 10.00"],
    ),
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_what_contradicts_itself_is_named_and_nothing_is_changed(
    old_shop: OldShop, migrate_to, obstacle
) -> None:
    make, words = OBSTACLES[obstacle]
    make(old_shop)
    before = contents(old_shop.connection)
    with pytest.raises(Exception, match="cannot be taken over") as refused:
        migrate_to("head")
    for word in words:
        assert word in str(refused.value)
    assert revision(old_shop.connection) == "000"
    assert contents(old_shop.connection) == before


def test_all_obstacles_are_named_at_once_and_once_mended_it_goes_on(
    old_shop: OldShop, migrate_to
) -> None:
    for number in range(30):
        old_shop.invoice(f"{100 + number}", "Paid", {f"short-{number}": "1.00"})
    old_shop.invoice("999", "Open", {"full": "10.00"}, paid="10.00")
    with pytest.raises(Exception, match="cannot be taken over") as refused:
        migrate_to("head")
    lines = str(refused.value).splitlines()
    assert len([line for line in lines if "not paid in full" in line]) == 20
    assert "  … and more" in lines
    assert any("999: Open" in line for line in lines)
    connection = old_shop.connection
    connection.execute("UPDATE invoices SET status = 'Cancelled' WHERE number <> '999'")
    connection.execute("UPDATE invoices SET status = 'Paid' WHERE number = '999'")
    migrate_to("head")
    assert revision(connection) != "000"
    assert one(connection, ITEM, "full")[0] == "Sold"
    assert one(connection, ITEM, "short-0")[0] == "Available"
    assert_invariants(connection)


def test_holds_that_exist_become_carts_of_whoever_made_them(old_shop: OldShop, migrate_to) -> None:
    connection = old_shop.connection
    other = old_shop.insert(
        "users", email="new@example.com", name="New hand", role="staff", password_hash="!"
    )
    on_page = str(uuid4())
    units = [old_shop.unit(f"held-{number}") for number in range(5)]
    migrate_to("009")
    for item_id, session_id, user_id in zip(
        units,
        [on_page, on_page, "till 4", "till 4", "till 5"],
        [old_shop.clerk, old_shop.clerk, other, old_shop.clerk, old_shop.clerk],
        strict=True,
    ):
        connection.execute(
            "SELECT set_config('holdfast.user_id', %s, false),"
            " set_config('holdfast.reason', 'SESSION_HOLD', false)",
            [str(user_id)],
        )
        connection.execute(
            "UPDATE items SET inventory_status = 'Reserved', reserved_for_type = 'Session',"
            " reserved_for_id = %s, reservation_expiry = now() + interval '15 minutes'"
            " WHERE id = %s",
            [session_id, item_id],
        )
    migrate_to("head")
    assert connection.execute(
        "SELECT session_id, user_id, on_page, status FROM carts ORDER BY status, session_id"
    ).fetchall() == [
        (on_page, old_shop.clerk, True, "aside"),
        ("till 4", other, False, "open"),
        ("till 5", old_shop.clerk, False, "open"),
    ]
    (aside,) = carts_put_aside(old_shop.clerk)
    assert (aside.quantity, aside.held_count, aside.total) == (2, 2, Decimal("20.00"))
    carts.take_up_again(aside.id, old_shop.clerk)
    invoice_id = sell_cart(CartSale(customer=NewCustomer("Ana")), old_shop.clerk)
    assert one(connection, "SELECT total FROM invoices WHERE id = %s", invoice_id) == (20,)
    with pytest.raises(NotPermitted, match="New hand's cart"):
        InventoryLifecycleService().hold_items_for_session(units[4:], "till 4", old_shop.clerk)
    assert_invariants(connection)
