"""What the strict door lets through, and what it makes of it; more in test_hostile_requests.py."""

import json
from decimal import Decimal

import pytest

from app.web.api.framework.request_parsing import parse_json


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("0.1", "0.10"), ('"19.99"', "19.99"), ("1e2", "100.00"), ("7", "7.00"), ("-0", "0.00")],
)
def test_money_is_exact(staff, sent, kept):
    raw = f'{{"sku":"{staff.new_sku()}-X","name":"Exact","price":{sent}}}'
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    answer = staff.send("POST", "/api/products", data=raw, headers=headers)
    assert answer.get_json()["price"] == kept


def test_no_float_is_ever_made():
    value = parse_json(b"[0.1, 1e2, -0.0, 5, 9223372036854775807]")
    assert [type(one) for one in value] == [Decimal, Decimal, Decimal, int, int]


def test_what_json_allows_is_read():
    deep = "[" * 32 + "]" * 32
    for text in (deep, '{"":"\\ud83c\\udf75"}', '"🍵"', ' \t\r\n{"a":{"a":1}} ', "1e-7"):
        assert parse_json(text.encode()) == json.loads(text, parse_float=Decimal)


def test_a_body_may_be_left_out_where_nothing_is_required(staff, admin):
    invoice = staff.new_invoice(staff.new_units(1))
    path = f"/api/inventory/lifecycle/invoice/{invoice['id']}/fix-inconsistencies"
    assert admin.post(path).status_code == 200
    assert admin.post(path, {}).status_code == 200
