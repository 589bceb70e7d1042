"""The new invoice: finding, holding, releasing, and what becomes of a cart whose time ran out."""

import re
from decimal import Decimal
from html import unescape
from uuid import UUID

import pytest

from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.support.browser import Browser, alert, path_of
from tests.support.shop import Shop

PAGE = "/invoices/new"


@pytest.fixture(autouse=True)
def no_carts_yet(shop: Shop) -> None:
    """The people of this shop are shared by all tests, and their carts stay."""
    shop.execute(
        "UPDATE carts SET status = 'closed', closed_at = now(), put_aside_at = NULL"
        " WHERE status <> 'closed'"
    )


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


def test_a_known_address_is_told_when_the_name_is_another(shop: Shop, as_role):
    browser = as_role("staff")
    address = f"{shop.new_sku().lower()}@example.com"
    for name, told in (("Ana", False), (" ana", False), ("Somebody else", True)):
        hold(browser, shop.new_units(1)[0])
        typed = {"customer_name": name, "customer_email": f" {address.upper()}"}
        browser.get(PAGE)
        answer = browser.post(PAGE, method="Cash", **typed)
        assert answer.status_code == 303, alert(answer)
        page = browser.get(path_of(answer)).text
        assert ("It is made out to Ana: the e-mail address" in page) == told
    customers = shop.rows("SELECT name FROM customers WHERE lower(email) = %s", address)
    assert customers == [("Ana",)]


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


# The cart is the user's, not the browser's


def hold_products(shop: Shop, browser: Browser, count: int) -> list[str]:
    """Puts a unit of each of so many products into the cart; their price fields, by SKU."""
    skus = sorted(shop.new_sku() for _ in range(count))
    for sku in skus:
        hold(browser, shop.new_units(1, sku)[0])
    return [f"price-{shop.value('SELECT id FROM products WHERE sku = %s', sku)}" for sku in skus]


def autosave(browser: Browser, **fields: str):
    """As HTMX sends a field that saves itself: without the form's key."""
    return browser.open(
        "POST",
        f"{PAGE}/draft",
        data=fields,
        headers={
            "HX-Request": "true",
            "HX-Target": "sale",
            "X-CSRFToken": browser.csrf_token,
        },
    )


def another_browser(shop: Shop) -> Browser:
    """Of the same clerk, whose password ``as_role`` has set."""
    browser = Browser(shop.app, "staff@example.com")
    assert browser.log_in().status_code == 303
    return browser


def value_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', page, re.S)
    assert found, name
    return found.group(1)


def fields_of_sale(page: str) -> dict[str, str]:
    """Every field that the form `sale` would send, with its value."""
    form = page.split('<form id="sale"')[1].split("</form>")[0]
    inputs = re.findall(r"<input[^>]*>", form)
    inputs += [one for one in re.findall(r"<input[^>]*>", page) if 'form="sale"' in one]
    found = {}
    for one in inputs:
        name, value = re.search(r'\sname="([^"]*)"', one), re.search(r'\svalue="([^"]*)"', one)
        assert name, one
        found[name.group(1)] = unescape(value.group(1)) if value else ""
    return {"method": "Cash", "notes": "", "customer_tier": "standard", **found}


def test_120_products_keep_the_price_that_each_was_given(shop: Shop, as_role):
    browser = as_role("staff")
    fields = hold_products(shop, browser, 120)
    browser.get(PAGE)
    prices = {field: f"{number}.25" for number, field in enumerate(fields, 1)}
    for first in range(0, 120, 10):
        some = {field: prices[field] for field in fields[first : first + 10]}
        assert autosave(browser, **some).status_code == 200
    page = browser.get(PAGE).text
    assert {field: value_of(page, field) for field in fields} == prices
    total = Decimal(sum(range(1, 121))) + 120 * Decimal("0.25")
    assert f"£{total:,}" in cart_of(browser)
    sale = fields_of_sale(browser.get(PAGE).text)
    answer = browser.post(PAGE, **{**sale, "customer_name": "Patient customer"})
    assert answer.status_code == 303, alert(answer)
    assert shop.invoice(invoice_id_of(path_of(answer)))[1] == total


def test_a_price_post_carries_no_key_and_does_not_use_up_the_sales(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    hold(browser, item_id)
    page = browser.get(PAGE).text
    field = price_field(page)
    (price,) = re.findall(rf'<input[^>]* name="{field}"[^>]*>', page)
    sent = re.search(r'hx-params="([^"]*)"', price).group(1).split(",")
    assert sent == [field, "tab", "shown_cart"]
    sale = fields_of_sale(page)
    for typed in ("9.00", "8.00", "8.00", "12,50x", "7.00"):
        autosave(browser, **{field: typed, "tab": sale["tab"], "shown_cart": sale["shown_cart"]})
    answer = browser.post(PAGE, **{**sale, field: "7.00", "customer_name": "A new customer"})
    assert answer.status_code == 303, alert(answer)
    assert shop.invoice(invoice_id_of(path_of(answer)))[1] == Decimal("7.00")


def test_the_cart_is_the_same_after_log_out_and_in_another_browser(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    hold(browser, item_id)
    field = price_field(browser.get(PAGE).text)
    autosave(browser, **{field: "3.21"})
    autosave(browser, customer_name="Ana", customer_email="ana@", notes="Gift")
    browser.get(PAGE)
    assert browser.post("/logout").status_code == 303
    assert browser.get(PAGE).status_code == 302
    for each in (another_browser(shop), another_browser(shop)):
        page = each.get(PAGE).text
        assert shop.serial(item_id) in page
        assert value_of(page, field) == "3.21"
        assert value_of(page, "customer_name") == "Ana"
        assert value_of(page, "customer_email") == "ana@"
        assert "Gift</textarea>" in page
    other = as_role("colleague").get(PAGE).text
    assert shop.serial(item_id) not in other
    assert "Ana" not in other


def test_an_old_cookie_is_ignored(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    with browser.client.session_transaction() as session:
        session["cart"] = {"id": "an old cart", "prices": {"x": "not even a price"}}
    shop.hold([item_id], "an old cart")
    assert "Nothing is held yet" in cart_of(browser)
    assert browser.post(f"{PAGE}/keep").status_code == 303


@pytest.mark.parametrize("typed", ["12,50x", "£", "-3", "9" * 30])
def test_a_refused_price_stays_under_its_error_with_all_else(shop: Shop, as_role, typed: str):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    hold(browser, item_id)
    field = price_field(browser.get(PAGE).text)
    autosave(browser, customer_name="Ana", customer_email="a@b.c")
    answer = autosave(browser, **{field: typed})
    assert answer.status_code == 422
    assert alert(answer)
    assert f'id="line-{field.removeprefix("price-")}"' in answer.text
    assert not any(f'id="{part}"' in answer.text for part in ("cart", "customer", "sale"))
    page = browser.get(PAGE).text
    assert value_of(page, field) == typed
    assert alert(browser.get(PAGE))
    assert value_of(page, "customer_name") == "Ana"
    refused = browser.post(PAGE, **{**fields_of_sale(page), "notes": "Kept"})
    assert refused.status_code == 422
    assert value_of(refused.text, field) == typed
    assert value_of(refused.text, "customer_email") == "a@b.c"
    assert "Kept</textarea>" in refused.text
    autosave(browser, **{field: "4.00"})
    assert value_of(browser.get(PAGE).text, field) == "4.00"
    assert not alert(browser.get(PAGE))


def test_what_was_typed_stays_when_a_unit_is_refused(shop: Shop, as_role):
    browser, (item_id, taken) = as_role("staff"), shop.new_units(2)
    hold(browser, item_id)
    shop.new_invoice([taken])
    field = price_field(browser.get(PAGE).text)
    autosave(browser, customer_name="Ana", customer_email="nowhere")
    autosave(browser, notes="Gift wrap")
    autosave(browser, **{field: "12,50x"})
    browser.get(PAGE)
    refused = browser.post(f"{PAGE}/scan", q=shop.serial(taken))
    assert refused.status_code == 409
    for name, typed in {
        field: "12,50x",
        "customer_name": "Ana",
        "customer_email": "nowhere",
    }.items():
        assert value_of(refused.text, name) == typed
    assert "Gift wrap</textarea>" in refused.text


def test_without_script_enter_saves_and_sells_nothing(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    hold(browser, item_id)
    page = browser.get(PAGE).text
    buttons = [one for one in re.findall(r"<button[^>]*>", page) if 'form="sale"' in one]
    assert f'formaction="{PAGE}/draft"' in buttons[0]
    assert page.index(buttons[0]) < page.index('<form id="sale"')
    sale = fields_of_sale(page) | {"customer_name": "SN-0001", price_field(page): "6.00"}
    with shop.unchanged():
        assert path_of(browser.post(f"{PAGE}/draft", **sale)) == PAGE
    page = browser.get(PAGE).text
    assert value_of(page, "customer_name") == "SN-0001"
    assert value_of(page, price_field(page)) == "6.00"


def test_a_page_that_is_older_than_the_cart_sells_nothing(shop: Shop, as_role):
    here, there = as_role("staff"), another_browser(shop)
    hold(here, shop.new_units(1)[0])
    sale = fields_of_sale(here.get(PAGE).text) | {"customer_name": "Ana"}
    hold(there, shop.new_units(1)[0])
    with shop.unchanged():
        refused = here.post(PAGE, **sale)
    assert refused.status_code == 409
    assert "it holds 2 units now" in alert(refused)
    assert value_of(refused.text, "customer_name") == "Ana"
    again = here.post(PAGE, **fields_of_sale(refused.text))
    assert again.status_code == 303, alert(again)


def test_a_page_saves_only_what_was_typed_on_it(shop: Shop, as_role):
    here, there = as_role("staff"), another_browser(shop)
    hold_products(shop, here, 2)
    sale = fields_of_sale(here.get(PAGE).text)
    first, second = [name for name in sale if name.startswith("price-")]
    there.get(PAGE)
    autosave(there, **{first: "5.00", "tab": "there"})
    autosave(there, customer_name="Ana", customer_email="", tab="there")
    here.post(f"{PAGE}/draft", **{**sale, second: "6.00"})
    page = here.get(PAGE).text
    assert [value_of(page, name) for name in (first, second)] == ["5.00", "6.00"]
    assert value_of(page, "customer_name") == "Ana"


def test_carts_are_put_aside_and_taken_up_again_on_the_page(shop: Shop, as_role):
    browser, units = as_role("staff"), shop.new_units(3)
    for item_id in units[:2]:
        hold(browser, item_id)
    sale = fields_of_sale(browser.get(PAGE).text)
    answer = browser.post(
        f"{PAGE}/put-aside", **sale | {"customer_name": "Ana", "notes": "Back at 4"}
    )
    assert path_of(answer) == PAGE
    page = browser.get(PAGE).text
    assert "Nothing is held yet" in page
    assert value_of(page, "customer_name") == ""
    aside = page.split('id="put-aside"')[1]
    for words in ("Ana", "2 units", "£20.00", "Back at 4", "Take up again"):
        assert words in aside
    assert shop.statuses(units[:2]) == ["Reserved", "Reserved"]
    hold(browser, units[2])
    cart_id = value_of(aside, "cart_id")
    assert browser.post(f"{PAGE}/take-up-again", cart_id=cart_id).status_code == 303
    page = browser.get(PAGE).text
    assert shop.serial(units[0]) in page.split('id="put-aside"')[0]
    assert "The cart that was open is put aside." in page
    assert value_of(page, "customer_name") == "Ana"
    assert as_role("colleague").post(f"{PAGE}/take-up-again", cart_id=cart_id).status_code == 404
    other = value_of(page.split('id="put-aside"')[1], "cart_id")
    browser.post(f"{PAGE}/give-up", cart_id=other)
    assert shop.statuses(units) == ["Reserved", "Reserved", "Available"]
    assert browser.post(f"{PAGE}/take-up-again", cart_id="x").status_code == 422
    assert browser.post(f"{PAGE}/take-up-again").status_code == 422
