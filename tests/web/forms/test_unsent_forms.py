"""A form that is sent after the log-in has run out: nothing happens, and nothing is lost."""

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from werkzeug.test import TestResponse

from app.services.accounts import users
from tests.support.browser import HTMX, PASSWORD, Browser, alert
from tests.support.shop import Shop

RAN_OUT = "Your log-in has run out. Log in again; what you typed is kept and has not been sent."
KEPT = re.compile(r'name="kept"\s+value="([^"]*)"')
NEXT = re.compile(r'name="next"\s+value="([^"]*)"')


def lose_cookie(browser: Browser, shop: Shop) -> None:
    browser.client.delete_cookie("holdfast")


def change_password(browser: Browser, shop: Shop) -> None:
    users.set_password(shop.colleague, PASSWORD)


WAYS = [lose_cookie, change_password]


@pytest.fixture
def clerk(as_role) -> Browser:
    return as_role("colleague")


def log_in_again(clerk: Browser, page: TestResponse, password: str = PASSWORD) -> TestResponse:
    """Sends the log-in page as it stands."""
    clerk.csrf_token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    clerk.page = "/login"
    kept = KEPT.search(page.text)
    fields = {"kept": unescape(kept[1])} if kept else {}
    next_page = unescape(NEXT.search(page.text)[1])
    return clerk.post("/login", email=clerk.email, password=password, next=next_page, **fields)


def pay(clerk: Browser, path: str, *, htmx: bool = False, **more: str) -> TestResponse:
    clerk.get(path)
    return again(clerk, path, htmx=htmx, **more)


def again(clerk: Browser, path: str, *, htmx: bool = False, **more: str) -> TestResponse:
    fields = {"amount": "4.20", "method": "Card", "reference": "slip 17"}
    return clerk.post(f"{path}/payments", htmx=htmx, **(fields | more))


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
@pytest.mark.parametrize("end", WAYS)
def test_a_payment_is_there_again_after_the_log_in_and_was_not_made(
    shop: Shop, clerk: Browser, end: Callable[[Browser, Shop], None], htmx: bool
) -> None:
    invoice_id = shop.new_invoice(shop.new_units(1))
    path = f"/invoices/{invoice_id}"
    clerk.get(path)
    end(clerk, shop)
    with shop.unchanged():
        log_in = again(clerk, path, htmx=htmx)
        assert log_in.status_code == 401
        assert RAN_OUT in alert(log_in)
        page = log_in_again(clerk, log_in)
    assert page.status_code == 200
    assert "Not sent yet" in alert(page)
    assert f'data-page="{path}"' in page.text
    assert 'value="4.20"' in page.text
    assert 'value="slip 17"' in page.text
    assert re.search(r'<option value="Card"\s+selected', page.text)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    clerk.csrf_token = token
    assert again(clerk, path).status_code == 303
    assert shop.value("SELECT sum(amount) FROM payments WHERE invoice_id = %s", invoice_id) > 4


def test_the_form_keeps_its_key_so_that_it_counts_once(shop: Shop, clerk: Browser) -> None:
    path = f"/invoices/{shop.new_invoice(shop.new_units(1))}"
    clerk.get(path)
    lose_cookie(clerk, shop)
    log_in = again(clerk, path, idempotency_key="of the first try")
    assert 'value="of the first try"' in log_in_again(clerk, log_in).text


def test_a_wrong_password_meanwhile_loses_nothing(shop: Shop, clerk: Browser) -> None:
    path = f"/invoices/{shop.new_invoice(shop.new_units(1))}"
    clerk.get(path)
    lose_cookie(clerk, shop)
    refused = log_in_again(clerk, again(clerk, path), "not the password")
    assert refused.status_code == 422
    assert "what you typed is kept" in refused.text
    assert 'value="slip 17"' in log_in_again(clerk, refused).text


def test_no_password_is_kept(shop: Shop, as_role) -> None:
    admin = as_role("admin")
    admin.get("/admin/users")
    lose_cookie(admin, shop)
    fields = {"name": "Nina", "email": "nina@example.com", "role": "manager"}
    log_in = admin.post("/admin/users", password="a secret of Nina", **fields)
    assert "a secret of Nina" not in log_in.text
    page = log_in_again(admin, log_in)
    assert "a secret of Nina" not in page.text
    assert 'value="Nina"' in page.text
    assert re.search(r'<option value="manager"\s+selected', page.text)


def test_repeated_fields_are_kept(shop: Shop, as_role) -> None:
    admin = as_role("admin")
    admin.get("/admin/tokens")
    lose_cookie(admin, shop)
    log_in = admin.post("/admin/tokens", name="till", scopes=["read", "invoices"])
    page = log_in_again(admin, log_in)
    ticked = re.findall(r'name="scopes"\s+value="(\w+)"\s+checked', page.text)
    assert ticked == ["read", "invoices"]


def test_ten_thousand_serial_numbers_are_kept(shop: Shop, as_role) -> None:
    admin = as_role("admin")
    product = shop.value("SELECT id FROM products WHERE sku = %s", shop.new_sku())
    path = f"/products/{product}"
    admin.get(path)
    lose_cookie(admin, shop)
    serials = "\n".join(f"LONG SERIAL NUMBER Ü-{number:06}" for number in range(10_000))
    log_in = admin.post(f"{path}/units", serial_numbers=serials)
    page = log_in_again(admin, log_in)
    assert serials in unescape(page.text).replace("\r\n", "\n")


def test_a_page_that_is_gone_still_shows_what_was_typed(shop: Shop, as_role) -> None:
    admin = as_role("admin")
    lose_cookie(admin, shop)
    path = "/products/019a6f2e-8f6b-7c3d-9d59-0c9f5a1f2b3c"
    log_in = admin.post(path, name="A mug that was deleted", return_to=path)
    page = log_in_again(admin, log_in)
    assert page.status_code == 200
    assert "A mug that was deleted" in page.text


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://example.org"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "null"},
    {"Referer": "https://example.org/page"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_what_another_site_sends_is_not_kept(shop: Shop, headers: dict[str, str]) -> None:
    path = f"/invoices/{shop.new_invoice(shop.new_units(1))}"
    form = {"amount": "6.66", "reference": "not mine", "return_to": path}
    with shop.unchanged():
        answer = Browser(shop.app).open("POST", f"{path}/payments", data=form, headers=headers)
    assert answer.status_code == 302
    assert "not mine" not in answer.text


KEPT_BY_OTHERS = [
    "{",
    "[]",
    '"text"',
    "[" * 5000,
    json.dumps({"path": "//example.org/", "fields": []}),
    json.dumps({"path": "javascript:alert(1)", "fields": []}),
    json.dumps({"path": "/invoices", "fields": [["a", 1]]}),
    json.dumps({"path": "/invoices", "fields": [["a"]]}),
    json.dumps({"path": "/invoices", "fields": [["a", "\x00"]]}),
    json.dumps({"path": "/invoices", "fields": [["a", "\ud800"]]}),
    json.dumps({"path": "/invoices\udfff", "fields": [["a", "b"]]}),
    json.dumps({"path": 1, "fields": {}}),
]


@pytest.mark.parametrize("kept", KEPT_BY_OTHERS)
def test_anything_else_in_its_place_is_passed_over(clerk: Browser, kept: str) -> None:
    clerk.get("/inventory")
    clerk.client.delete_cookie("holdfast")
    done = clerk.log_in(kept=kept, next="/inventory")
    assert (done.status_code, done.headers["Location"]) == (303, "/inventory")


@pytest.mark.parametrize("end", WAYS)
def test_a_page_is_asked_for_again_after_the_log_in_that_says_why(
    shop: Shop, clerk: Browser, end: Callable[[Browser, Shop], None]
) -> None:
    clerk.get("/inventory")
    end(clerk, shop)
    headers = {"Referer": "http://localhost/inventory"}
    asked = clerk.open("GET", "/reservations?type=Manual", headers=headers)
    log_in = clerk.get(asked.headers["Location"])
    assert "Your log-in has run out. Log in again." in alert(log_in)
    assert log_in_again(clerk, log_in).headers["Location"] == "/reservations?type=Manual"


def test_who_comes_for_the_first_time_is_not_told_that_it_ran_out(shop: Shop) -> None:
    stranger = Browser(shop.app)
    page = stranger.get(stranger.get("/inventory").headers["Location"])
    assert "run out" not in page.text


def test_htmx_that_asks_for_a_part_is_sent_to_the_log_in_with_the_reason(shop: Shop) -> None:
    headers = HTMX | {"HX-Current-URL": "http://localhost/inventory?q=mug"}
    answer = Browser(shop.app).open("GET", "/inventory?q=mugs", headers=headers)
    assert answer.headers["HX-Redirect"] == "/login?next=/inventory?q%3Dmug&ended=1"


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
def test_a_form_of_an_earlier_log_in_is_there_again_with_a_fresh_token(
    shop: Shop, clerk: Browser, htmx: bool
) -> None:
    path = f"/invoices/{shop.new_invoice(shop.new_units(1))}"
    clerk.get(path)
    old = clerk.csrf_token
    clerk.post("/logout")
    clerk.log_in()
    clerk.csrf_token, clerk.page = old, path
    with shop.unchanged():
        refused = again(clerk, path, htmx=htmx)
    assert refused.status_code == 400
    assert "Not sent" in alert(refused)
    assert 'value="slip 17"' in refused.text
    clerk.csrf_token = re.search(r'name="csrf_token" value="([^"]+)"', refused.text)[1]
    assert again(clerk, path).status_code == 303
