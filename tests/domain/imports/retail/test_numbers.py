from decimal import Decimal

import pytest

from app.domain.imports.retail.headings import RetailFileError
from app.domain.imports.retail.numbers import decimal_mark
from tests.support.retail_files import HEADINGS, parse_rows, row


def mark_of(prices=(), quantities=(), customers=(), decimals=2):
    return decimal_mark(
        {
            "Quantity": {text: 2 + at for at, text in enumerate(quantities)},
            "UnitPrice": {text: 2 + at for at, text in enumerate(prices)},
            "CustomerID": {text: 2 + at for at, text in enumerate(customers)},
        },
        decimals,
    )


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        ({"prices": ["2.55"]}, "."),
        ({"prices": ["2,55"]}, ","),
        ({"prices": ["2,5"]}, ","),
        ({"prices": ["0.001"]}, "."),
        ({"prices": ["0,125"]}, ","),
        ({"prices": ["1,234.50"]}, "."),
        ({"prices": ["1.234,50"]}, ","),
        ({"prices": ["1.234.567"]}, ","),
        ({"prices": ["1,234,567"]}, "."),
        ({"prices": ["12345.678"]}, "."),
        ({"prices": ["-11062.06"]}, "."),
        ({"prices": ["£2.55"]}, "."),
        ({"prices": ["2,55 €"]}, ","),
        ({"prices": ["EUR 2,55"]}, ","),
        ({"prices": ["1 234,50"]}, ","),
        ({"prices": ["2", "1,200", "2.55"]}, "."),
        ({"prices": ["2"], "quantities": ["2.0"]}, "."),
        ({"prices": ["2"], "quantities": ["1,200"]}, "."),
        ({"prices": ["2"], "quantities": ["1.200"]}, ","),
        ({"prices": ["3"], "customers": ["17850.0"]}, "."),
        ({"prices": ["3"], "customers": ["17850,0"]}, ","),
        ({"prices": ["3"], "quantities": ["5"], "customers": ["17850"]}, None),
        ({"prices": ["free", "1e5", "1_0", ""]}, None),
        ({"prices": ["1,200"], "decimals": 0}, "."),
        ({"prices": ["1.200"], "decimals": 0}, ","),
    ],
)
def test_the_decimal_mark_is_recognised_from_all_numbers(texts, mark):
    assert mark_of(**texts) == mark


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"prices": ["2.55", "3,75"]}, "line 3: UnitPrice '3,75' has a decimal comma, and line 2"),
        ({"prices": ["2,55"], "quantities": ["2.0"]}, "Write all numbers of a file with the same"),
        ({"prices": ["1,234.50", "1.234,50"]}, "decimal comma"),
        ({"prices": ["2,55"], "customers": ["17850.0"]}, "CustomerID '17850.0'"),
        ({"prices": ["1,200"]}, "can be 1200 or 1.200, and no number of the file decides"),
        ({"prices": ["1.200"]}, "Say --decimal-mark point or --decimal-mark comma"),
        ({"prices": ["7", "12,500"]}, "line 3: UnitPrice '12,500' can be 12500 or 12.500"),
        ({"quantities": ["1,200", "1.200"]}, "can be 1200 or 1.200"),
    ],
)
def test_numbers_that_can_be_read_in_two_ways_are_refused_with_both(texts, said):
    with pytest.raises(RetailFileError) as refusal:
        mark_of(**texts)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "mark", "quantity"),
    [
        ("2", ".", 2),
        ("2.0", ".", 2),
        ("2.000", ".", 2),
        ("2,0", ",", 2),
        ("1,200", ".", 1200),
        ("1.200", ",", 1200),
        ("1 200", ".", 1200),
        ("1\u00a0200", ",", 1200),
        ("1\u202f200", ",", 1200),
        ("-12", ".", -12),
        ("\u221212", ".", -12),
        ("-1,200", ".", -1200),
        (" 7 ", ".", 7),
        ("0", ".", 0),
        ("1,000,000", ".", 1_000_000),
    ],
)
def test_a_quantity_is_a_whole_number_however_it_is_written(text, mark, quantity):
    (line,), _ = (
        parse_rows([row("1", quantity=text)], mark=mark)
        if mark == "."
        else parse_rows([row("1", quantity=text, price="2,50")], mark=mark)
    )
    assert line.quantity == quantity


@pytest.mark.parametrize(
    "text",
    ["2.5", "1e3", "1_0", "+5", "½", "１２", "1.200", "12,34", "1,2", "2.", ".5", "(5)", "5-",
     "0x1", "inf", "nan", "2 pcs", "--2", "1,000,001", "9" * 50],
)  # fmt: skip
def test_what_is_no_whole_number_is_refused_with_its_line(text):
    with pytest.raises(RetailFileError, match=r"^line 9: Quantity should be a whole number"):
        parse_rows([row("1", quantity=text)], first=9)


@pytest.mark.parametrize(
    ("text", "mark", "price"),
    [
        ("2.55", ".", "2.55"),
        ("2,55", ",", "2.55"),
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1 234,5", ",", "1234.50"),
        ("£2.55", ".", "2.55"),
        ("GBP 2.55", ".", "2.55"),
        ("2.55 £", ".", "2.55"),
        ("-11062.06", ".", "-11062.06"),
        ("0", ".", "0.00"),
        ("7", ",", "7.00"),
        (" 2.5 ", ".", "2.50"),
    ],
)
def test_a_price_is_an_amount_however_it_is_written(text, mark, price):
    (line,), notices = parse_rows([row("1", price=text)], mark=mark)
    assert (line.unit_price, notices) == (Decimal(price), [])


@pytest.mark.parametrize(
    ("text", "mark"),
    [("1_0", "."), ("1e2", "."), ("free", "."), ("2,55", "."), ("2.55", ","), ("$2", "."),
     ("+2", "."), ("NaN", "."), ("Infinity", "."), ("", "."), ("2.5.5", "."), ("１", "."),
     ("12,34", "."), ("10000001", ".")],
)  # fmt: skip
def test_what_is_no_price_is_refused_with_its_line(text, mark):
    with pytest.raises(RetailFileError, match=r"^line 2: UnitPrice should be an amount"):
        parse_rows([row("1", price=text)], mark=mark)


@pytest.mark.parametrize(
    ("text", "currency", "price"),
    [
        ("0.001", "GBP", "0.00"),
        ("2.555", "GBP", "2.56"),
        ("1234.5678", "GBP", "1234.57"),
        ("100.50", "JPY", "101"),
    ],
)
def test_a_price_finer_than_the_currency_is_rounded_and_told(text, currency, price):
    (line,), (notice,) = parse_rows([row("1", price=text)], currency=currency)
    assert line.unit_price == Decimal(price)
    assert (notice.kind, notice.line) == ("price-rounded", line)
    assert notice.detail == f"UnitPrice {text} was read as {price}"


@pytest.mark.parametrize(
    ("text", "customer"),
    [("17850", "17850"), ("17850.0", "17850"), ("17850.00", "17850"), ("17850,0", "17850"),
     (" 17850 ", "17850"), ("", ""), (" ", ""), ("\u00a0", "")],
)  # fmt: skip
def test_a_customer_is_a_number_or_nobody(text, customer):
    (line,), _ = parse_rows([row("1", customer=text)])
    assert line.customer == customer


@pytest.mark.parametrize("text", ["Ada", "17850.5", "17 850", "1.7850E+04", "-1", "1" * 13, "£1"])
def test_what_is_no_customer_is_refused(text):
    with pytest.raises(RetailFileError, match=r"^line 2: CustomerID should be a number or empty"):
        parse_rows([row("1", customer=text)])


def test_codes_that_a_spreadsheet_took_for_numbers_are_those_codes():
    (line,), _ = parse_rows([row("536365.0", "22111.0")])
    assert (line.invoice, line.stock_code) == ("536365", "22111")


def test_of_two_bad_fields_the_first_in_the_file_is_named():
    rows = [row("1"), row("2", price="?"), row("3", quantity="?"), row("4", quantity="??")]
    with pytest.raises(RetailFileError, match=r"^line 3: UnitPrice"):
        parse_rows(rows)
    rows[1][HEADINGS.index("Quantity")] = "x"
    with pytest.raises(RetailFileError, match=r"^line 3: Quantity"):
        parse_rows(rows)
