"""One grammar of numbers in every form, and one way to write them on every page."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest

from app.services.accounts import users
from app.services.invoices.amount_decimals import refuse_other_decimals
from app.store_currency import store_currency
from app.web.template_filters import counted, with_article
from tests.support.browser import PASSWORD, Browser
from tests.support.shop import Shop, open_shop

READ = {"1e2": None, "1_0": None, "１２": None, "1,23,4": None, "$2": None, "1.234": None} | {
    "12,50": "12.50",
    "£2": "2.00",
    "2 £": "2.00",
    "GBP 2": "2.00",
    "1,234.50": "1234.50",
    "1.234,50": "1234.50",
    "1\u00a0234,50": "1234.50",
}


@pytest.fixture
def yen_browser(database_url: str, redis_url: str) -> Iterator[tuple[Shop, Browser]]:
    with open_shop(database_url, redis_url, currency="JPY") as shop, shop.app.app_context():
        refuse_other_decimals(store_currency())
        users.set_password(shop.staff, PASSWORD)
        browser = Browser(shop.app, "staff@example.com")
        assert browser.log_in().status_code == 303
        yield shop, browser


def test_a_payment_reads_what_people_type(shop: Shop, as_role) -> None:
    staff = as_role("staff")
    for typed, amount in READ.items():
        invoice_id = shop.new_invoice(shop.new_units(1), "2000.00")
        page = f"/invoices/{invoice_id}"
        staff.get(page)
        answer = staff.post(f"{page}/payments", amount=typed, method="Cash", reference="")
        said = (answer.status_code, shop.invoice(invoice_id)[2])
        assert said == ((422, 0) if amount is None else (303, Decimal(amount))), typed
        assert amount is not None or f'value="{typed}"' in answer.text


def test_a_price_reads_what_people_type(shop: Shop, as_role) -> None:
    staff = as_role("staff")
    for typed, amount in READ.items():
        sku = shop.new_sku() + "P"
        staff.get("/products/new")
        answer = staff.post("/products", sku=sku, name="Mug", price=typed)
        kept = shop.rows("SELECT price FROM products WHERE sku = %s", sku)
        expected = (422, []) if amount is None else (303, [(Decimal(amount),)])
        assert (answer.status_code, kept) == expected, typed


def test_a_quantity_reads_what_people_type(shop: Shop, as_role) -> None:
    staff = as_role("staff")
    read = {"2": 2, "1,000": 1000, "1 000": 1000, "1e1": 0, "1_0": 0, "２": 0, "2.0": 0}
    for typed, units in read.items():
        product_id = shop.value("SELECT id FROM products WHERE sku = %s", shop.new_sku())
        staff.get(f"/products/{product_id}")
        answer = staff.post(
            f"/products/{product_id}/units", quantity=typed, condition="New", serial_numbers=""
        )
        received = shop.value("SELECT count(*) FROM items WHERE product_id = %s", product_id)
        assert (answer.status_code, received) == (303 if units else 422, units), typed
        assert units or "Enter a whole number of units from 1 to 10,000" in answer.text


def test_minutes_of_a_hold_are_a_whole_number(shop: Shop, as_role) -> None:
    (unit,) = shop.new_units(1)
    staff = as_role("staff")
    for typed in ("1e1", "1_0", "１０", "0", "-5", "527041"):
        staff.get(f"/inventory/{unit}")
        fields = {"expires_in_minutes": typed, "reserved_for_id": "x"}
        with shop.unchanged():
            answer = staff.post(f"/inventory/{unit}/hold", **fields)
        assert answer.status_code == 422, typed
        assert "Enter a whole number of minutes from 1 to 527,040" in answer.text


def test_days_of_a_token_are_a_whole_number(shop: Shop, as_role) -> None:
    admin = as_role("admin")
    admin.get("/admin/tokens")
    answer = admin.post(
        "/admin/tokens", email="staff@example.com", name="t", scopes="read", days="1e1"
    )
    assert answer.status_code == 422
    assert "Enter a whole number of days from 1 to 3,650" in answer.text


def test_yen_have_no_decimals_anywhere(yen_browser: tuple[Shop, Browser]) -> None:
    shop, browser = yen_browser
    sku = shop.new_sku("1250")
    invoice_id = shop.new_invoice(shop.new_units(2, sku), "1250")
    page = f"/invoices/{invoice_id}"
    shown = browser.get(page).text
    assert "¥2,500" in shown
    assert re.search(r'name="amount"[^>]*value="2500"', shown)
    assert browser.post(f"{page}/payments", amount="100.50", method="Cash").status_code == 422
    refused = browser.post(f"{page}/payments", amount="2501", method="Cash")
    assert refused.status_code == 409
    assert "¥2,500 still to be paid; ¥2,501 is more than that" in refused.text
    assert browser.post(f"{page}/payments", amount="¥2,500", method="Cash").status_code == 303
    assert shop.invoice(invoice_id) == ("Paid", 2500, 2500)
    for path in (page, "/invoices", "/products", f"/products?q={sku}", "/"):
        assert "¥" in browser.get(path).text or path == "/"
        assert not re.search(r"¥[0-9,]*\.[0-9]|2500\.00|1250\.00", browser.get(path).text)


def test_amounts_of_a_refusal_have_their_currency(shop: Shop, as_role) -> None:
    invoice_id = shop.new_invoice(shop.new_units(1), "6.60")
    staff = as_role("staff")
    staff.get(f"/invoices/{invoice_id}")
    refused = staff.post(f"/invoices/{invoice_id}/payments", amount="7", method="Cash")
    assert "£6.60 still to be paid; £7.00 is more than that" in refused.text
    limits = staff.post(f"/invoices/{invoice_id}/payments", amount="0", method="Cash")
    assert "from £0.01 to £999,999,999,999.99" in limits.text


def test_an_open_invoice_is_no_a_open_invoice(shop: Shop, as_role) -> None:
    invoice_id = shop.new_invoice(shop.new_units(2))
    assert "as an open invoice asks" in as_role("manager").get(f"/invoices/{invoice_id}").text


def test_an_invoice_of_one_unit_speaks_of_one_unit(shop: Shop, as_role) -> None:
    invoice_id = shop.new_invoice(shop.new_units(1))
    staff = as_role("staff")
    page = staff.get(f"/invoices/{invoice_id}").text
    assert "Its unit is reserved, as an open invoice asks" in page
    assert "All 1" not in page
    assert 'href="/invoices/new"' in page


def test_words_with_numbers() -> None:
    assert (counted(1, "unit"), counted(9062, "unit")) == ("1 unit", "9,062 units")
    assert (with_article("open"), with_article("part paid")) == ("an open", "a part paid")
