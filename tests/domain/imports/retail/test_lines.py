from datetime import datetime
from decimal import Decimal

import pytest

from app.domain.imports.retail.headings import RetailFileError
from app.domain.imports.retail.lines import SkipReason, reason_to_skip
from tests.support.retail_files import HEADINGS, parse_rows, row


def line(*arguments, **fields):
    (parsed,), _ = parse_rows([row(*arguments, **fields)], first=7)
    return parsed


def test_a_line_holds_what_the_file_says():
    parsed = line("536365", "85123A", 6, "2010-12-01 08:26:00", "2.55", "17850.0", " LANTERN ")
    assert parsed.number == 7
    assert (parsed.invoice, parsed.stock_code, parsed.quantity) == ("536365", "85123A", 6)
    assert (parsed.description, parsed.customer) == ("LANTERN", "17850")
    assert parsed.at == datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001
    assert parsed.unit_price == Decimal("2.55")


def test_a_price_is_in_whole_cents():
    assert line("1", price="0.001").unit_price == Decimal("0.00")
    assert line("1", price="4.955").unit_price == Decimal("4.96")


def test_a_walk_in_buyer_is_the_invoice():
    assert line("1", customer="").buyer != line("2", customer="").buyer
    assert line("1").buyer == line("2").buyer


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"stock_code": "DCGS0076"}, None),
        ({"price": "0.0"}, None),
        ({"invoice": "C1", "quantity": -2}, None),
        ({"stock_code": "POST"}, SkipReason.NOT_A_PRODUCT),
        ({"stock_code": "C2"}, SkipReason.NOT_A_PRODUCT),
        ({"stock_code": "gift_0001_20"}, SkipReason.NOT_A_PRODUCT),
        ({"quantity": 0}, SkipReason.NO_QUANTITY),
        ({"quantity": -5, "price": "0.0", "customer": ""}, SkipReason.STOCK_ADJUSTMENT),
        ({"invoice": "C1", "quantity": 2}, SkipReason.STOCK_ADJUSTMENT),
        ({"price": "-1.00"}, SkipReason.NEGATIVE_PRICE),
        ({"price": "0.0", "customer": ""}, SkipReason.FREE_WITHOUT_CUSTOMER),
    ],
)
def test_what_is_no_sale_of_units_is_skipped_with_its_reason(fields, reason):
    assert reason_to_skip(line(**{"invoice": "1"} | fields)) == reason


def with_field(column, value):
    cells = row("1")
    cells[HEADINGS.index(column)] = value
    return cells


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("InvoiceNo", ""),
        ("InvoiceNo", "1\x00"),
        ("StockCode", " "),
        ("StockCode", "x" * 41),
        ("Quantity", "six"),
        ("Quantity", "1.5"),
        ("Quantity", ""),
        ("Quantity", "9999999"),
        ("Quantity", "١"),
        ("InvoiceDate", "32/12/2010 08:26"),
        ("InvoiceDate", "2010-13-01 08:26:00"),
        ("InvoiceDate", "2010-12-01T08:26:00Z"),
        ("UnitPrice", "free"),
        ("UnitPrice", "NaN"),
        ("UnitPrice", "1e30"),
        ("CustomerID", "Ada"),
        ("CustomerID", "17850.5"),
    ],
)
def test_a_field_that_is_wrong_is_named_with_its_line(column, value):
    with pytest.raises(RetailFileError, match=rf"^line 7: {column} "):
        parse_rows([with_field(column, value)], first=7)
