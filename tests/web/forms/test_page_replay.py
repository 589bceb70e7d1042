"""A refused form comes back on its page, whatever a browser says that its page was."""

import pytest

from tests.support.browser import HTMX, Browser
from tests.support.shop import Shop

NO_ADDRESSES = ["http://[", "//[", "http://localhost:x/", "http://[::1/inventory"]
SENDERS = ["Referer", "Origin", "HX-Current-URL"]


def refused(clerk: Browser, **more: str) -> dict[str, str]:
    return {"csrf_token": clerk.csrf_token, "sku": "x", "quantity": "no number", **more}


@pytest.mark.parametrize("header", SENDERS)
@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_a_sender_that_is_no_address_is_passed_over(
    shop: Shop, as_role, header: str, address: str
) -> None:
    headers = (HTMX if header.startswith("HX") else {}) | {header: address}
    clerk = as_role("colleague")
    answer = clerk.open("POST", "/invoices/new/hold", data=refused(clerk), headers=headers)
    assert answer.status_code == 422
    assert "Enter a whole number of units" in answer.text
    stranger = Browser(shop.app).open("GET", "/inventory", headers=headers)
    assert stranger.status_code in (302, 401)


@pytest.mark.parametrize(
    "page",
    [
        "/\u20ac",
        "/inventory?q=\u20ac",
        "/inventory?q=\u00fc",
        "/invent%6Fry?q=%zz",
        "/%ff",
        "/static/selling/cart.js",
    ],
)
def test_a_page_of_any_letters_is_shown_or_passed_over(as_role, page: str) -> None:
    clerk = as_role("colleague")
    answer = clerk.post("/invoices/new/hold", sku="x", quantity="no number", return_to=page)
    assert answer.status_code == 422
    assert "Enter a whole number of units" in answer.text


@pytest.mark.parametrize("page", ["/inventory/export.csv", "/metrics", "/healthz"])
def test_what_is_no_page_is_not_shown_as_one_and_keeps_no_place(
    shop: Shop, as_role, page: str
) -> None:
    clerk = as_role("admin")
    for _ in range(3):
        answer = clerk.post("/invoices/new/hold", sku="x", quantity="no number", return_to=page)
        assert answer.status_code == 422
        assert answer.text.startswith("<!DOCTYPE html>")
        assert "Enter a whole number of units" in answer.text
    assert clerk.get("/inventory/export.csv").status_code == 200
