"""Pages while the database is away: they say so, come back by themselves, lose nothing typed."""

import re
from html import unescape

import pytest
from flask import Flask

from app.database import transactions
from app.services.accounts import users
from stress.environments.proxy import Proxy
from stress.faults.lines import COMMIT
from tests.conftest import running_app
from tests.support.browser import HTMX, PASSWORD, Browser, alert
from tests.support.shop import Shop

AWAY = "The database is away"
PAGES = ["/", "/inventory", "/invoices", "/invoices/new", "/reservations", "/products", "/jobs"]
STATEMENTS_MAX = 100
REFRESH = 'http-equiv="refresh"'
FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
def admin(app: Flask, store: Shop, proxy: Proxy) -> Browser:
    with store.app.app_context():
        users.set_password(store.admin, PASSWORD)
    browser = Browser(app, "admin@example.com")
    assert browser.log_in().status_code == 303
    browser.get("/products")
    return browser


def fields_again(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in FIELD.findall(page)}


def a_product(page: str, sku: str) -> dict[str, str]:
    return fields_again(page) | {"sku": sku, "name": "Mug", "price": "10.00"}


def products(store: Shop, sku: str) -> int:
    return store.value("SELECT count(*) FROM products WHERE sku = %s", sku)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_whose_line_breaks_anywhere_comes_back_by_itself(
    admin: Browser, proxy: Proxy, path: str
):
    admin.get(path)
    for number in range(STATEMENTS_MAX):
        before, cut = proxy.cuts_made, proxy.arm(b"", passing=number)
        page = admin.get(path)
        proxy.disarm(cut)
        if proxy.cuts_made == before:
            break
        # What is only noted on the side may fail without a word.
        assert page.status_code in (200, 503), page.text
        if page.status_code == 503:
            assert page.headers["Retry-After"] == "5"
            assert AWAY in page.text
            assert REFRESH in page.text
            assert "Traceback" not in page.text
    assert number > 1
    assert admin.get(path).status_code == 200


def test_reading_over_a_slow_line_holds_no_transaction_that_the_database_would_end(
    app: Flask, store: Shop, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
):
    timeout = "idle_in_transaction_session_timeout"
    assert f"{timeout}=5s" in transactions.CONNECTION_OPTIONS
    options = transactions.CONNECTION_OPTIONS.replace(f"{timeout}=5s", f"{timeout}=500ms")
    monkeypatch.setattr(transactions, "CONNECTION_OPTIONS", options)
    with running_app(app.config["SETTINGS"]) as hasty:
        browser = Browser(hasty, "admin@example.com")
        with hasty.app_context():
            browser.sign_in(store.admin)
        browser.get("/inventory")
        proxy.delay_seconds = 1.0
        try:
            page = browser.get("/inventory")
        finally:
            proxy.delay_seconds = 0.0
    assert page.status_code == 200


def test_a_fragment_says_so_above_the_page_which_stays(admin: Browser, proxy: Proxy):
    proxy.close_all()
    said = admin.open("GET", "/inventory?q=mug", headers=HTMX)
    proxy.open = True
    assert said.status_code == 503
    assert said.headers["HX-Retarget"] == "#alerts"
    assert "data-passing" in said.text
    assert AWAY in said.text


def test_a_form_that_was_sent_meanwhile_may_be_sent_again_as_it_was(
    admin: Browser, proxy: Proxy, store: Shop
):
    form = a_product(admin.get("/products/new").text, "AWAY-1")
    proxy.close_all()
    refused = admin.open("POST", "/products", data=form)
    proxy.open = True
    assert refused.status_code == 503
    assert REFRESH not in refused.text
    assert fields_again(refused.text) == form
    assert products(store, "AWAY-1") == 0
    assert admin.open("POST", "/products", data=fields_again(refused.text)).status_code == 303
    assert products(store, "AWAY-1") == 1


@pytest.mark.parametrize("done", [False, True], ids=["was not saved", "was saved"])
def test_a_form_of_which_nobody_knows_whether_it_was_saved_counts_once(
    admin: Browser, proxy: Proxy, store: Shop, done: bool
):
    sku = f"AWAY-{done}"
    form = a_product(admin.get("/products/new").text, sku)
    cut = proxy.arm(COMMIT, done=done)
    refused = admin.open("POST", "/products", data=form)
    assert cut.made.wait(1)
    assert refused.status_code == 503
    assert "not certain" in alert(refused) or "not certain" in refused.text
    assert products(store, sku) == done
    for _ in range(2):
        again = admin.open("POST", "/products", data=fields_again(refused.text))
        assert again.status_code == 303
    assert products(store, sku) == 1


def test_a_password_is_not_shown_for_another_try(app: Flask, proxy: Proxy):
    browser = Browser(app, "admin@example.com")
    browser.get("/login")
    proxy.close_all()
    refused = browser.post("/login", email=browser.email, password=PASSWORD)
    proxy.open = True
    assert refused.status_code == 503
    assert AWAY in refused.text
    assert PASSWORD not in refused.text
