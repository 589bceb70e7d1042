"""What every request leaves behind: its id in the answer, on error pages and in history."""

from dataclasses import replace
from uuid import UUID

import pytest

from app.observability.request_id import HEADER
from app.settings import Settings
from tests.conftest import running_app
from tests.support.api_caller import LIFECYCLE, Caller, caller_for, problem
from tests.support.browser import HTMX, as_role
from tests.support.shop import Shop, own_shop, shared_shop, shop

__all__ = ["as_role", "own_shop", "shared_shop", "shop"]


@pytest.fixture
def caller(shop: Shop) -> Caller:
    return caller_for(shop.app, shop.staff)


def test_an_id_that_was_sent_comes_back(client) -> None:
    assert client.get("/healthz", headers={HEADER: "till-3.42"}).headers[HEADER] == "till-3.42"


def test_without_one_or_with_nonsense_there_is_a_new_one(client) -> None:
    ids = [
        client.get("/healthz", headers=headers).headers.getlist(HEADER)
        for headers in ({}, {HEADER: "<script>"}, {HEADER: "x" * 101})
    ]
    assert [UUID(one).version for (one,) in ids] == [7, 7, 7]


def test_a_problem_names_its_request(caller: Caller) -> None:
    answer = caller.send("GET", "/api/items/none", headers={HEADER: "till-1"})
    assert problem(answer, 404, "not-found")["requestId"] == "till-1"
    assert answer.headers[HEADER] == "till-1"


def test_an_error_page_names_its_request(client) -> None:
    page = client.get("/nowhere", headers={HEADER: "till-2"})
    assert page.status_code == 404
    assert "till-2" in page.text


def test_so_does_the_page_when_the_database_is_away(settings: Settings) -> None:
    gone = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"
    with running_app(replace(settings, database_url=gone)) as app:
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = "00000000-0000-7000-8000-000000000002.x"
        page = client.get("/", headers={HEADER: "till-4"})
        part = client.get("/", headers={HEADER: "till-5"} | HTMX)
    assert (page.status_code, part.status_code) == (503, 503)
    assert "till-4" in page.text
    assert "till-5" in part.text


def test_history_says_which_request_changed_a_unit(shop: Shop, caller: Caller) -> None:
    units = shop.new_units(2)
    body = {"itemIds": [str(unit) for unit in units], "sessionId": "a cart"}
    assert caller.post(f"{LIFECYCLE}/reserve", body, X_Request_ID="till-7").status_code == 200
    assert [shop.last_change(unit, "request_id") for unit in units] == [("till-7",)] * 2
    shop.expire(units)
    shop.hold(units, "no request")
    assert shop.last_change(units[0], "request_id") == (None,)


def test_so_does_the_history_of_receiving_and_of_an_invoice(shop: Shop, caller: Caller) -> None:
    received = caller.post(
        "/api/items", {"sku": shop.new_sku(), "quantity": 1}, X_Request_ID="goods-in"
    ).json["items"]
    body = {
        "customerId": str(shop.customer),
        "items": [{"itemId": received[0]["id"]}],
    }
    invoice = caller.post("/api/invoices", body, X_Request_ID="till-8").json
    reasons = "SELECT change_reason, request_id FROM inventory_status_history WHERE item_id = %s"
    assert dict(shop.rows(reasons, received[0]["id"])) == {
        "RECEIVED": "goods-in",
        "INVOICE_CREATED": "till-8",
    }
    kept = "SELECT request_id FROM invoice_status_history WHERE invoice_id = %s"
    assert shop.rows(kept, invoice["id"]) == [("till-8",)]
