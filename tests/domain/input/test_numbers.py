"""What a person may type where a number is asked for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.input.numbers import MINUS_SIGNS, SPACES, parse_amount, parse_whole_number

POUNDS = {"decimals": 2, "currency_names": ("GBP", "£")}
YEN = {"decimals": 0, "currency_names": ("JPY", "¥")}

READ = {
    "1234.5": "1234.50",
    "1234,5": "1234.50",
    "12,50": "12.50",
    "1,234.50": "1234.50",
    "1.234,50": "1234.50",
    "1 234,50": "1234.50",
    "1 234.50": "1234.50",
    "1\u00a0234,50": "1234.50",
    "1\u2009234,50": "1234.50",
    "1\u202f234,50": "1234.50",
    "1,234": "1234.00",
    "12,505": "12505.00",
    "1,234,567.89": "1234567.89",
    "1.234.567": "1234567.00",
    "1.234.567,8": "1234567.80",
    "0": "0.00",
    "0,5": "0.50",
    "007": "7.00",
    " 2 ": "2.00",
    "£2": "2.00",
    "£ 2": "2.00",
    "2 £": "2.00",
    "2£": "2.00",
    "GBP 2": "2.00",
    "2 gbp": "2.00",
    "£1,234.50": "1234.50",
}

REFUSED = [
    "",
    " ",
    "-",
    "£",
    "GBP",
    "1e2",
    "1E2",
    "1_0",
    "1__0",
    "0x1",
    "0b1",
    "0o7",
    "NaN",
    "Infinity",
    "-inf",
    "+5",
    "-5",
    "\u22125",
    "--1",
    "+-1",
    "1-",
    "(5)",
    ".5",
    ",5",
    "5.",
    "5,",
    "1..2",
    "1,,2",
    "1.2.3",
    "1,2,3",
    "1,23,456.7",
    "1,234,56",
    "12,34.5",
    "1234,567.8",
    "0,123",
    "1,234 567",
    "1 234,567.8",
    "12 34",
    "1  234",
    "1'234",
    "1/2",
    "1+1",
    "2%",
    "1 million",
    "£2£",
    "£2 GBP",
    "1£2",
    "£-2",
    "１２",
    "١٢",
    "१२",
    "²",
    "½",
    "Ⅻ",
    "一",
    "1\n2",
    "1\t2",
    "1\x002",
    "\ufeff1",
    "1\u200b2",
    "9" * 41,
]


@pytest.mark.parametrize(("typed", "amount"), READ.items())
def test_reads_an_amount(typed: str, amount: str) -> None:
    assert str(parse_amount(typed, **POUNDS)) == amount


@pytest.mark.parametrize("typed", REFUSED)
def test_refuses_what_is_no_amount(typed: str) -> None:
    with pytest.raises(ValueError, match=r"Enter an amount such as 12\.50"):
        parse_amount(typed, **POUNDS)


@pytest.mark.parametrize("typed", [typed for typed in REFUSED if typed != "0,123"])
def test_refuses_what_is_no_whole_number(typed: str) -> None:
    with pytest.raises(ValueError, match="Enter a whole number from 1 to 50"):
        parse_whole_number(typed, most=50)


@pytest.mark.parametrize("typed", ["1.234", "12.505", "999.999"])
def test_names_both_readings_of_a_point_before_three_digits(typed: str) -> None:
    with pytest.raises(ValueError, match=rf"^{typed} can mean {typed.replace('.', '')} or"):
        parse_amount(typed, **POUNDS)


@pytest.mark.parametrize(
    ("typed", "mark", "amount"),
    [
        ("1.234", ".", "1.234"),
        ("1.234", ",", "1234.000"),
        ("1,234", ".", "1234.000"),
        ("1,234", ",", "1.234"),
    ],
)
def test_a_known_decimal_mark_decides(typed: str, mark: str, amount: str) -> None:
    assert str(parse_amount(typed, decimals=3, decimal_mark=mark)) == amount


def test_a_known_decimal_mark_refuses_the_other() -> None:
    with pytest.raises(ValueError, match="Enter an amount"):
        parse_amount("12,50", decimals=2, decimal_mark=".")


@pytest.mark.parametrize("typed", ["1,234", "1.234"])
def test_three_decimals_make_both_marks_ambiguous(typed: str) -> None:
    with pytest.raises(ValueError, match="can mean"):
        parse_amount(typed, decimals=3)


@pytest.mark.parametrize("typed", ["12.5050", "12,5050", "0.123", "1,234.567"])
def test_refuses_more_decimals_than_the_currency_has(typed: str) -> None:
    with pytest.raises(ValueError, match="at most 2 decimals"):
        parse_amount(typed, **POUNDS)


@pytest.mark.parametrize("typed", ["100.50", "100,5", "100.00", "¥100.50"])
def test_refuses_decimals_of_a_currency_without(typed: str) -> None:
    with pytest.raises(ValueError, match="such as 1250: it has no decimals"):
        parse_amount(typed, **YEN)


@pytest.mark.parametrize("typed", ["1250", "1,250", "1 250", "¥1,250", "JPY 1250"])
def test_reads_a_currency_without_decimals(typed: str) -> None:
    assert str(parse_amount(typed, **YEN)) == "1250"


@pytest.mark.parametrize("typed", ["$2", "2 €", "EUR 2", "US$2", "¥100"])
def test_says_which_currency_is_the_stores(typed: str) -> None:
    with pytest.raises(ValueError, match="amounts are in GBP here"):
        parse_amount(typed, **POUNDS)


@pytest.mark.parametrize("typed", ["-5", "\u22125", "- 5"])
def test_reads_below_zero_where_that_makes_sense(typed: str) -> None:
    assert parse_amount(typed, decimals=2, least=Decimal(-10)) == -5
    assert parse_whole_number(typed, least=-10, most=10) == -5


@pytest.mark.parametrize(("typed", "number"), {"5": 5, "1,234": 1234, "1 234": 1234}.items())
def test_reads_a_whole_number(typed: str, number: int) -> None:
    assert parse_whole_number(typed) == number


@pytest.mark.parametrize("typed", ["0", "51", "1.5", "1,5", "2.0", "£2"])
def test_refuses_another_whole_number(typed: str) -> None:
    with pytest.raises(ValueError, match="Enter a whole number from 1 to 50"):
        parse_whole_number(typed, most=50)


amounts = st.decimals(0, Decimal("999999999999.99"), places=2)
groups = st.sampled_from(
    [("", "."), ("", ","), (",", "."), (".", ","), *((s, ",") for s in SPACES)]
)
signs = st.sampled_from(["{}", "£{}", "{} £", "GBP {}", "{}\u00a0GBP", " {} "])


@given(amounts, groups, signs)
def test_every_written_amount_reads_back(
    amount: Decimal, marks: tuple[str, str], sign: str
) -> None:
    thousands, decimal = marks
    written = f"{amount:,.2f}".translate({ord(","): thousands, ord("."): decimal})
    assert parse_amount(sign.format(written), **POUNDS) == amount


@given(st.text("0123456789.,-+eE_x'£$GBP \u00a0\u202f１٣", max_size=12))
def test_whatever_is_typed_is_an_exact_amount_or_refused(typed: str) -> None:
    try:
        amount = parse_amount(typed, **POUNDS)
    except ValueError:
        return
    digits = "".join(character for character in typed if character.isdigit())
    assert typed.isascii() or set(typed) & set("£\u00a0\u202f")
    assert not set(typed) & set("+-eE_x'$１٣")
    # Its digits are those that were typed; only zeros may be added or left out.
    assert f"{amount:f}".replace(".", "").strip("0") == digits.strip("0")


@given(st.integers(1, 10**9), st.sampled_from(["", ",", " ", "\u202f"]))
def test_every_written_whole_number_reads_back(number: int, thousands: str) -> None:
    assert parse_whole_number(f"{number:,}".replace(",", thousands)) == number


@given(st.text(min_size=1), st.sampled_from([*MINUS_SIGNS, "+"]))
def test_no_sign_is_read_where_nothing_is_below_zero(typed: str, sign: str) -> None:
    with pytest.raises(ValueError, match="Enter"):
        parse_amount(sign + typed, **POUNDS)
