"""What a press shows, keeps and says, over a network with 400 ms of latency."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask
from playwright.sync_api import CDPSession, Locator, Page, expect

from app.queries.accounts.api_tokens import find_user_by_email
from app.services.accounts import users
from app.services.catalogue import catalogue
from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.browser.conftest import PASSWORD, Visitor
from tests.browser.test_pages import look

LATENCY_MS = 400
SHOWN_MS_MAX = 100
#: Presses it; tells after how many milliseconds that shows, and whether a spinner then and later.
PRESS = """button => new Promise((done) => {
    const start = performance.now();
    const spinner = () => getComputedStyle(button, "::after").opacity;
    let busyAfter = null, early = null;
    button.click();
    const look = () => {
        const since = performance.now() - start;
        if (busyAfter === null && button.getAttribute("aria-busy") === "true") {
            busyAfter = since;
            early = spinner();
        }
        const isShown = busyAfter !== null && spinner() === "1";
        if (isShown || since > 900) done([busyAfter, early, spinner()]);
        else setTimeout(look, 5);
    };
    look();
})"""
#: Notes for a later page whether it was busy 50 ms after its form was sent.
NOTE_BUSY = """button => button.form.addEventListener("submit", () => setTimeout(
    () => sessionStorage.setItem("busy", button.getAttribute("aria-busy")), 50))"""
ENTER = {
    "type": "keyDown",
    "key": "Enter",
    "code": "Enter",
    "windowsVirtualKeyCode": 13,
    "text": "\r",
}
FOCUSED = "document.activeElement.textContent.replace(/\\s+/g, ' ').trim()"
SKU = "PRESSED"
FREE_UNITS = f"/inventory?sku={SKU}&sort=serial"
RAN_OUT = "Your log-in has run out. Log in again; what you typed is kept and has not been sent."


@pytest.fixture(scope="module", autouse=True)
def free_units(site_app: Flask) -> None:
    """As many free units as one page of the list shows."""
    with site_app.app_context():
        admin = find_user_by_email("admin@example.com")
        catalogue.create_product(sku=SKU, name="Pressed flower", price=Decimal("5.00"))
        InventoryLifecycleService().receive_items(SKU, admin, quantity=50)


@pytest.fixture
def slow() -> Callable[..., CDPSession]:
    sessions: dict[Page, CDPSession] = {}

    def slow_down(
        visitor: Visitor, latency: int = LATENCY_MS, *, offline: bool = False
    ) -> CDPSession:
        page = visitor.page
        session = sessions.setdefault(page, page.context.new_cdp_session(page))
        session.send("Network.enable")
        conditions = {"latency": latency, "downloadThroughput": -1, "uploadThroughput": -1}
        session.send("Network.emulateNetworkConditions", {"offline": offline, **conditions})
        return session

    return slow_down


@pytest.fixture
def end_log_in(site_app: Flask) -> Callable[[str], None]:
    """Ends every session of somebody, whatever cookies their browsers have or get."""

    def end(role: str) -> None:
        with site_app.app_context():
            users.set_password(find_user_by_email(f"{role}@example.com"), PASSWORD)

    return end


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def rows(page: Page) -> Locator:
    return page.locator("#content tbody tr")


def posts_of(page: Page) -> list[str]:
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    return sent


def open_invoice(visitor: Visitor, name: str, units: int = 1) -> str:
    """A new invoice for one unit; returns the path of its page."""
    for _ in range(units):
        visitor.go("/invoices/new?q=PRESSED")
        visitor.page.locator("#results .unit button").first.click()
        visitor.page.locator("#cart .unit").first.wait_for()
    visitor.page.get_by_label("Name", exact=True).fill(name)
    visitor.press("Create invoice")
    visitor.page.wait_for_url(re.compile(r"/invoices/[0-9a-f-]{36}$"))
    return visitor.page.url.removeprefix(visitor.site)


def open_unit(visitor: Visitor, number: int) -> None:
    visitor.go(FREE_UNITS)
    rows(visitor.page).nth(number).locator("a").first.click()
    visitor.page.wait_for_url(re.compile("/inventory/[0-9a-f-]{36}$"))


def lose_log_in(visitor: Visitor) -> None:
    visitor.page.context.clear_cookies()


def log_in_again(visitor: Visitor, role: str) -> None:
    visitor.page.get_by_label("E-mail address").fill(f"{role}@example.com")
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.press("Log in")


# What a press shows


def test_a_button_of_htmx_is_busy_at_once_and_turns_after_a_moment(visit, slow):
    with visit("staff") as clerk:
        clerk.go(FREE_UNITS)
        slow(clerk, 1200)
        reserve = rows(clerk.page).first.get_by_role("button").element_handle()
        shown_after, early, late = reserve.evaluate(PRESS)
        assert shown_after < SHOWN_MS_MAX
        assert (early, late) == ("0", "1")
        assert reserve.is_disabled()
        expect(rows(clerk.page).first.get_by_role("button")).to_contain_text("Release")
        expect(clerk.page.locator("[aria-busy=true]")).to_have_count(0)


def test_a_button_that_loads_a_page_is_busy_at_once(visit, slow):
    with visit("staff") as clerk:
        open_invoice(clerk, "Busy button")
        slow(clerk, 1200)
        pay = button(clerk.page, "Record payment").element_handle()
        shown_after, early, late = pay.evaluate(PRESS)
        assert shown_after < SHOWN_MS_MAX
        assert (early, late) == ("0", "1")
        expect(clerk.page.locator("#notices")).to_contain_text("Took")


def test_a_link_that_looks_like_a_button_is_busy_at_once(visit, slow):
    with visit("admin") as admin:
        admin.go("/products")
        slow(admin, 1200)
        link = admin.page.locator("a.btn", has_text="New product").element_handle()
        shown_after, early, late = link.evaluate(PRESS)
        assert shown_after < SHOWN_MS_MAX
        assert (early, late) == ("0", "1")
        admin.page.wait_for_url("**/products/new")
        slow(admin, 0)
        admin.page.go_back()
        expect(admin.page.locator("[aria-busy=true]")).to_have_count(0)


def test_enter_in_a_field_is_a_press_too_and_counts_once(visit, slow):
    with visit("admin") as admin:
        admin.go("/products/new")
        admin.page.get_by_label("SKU").fill("ENTER-1")
        admin.page.get_by_label("Name", exact=True).fill("Made with Enter")
        session = slow(admin)
        sent = posts_of(admin.page)
        admin.page.get_by_label("Name", exact=True).focus()
        button(admin.page, "Create product").evaluate(NOTE_BUSY)
        for _ in range(3):  # without Playwright, which waits for the page that comes
            session.send("Input.dispatchKeyEvent", ENTER)
        admin.page.get_by_role("heading", name="Made with Enter").wait_for()
        assert len(sent) == 1
        assert admin.page.evaluate("sessionStorage.getItem('busy')") == "true"


def test_a_double_click_sends_one_request(visit, slow):
    with visit("staff") as clerk:
        clerk.go(FREE_UNITS)
        slow(clerk)
        sent = posts_of(clerk.page)
        rows(clerk.page).nth(3).get_by_role("button").dblclick()
        expect(rows(clerk.page).nth(3).get_by_role("button")).to_contain_text("Release")
        assert len(sent) == 1


def test_two_rows_pressed_one_after_another_both_show_what_became_of_them(visit, slow):
    with visit("staff") as clerk:
        clerk.go(FREE_UNITS)
        slow(clerk)
        for number in (5, 6):
            rows(clerk.page).nth(number).get_by_role("button").click()
        for number in (5, 6):
            expect(rows(clerk.page).nth(number).get_by_role("button")).to_contain_text("Release")


def test_a_network_that_is_away_ends_the_press_and_says_so(visit, slow):
    with visit("staff") as clerk:
        clerk.go(FREE_UNITS)
        row = rows(clerk.page).nth(8)
        slow(clerk, offline=True)
        row.get_by_role("button").click()
        assert "The store does not answer" in clerk.alert()
        expect(clerk.page.locator("[aria-busy=true]")).to_have_count(0)
        slow(clerk, 0)
        row.get_by_role("button").click()
        expect(row.get_by_role("button")).to_contain_text("Release")
        expect(clerk.page.get_by_role("alert")).to_have_count(0)
        assert all(words.startswith("htmx:") for words in clerk.complaints)
        clerk.complaints.clear()  # of htmx about the network


# Focus


def test_the_focus_goes_on_to_what_the_row_offers_next(visit, slow):
    with visit("staff") as clerk:
        clerk.go(FREE_UNITS)
        slow(clerk)
        row = rows(clerk.page).nth(10)
        serial = row.locator(".serial, a").first.inner_text()
        row.get_by_role("button").press("Enter")
        assert clerk.page.evaluate(FOCUSED) == f"Reserve {serial}"
        expect(row.get_by_role("button")).to_contain_text("Release")
        assert clerk.page.evaluate(FOCUSED) == f"Release {serial}"


def test_the_focus_goes_to_the_next_row_when_its_own_is_gone(visit, slow):
    with visit("staff") as clerk:
        for name in ("first of the row", "second of the row"):
            open_unit(clerk, 45 if name.startswith("first") else 46)
            clerk.page.get_by_label("Reserve for").fill(name)
            button(clerk.page, "Reserve").click()
            expect(clerk.page.locator("#notices")).to_contain_text(f"for {name}")
        clerk.go("/reservations?type=Manual")
        slow(clerk)
        count = rows(clerk.page).count()
        own = rows(clerk.page).filter(has=clerk.page.get_by_role("button", name="Release"))
        own.first.get_by_role("button", name="Release").press("Enter")
        expect(rows(clerk.page)).to_have_count(count - 1)
        assert clerk.page.evaluate("document.activeElement.closest('tr') !== null")


def test_a_refused_field_gets_the_focus(visit, slow):
    with visit("staff") as clerk:
        open_invoice(clerk, "Types words")
        slow(clerk)
        clerk.page.get_by_label("Amount").fill("twelve")
        clerk.page.get_by_label("Amount").press("Enter")
        expect(clerk.page.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
        expect(clerk.page.get_by_label("Amount")).to_be_focused()


def test_the_focus_stays_on_a_button_over_a_page_that_is_loaded_again(visit, slow):
    with visit("staff") as clerk:
        open_invoice(clerk, "Pays in parts")
        slow(clerk)
        clerk.page.get_by_label("Amount").fill("0.01")
        button(clerk.page, "Record payment").press("Enter")
        expect(clerk.page.locator("#notices")).to_contain_text("Took")
        expect(button(clerk.page, "Record payment")).to_be_focused()


# Notices


def test_a_refused_row_no_longer_offers_it_and_no_old_notice_stays(visit, slow):
    with visit("staff") as clerk, visit("manager") as manager:
        clerk.go(FREE_UNITS)
        manager.go(FREE_UNITS)
        slow(clerk)
        rows(clerk.page).nth(13).get_by_role("button").click()
        expect(clerk.page.locator("#notices")).to_contain_text("Reserved 1 unit")
        rows(manager.page).nth(12).get_by_role("button").click()
        expect(manager.page.locator("#notices")).to_contain_text("Reserved 1 unit")
        row = rows(clerk.page).nth(12)
        row.get_by_role("button").press("Enter")
        expect(clerk.page.locator("#notices .notice")).to_have_count(0)
        assert "Manager" in clerk.alert()
        expect(row.get_by_role("button", name="Reserve")).to_have_count(0)
        expect(row).to_contain_text("Manager")
        assert clerk.page.evaluate("document.activeElement !== document.body")

        rows(clerk.page).nth(14).get_by_role("button").click()
        expect(clerk.page.locator("#notices")).to_contain_text("Reserved 1 unit")
        expect(clerk.page.get_by_role("alert")).to_have_count(0)


def test_an_alternative_in_a_refusal_is_reserved_where_one_is(visit):
    with visit("staff") as clerk, visit("manager") as manager:
        for one in (clerk, manager):
            one.go(FREE_UNITS)
        rows(manager.page).nth(20).get_by_role("button").click()
        expect(manager.page.locator("#notices")).to_contain_text("Reserved")
        rows(clerk.page).nth(20).get_by_role("button").click()
        clerk.alert()
        clerk.page.get_by_role("alert").get_by_role("button", name="Reserve").first.click()
        expect(clerk.page.locator("#notices")).to_contain_text("Reserved 1 unit")
        expect(clerk.page.locator("h1")).to_have_text("Inventory")
        expect(clerk.page.locator("#content table")).to_have_count(1)


# What was typed


def test_what_was_typed_into_other_forms_stays_when_one_is_refused_and_when_one_is_done(
    visit, slow
):
    with visit("manager") as manager:
        open_invoice(manager, "Keeps the rest")
        slow(manager)
        page = manager.page
        page.get_by_label("Reason").fill("They asked for it")
        page.get_by_label("Amount").fill("twelve")
        page.get_by_label("Method").select_option("Card")
        manager.press("Record payment")
        expect(page.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("Amount")).to_have_value("twelve")
        expect(page.get_by_label("Method")).to_have_value("Card")
        expect(page.get_by_label("Reason")).to_have_value("They asked for it")
        assert page.url.endswith(page.locator("main").get_attribute("data-page"))

        page.get_by_label("Amount").fill("0.02")
        manager.press("Record payment")
        expect(page.locator("#notices")).to_contain_text("Took £0.02")
        expect(page.get_by_label("Reason")).to_have_value("They asked for it")
        expect(page.get_by_label("Amount")).not_to_have_value("0.02")


def test_a_part_that_is_replaced_keeps_what_was_typed_in_it(visit, slow):
    with visit("admin") as admin, visit("manager") as manager:
        open_unit(admin, 30)
        slow(admin)
        page = admin.page
        page.get_by_label("Shelf or room").fill("Behind the door")
        page.get_by_label("Condition", exact=True).select_option("OpenBox")
        manager.go(page.url.removeprefix(admin.site))
        button(manager.page, "Reserve").click()
        expect(manager.page.locator("#notices")).to_contain_text("Reserved")

        page.get_by_label("Reserve for").fill("Window")
        button(page, "Reserve").click()
        assert "Manager" in admin.alert()
        expect(page.get_by_label("Shelf or room")).to_have_value("Behind the door")
        expect(page.get_by_label("Condition", exact=True)).to_have_value("OpenBox")
        button(page, "Release").click()
        expect(page.locator("#notices")).to_contain_text("Released 1 unit")
        expect(page.get_by_label("Shelf or room")).to_have_value("Behind the door")
        expect(page.get_by_label("Condition", exact=True)).to_have_value("OpenBox")


def test_what_was_sent_does_not_come_back_after_it_was_done(visit, slow):
    with visit("admin") as admin:
        open_unit(admin, 31)
        slow(admin)
        page = admin.page
        page.get_by_label("Reserve for").fill("Window")
        page.get_by_label("Shelf or room").fill("  Shelf 7  ")
        button(page, "Save").click()
        expect(page.locator("#notices")).to_contain_text("Saved")
        expect(page.get_by_label("Shelf or room")).to_have_value("Shelf 7")
        expect(page.get_by_label("Reserve for")).to_have_value("Window")


def test_ticks_stay_when_a_row_is_reserved(visit, slow):
    with visit("staff") as clerk:
        clerk.go(FREE_UNITS)
        slow(clerk)
        page = clerk.page
        rows(page).nth(33).get_by_role("checkbox").check()
        page.get_by_label("Reserve for").fill("Fair")
        rows(page).nth(35).get_by_role("button").click()
        expect(page.locator("#notices")).to_contain_text("Reserved")
        expect(rows(page).nth(33).get_by_role("checkbox")).to_be_checked()
        expect(page.locator("[data-chosen-count]")).to_have_text("1 chosen")
        expect(page.get_by_label("Reserve for")).to_have_value("Fair")


def test_open_details_and_other_forms_stay_on_the_page_of_users(visit, slow):
    with visit("admin") as admin:
        admin.go("/admin/users")
        slow(admin)
        page = admin.page
        page.get_by_label("Role of Staff").select_option("manager")
        page.get_by_text("Set a new password for Manager").click()
        page.locator("form[action='/admin/users']").get_by_label("Name").fill("Nina")
        page.locator("form[action='/admin/users']").get_by_label("E-mail address").fill("no@addr")
        page.locator("form[action='/admin/users']").get_by_label("Password").fill("short")
        admin.press("Create user")
        page.get_by_role("alert").first.wait_for()
        expect(page.get_by_label("Role of Staff")).to_have_value("manager")
        expect(page.locator("details[open]")).to_have_count(1)
        expect(page.locator("form[action='/admin/users']").get_by_label("Name")).to_have_value(
            "Nina"
        )
        expect(page.locator("form[action='/admin/users']").get_by_label("Password")).to_have_value(
            ""
        )


# The log-in has run out


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_payment_is_there_again_after_the_log_in(visit, slow, script: bool):
    with visit("manager", java_script_enabled=script) as manager:
        page = manager.page
        path = open_invoice(manager, "Pays late")
        page.get_by_label("Amount").fill("1.23")
        page.get_by_label("Reference").fill("slip 9")
        page.get_by_label("Reason").fill("Perhaps later")
        lose_log_in(manager)
        slow(manager)
        manager.press("Record payment")
        assert RAN_OUT in manager.alert()
        log_in_again(manager, "manager")
        page.get_by_role("heading", name="Invoice").wait_for()
        assert "Not sent yet" in manager.alert()
        expect(page.get_by_label("Amount")).to_have_value("1.23")
        expect(page.get_by_label("Reference")).to_have_value("slip 9")
        if script:
            expect(page.get_by_label("Reason")).to_have_value("Perhaps later")
            assert page.url == manager.site + path
        assert page.locator(".page-head .status-badge").inner_text() == "Open"
        manager.press("Record payment")
        expect(page.locator("#notices")).to_contain_text("Took £1.23")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_an_invoice_is_there_again_after_the_log_in(visit, end_log_in, script: bool):
    with visit("staff", java_script_enabled=script) as clerk:
        page = clerk.page
        clerk.go("/invoices/new?q=PRESSED")
        page.locator("#results .unit button").first.click()
        page.locator("#cart .unit").first.wait_for()
        page.get_by_label("Name", exact=True).fill("Vera Late")
        page.get_by_label("E-mail", exact=True).fill("vera@example.com")
        page.get_by_label("Notes").fill("Gift wrapped")
        end_log_in("staff")
        clerk.press("Create invoice")
        assert RAN_OUT in clerk.alert()
        log_in_again(clerk, "staff")
        assert "Not sent yet" in clerk.alert()
        expect(page.get_by_label("Name", exact=True)).to_have_value("Vera Late")
        expect(page.get_by_label("E-mail", exact=True)).to_have_value("vera@example.com")
        expect(page.get_by_label("Notes")).to_have_value("Gift wrapped")
        clerk.go("/invoices?q=Vera+Late")
        page.get_by_role("heading", name="Invoices").wait_for()
        assert page.get_by_role("link", name=re.compile(r"^\d+$")).count() == 0


def test_a_field_that_saves_itself_is_there_again_after_the_log_in(visit, end_log_in):
    with visit("staff") as clerk:
        page = clerk.page
        clerk.go("/invoices/new")
        end_log_in("staff")
        page.get_by_label("Name", exact=True).fill("Vera Away")
        page.get_by_label("Name", exact=True).blur()
        assert RAN_OUT in clerk.alert()
        log_in_again(clerk, "staff")
        expect(page.get_by_label("Name", exact=True)).to_have_value("Vera Away")
        expect(page.locator("#notices")).to_contain_text("it was not sent")


def test_a_form_of_htmx_is_there_again_after_the_log_in(visit, slow, pictures):
    with visit("admin") as admin:
        open_unit(admin, 40)
        page = admin.page
        page.get_by_label("Reserve for").fill("The fair")
        page.get_by_label("Shelf or room").fill("Attic")
        lose_log_in(admin)
        slow(admin)
        button(page, "Reserve").click()
        assert RAN_OUT in admin.alert()
        expect(page.get_by_label("E-mail address")).to_be_focused()
        assert look(page, pictures / "log-in-ran-out.png", "log-in") == []
        log_in_again(admin, "admin")
        assert "Not sent yet" in admin.alert()
        expect(page.get_by_label("Reserve for")).to_have_value("The fair")
        expect(page.get_by_label("Shelf or room")).to_have_value("Attic")
        button(page, "Reserve").click()
        expect(page.locator("#notices")).to_contain_text("for The fair")


def test_a_search_after_the_log_in_has_run_out_keeps_what_was_typed(visit):
    with visit("staff") as clerk:
        page = clerk.page
        clerk.go("/inventory")
        page.get_by_label("Reserve for").evaluate("field => { field.value = 'Fair' }")
        lose_log_in(clerk)
        page.locator("#q").fill("heart")
        assert "Your log-in has run out. Log in again." in clerk.alert()
        log_in_again(clerk, "staff")
        page.get_by_role("heading", name="Inventory").wait_for()
        expect(page.locator("#bulk-for")).to_have_value("Fair")
        expect(page.locator("#notices")).to_contain_text("it was not sent")


# The back button


def test_the_back_button_and_another_press_tell_what_was_made(visit):
    with visit("admin") as admin:
        page = admin.page
        admin.go("/products/new")
        page.get_by_label("SKU").fill("BACK-1")
        page.get_by_label("Name", exact=True).fill("Made first")
        key = page.locator("main [name=idempotency_key]").input_value()
        admin.press("Create product")
        page.get_by_role("heading", name="Made first").wait_for()
        page.go_back()
        # As in a page that a browser kept whole, which Playwright has switched off.
        page.locator("main [name=idempotency_key]").evaluate(f"field => field.value = '{key}'")
        page.get_by_label("SKU").fill("BACK-2")
        page.get_by_label("Name", exact=True).fill("Made second")
        admin.press("Create product")
        assert "This form was sent before" in admin.alert()
        assert "Idempotency" not in page.locator("body").inner_text()
        expect(page.get_by_role("link", name="See Made first")).to_be_visible()
        expect(page.get_by_label("SKU")).to_have_value("BACK-2")
        admin.press("Create product")
        page.get_by_role("heading", name="Made second").wait_for()
