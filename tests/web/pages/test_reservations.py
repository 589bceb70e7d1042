import re
from html import unescape
from uuid import uuid4

import pytest

from tests.support.browser import Browser
from tests.support.shop import Shop


def all_pages(browser: Browser, path: str) -> str:
    """What a list shows, to its last page."""
    texts = [browser.get(path).text]
    while following := re.search(r'href="(/reservations[^"]*cursor=[^"]*)"', texts[-1]):
        texts.append(browser.get(unescape(following[1])).text)
    return "".join(texts)


def test_a_cart_is_released_as_a_whole(shop: Shop, as_role) -> None:
    units, cart = shop.new_units(3), str(uuid4())
    shop.hold(units, cart)
    browser = as_role("staff")
    assert cart in all_pages(browser, "/reservations?type=Session")
    assert browser.post("/reservations/release", type="Session", holder_id=cart).status_code == 303
    assert "Released 3 units." in browser.get("/reservations").text
    assert shop.statuses(units) == ["Available"] * 3


def test_anothers_cart_is_not_released_by_a_clerk(shop: Shop, as_role) -> None:
    units, cart = shop.new_units(1), str(uuid4())
    shop.hold(units, cart)
    browser = as_role("colleague")
    with shop.unchanged():
        refused = browser.post("/reservations/release", type="Session", holder_id=cart)
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"type": "Invoice", "holder_id": "x"}, 422),
        ({"type": "Session", "holder_id": "nobody's"}, 404),
        ({}, 422),
    ],
)
def test_only_holds_that_exist_are_released(as_role, fields: dict[str, str], status: int) -> None:
    assert as_role("manager").post("/reservations/release", **fields).status_code == status


def test_a_kind_that_does_not_exist_is_refused(as_role) -> None:
    assert as_role("staff").get("/reservations?type=Wish").status_code == 422
    assert as_role("staff").get("/reservations?cursor=x").status_code == 422
