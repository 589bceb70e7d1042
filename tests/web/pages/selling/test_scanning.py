"""A scan as the page's script sends it: what becomes of each kind of code, counted once."""

from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from tests.support.browser import Browser
from tests.support.shop import Shop

PAGE = "/invoices/new"
JSON = {"Accept": "application/json"}


def send(browser: Browser, code: str, key: str | None = None, **headers: str) -> TestResponse:
    token = {"X-CSRFToken": browser.csrf_token}
    form = {"q": code, "idempotency_key": key or str(uuid4())}
    return browser.open("POST", f"{PAGE}/scan", data=form, headers=JSON | token | headers)


def scan(browser: Browser, code: str, key: str | None = None) -> dict[str, str]:
    answer = send(browser, code, key)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_free_unit_is_added(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    serial = shop.serial(item_id)
    answer = scan(browser, serial)
    assert answer == {
        "outcome": "added",
        "code": serial,
        "message": "In the cart.",
        "itemId": str(item_id),
        "serialNumber": serial,
        "productName": "Mug",
        "refusal": None,
    }
    assert serial in browser.get(PAGE).text
    assert shop.statuses([item_id]) == ["Reserved"]


@pytest.mark.parametrize("written", ["{}", " {} ", "\t{}", "{}\u00a0"])
@pytest.mark.parametrize("case", [str, str.lower, str.upper])
def test_spaces_and_letter_case_of_a_serial_are_forgiven(shop: Shop, as_role, written, case):
    (item_id,) = shop.new_units(1)
    answer = scan(as_role("staff"), written.format(case(shop.serial(item_id))))
    assert (answer["outcome"], answer["serialNumber"]) == ("added", shop.serial(item_id))


def test_a_part_of_a_serial_is_not_that_unit(shop: Shop, as_role):
    (item_id,) = shop.new_units(1)
    assert scan(as_role("staff"), shop.serial(item_id)[:-1])["outcome"] == "found"
    assert shop.statuses([item_id]) == ["Available"]


def test_a_unit_of_this_cart_is_there_already(shop: Shop, as_role):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    scan(browser, shop.serial(item_id))
    again = scan(browser, shop.serial(item_id))
    assert again["outcome"] == "already"
    assert shop.reasons(item_id) == ["RECEIVED", "SESSION_HOLD"]


def test_a_repeated_scan_has_the_same_answer_and_does_nothing_twice(shop: Shop, as_role):
    browser, (item_id,), key = as_role("staff"), shop.new_units(1), str(uuid4())
    first = scan(browser, shop.serial(item_id), key)
    with shop.unchanged():
        repeated = send(browser, shop.serial(item_id), key)
    assert repeated.json == first
    assert repeated.headers["Idempotency-Replayed"] == "true"


def test_a_unit_that_was_put_back_stays_so_when_its_scan_is_repeated(shop: Shop, as_role):
    browser, (item_id,), key = as_role("staff"), shop.new_units(1), str(uuid4())
    scan(browser, shop.serial(item_id), key)
    browser.get(PAGE)
    browser.post(f"{PAGE}/release", item_id=item_id)
    scan(browser, shop.serial(item_id), key)
    assert shop.statuses([item_id]) == ["Available"]


def test_a_taken_unit_is_refused_with_its_holder_and_what_is_free(shop: Shop, as_role):
    browser, units, key = as_role("staff"), shop.new_units(2), str(uuid4())
    invoice_id = shop.new_invoice(units[:1])
    with shop.unchanged():
        answer = scan(browser, shop.serial(units[0]), key)
    assert answer["outcome"] == "refused"
    assert f"invoice {shop.invoice_number(invoice_id)}, Staff, since " in answer["message"]
    assert shop.serial(units[1]) in answer["refusal"]
    assert f'action="{PAGE}/hold"' in answer["refusal"]
    assert 'role="alert"' in answer["refusal"]
    assert scan(browser, shop.serial(units[0]), key) == answer


def test_a_unit_in_another_cart_is_refused_with_the_end_of_its_hold(shop: Shop, as_role):
    (item_id,) = shop.new_units(1)
    scan(as_role("colleague"), shop.serial(item_id))
    answer = scan(as_role("staff"), shop.serial(item_id))
    assert answer["outcome"] == "refused"
    assert "Colleague's cart" in answer["message"]
    assert ", until " in answer["message"]


def test_a_unit_that_is_missing_is_refused_with_where_it_is(shop: Shop, as_role):
    (item_id,) = shop.new_units(1)
    shop.execute("UPDATE items SET status = 'Missing' WHERE id = %s", item_id)
    answer = scan(as_role("staff"), shop.serial(item_id))
    assert (answer["outcome"], answer["message"]) == ("refused", "It is not in stock: missing.")


@pytest.mark.parametrize("by", ["sku", "barcode", "words"])
def test_a_code_of_a_product_asks_for_the_unit(shop: Shop, as_role, by: str):
    sku = shop.new_sku()
    shop.execute(
        "UPDATE products SET name = %s, barcode = %s WHERE sku = %s",
        f"Jug {sku}",
        f"50{sku}",
        sku,
    )
    units = shop.new_units(2, sku)
    code = {"sku": sku, "barcode": f"50{sku}", "words": f"jug {sku}"}[by]
    answer = scan(as_role("staff"), code)
    assert answer["outcome"] == "found"
    assert answer["message"] == "Scan the serial number of the unit, or take any from the list."
    assert answer["productName"] == f"Jug {sku}"
    assert shop.statuses(units) == ["Available", "Available"]


@pytest.mark.parametrize("code", ["no such serial", "<b>", "%", "x" * 200, "\u2603"])
def test_a_code_of_nothing_is_unknown(as_role, code: str):
    answer = scan(as_role("staff"), code)
    assert (answer["outcome"], answer["code"]) == ("unknown", code)
    assert answer["message"] == f"Nothing is called “{code}”."


@pytest.mark.parametrize(("code", "words"), [("", "code"), (" ", "code"), ("x" * 201, "200")])
def test_what_is_no_code_is_said_as_json(as_role, code: str, words: str):
    answer = send(as_role("staff"), code)
    assert answer.status_code == 422
    assert words in answer.json["detail"]


def test_who_is_not_logged_in_is_told_so_as_json(shop: Shop, as_role):
    stranger = as_role("stranger")
    stranger.get("/login")
    answer = send(stranger, "anything")
    assert (answer.status_code, answer.json["code"]) == (401, "unauthorized")


def test_an_old_token_is_told_so_as_json(as_role):
    answer = send(as_role("staff"), "anything", **{"X-CSRFToken": "of an earlier log-in"})
    assert (answer.status_code, answer.json["code"]) == (400, "csrf")


def test_a_scan_needs_few_round_trips(shop: Shop, as_role, count_queries):
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    serial = shop.serial(item_id)
    with count_queries() as statements:
        scan(browser, serial)
    assert len(statements) <= 12


def test_two_people_scan_one_unit_and_one_has_it(shop: Shop, as_role):
    (item_id,) = shop.new_units(1)
    outcomes = [
        scan(as_role(role), shop.serial(item_id))["outcome"] for role in ("staff", "colleague")
    ]
    assert outcomes == ["added", "refused"]
    holder = shop.value("SELECT reserved_by FROM items WHERE id = %s", UUID(str(item_id)))
    assert holder == shop.staff
