"""The new invoice: finding, holding, releasing, and what becomes of a cart whose time ran out."""

import re
from decimal import Decimal
from uuid import UUID

import pytest

from app.services.inventory_lifecycle import InventoryLifecycleService
from tests.browsing import Browser, alert, path_of
from tests.shop import Shop

PAGE = "/invoices/new"


def cart_of(browser: Browser) -> str:
    """The words of the cart, without its tags."""
    page = browser.get(PAGE).text.split('id="cart"')[1].split('id="customer"')[0]
    return " ".join(re.sub("<[^>]+>", " ", page).split())


def price_field(page: str) -> str:
    found = re.search(r'name="(price-[0-9a-f-]+)"', page)
    assert found
    return found.group(1)


def hold(browser: Browser, item_id: UUID) -> None:
    browser.get(PAGE)
    assert browser.post(f"{PAGE}/hold", item_id=item_id).status_code == 303


def created(browser: Browser, **fields: str) -> str:
    """The path of the invoice that the page makes."""
    browser.get(PAGE)
    answer = browser.post(PAGE, customer_name="New customer", method="Cash", **fields)
    assert answer.status_code == 303, alert(answer)
    return path_of(answer)


def invoice_id_of(path: str) -> UUID:
    return UUID(path.rsplit("/", 1)[1])


def test_units_are_found_by_serial_sku_barcode_and_name(shop: Shop, as_role):
    browser, sku = as_role("staff"), shop.new_sku()
    shop.execute(
        "UPDATE products SET name = %s, barcode = %s WHERE sku = %s",
        f"Blue jug {sku}",
        f"50{sku}",
        sku,
    )
    units = shop.new_units(2, sku)
    for words in (shop.serial(units[0]), sku, f"50{sku}", f"jug {sku.lower()}"):
        page = browser.get(f"{PAGE}?q={words}").text
        assert f"Blue jug {sku}" in page
        assert "2 free" in page
        assert "Reserve" in page
    assert "Nothing is called" in browser.get(f"{PAGE}?q=no+such+thing").text


@pytest.mark.parametrize("words", ["%25", "_", "'", "%5C", "a", "%F0%9F%8E%88", "x" * 200])
def test_any_words_may_be_looked_for(as_role, words: str):
    assert as_role("staff").get(f"{PAGE}?q={words}&customer_q={words}").status_code == 200


def test_a_scanned_serial_goes_into_the_cart_at_once(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    serial = shop.serial(item_id)
    browser.get(PAGE)
    answer = browser.post(f"{PAGE}/scan", q=f" {serial.lower()} ")
    assert (answer.status_code, path_of(answer)) == (303, PAGE)
    assert serial in cart_of(browser)
    assert shop.statuses([item_id]) == ["Reserved"]
    assert path_of(browser.post(f"{PAGE}/scan", q="half a ser")) == f"{PAGE}?q=half+a+ser"


def test_a_unit_scanned_twice_is_said_to_be_there(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    hold(browser, item_id)
    assert browser.post(f"{PAGE}/scan", q=shop.serial(item_id)).status_code == 303
    assert "in this cart already" in browser.get(PAGE).text


def test_a_taken_unit_is_explained_with_what_to_take_instead(shop: Shop, as_role):
    browser, units = as_role("staff"), shop.new_units(2)
    invoice_id = shop.new_invoice(units[:1])
    browser.get(PAGE)
    answer = browser.post(f"{PAGE}/scan", q=shop.serial(units[0]))
    assert answer.status_code == 409
    assert f"invoice {shop.invoice_number(invoice_id)}" in alert(answer)
    assert shop.serial(units[1]) in alert(answer)
    assert f'action="{PAGE}/hold"' in answer.text.split('role="alert"')[1].split('id="notices')[0]


def test_a_quantity_is_held_oldest_first(shop: Shop, as_role):
    browser, sku = as_role("staff"), shop.new_sku()
    units = shop.new_units(3, sku)
    browser.get(PAGE)
    browser.post(f"{PAGE}/hold", sku=sku, quantity="2", q=sku)
    assert shop.statuses(units) == ["Reserved", "Reserved", "Available"]
    too_many = browser.post(f"{PAGE}/hold", sku=sku, quantity="2")
    assert too_many.status_code == 409
    assert "1 are free" in alert(too_many)


@pytest.mark.parametrize("quantity", ["", "0", "-1", "1.5", "many", "10001", "9" * 30, "\u0663"])
def test_a_wrong_quantity_comes_back_beside_its_field(shop: Shop, as_role, quantity: str):
    browser, sku = as_role("staff"), shop.new_sku()
    units = shop.new_units(1, sku)
    browser.get(f"{PAGE}?q={sku}")
    answer = browser.post(f"{PAGE}/hold", sku=sku, quantity=quantity)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "whole number" in alert(answer)
    assert shop.statuses(units) == ["Available"]


def test_units_are_released_one_by_one_by_product_and_all(shop: Shop, as_role):
    browser, sku = as_role("staff"), shop.new_sku()
    units = shop.new_units(4, sku)
    (other,) = shop.new_units(1)
    browser.get(PAGE)
    browser.post(f"{PAGE}/hold", sku=sku, quantity="4")
    hold(browser, other)
    browser.post(f"{PAGE}/release", item_id=units[0])
    assert shop.statuses(units) == ["Available", *["Reserved"] * 3]
    product_id = shop.value("SELECT id FROM products WHERE sku = %s", sku)
    browser.post(f"{PAGE}/release", product_id=product_id)
    assert shop.statuses(units) == ["Available"] * 4
    browser.post(f"{PAGE}/release")
    assert shop.statuses([other]) == ["Available"]
    assert "Nothing is held yet" in cart_of(browser)


def test_nobody_releases_from_a_cart_that_is_not_theirs(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    shop.hold([item_id], "another cart")
    browser.get(PAGE)
    browser.post(f"{PAGE}/release", item_id=item_id)
    assert shop.statuses([item_id]) == ["Reserved"]


def test_a_cart_becomes_an_invoice_at_the_prices_typed(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    hold(browser, item_id)
    field = price_field(browser.get(PAGE).text)
    invoice_id = invoice_id_of(created(browser, notes="Gift wrap", **{field: "7.5"}))
    assert shop.invoice(invoice_id) == ("Open", Decimal("7.50"), Decimal(0))
    assert shop.reasons(item_id) == ["RECEIVED", "SESSION_HOLD", "HOLD_RELEASED", "INVOICE_CREATED"]
    assert "Nothing is held yet" in cart_of(browser)


def test_a_price_that_was_kept_shows_in_the_total(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    hold(browser, item_id)
    field = price_field(browser.get(PAGE).text)
    browser.post(f"{PAGE}/prices", notes="kept words", **{field: "3.21"})
    page = browser.get(PAGE).text
    assert "£3.21" in page
    assert "kept words" in page
    invoice_id = invoice_id_of(created(browser))
    assert shop.invoice(invoice_id)[1] == Decimal("3.21")


def test_a_direct_sale_is_paid_in_the_same_step(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    hold(browser, item_id)
    invoice_id = invoice_id_of(created(browser, direct_sale="1"))
    assert shop.invoice(invoice_id) == ("Paid", Decimal("10.00"), Decimal("10.00"))
    assert shop.reasons(item_id)[-1] == "DIRECT_SALE"


def test_a_customer_is_chosen_and_changed(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    assert "Regular customer" in browser.get(f"{PAGE}?customer_q=regular").text
    browser.post(f"{PAGE}/customer", customer_id=shop.customer)
    assert "Choose" not in browser.get(f"{PAGE}").text
    hold(browser, item_id)
    browser.get(PAGE)
    invoice_id = invoice_id_of(path_of(browser.post(PAGE, method="Cash")))
    found = shop.value("SELECT customer_id FROM invoices WHERE id = %s", invoice_id)
    assert found == shop.customer
    assert browser.post(f"{PAGE}/customer", customer_id=item_id).status_code == 404
    assert browser.post(f"{PAGE}/customer", customer_id="x").status_code == 422


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("customer_name", "", "Choose a customer"),
        ("customer_name", "n" * 201, "200 characters"),
        ("customer_email", "nowhere", "e-mail address"),
        ("customer_tier", "gold", "Choose one of"),
        ("method", "Beads", "Cash, Card"),
        ("price", "cheap", "amount such as 12.50"),
        ("price", "-1", "not a negative one"),
        ("notes", "n" * 2001, "2000 characters"),
    ],
)
def test_a_wrong_field_keeps_the_page_and_what_was_typed(
    shop: Shop, as_role, field: str, typed: str, words: str
):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    hold(browser, item_id)
    price = price_field(browser.get(PAGE).text)
    form = {"customer_name": "Kept name", "notes": "Kept notes", "method": "Cash", price: "1.00"}
    answer = browser.post(PAGE, **{**form, price if field == "price" else field: typed})
    assert answer.status_code == 422
    assert words in alert(answer)
    assert ("Kept name" if field == "notes" else "Kept notes") in answer.text
    assert shop.statuses([item_id]) == ["Reserved"]


def test_an_empty_cart_makes_no_invoice(shop: Shop, as_role):
    browser = as_role("staff")
    browser.get(PAGE)
    with shop.unchanged():
        answer = browser.post(PAGE, customer_name="New customer", method="Cash")
    assert answer.status_code == 422
    assert "at least one unit" in alert(answer)


def test_a_product_without_a_price_asks_for_one(shop: Shop, as_role):
    browser = as_role("staff")
    (item_id,) = shop.new_units(1, shop.new_sku(price=None))
    hold(browser, item_id)
    answer = browser.post(PAGE, customer_name="New customer", method="Cash")
    assert answer.status_code == 422
    assert "has no list price" in answer.text


def test_a_hold_that_ran_out_still_becomes_an_invoice(shop: Shop, as_role):
    browser, units = as_role("staff"), shop.new_units(2)
    for item_id in units:
        hold(browser, item_id)
    shop.execute("UPDATE items SET reservation_expiry = now() WHERE id = ANY(%s)", units)
    assert "The hold has run out" in cart_of(browser)
    InventoryLifecycleService().cleanup_expired_reservations()
    assert "Ran out, still free" in cart_of(browser)
    created(browser)
    assert shop.reasons(units[0])[-2:] == ["RESERVATION_EXPIRED", "INVOICE_CREATED"]


def test_keep_holding_takes_back_what_ran_out(shop: Shop, as_role):
    browser, units = as_role("staff"), shop.new_units(2)
    for item_id in units:
        hold(browser, item_id)
    shop.execute("UPDATE items SET reservation_expiry = now() WHERE id = %s", units[0])
    InventoryLifecycleService().cleanup_expired_reservations()
    browser.post(f"{PAGE}/keep")
    assert shop.statuses(units) == ["Reserved", "Reserved"]
    assert "run out" not in cart_of(browser)


def test_what_somebody_else_took_meanwhile_is_named_and_can_be_left_out(shop: Shop, as_role):
    browser, units = as_role("staff"), shop.new_units(3)
    for item_id in units[:2]:
        hold(browser, item_id)
    shop.execute("UPDATE items SET reservation_expiry = now() WHERE id = %s", units[0])
    InventoryLifecycleService().hold_items_manually(units[:1], "Mrs Patel", shop.colleague)
    assert "1 is with somebody else" in cart_of(browser)
    refused = browser.post(PAGE, customer_name="New customer", method="Cash")
    assert refused.status_code == 409
    assert "Mrs Patel" in alert(refused)
    assert shop.serial(units[2]) in alert(refused)
    assert 'value="New customer"' in refused.text
    browser.post(f"{PAGE}/leave-out")
    assert "somebody else" not in cart_of(browser)
    created(browser)


def test_htmx_gets_the_parts_that_the_page_includes(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    hold(browser, item_id)
    for target in ("cart", "customer", "results", "customer-results"):
        part = browser.get(PAGE, **{"HX-Request": "true", "HX-Target": target}).text
        assert "<html" not in part
        assert f'id="{target}"' in part


def test_a_full_page_stays_within_its_queries(shop: Shop, as_role, count_queries):
    browser, sku = as_role("staff"), shop.new_sku()
    shop.new_units(30, sku)
    browser.get(PAGE)
    browser.post(f"{PAGE}/hold", sku=sku, quantity="20")
    with count_queries() as statements:
        page = browser.get(f"{PAGE}?q={sku}&customer_q=regular").text
    assert len(statements) <= 12
    assert "and 8 more" in page
