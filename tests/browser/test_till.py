"""Scanning loses nothing: at any latency, offline, over reloads and restarts, in two tabs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.browser.conftest import sign_in
from tests.browser.till import PAGE, Till, second_tab, till_of, units
from tests.conftest import Servers
from tests.support.shop import Shop, open_shop


@pytest.fixture(scope="module")
def till_shop(
    servers: Servers, template_database: str, database_names: Iterator[str], redis_url: str
) -> Iterator[Shop]:
    name = next(database_names)
    with open_shop(servers.create_database(name, template_database), redis_url) as shop:
        yield shop
    servers.drop_database(name)


@pytest.fixture(scope="module")
def site_app(till_shop: Shop) -> Flask:
    return till_shop.app


@pytest.fixture
def shop(till_shop: Shop) -> Iterator[Shop]:
    with till_shop.app.app_context():
        yield till_shop


@pytest.fixture
def till(visit, shop: Shop) -> Iterator[Till]:
    with visit(None) as visitor:
        yield till_of(visitor, shop)


@pytest.mark.parametrize(
    ("latency_ms", "quantity"),
    [(0, 20), (120, 20), pytest.param(400, 20, marks=pytest.mark.proof), (1500, 3)],
)
def test_every_scan_counts_once_and_in_order(till: Till, shop: Shop, latency_ms, quantity):
    serials = units(shop, quantity)
    till.network(latency_ms)
    for serial in serials:
        till.scan(serial)
        assert till.field() == ""
    till.wait_for_status(f"{quantity} added")
    assert till.results() == [("Added", serial) for serial in serials]
    assert till.held() == serials
    till.wait_for_cart()
    assert till.requests["POST /scan"] == quantity
    assert till.requests["GET /"] < max(quantity, 5)
    assert till.times_held(serials) == [1] * quantity


def test_each_scan_has_its_result_whatever_becomes_of_it(till: Till, shop: Shop):
    good, (taken,) = units(shop, 4), units(shop, 1)
    shop.new_invoice([shop.value("SELECT id FROM items WHERE serial_number = %s", taken)])
    till.network(120)
    till.scan(good[0], "NO-SUCH-1", good[1].lower(), taken, good[0], good[2], "mug", good[3])
    till.wait_for_results(8)
    assert till.results() == [
        ("Added", good[0]),
        ("Unknown", "NO-SUCH-1"),
        ("Added", good[1]),
        ("Refused", taken),
        ("Already in this cart", good[0]),
        ("Added", good[2]),
        ("Not added", "mug"),
        ("Added", good[3]),
    ]
    till.wait_for_status("4 added, 1 unknown, 1 refused, 1 there already, 1 not added")
    assert till.held() == good
    till.wait_for_cart()
    refused = till.page.locator("#scan-results .is-refused")
    assert "Staff" in refused.inner_text()
    till.page.locator("#results .found").first.wait_for()


def test_what_is_free_instead_is_taken_from_the_refusal(till: Till, shop: Shop):
    taken, free = units(shop, 2)
    shop.new_invoice([shop.value("SELECT id FROM items WHERE serial_number = %s", taken)])
    till.scan(taken)
    assert free in till.visitor.alert()
    till.page.get_by_role("alert").get_by_role("button", name=f"Reserve {free}").click()
    till.page.locator("#cart .unit", has_text=free).wait_for()
    assert till.held() == [free]
    assert till.results() == [("Refused", taken)]


def test_scans_that_wait_while_offline_are_sent_when_the_network_is_back(till: Till, shop: Shop):
    serials = units(shop, 5)
    till.scan(serials[0])
    till.wait_for_results(1)
    till.network(offline=True)
    till.scan(*serials[1:])
    till.wait_for_status("Offline: 4 scans waiting")
    assert till.field() == ""
    assert till.held() == serials[:1]
    till.network()
    till.wait_for_results(5)
    assert till.held() == serials
    till.wait_for_cart()


def test_a_reload_in_the_middle_loses_nothing(till: Till, shop: Shop):
    serials = units(shop, 4)
    till.network(400)
    till.scan(*serials)
    till.wait_for_results(1)
    till.page.reload()
    till.wait_until_sent()
    assert till.held() == serials
    till.wait_for_cart()
    assert till.times_held(serials) == [1] * 4


def test_a_tab_closed_while_offline_leaves_its_scans_to_the_next(till: Till, shop: Shop):
    serials = units(shop, 3)
    tab = second_tab(till)
    tab.network(offline=True)
    tab.scan(*serials)
    tab.wait_for_status("Offline: 3 scans waiting")
    tab.page.close()
    till.wait_for_status("3 added")
    assert till.held() == serials


def test_two_tabs_scan_into_one_cart_and_both_show_it(till: Till, shop: Shop):
    serials = units(shop, 20)
    other = second_tab(till)
    for tab in (till, other):
        tab.network(120)
    for one, two in zip(serials[::2], serials[1::2], strict=True):
        till.scan(one)
        other.scan(two)
    till.wait_for_results(10)
    other.wait_for_results(10)
    assert sorted(till.held()) == sorted(serials)
    till.wait_for_cart()
    other.wait_for_cart()
    assert till.requests["POST /scan"] + other.requests["POST /scan"] == 20
    assert other.visitor.complaints == []


def test_an_answer_that_is_lost_is_asked_for_again(till: Till, shop: Shop):
    serials, lost = units(shop, 3), []

    def lose_the_first(route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort("connectionreset")

    till.page.route(f"**{PAGE}/scan", lose_the_first)
    till.scan(*serials)
    till.wait_for_status("3 added")
    assert lost == [200]
    assert till.results() == [("Added", serial) for serial in serials]
    assert till.times_held(serials) == [1, 1, 1]


@pytest.mark.parametrize(
    ("status", "headers"), [(409, {"Retry-After": "1"}), (429, {}), (503, {}), (502, {}), (500, {})]
)
def test_a_passing_refusal_is_tried_again(till: Till, shop: Shop, status, headers):
    serials = units(shop, 2)
    path = f"**{PAGE}/scan"
    till.page.route(
        path, lambda route: route.fulfill(status=status, headers=headers, body=""), times=2
    )
    till.scan(*serials)
    till.wait_for_status("The store is busy: 2 scans waiting")
    till.wait_for_results(2)
    assert till.results() == [("Added", serial) for serial in serials]
    assert till.held() == serials


@contextmanager
def server_on(app: Flask, port: int) -> Iterator[int]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_restart_of_the_store_in_the_middle_loses_nothing(browser, visit, shop: Shop):
    with visit(None) as visitor:
        with server_on(shop.app, 0) as port:
            visitor.site = f"http://127.0.0.1:{port}"
            till = till_of(visitor, shop)
            serials = units(shop, 10)
            till.network(120)
            till.scan(*serials[:6])
            till.wait_for_results(1)
        till.scan(*serials[6:])
        till.wait_for_status("Offline")
        with server_on(shop.app, port):
            till.wait_until_sent()
            till.wait_for_results(10)
            assert till.held() == serials
            till.wait_for_cart()
        assert till.times_held(serials) == [1] * 10


def test_a_log_in_that_has_run_out_stops_the_queue_until_the_next(till: Till, shop: Shop):
    serials = units(shop, 3)
    till.page.context.clear_cookies()
    till.scan(*serials)
    till.wait_for_status("Your log-in has run out: 3 scans waiting")
    till.page.locator("#scan-status").get_by_role("link", name="Log in").click()
    till.page.get_by_label("E-mail address").wait_for()
    somebody_else = till_of(till.visitor, shop)
    somebody_else.scan("NOPE-1")
    somebody_else.wait_for_results(1)
    assert somebody_else.held() == till.held() == []
    till.page.context.clear_cookies()
    sign_in(till.visitor, shop.app, till.user_id)
    till.open().wait_for_status("3 added")
    assert till.held() == serials


def test_a_pasted_list_is_a_list_of_scans(till: Till, shop: Shop):
    serials = units(shop, 18)
    groups = [*serials[:6], "NOPE-1", ", ".join(serials[6:12]), "; ".join(serials[12:]), "NOPE-2"]
    text = "\n".join(groups)
    notes = till.page.get_by_label("Notes")
    notes.fill(text)
    notes.press("Control+A")
    notes.press("Control+C")
    till.page.locator("#q").press("Control+V")
    assert till.field() == ""
    till.wait_for_status("18 added, 2 unknown")
    assert till.held() == serials
    till.wait_for_cart()
    assert till.results()[6] == ("Unknown", "NOPE-1")


def test_the_list_of_results_stays_short_but_keeps_what_went_wrong(till: Till, shop: Shop):
    serials = units(shop, 24)
    till.scan("NOPE-1", *serials)
    till.wait_for_status("1 unknown, 24 added")
    assert till.results() == [("Unknown", "NOPE-1"), *(("Added", serial) for serial in serials[4:])]


def test_the_focus_stays_on_a_button_of_the_cart_while_scans_come(till: Till, shop: Shop):
    serials = units(shop, 3)
    till.scan(serials[0])
    till.wait_for_results(1)
    till.wait_for_cart()
    button = till.page.locator("#cart .unit", has_text=serials[0]).get_by_role("button")
    button.focus()
    till.burst(serials[1])
    till.burst(serials[2])
    till.wait_for_results(3)
    till.wait_for_cart()
    assert button.evaluate("one => one === document.activeElement")


def test_a_price_that_one_tab_saves_is_shown_in_the_other(till: Till, shop: Shop):
    till.scan(*units(shop, 1))
    till.wait_for_results(1)
    till.wait_for_cart()
    other = second_tab(till)
    other.page.locator("#cart .price").fill("4,20")
    other.page.locator("#cart .price").press("Enter")
    till.page.locator(".cart-total", has_text="£4.20").wait_for()
    assert till.page.locator("#cart .price").input_value() == "4.20"
    assert other.visitor.complaints == []


def test_that_the_store_is_away_is_said_of_a_field_until_a_scan_is_answered(till: Till, shop: Shop):
    till.network(offline=True)
    name = till.page.get_by_label("Name", exact=True)
    name.fill("Off Line")
    name.press("Tab")
    alert = till.page.get_by_role("alert")
    assert "What you typed is not saved yet" in till.visitor.alert()
    till.network()
    till.burst(*units(shop, 1))
    till.wait_for_results(1)
    alert.wait_for(state="detached")
    assert name.input_value() == "Off Line"
    till.visitor.complaints.clear()  # that of htmx about the network


def test_prices_typed_between_scans_are_those_of_the_invoice(till: Till, shop: Shop):
    first, second = units(shop, 3), units(shop, 3, "20.00")
    till.network(400)
    till.scan(first[0], second[0])
    till.wait_for_status("2 added")
    prices = till.page.locator("#cart .price")
    prices.nth(1).wait_for()
    prices.nth(0).fill("7.5")
    prices.nth(1).click()
    till.page.keyboard.press("Control+A")
    till.page.keyboard.type("1", delay=60)
    for serial in (*first[1:], *second[1:]):
        till.burst(serial)
    assert prices.nth(1).input_value() == "1"
    till.wait_for_results(6)
    till.wait_for_cart()
    assert prices.nth(1).input_value() == "1"
    till.page.keyboard.type("8", delay=60)
    assert prices.nth(1).input_value() == "18"
    till.page.get_by_label("Name", exact=True).fill("Buys six")
    till.page.locator(".cart-total", has_text="£76.50").wait_for()
    till.visitor.press("Create invoice")
    till.page.wait_for_url("**/invoices/*-*")
    expected = [(serial, "7.50") for serial in first] + [(serial, "18.00") for serial in second]
    assert till.sold() == sorted(expected)
    assert till.invoices() == 1


def test_an_invoice_waits_for_the_scans_before_it(till: Till, shop: Shop):
    serials = units(shop, 6)
    till.page.get_by_label("Name", exact=True).fill("In a hurry")
    till.page.locator("#q").focus()
    till.network(120)
    till.scan(*serials)
    till.visitor.press("Create invoice")
    till.page.wait_for_url("**/invoices/*-*")
    assert [serial for serial, _ in till.sold()] == serials
    assert till.invoices() == 1


def test_no_invoice_is_made_when_a_scan_before_it_fails(till: Till, shop: Shop):
    serials, held_up = units(shop, 2), []

    def hold_up(route) -> None:
        held_up.append(route) if "NOPE" in route.request.post_data else route.continue_()

    till.page.route(f"**{PAGE}/scan", hold_up)
    till.page.get_by_label("Name", exact=True).fill("In a hurry")
    till.page.locator("#q").focus()
    with till.page.expect_request(lambda request: "NOPE" in (request.post_data or "")):
        till.scan(serials[0], "NOPE-1", serials[1])
    till.visitor.press("Create invoice")
    held_up[0].continue_()
    till.wait_for_status("Nothing was done: look at the scans first")
    till.wait_for_results(3)
    till.wait_for_cart()
    assert till.invoices() == 0
    till.visitor.press("Create invoice")
    till.page.wait_for_url("**/invoices/*-*")
    assert [serial for serial, _ in till.sold()] == serials
