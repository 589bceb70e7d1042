"""What a field that says nothing means, and the words of refusals."""

import gzip
import json
from uuid import UUID, uuid4

import pytest

from tests.support.api_caller import LIFECYCLE, Caller, problem
from tests.support.shop import Shop
from tests.support.unchanged import untouched

ID = str(UUID(int=7))


def said(answer) -> dict[str, str]:
    """The messages of a 422 by field."""
    errors = problem(answer, 422, "invalid-input")["errors"]
    return {error["field"]: error["message"] for error in errors}


@pytest.mark.parametrize("nothing", [None, "", "  ", "\t\n", "\u00a0"])
def test_a_text_that_says_nothing_is_not_given(staff: Caller, nothing: str | None) -> None:
    sku = f"BLANK-{uuid4()}"
    body = {"sku": sku, "name": "Cup", "price": "5.00", "barcode": nothing, "category": nothing}
    product = staff.ok("POST", "/api/products", body, 201)
    assert (product["barcode"], product["category"]) == (None, None)
    body = {"sku": sku, "quantity": 1, "warehouse": nothing, "location": nothing, "notes": nothing}
    (unit,) = staff.ok("POST", "/api/items", body, 201)["items"]
    assert (unit["warehouse"], unit["location"]) == ("MAIN", None)
    customer = staff.ok("POST", "/api/customers", {"name": "Vera", "email": nothing}, 201)
    assert customer["email"] is None
    body = {
        "customer": {"name": "Vera", "email": nothing},
        "items": [{"itemId": unit["id"], "sku": nothing, "warehouse": nothing}],
        "sessionId": nothing,
        "notes": nothing,
    }
    invoice = staff.ok("POST", "/api/invoices", body, 201)
    path = f"/api/invoices/{invoice['id']}/payments"
    payment = {"amount": "1", "method": "Cash", "reference": nothing}
    assert staff.ok("POST", path, payment, 201)["reference"] is None


def test_null_is_not_given_in_every_optional_field(staff: Caller, admin: Caller) -> None:
    sku = staff.new_sku()
    body = {"sku": sku, "serialNumbers": None, "quantity": 2, "condition": None}
    first, second = (unit["id"] for unit in staff.ok("POST", "/api/items", body, 201)["items"])
    held = {"itemIds": [first], "sessionId": str(uuid4()), "expiresInMinutes": None}
    nobody = {"invoiceId": None, "reservedForType": None, "reservedForId": None, "notes": None}
    staff.ok("POST", f"{LIFECYCLE}/reserve", {**held, **nobody})
    released = {"itemIds": [first], "invoiceId": None, "sessionId": None, "notes": None}
    staff.ok("POST", f"{LIFECYCLE}/release", released)
    line = {"itemId": first, "sku": None, "quantity": None, "unitPrice": None, "warehouse": None}
    more = {"sku": sku, "quantity": 1, "itemId": None, "unitPrice": None}
    body = {
        "customerId": None,
        "customer": {"name": "Vera"},
        "items": [line, more],
        "directSale": None,
        "method": None,
        "sessionId": None,
    }
    invoice = staff.ok("POST", "/api/invoices", body, 201)
    assert {item["itemId"] for item in invoice["items"]} == {first, second}
    path = f"{LIFECYCLE}/invoice/{invoice['id']}"
    fixed = admin.ok("POST", f"{path}/fix-inconsistencies", {"dryRun": None, "reason": None})
    assert fixed["applied"] is False
    paid = {"status": "Paid", "method": None, "version": None, "deliveryInfo": None, "notes": None}
    assert staff.ok("POST", f"{path}/transition", paid)["payments"][0]["method"] == "Cash"
    delivered = {"invoiceId": invoice["id"], "itemIds": None, "version": None}
    staff.ok("POST", f"{LIFECYCLE}/mark-delivered", {**delivered, "deliveryInfo": {"notes": None}})


def test_null_leaves_what_an_empty_text_takes_away(staff: Caller) -> None:
    body = {"sku": staff.new_sku() + "X", "name": "Cup", "price": 5, "barcode": str(uuid4())}
    product = staff.ok("POST", "/api/products", {**body, "category": "Cups"}, 201)
    path = f"/api/products/{product['id']}"
    nothing = {"name": None, "sku": " ", "price": None, "barcode": None, "category": None}
    kept = staff.ok("PATCH", path, nothing)
    for name in ("name", "sku", "price", "barcode", "category"):
        assert kept[name] == product[name]
    emptied = staff.ok("PATCH", path, {"price": "", "barcode": "", "category": " "})
    assert (emptied["price"], emptied["barcode"], emptied["category"]) == (None, None, None)
    assert staff.ok("PATCH", path, {"price": 0})["price"] == "0.00"
    (unit,) = staff.new_units(1)
    path = f"/api/items/{unit}"
    placed = staff.ok("PATCH", path, {"location": "A-1", "notes": "x", "version": 1})
    body = {"location": None, "notes": None, "version": placed["version"]}
    assert staff.ok("PATCH", path, body)["location"] == "A-1"
    body["location"], body["version"] = "", staff.ok("GET", path)["version"]
    assert staff.ok("PATCH", path, body)["location"] is None


@pytest.mark.parametrize("query", ["q=", "q=%20", "q=%C2%A0"])
def test_a_blank_filter_is_none(staff: Caller, query: str) -> None:
    staff.new_sku()
    assert staff.ok("GET", f"/api/products?{query}")["items"]


@pytest.mark.parametrize(
    ("path", "body", "field", "words"),
    [
        (
            f"{LIFECYCLE}/reserve",
            {"itemIds": [ID], "invoiceId": ID, "expiresInMinutes": 5},
            "expiresInMinutes",
            "A reservation for an invoice is permanent; leave it out.",
        ),
        (
            f"{LIFECYCLE}/reserve",
            {"itemIds": [], "sessionId": "x"},
            "itemIds",
            "Give at least 1 of the item ids.",
        ),
        (
            f"{LIFECYCLE}/reserve",
            {"itemIds": [ID] * 10_001, "sessionId": "x"},
            "itemIds",
            "Give at most 10,000 item ids.",
        ),
        (
            f"{LIFECYCLE}/reserve",
            {"itemIds": [ID], "sessionId": "x", "expiresInMinutes": 0},
            "expiresInMinutes",
            "Give a whole number of minutes from 1 to 527,040.",
        ),
        (
            "/api/items",
            {"sku": "A", "quantity": 10_001},
            "quantity",
            "Give a whole number of units from 1 to 10,000.",
        ),
        (
            "/api/products",
            {"sku": "A", "name": "A", "price": "12.505"},
            "price",
            "Give an amount from £0.00 to £999,999,999,999.99, such as 12.50,"
            " with at most 2 decimals.",
        ),
        (
            f"/api/invoices/{ID}/payments",
            {"amount": 0, "method": "Cash"},
            "amount",
            "Give an amount from £0.01 to £999,999,999,999.99, such as 12.50,"
            " with at most 2 decimals.",
        ),
    ],
)
def test_a_message_says_of_what(
    store: Shop, staff: Caller, path: str, body: dict, field: str, words: str
) -> None:
    with untouched(store):
        assert said(staff.post(path, body)) == {field: words}


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/api/items", {"sku": "ser", "quantity": 1}, "There is no product with the SKU ser."),
        (
            "/api/items",
            {"sku": "{sku}", "quantity": 1, "warehouse": "W?"},
            "There is no warehouse with the code W?.",
        ),
        (
            f"{LIFECYCLE}/release",
            {"sessionId": "gone"},
            "There is no held cart with the session id gone.",
        ),
        (f"{LIFECYCLE}/mark-sold", {"invoiceId": ID}, f"There is no invoice with the id {ID}."),
    ],
)
def test_what_is_not_found_is_named_by_its_kind_of_key(
    staff: Caller, path: str, body: dict, words: str
) -> None:
    if body.get("sku") == "{sku}":
        body = {**body, "sku": staff.new_sku()}
    assert problem(staff.post(path, body), 404, "not-found")["detail"] == words


TEXT = json.dumps({"sku": "PACKED", "name": "Cup"}).encode()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\xef\xbb\xbf" + TEXT, "begins with a byte order mark"),
        (TEXT.decode().encode("utf-16"), "Send it in UTF-8"),
        (TEXT.decode().encode("utf-16-be"), "Send it in UTF-8"),
        (TEXT.decode().encode("utf-32"), "Send it in UTF-8"),
        (gzip.compress(TEXT, mtime=0), "compressed with gzip"),
    ],
)
def test_another_encoding_is_named(store: Shop, staff: Caller, raw: bytes, words: str) -> None:
    with untouched(store):
        answer = staff.send("POST", "/api/products", data=raw, content_type="application/json")
    assert words in problem(answer, 400, "invalid-json")["detail"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_compressed_body_is_named(store: Shop, staff: Caller, encoding: str) -> None:
    headers = {"Content-Encoding": encoding}
    with untouched(store):
        answer = staff.send(
            "POST",
            "/api/products",
            data=gzip.compress(TEXT),
            content_type="application/json",
            headers=headers,
        )
    detail = problem(answer, 415, "unsupported-media-type")["detail"]
    assert "not compressed" in detail
    assert encoding in detail


def test_another_content_type_is_named(staff: Caller) -> None:
    answer = staff.send("POST", "/api/products", data=TEXT, content_type="text/plain")
    detail = problem(answer, 415, "unsupported-media-type")["detail"]
    assert detail == "Send the body as application/json in UTF-8, not as text/plain."


@pytest.mark.parametrize(
    "moment",
    [
        "1970-01-01",
        "2100-12-31",
        "1970-01-01T00:00:00Z",
        "2100-12-31T23:59:59Z",
        "2026-11-23T09:30Z",
        "2026-11-23T09:30:00.123456789Z",
        "2026-11-23T09:30:00.1%2B05:30",
        "2026-02-28T23:59:59.999999999999-12:00",
    ],
)
def test_a_time_of_the_calendar_is_taken(staff: Caller, moment: str) -> None:
    for name in ("from", "to"):
        staff.ok("GET", f"{LIFECYCLE}/items/history?{name}={moment}")


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("1969-12-31", "Give a day from 1970-01-01 to 2100-12-31."),
        ("9999-12-31T23:59:59Z", "Give a day from 1970-01-01 to 2100-12-31."),
        ("2026-11-23T09:30:00", "Give the zone of the time as well"),
        ("2026-11-23T24:00:00Z", "from 00:00:00 to 23:59:59"),
        ("2026-06-30T23:59:60Z", "from 00:00:00 to 23:59:59"),
        ("2026-02-29", "Give a day as year-month-day"),
        ("tomorrow", "Give a time such as 2026-11-23T09:30:00Z, or a day."),
    ],
)
def test_another_time_is_refused_in_words(staff: Caller, moment: str, words: str) -> None:
    for name in ("from", "to"):
        assert words in said(staff.get(f"{LIFECYCLE}/items/history?{name}={moment}"))[name]


def test_a_hold_that_ends_another_day_has_its_date(
    store: Shop, staff: Caller, colleague: Caller
) -> None:
    (unit,) = staff.new_units(1)
    month = 30 * 24 * 60
    body = {"itemIds": [unit], "sessionId": str(uuid4()), "expiresInMinutes": month}
    staff.ok("POST", f"{LIFECYCLE}/reserve", body)
    other = {"itemIds": [unit], "sessionId": str(uuid4())}
    refused = problem(colleague.post(f"{LIFECYCLE}/reserve", other), 409, "items-not-available")
    until = store.value("SELECT reservation_expiry FROM items WHERE id = %s", unit)
    assert f"until {until.day} {until:%b %Y, %H:%M} UTC" in refused["detail"]
