"""One cart for its clerk: in two tabs and browsers, after a log-out, a price for each unit."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from app.services.accounts import users
from app.services.carts import carts
from app.services.catalogue.catalogue import create_product
from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.browser.conftest import PASSWORD, Visitor
from tests.support.shop import plain_url
from tests.support.waiting import until

PAGE = "/invoices/new"
INVOICE = re.compile(r"/invoices/[0-9a-f-]{36}$")
#: Between two keys: what comes faster is a scanner's.
A_PERSONS_KEYS_MS = 80
_numbers = count(1)


@dataclass
class Clerk:
    """A clerk of one test alone, whose cart is empty, and a look at the database."""

    app: Flask
    connection: psycopg.Connection
    name: str
    id: UUID

    def units(self, quantity: int) -> list[str]:
        """Serial numbers of new units, each of a product of its own at 10.00."""
        with self.app.app_context():
            skus = [f"CART-{next(_numbers):04}" for _ in range(quantity)]
            for sku in skus:
                create_product(sku=sku, name=f"Product {sku}", price=Decimal("10.00"))
                InventoryLifecycleService().receive_items(sku, self.id, serial_numbers=[f"{sku}-A"])
        return [f"{sku}-A" for sku in skus]

    def hold(self, serials: list[str]) -> None:
        """Puts them into the cart one after another, as the page does."""
        for serial in serials:
            query = "SELECT id FROM items WHERE serial_number = %s"
            (item_id,) = self.connection.execute(query, [serial]).fetchone()
            with self.app.app_context():
                carts.hold_units([item_id], self.id)

    def invoices(self) -> list[tuple]:
        """Customer, total and serial numbers of each of the clerk's invoices, oldest first."""
        return self.connection.execute(
            """SELECT c.name, v.total, array_agg(i.serial_number ORDER BY i.serial_number)
                FROM invoices v JOIN customers c ON c.id = v.customer_id
                JOIN invoice_items l ON l.invoice_id = v.id JOIN items i ON i.id = l.item_id
                WHERE v.created_by = %s GROUP BY v.id, c.name ORDER BY v.id""",
            [self.id],
        ).fetchall()

    def kept(self, column: str) -> str:
        """What the open cart keeps."""
        found = self.connection.execute(
            f"SELECT {column} FROM carts WHERE user_id = %s AND on_page AND status = 'open'",
            [self.id],
        ).fetchone()
        return found[0] if found else ""

    def prices(self) -> int:
        return self.connection.execute(
            "SELECT count(*) FROM cart_lines l JOIN carts c ON c.id = l.cart_id"
            " WHERE c.user_id = %s AND c.status = 'open' AND unit_price IS NOT NULL",
            [self.id],
        ).fetchone()[0]


@pytest.fixture
def clerk(site_app: Flask) -> Iterator[Clerk]:
    number = next(_numbers)
    email = f"clerk{number}@example.com"
    with site_app.app_context():
        user_id = users.create_user(email, name=f"Clerk {number}", role="staff", password=PASSWORD)
    url = plain_url(site_app.config["SQLALCHEMY_DATABASE_URI"])
    with psycopg.connect(url, autocommit=True) as connection:
        yield Clerk(site_app, connection, f"clerk{number}", user_id)


def reserve(visitor: Visitor, serial: str) -> None:
    visitor.go(f"{PAGE}?q={serial}")
    visitor.page.locator("#results .unit", has_text=serial).get_by_role(
        "button", name="Reserve"
    ).click()
    visitor.page.locator("#cart .unit", has_text=serial).wait_for()


def price(visitor: Visitor, serial: str):
    return visitor.page.get_by_label(f"Unit price of Product {serial.removesuffix('-A')}")


def total(visitor: Visitor) -> str:
    return visitor.page.locator(".cart-total strong").inner_text()


def sell(visitor: Visitor) -> None:
    visitor.press("Create invoice")
    visitor.page.wait_for_url(INVOICE)


def until_total(visitor: Visitor, words: str) -> None:
    visitor.page.locator(".cart-total strong", has_text=words).wait_for()


def test_26_prices_one_after_another_all_count(visit, clerk: Clerk):
    serials = clerk.units(26)
    with visit(clerk.name) as visitor:
        clerk.hold(serials)
        visitor.go(PAGE)
        for number, serial in enumerate(serials, 1):
            price(visitor, serial).fill(f"{number}.10")
            price(visitor, serial).blur()
        until(lambda: clerk.prices() == 26, "26 prices saved")
        visitor.go(PAGE)
        assert [price(visitor, serial).input_value() for serial in serials] == [
            f"{number}.10" for number in range(1, 27)
        ]
        assert total(visitor) == "£353.60"
        visitor.page.get_by_label("Name", exact=True).fill("Buys a lot")
        sell(visitor)
    assert clerk.invoices() == [("Buys a lot", Decimal("353.60"), serials)]


def test_a_changed_price_and_the_sale_at_once_make_the_invoice(visit, clerk: Clerk):
    for button in ("Create invoice", "Sell directly"):
        (serial,) = clerk.units(1)
        with visit(clerk.name) as visitor:
            reserve(visitor, serial)
            visitor.page.get_by_label("Name", exact=True).fill("In a hurry")
            price(visitor, serial).fill("7.25")
            visitor.press(button)
            visitor.page.wait_for_url(INVOICE)
        assert clerk.invoices()[-1] == ("In a hurry", Decimal("7.25"), [serial])


def test_the_cart_is_there_after_log_out_and_in_another_browser(visit, clerk: Clerk):
    serials = clerk.units(2)
    with visit(clerk.name) as first, visit(clerk.name) as second:
        for serial in serials:
            reserve(first, serial)
        price(first, serials[0]).fill("4.00")
        first.page.get_by_label("Name", exact=True).fill("Comes back")
        first.page.get_by_label("Notes").fill("Blue paper")
        first.page.get_by_label("Notes").blur()
        until(lambda: clerk.kept("notes") == "Blue paper", "notes saved")
        first.press("Log out")
        first.page.get_by_label("E-mail address").wait_for()
        first.log_in(clerk.name)
        for visitor in (first, second):
            visitor.go(PAGE)
            assert price(visitor, serials[0]).input_value() == "4.00"
            assert visitor.page.get_by_label("Name", exact=True).input_value() == "Comes back"
            assert visitor.page.get_by_label("Notes").input_value() == "Blue paper"
            assert total(visitor) == "£14.00"
        sell(second)
        first.press("Create invoice")
        assert "became an invoice" in first.alert()
    assert clerk.invoices() == [("Comes back", Decimal("14.00"), serials)]


def test_what_is_done_in_one_browser_shows_in_the_other_and_nothing_is_doubled(visit, clerk: Clerk):
    first_serial, second_serial, third_serial = clerk.units(3)
    with visit(clerk.name) as here, visit(clerk.name) as there:
        reserve(here, first_serial)
        reserve(there, second_serial)
        price(there, first_serial).fill("3.00")
        price(there, first_serial).blur()
        until_total(there, "£13.00")
        # The next thing done here shows what was done there.
        here.go(f"{PAGE}?q={third_serial}")
        reserve(here, third_serial)
        assert price(here, first_serial).input_value() == "3.00"
        assert total(here) == "£23.00"
        there.page.get_by_label("Name", exact=True).fill("Ana")
        there.press("Create invoice")
        assert "it holds 3 units now" in there.alert()
        assert there.page.get_by_label("Name", exact=True).input_value() == "Ana"
        sell(there)
    assert clerk.invoices() == [
        ("Ana", Decimal("23.00"), [first_serial, second_serial, third_serial])
    ]


def test_a_price_set_in_one_tab_shows_in_the_other(visit, clerk: Clerk):
    (serial,) = clerk.units(1)
    with visit(clerk.name) as here:
        reserve(here, serial)
        there = Visitor(here.page.context, here.site)
        there.go(PAGE)
        price(there, serial).fill("3.00")
        price(there, serial).blur()
        until_total(there, "£3.00")
        until_total(here, "£3.00")
        assert price(here, serial).input_value() == "3.00"
        here.page.get_by_label("Name", exact=True).fill("Ana")
        sell(here)
        assert there.complaints == []
    assert clerk.invoices() == [("Ana", Decimal("3.00"), [serial])]


def test_a_cart_emptied_or_a_customer_changed_elsewhere_is_not_sold(visit, clerk: Clerk):
    (serial,) = clerk.units(1)
    with visit(clerk.name) as here, visit(clerk.name) as there:
        reserve(here, serial)
        here.page.get_by_label("Name", exact=True).fill("Ana")
        here.page.get_by_label("Name", exact=True).blur()
        until(lambda: clerk.kept("customer_name") == "Ana", "the name saved")
        there.go(f"{PAGE}?customer_q=a")
        there.page.locator("#customer-results").get_by_role("button", name="Choose").first.click()
        there.page.locator("#customer .chosen").wait_for()
        here.press("Create invoice")
        assert "The customer was changed in another window" in here.alert()
        there.press("Release", within=".cart-foot")
        there.page.get_by_text("Nothing is held yet").wait_for()
        here.press("Create invoice")
        assert "it holds nothing now" in here.alert()
    assert clerk.invoices() == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_enter_in_a_single_field_sells_nothing(visit, clerk: Clerk, script: bool):
    (serial,) = clerk.units(1)
    with visit(clerk.name, java_script_enabled=script) as visitor:
        reserve(visitor, serial)
        fields = {
            "customer_name": (visitor.page.get_by_label("Name", exact=True), "SN-000123"),
            "customer_email": (visitor.page.get_by_label("E-mail", exact=True), "not an address"),
            "price": (price(visitor, serial), "6.00"),
        }
        for field, typed in fields.values():
            field.clear()
            field.press_sequentially(typed, delay=A_PERSONS_KEYS_MS)
            field.press("Enter")
            visitor.page.wait_for_load_state()
            assert field.input_value() == typed
        for column in ("customer_name", "customer_email"):
            until(lambda column=column: clerk.kept(column) == fields[column][1], "it saved")
        until(lambda: clerk.prices() == 1, "the price saved")
        visitor.go(f"{PAGE}?q={serial.removesuffix('-A')}")
        assert total(visitor) == "£6.00"
        assert visitor.page.url.endswith(serial.removesuffix("-A"))
    assert clerk.invoices() == []


@pytest.mark.parametrize(
    "typed",
    ["12,50x", *(pytest.param(word, marks=pytest.mark.proof) for word in ("free", "-1", "£"))],
)
def test_a_refused_price_leaves_all_that_was_typed(visit, clerk: Clerk, typed: str):
    first, second = clerk.units(2)
    with visit(clerk.name) as visitor:
        for serial in (first, second):
            reserve(visitor, serial)
        page = visitor.page
        page.get_by_label("Name", exact=True).fill("Ana Lima")
        page.get_by_label("E-mail", exact=True).fill("ana@lima")
        page.get_by_label("Tier").select_option("vip")
        page.get_by_label("Notes").fill("Gift wrap, please")
        price(visitor, first).fill(typed)
        price(visitor, second).fill("3.00")
        price(visitor, second).blur()
        until_total(visitor, "£13.00")
        price(visitor, first).and_(page.locator("[aria-invalid=true]")).wait_for()

        def assert_all_there() -> None:
            assert price(visitor, first).input_value() == typed
            assert price(visitor, second).input_value() == "3.00"
            assert page.get_by_label("Name", exact=True).input_value() == "Ana Lima"
            assert page.get_by_label("E-mail", exact=True).input_value() == "ana@lima"
            assert page.get_by_label("Tier").input_value() == "vip"
            assert page.get_by_label("Notes").input_value() == "Gift wrap, please"
            assert page.locator("#cart [role=alert]").count() == 1

        assert_all_there()
        (third,) = clerk.units(1)
        page.locator("#q").fill(third)
        page.locator("#results .unit", has_text=third).get_by_role("button", name="Reserve").click()
        page.locator("#cart .unit", has_text=third).wait_for()
        assert_all_there()
        visitor.press("Create invoice")
        page.get_by_role("alert").first.wait_for()
        assert_all_there()
        visitor.go(PAGE)
        assert_all_there()
        price(visitor, first).fill("5.00")
        price(visitor, first).blur()
        until_total(visitor, "£18.00")
        sell(visitor)
    assert clerk.invoices() == [("Ana Lima", Decimal("18.00"), sorted([first, second, third]))]


def test_what_is_being_typed_stays_when_the_cart_is_replaced_under_it(visit, clerk: Clerk):
    first, second = clerk.units(2)
    with visit(clerk.name) as visitor:
        for serial in (first, second):
            reserve(visitor, serial)
        answered = hold_back_drafts(visitor)
        price(visitor, first).fill("2.00")
        price(visitor, second).focus()
        price(visitor, second).fill("8.7")
        answered()
        until_total(visitor, "£12.00")
        assert price(visitor, second).input_value() == "8.7"
        price(visitor, second).blur()
        until_total(visitor, "£10.70")


def hold_back_drafts(visitor: Visitor) -> Callable[[], None]:
    """Lets no draft through until the returned function is called."""
    held = []
    visitor.page.route("**/invoices/new/draft", lambda route: held.append(route))

    def let_go() -> None:
        for route in held:
            route.continue_()
        visitor.page.unroute("**/invoices/new/draft")

    return let_go


def test_carts_are_put_aside_and_taken_up_again(visit, clerk: Clerk):
    first, second = clerk.units(2)
    with visit(clerk.name) as visitor:
        page = visitor.page
        reserve(visitor, first)
        price(visitor, first).fill("4.00")
        page.get_by_label("Name", exact=True).fill("Fetches the money")
        visitor.press("Put aside")
        page.locator("#put-aside").wait_for()
        assert page.get_by_label("Name", exact=True).input_value() == ""
        told = page.locator("#put-aside").inner_text()
        for words in ("Fetches the money", "1 unit", "£4.00"):
            assert words in told
        reserve(visitor, second)
        page.get_by_label("Name", exact=True).fill("Next in line")
        sell(visitor)
        visitor.go(PAGE)
        visitor.press("Take up again")
        page.locator("#cart .unit", has_text=first).wait_for()
        assert page.locator("#put-aside").count() == 0
        sell(visitor)
    assert clerk.invoices() == [
        ("Next in line", Decimal("10.00"), [second]),
        ("Fetches the money", Decimal("4.00"), [first]),
    ]
