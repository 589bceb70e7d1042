"""Whatever does not say exactly one thing is refused with its own status, and changes nothing."""

from uuid import UUID

import pytest

from tests.support.api_caller import LIFECYCLE, Caller, caller_for, problem
from tests.support.shop import Shop
from tests.support.unchanged import untouched

PRODUCTS = "/api/products"
GOOD = '{"sku":"DOOR","name":"Door"%s}'
TEXT = (GOOD % "").encode()
ID = str(UUID(int=7))
IDS = [str(UUID(int=number)) for number in range(10_001)]
LINE = {"itemId": ID, "unitPrice": "1.00"}
CUSTOMER = {"customer": {"name": "A"}}
LEAVES_TRACE = ("Traceback", 'File "', "psycopg", "sqlalchemy", "werkzeug")


@pytest.fixture(scope="module", autouse=True)
def two_of_each(shared_shop: Shop) -> None:
    """So that every list has a second page."""
    caller = caller_for(shared_shop.app, shared_shop.manager)
    for number in range(2):
        caller.new_invoice(caller.new_units(1))
        warehouse = {"code": f"HOSTILE{number}", "name": "Depot"}
        caller.ok("POST", "/api/warehouses", warehouse, 201)
        caller.ok("POST", "/api/customers", {"name": f"Vera {number}"}, 201)


@pytest.fixture(autouse=True)
def nothing_changes(store: Shop, staff: Caller):
    with untouched(store):
        yield


def refused(answer, status: int, code: str) -> dict:
    found = problem(answer, status, code)
    assert not any(trace in answer.text for trace in LEAVES_TRACE)
    return found


def put(caller: Caller, raw: str | bytes, content_type: str | None = "application/json", **headers):
    return caller.send("POST", PRODUCTS, data=raw, content_type=content_type, headers=headers)


NOT_PLAIN_JSON = {
    "empty": "",
    "only spaces": " \n",
    "cut off": "{",
    "a word": "nonsense",
    "single quotes": "{'sku':'A'}",
    "comma at the end": GOOD % ",",
    "a comment": GOOD % "/**/",
    "trailing garbage": GOOD % "" + "x",
    "two values": (GOOD % "") * 2,
    "raw control character": GOOD % ',"barcode":"a\tb"',
    "unknown escape": GOOD % ',"barcode":"\\x41"',
    "NaN": GOOD % ',"price":NaN',
    "Infinity": GOOD % ',"price":Infinity',
    "-Infinity": GOOD % ',"price":-Infinity',
    "NaN far inside": GOOD % ',"x":[{"y":NaN}]',
    "Python's true": GOOD % ',"price":True',
    "leading zero": GOOD % ',"price":01',
    "leading plus": GOOD % ',"price":+1',
    "point first": GOOD % ',"price":.5',
    "point last": GOOD % ',"price":1.',
    "hexadecimal": GOOD % ',"price":0x10',
    "fullwidth digits": GOOD % ',"price":１２',
    "duplicate key": GOOD % ',"sku":"B"',
    "duplicate key, escaped": GOOD % ',"\\u0073ku":"B"',
    "duplicate key far inside": GOOD % ',"x":[{"a":1,"a":1}]',
    "high surrogate alone": GOOD % ',"barcode":"\\ud800"',
    "low surrogate alone": GOOD % ',"barcode":"\\udc00x"',
    "surrogates the wrong way round": GOOD % ',"barcode":"\\udc00\\ud800"',
    "surrogate in a key": GOOD % ',"\\ud800":1',
    "33 lists": GOOD % (',"x":' + "[" * 33 + "]" * 33),
    "33 objects": '{"x":' * 33 + "1" + "}" * 33,
    "100,000 lists": "[" * 100_000 + "]" * 100_000,
    "100,000 objects": '{"x":' * 100_000,
    "UTF-16": TEXT.decode().encode("utf-16"),
    "UTF-16 without a mark": TEXT.decode().encode("utf-16-le"),
    "UTF-32": TEXT.decode().encode("utf-32"),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + TEXT,
    "Latin-1": (GOOD % ',"barcode":"é"').encode("latin-1"),
    "overlong UTF-8": b'{"sku":"\xc0\x80"}',
    "a surrogate as UTF-8": b'{"sku":"\xed\xa0\x80"}',
    "half a character": TEXT[:-2] + b"\xe2\x82",
}


@pytest.mark.parametrize("raw", NOT_PLAIN_JSON.values(), ids=NOT_PLAIN_JSON.keys())
def test_what_is_not_plain_json_is_refused(staff, raw):
    refused(put(staff, raw), 400, "invalid-json")


@pytest.mark.parametrize("raw", ["[]", "[{}]", "1", '"x"', "null", "true", "0.5"])
def test_a_body_is_an_object(staff, raw):
    found = refused(put(staff, raw), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == [""]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_a_number_out_of_range_is_not_taken_for_a_wrong_kind(staff, number) -> None:
    raw = f'{{"sku":"X","name":"X","price":{number}}}'.encode()
    (error,) = refused(put(staff, raw), 422, "invalid-input")["errors"]
    assert error["message"].startswith("This number is out of range")


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        (',"price":9223372036854775808', "/price"),
        (',"price":-9223372036854775809', "/price"),
        (f',"price":{"1" * 64}', "/price"),
        (f',"price":{"1" * 5000}', "/price"),
        (f',"price":0.{"1" * 63}', "/price"),
        (f',"price":0.{"1" * 5000}', "/price"),
        (',"price":1e99999999999999999999', "/price"),
        (',"price":1e-99999999999999999999', "/price"),
        (',"x":[{"y":9223372036854775808}]', "/x/0/y"),
        (',"barcode":"\\u0000"', "/barcode"),
        (',"barcode":"ok\\u0000"', "/barcode"),
        (',"x":[1,"\\u0000"]', "/x/1"),
        (',"\\u0000":1', "/\0"),
        (',"price":true', "/price"),
        (',"price":-1', "/price"),
        (',"price":"-0.01"', "/price"),
        (',"price":1.001', "/price"),
        (',"price":"1.001"', "/price"),
        (',"price":1000000000000', "/price"),
        (',"price":"9999999999999"', "/price"),
        (',"price":1e400', "/price"),
        (',"price":1e-400', "/price"),
        (',"price":"1e2"', "/price"),
        (',"price":"１"', "/price"),
        (',"price":"1_0"', "/price"),
        (',"price":" 1"', "/price"),
        (',"price":"+1"', "/price"),
        (',"price":"1,50"', "/price"),
        (',"price":"NaN"', "/price"),
        (',"price":""', "/price"),
        (',"price":[]', "/price"),
        (',"price":{"amount":1}', "/price"),
        (',"colour":"red"', "/colour"),
        (',"Sku":"B"', "/Sku"),
        (',"a/b~c":1', "/a~1b~0c"),
        (',"a.b":1', "/a.b"),
        (',"":1', "/"),
        (',"__proto__":{}', "/__proto__"),
        (',"barcode":7', "/barcode"),
        (',"barcode":"a\\nb"', "/barcode"),
        (',"barcode":"\\u202e"', "/barcode"),
        (',"barcode":"%s"' % ("x" * 101), "/barcode"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_pointed_at(staff, more, pointer):
    found = refused(put(staff, GOOD % more), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == [pointer]


HELD = {"itemIds": [ID], "sessionId": "x"}
WRONG_FIELDS = [
    (f"{LIFECYCLE}/reserve", {"sessionId": "x"}, "/itemIds"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": []}, "/itemIds"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": IDS}, "/itemIds"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": [ID, ID]}, "/itemIds"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": ID}, "/itemIds"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": None}, "/itemIds"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": {ID: 1}}, "/itemIds"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": [7]}, "/itemIds/0"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": [ID, "nonsense"]}, "/itemIds/1"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": [ID.replace("-", "")]}, "/itemIds/0"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": [f"{{{ID}}}"]}, "/itemIds/0"),
    (f"{LIFECYCLE}/reserve", {**HELD, "itemIds": [f" {ID}"]}, "/itemIds/0"),
    (f"{LIFECYCLE}/reserve", {**HELD, "sessionId": 5}, "/sessionId"),
    (f"{LIFECYCLE}/reserve", {**HELD, "expiresInMinutes": 0}, "/expiresInMinutes"),
    (f"{LIFECYCLE}/reserve", {**HELD, "expiresInMinutes": -5}, "/expiresInMinutes"),
    (f"{LIFECYCLE}/reserve", {**HELD, "expiresInMinutes": True}, "/expiresInMinutes"),
    (f"{LIFECYCLE}/reserve", {**HELD, "expiresInMinutes": "15"}, "/expiresInMinutes"),
    (f"{LIFECYCLE}/reserve", {**HELD, "expiresInMinutes": 1.5}, "/expiresInMinutes"),
    (f"{LIFECYCLE}/reserve", {**HELD, "expiresInMinutes": 2**40}, "/expiresInMinutes"),
    (f"{LIFECYCLE}/reserve", {**HELD, "notes": "x" * 2001}, "/notes"),
    (f"{LIFECYCLE}/reserve", {**HELD, "notes": ["x"]}, "/notes"),
    (f"{LIFECYCLE}/mark-sold", {"invoiceId": 7}, "/invoiceId"),
    (f"{LIFECYCLE}/mark-delivered", {"invoiceId": ID, "version": 0}, "/version"),
    (f"{LIFECYCLE}/mark-delivered", {"invoiceId": ID, "version": "1"}, "/version"),
    (f"{LIFECYCLE}/mark-delivered", {"invoiceId": ID, "version": 2**31}, "/version"),
    (
        f"{LIFECYCLE}/mark-delivered",
        {"invoiceId": ID, "deliveryInfo": {"carrier": 1}},
        "/deliveryInfo/carrier",
    ),
    (f"{LIFECYCLE}/invoice/{ID}/transition", {"status": "Open"}, "/status"),
    (f"{LIFECYCLE}/invoice/{ID}/transition", {"status": "paid"}, "/status"),
    (f"{LIFECYCLE}/invoice/{ID}/transition", {}, "/status"),
    ("/api/items", {"sku": "A", "quantity": 0}, "/quantity"),
    ("/api/items", {"sku": "A", "quantity": 10_001}, "/quantity"),
    ("/api/items", {"sku": "A", "quantity": False}, "/quantity"),
    ("/api/items", {"sku": "A", "quantity": 2.5}, "/quantity"),
    ("/api/items", {"sku": "A", "serialNumbers": []}, "/serialNumbers"),
    ("/api/items", {"sku": "A", "serialNumbers": ["S", 1]}, "/serialNumbers/1"),
    ("/api/items", {"sku": "A", "quantity": 1, "condition": "new"}, "/condition"),
    ("/api/invoices", {**CUSTOMER, "items": []}, "/items"),
    ("/api/invoices", {**CUSTOMER, "items": [LINE] * 10_001}, "/items"),
    ("/api/invoices", {**CUSTOMER, "items": [7]}, "/items/0"),
    ("/api/invoices", {**CUSTOMER, "items": [{**LINE, "unitPrice": -1}]}, "/items/0/unitPrice"),
    ("/api/invoices", {**CUSTOMER, "items": [LINE], "directSale": "yes"}, "/directSale"),
    ("/api/invoices", {**CUSTOMER, "items": [LINE], "directSale": 1}, "/directSale"),
    ("/api/invoices", {**CUSTOMER, "items": [LINE], "method": "Bitcoin"}, "/method"),
    ("/api/invoices", {"customer": {"name": ""}, "items": [LINE]}, "/customer/name"),
    ("/api/invoices", {"customer": [], "items": [LINE]}, "/customer"),
    ("/api/customers", {"name": "A", "email": "nobody"}, "/email"),
    ("/api/customers", {"name": "A", "tier": "gold"}, "/tier"),
    (f"/api/invoices/{ID}/payments", {"amount": 0, "method": "Cash"}, "/amount"),
    (f"/api/invoices/{ID}/payments", {"amount": "0.00", "method": "Cash"}, "/amount"),
    (f"/api/invoices/{ID}/payments", {"amount": -1, "method": "Cash"}, "/amount"),
    (f"/api/invoices/{ID}/payments", {"amount": "1.005", "method": "Cash"}, "/amount"),
    (f"/api/invoices/{ID}/payments", {"amount": 10**12, "method": "Cash"}, "/amount"),
    (f"/api/invoices/{ID}/payments", {"amount": True, "method": "Cash"}, "/amount"),
    (f"/api/invoices/{ID}/payments", {"amount": None, "method": "Cash"}, "/amount"),
]


@pytest.mark.parametrize(("path", "body", "pointer"), WRONG_FIELDS, ids=range(len(WRONG_FIELDS)))
def test_a_field_of_another_kind_is_refused(staff, path, body, pointer):
    found = refused(staff.post(path, body), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == [pointer]


@pytest.mark.parametrize(
    "content_type",
    [
        None, "", "text/plain", "text/json", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/json;charset=utf-16", "application/jsonx",
        "application/problem+json", "json", "application/json, text/plain",
    ],
)  # fmt: skip
def test_another_content_type_is_refused(staff, content_type):
    refused(put(staff, TEXT, content_type), 415, "unsupported-media-type")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "nonsense"])
def test_a_packed_body_is_refused(staff, encoding):
    answer = put(staff, TEXT, **{"Content-Encoding": encoding})
    refused(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "raw",
    [b" " * (4 * 1024 * 1024 + 1), (GOOD % f',"barcode":"{"x" * 4_194_304}"').encode()],
    ids=["spaces", "a text"],
)
def test_a_body_over_the_limit_is_refused(staff, raw):
    refused(put(staff, raw), 413, "content-too-large")


LISTS = [
    PRODUCTS,
    "/api/customers",
    "/api/warehouses",
    "/api/invoices",
    f"{LIFECYCLE}/items/status",
    f"{LIFECYCLE}/items/history",
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        "limit=１２", "limit=%EF%BC%91", "limit=1_000", "limit=%205", "limit=5%20", "limit=+5",
        "limit=%2B5", "limit=5&limit=5", "limit=0", "limit=501", "limit=", "limit=-1",
        "limit=5.0", "limit=1e1", "limit=0x5", "limit=99999999999999999999", "limit=five",
        "limit[]=5", "Limit=5", "unknown=1", "=1", "cursor=", "cursor=nonsense", "cursor=%00",
        "cursor=W10", "cursor=WzFd", "cursor=WyJcdWQ4MDAiXQ", "cursor=e30", "cursor=é",
    ],
)  # fmt: skip
def test_a_query_that_says_something_else_is_refused(staff, path, query):
    refused(staff.get(f"{path}?{query}"), 422, "invalid-input")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (PRODUCTS, "q=%ff"),
        (PRODUCTS, "q=%00"),
        (PRODUCTS, "&".join(f"f{number}=1" for number in range(60))),
        ("/api/invoices", "status=open"),
        ("/api/invoices", "customerId=7"),
        (f"{LIFECYCLE}/items/status", "ids="),
        (f"{LIFECYCLE}/items/status", f"ids={ID},{ID}"),
        (f"{LIFECYCLE}/items/status", f"ids={ID},"),
        (f"{LIFECYCLE}/items/status", "inventoryStatus=Available,Sold"),
        (f"{LIFECYCLE}/items/history", "from=yesterday"),
        (f"{LIFECYCLE}/items/history", "from=2026-02-30"),
        (f"{LIFECYCLE}/items/history", "from=2026-01-01T00:00:00"),
        (f"{LIFECYCLE}/items/history", "to=9999-12-31"),
        (f"{LIFECYCLE}/items/history", "to=2101-01-01"),
        (f"{LIFECYCLE}/items/history", "from=1969-12-31"),
        (f"{LIFECYCLE}/items/history", "from=0001-01-01T00:00:00Z"),
        (f"{LIFECYCLE}/items/history", "from=2026-01-01T24:00:00Z"),
        (f"{LIFECYCLE}/items/history", "from=2026-06-30T23:59:60Z"),
        (f"{LIFECYCLE}/items/history", "from=2026-01-01T00:00:00%2B24:00"),
        (f"{LIFECYCLE}/items/history", "changeReason=received"),
    ],
)
def test_a_filter_that_there_is_not_is_refused(staff, path, query):
    refused(staff.get(f"{path}?{query}"), 422, "invalid-input")


@pytest.mark.parametrize("path", LISTS)
def test_a_place_in_another_list_is_refused(staff, path):
    for other in LISTS:
        cursor = staff.ok("GET", f"{other}?limit=1")["nextCursor"]
        assert cursor
        if other == path:
            staff.ok("GET", f"{path}?cursor={cursor}")
        else:
            refused(staff.get(f"{path}?cursor={cursor}"), 422, "invalid-input")


def test_a_place_is_written_in_one_way_only(staff):
    cursor = staff.ok("GET", f"{PRODUCTS}?limit=1")["nextCursor"]
    for other in (f"{cursor}!", f"!{cursor}", f"{cursor}=", f"{cursor[:-1]}"):
        refused(staff.get(f"{PRODUCTS}?cursor={other}"), 422, "invalid-input")


@pytest.mark.parametrize("path", ["/x", "/7", f"/{ID[:-1]}", f"/{ID}0", f"/{ID.replace('-', '')}",
                                  f"/{{{ID}}}", "/%00", "/%ff", "/../products", "/%F0%9F%8D%B5",
                                  f"/urn:uuid:{ID}"])  # fmt: skip
@pytest.mark.parametrize("base", ["/api/items", "/api/invoices", "/api/customers"])
def test_an_id_that_is_none_is_not_found(staff, base, path):
    refused(staff.get(base + path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", PRODUCTS),
        ("DELETE", PRODUCTS),
        ("PATCH", PRODUCTS),
        ("TRACE", PRODUCTS),
        ("BREW", PRODUCTS),
        ("GET", f"{LIFECYCLE}/reserve"),
        ("POST", f"{LIFECYCLE}/cleanup-expired"),
        ("POST", f"/api/items/{ID}"),
        ("DELETE", f"/api/items/{ID}"),
    ],
)
def test_another_method_is_refused(staff, method, path):
    answer = staff.send(method, path)
    refused(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"]


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\tb", "\x7f"])
def test_a_key_is_printable_and_short(staff, key):
    found = refused(put(staff, TEXT, **{"Idempotency-Key": key}), 422, "invalid-input")
    assert [error["field"] for error in found["errors"]] == ["Idempotency-Key"]


@pytest.mark.parametrize(
    "sent",
    [
        "", "Bearer", "Bearer ", "Bearer nothing", "Bearer hf_ü", "Bearer a b", "Bearer a=b, c=d",
        "Bearer " + "x" * 10_000, "Bearer hf_\x00", "Basic", "Basic eDp5", "Basic !!!", "Digest a",
        "Token {token}", "{token}", "Bearer{token}", "Bearer {token}x", "Bearer  ,{token}",
    ],
)  # fmt: skip
def test_another_authorization_is_refused(staff, sent):
    headers = {"Authorization": sent.replace("{token}", staff.token)}
    answer = staff.app.test_client().get(PRODUCTS, headers=headers)
    refused(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
