"""Whatever is refused, by whomever: what was typed into the form stays, without any script."""

import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.browser import Browser, alert
from tests.support.shop import Shop

LONG = "far too long " * 200


class Form(HTMLParser):
    """What the fields of the form that posts to ``action`` would send, as the page shows them."""

    def __init__(self, action: str) -> None:
        super().__init__(convert_charrefs=True)
        self.action, self.form_id = action, None
        self.inside, self.select, self.area = False, "", ""
        self.shown: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.inside = given.get("action") == self.action and given.get("method") == "post"
            self.form_id = given.get("id", "") if self.inside else self.form_id
        is_own = self.inside or (self.form_id and given.get("form") == self.form_id)
        if not is_own and tag != "option":
            return
        name = given.get("name", "")
        if tag == "input":
            is_box = given.get("type") in ("checkbox", "radio")
            if not is_box or "checked" in given:
                self.show(name, given.get("value", "on" if is_box else ""))
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.show(self.select, given.get("value", ""))
        elif tag == "textarea":
            self.area = name
            self.show(name, "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.shown[self.area][-1] += data

    def show(self, name: str, value: str) -> None:
        self.shown.setdefault(name, []).append(value)


def shown_in(response: TestResponse, action: str) -> dict[str, list[str]]:
    form = Form(action)
    for _ in range(2):  # fields may stand before their form
        form.feed(response.text)
        found, form.shown = form.shown, {}
        form.reset()
    return found


@dataclass(frozen=True)
class Case:
    page: str
    action: str
    fields: dict[str, Any]
    role: str = "admin"


CASES = {
    "hold": Case(
        "/inventory/{free}",
        "/inventory/{free}/hold",
        {"reserved_for_id": LONG, "expires_in_minutes": "10080", "notes": "For the fair"},
    ),
    "hold of one that is gone": Case(
        "/inventory?sku={sku}",
        "/inventory/bulk",
        {
            "reserved_for_id": "The fair",
            "expires_in_minutes": "1440",
            "item_ids": ["{free}", "{held}"],
            "action": "hold",
        },
    ),
    "edit of a unit": Case(
        "/inventory/{free}",
        "/inventory/{free}/edit",
        {"condition": "Used", "status": "InRepair", "location": LONG, "notes": "N", "version": "1"},
    ),
    "stale edit of a unit": Case(
        "/inventory/{free}",
        "/inventory/{free}/edit",
        {
            "condition": "Used",
            "status": "InStock",
            "location": "Attic",
            "notes": "Scratched\nbox",
            "version": "0",
        },
    ),
    "new product": Case(
        "/products/new",
        "/products",
        {"sku": "NEW-1", "name": "Mug", "price": "dear", "category": "Cups", "barcode": "7"},
    ),
    "edit of a product": Case(
        "/products/{product}",
        "/products/{product}",
        {"name": "", "price": "1.00", "category": "Cups", "barcode": "7", "version": "1"},
    ),
    "receiving": Case(
        "/products/{product}",
        "/products/{product}/units",
        {
            "quantity": "2",
            "serial_numbers": "A-1\nA-2",
            "warehouse": "MAIN",
            "location": "Shelf 2",
            "condition": "Used",
        },
    ),
    "payment": Case(
        "/invoices/{invoice}",
        "/invoices/{invoice}/payments",
        {"amount": "twelve", "method": "Transfer", "reference": "slip 1"},
    ),
    "too large a payment": Case(
        "/invoices/{invoice}",
        "/invoices/{invoice}/payments",
        {"amount": "1000.00", "method": "Other", "reference": "slip 2"},
    ),
    "cancelling": Case(
        "/invoices/{invoice}", "/invoices/{invoice}/cancel", {"reason": LONG}, "manager"
    ),
    "delivery": Case(
        "/invoices/{paid}",
        "/invoices/{paid}/deliveries",
        {
            "carrier": "Post",
            "tracking_number": "1Z",
            "delivered_to": LONG,
            "notes": "Ring twice",
            "item_id": ["{sold}"],
        },
    ),
    "new user": Case(
        "/admin/users",
        "/admin/users",
        {"name": "Nina", "email": "not an address", "role": "manager"},
    ),
    "role of a user": Case("/admin/users", "/admin/users/{staff}/role", {"role": "emperor"}),
    "new token": Case(
        "/admin/tokens",
        "/admin/tokens",
        {
            "name": "Till",
            "email": "nobody@example.com",
            "scopes": ["read", "invoices"],
            "days": "7",
        },
    ),
    "report": Case("/reports", "/reports", {"day": "2999-01-01"}),
    "invoice": Case(
        "/invoices/new",
        "/invoices/new",
        {
            "customer_name": "Vera",
            "customer_email": "not an address",
            "customer_tier": "vip",
            "notes": "Gift\nwrapped",
            "method": "Card",
        },
    ),
    "log-in": Case("/login", "/login", {"email": "somebody@example.com"}, "stranger"),
}
#: A select shows nothing for what it does not offer.
NOT_OFFERED = {"role": "emperor"}


@pytest.fixture
def things(shop: Shop) -> dict[str, str]:
    sku = shop.new_sku()
    free, held, sold, other_sold = shop.new_units(4, sku)
    return {
        "sku": sku,
        "free": str(free),
        "held": str(held),
        "sold": str(sold),
        "invoice": str(shop.new_invoice([held])),
        "paid": str(shop.new_paid_invoice([sold, other_sold])),
        "product": str(shop.value("SELECT id FROM products WHERE sku = %s", sku)),
        "staff": str(shop.staff),
    }


def filled(value: Any, things: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: filled(one, things) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, things) for one in value]
    return re.sub(r"\{(\w+)\}", lambda name: things[name[1]], value)


def assert_stays(response: TestResponse, action: str, fields: dict[str, Any]) -> None:
    shown = shown_in(response, action)
    for name, value in fields.items():
        if name in ("version", "action") or NOT_OFFERED.get(name) == value:
            continue
        wanted = value if isinstance(value, list) else [value]
        there = [one.strip("\n") for one in shown.get(name, [])]
        assert sorted(there) == sorted(one.strip("\n") for one in wanted), name


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
@pytest.mark.parametrize("name", CASES)
def test_a_refused_form_comes_back_as_it_was_typed(
    shop: Shop, as_role, things, name: str, htmx: bool
) -> None:
    case = filled(vars(CASES[name]), things)
    browser: Browser = as_role(case["role"])
    browser.get(case["page"])
    with shop.unchanged():
        refused = browser.post(case["action"], htmx=htmx, **case["fields"])
    assert refused.status_code in (409, 422), alert(refused)
    assert alert(refused)
    assert_stays(refused, case["action"], case["fields"])


@pytest.mark.parametrize(
    "name", [name for name in CASES if name not in ("log-in", "role of a user")]
)
def test_a_form_of_an_earlier_log_in_comes_back_as_it_was_typed(
    shop: Shop, as_role, things, name: str
) -> None:
    case = filled(vars(CASES[name]), things)
    browser: Browser = as_role(case["role"])
    browser.get(case["page"])
    browser.csrf_token = "of an earlier log-in"
    with shop.unchanged():
        refused = browser.post(case["action"], **case["fields"])
    assert refused.status_code == 400
    assert "Not sent" in alert(refused)
    assert_stays(refused, case["action"], case["fields"])


def test_who_may_not_any_more_still_sees_what_they_typed(shop: Shop, as_role, things) -> None:
    browser = as_role("manager")
    path = f"/invoices/{things['invoice']}"
    browser.get(path)
    shop.execute("UPDATE users SET role = 'staff' WHERE id = %s", shop.manager)
    try:
        with shop.unchanged():
            refused = browser.post(f"{path}/cancel", reason="They asked for it")
    finally:
        shop.execute("UPDATE users SET role = 'manager' WHERE id = %s", shop.manager)
    assert refused.status_code == 403
    assert "They asked for it" in alert(refused)
    assert "Invoice" in refused.text


def test_a_form_whose_page_is_gone_still_shows_what_was_typed(shop: Shop, as_role) -> None:
    browser = as_role("admin")
    path = "/products/019a6f2e-8f6b-7c3d-9d59-0c9f5a1f2b3c"
    refused = browser.post(path, name="A deleted mug", version="1", return_to=path)
    assert refused.status_code == 404
    assert "A deleted mug" in unescape(refused.text)


def test_what_is_too_large_is_refused_and_the_way_back_is_told(shop: Shop, as_role, things) -> None:
    browser = as_role("admin")
    path = f"/products/{things['product']}"
    browser.get(path)
    with shop.unchanged():
        refused = browser.post(f"{path}/units", serial_numbers="A" * (17 * 1024 * 1024))
    assert refused.status_code == 413
    assert "what you typed is still there" in refused.text


def test_what_another_site_typed_is_not_shown(shop: Shop, as_role, things) -> None:
    browser = as_role("admin")
    path = f"/invoices/{things['invoice']}"
    form = {"amount": "1.00", "reference": "not mine", "return_to": path}
    headers = {"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"}
    with shop.unchanged():
        refused = browser.open("POST", f"{path}/payments", data=form, headers=headers)
    assert refused.status_code == 400
    assert "not mine" not in refused.text
