"""What does not say exactly one thing is refused, and changes nothing."""

import pytest

from tests.blueprints.api.caller import problem

GOOD = '{"sku":"DOOR","name":"Door"%s}'


def put(caller, raw, content_type="application/json"):
    data = raw.encode() if isinstance(raw, str) else raw
    return caller.send("POST", "/api/products", data=data, content_type=content_type)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        GOOD % ',"price":NaN',
        GOOD % ',"price":Infinity',
        GOOD % ',"price":-Infinity',
        GOOD % ',"price":1e99999999999999999999',
        GOOD % (',"price":' + "1" * 5000),
        GOOD % ',"price":9223372036854775808',
        GOOD % ',"sku":"B"',
        GOOD % ',"barcode":"\\u0000"',
        GOOD % ',"barcode":"\\ud800"',
        GOOD % (',"barcode":' + "[" * 33 + "]" * 33),
        "[" * 100_000,
        (GOOD % "").encode("utf-16"),
        b"\xef\xbb\xbf" + (GOOD % "").encode(),
        b'{"sku":"\xff"}',
    ],
    ids=range(16),
)
def test_what_is_not_plain_json_is_refused(staff, store, raw):
    with store.unchanged():
        problem(put(staff, raw), 400, "invalid-json")


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        (',"price":true', "/price"),
        (',"price":-1', "/price"),
        (',"price":1.001', "/price"),
        (',"price":1e400', "/price"),
        (',"price":1e-400', "/price"),
        (',"price":"1e2"', "/price"),
        (',"price":"１"', "/price"),
        (',"price":[]', "/price"),
        (',"colour":"red"', "/colour"),
        (',"a/b~c":1', "/a~1b~0c"),
        (',"barcode":7', "/barcode"),
    ],
)
def test_a_wrong_field_is_pointed_at(staff, store, more, pointer):
    with store.unchanged():
        found = problem(put(staff, GOOD % more), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == [pointer]


@pytest.mark.parametrize(
    "kind", ["text/plain", "", "application/x-www-form-urlencoded", "application/json;charset=x"]
)
def test_another_content_type_is_refused(staff, kind):
    problem(put(staff, GOOD % "", kind), 415, "unsupported-media-type")


def test_a_body_over_the_limit_is_refused(staff):
    problem(put(staff, " " * (4 * 1024 * 1024 + 1)), 413, "content-too-large")


@pytest.mark.parametrize(
    "query",
    [
        "limit=１２", "limit=1_000", "limit=%205", "limit=+5", "limit=5&limit=5", "limit=0",
        "limit=501", "limit=", "limit=-1", "limit=5.0", "unknown=1", "cursor=nonsense",
        "cursor=WyJcdWQ4MDAiXQ", "q=%ff", "q=%00", "q=",
    ],
)  # fmt: skip
def test_a_query_that_says_something_else_is_refused(staff, query):
    problem(staff.get(f"/api/products?{query}"), 422, "invalid-input")


def test_money_is_exact(staff):
    for sent, kept in {"0.1": "0.10", '"19.99"': "19.99", "1e2": "100.00", "7": "7.00"}.items():
        sku = staff.new_sku()
        raw = f'{{"sku":"{sku}-X","name":"Exact","price":{sent}}}'
        assert put(staff, raw).get_json()["price"] == kept
