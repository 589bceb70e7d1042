"""Currencies by ISO 4217."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency as Iso4217

from app.domain.currency import Currency, currency_of

USABLE = sorted({one.code for one in Iso4217 if one.exponent is not None and one.exponent <= 2})


@pytest.mark.parametrize(
    ("code", "decimals"),
    # Where ISO 4217 and the habits that CLDR keeps differ, ISO 4217 counts.
    {"GBP": 2, "EUR": 2, "USD": 2, "RSD": 2, "ALL": 2, "JPY": 0, "KRW": 0, "ISK": 0}.items(),
)
def test_decimals(code: str, decimals: int) -> None:
    assert currency_of(code).decimals == decimals


@pytest.mark.parametrize("code", ["ZZZ", "DEM", "gbp", "XXX", "XAU", "", "€"])
def test_refuses_what_is_no_currency(code: str) -> None:
    with pytest.raises(ValueError, match=r"no currency of ISO 4217 such as GBP"):
        currency_of(code)


@pytest.mark.parametrize("code", ["KWD", "BHD", "IQD", "TND", "CLF"])
def test_refuses_more_decimals_than_are_kept(code: str) -> None:
    with pytest.raises(ValueError, match=rf"{code} has [34] decimals; .* at most 2"):
        currency_of(code)


@pytest.mark.parametrize(
    ("code", "amount", "written", "plain"),
    [
        ("GBP", "1234.5", "£1,234.50", "1234.50"),
        ("GBP", "-2", "-£2.00", "-2.00"),
        ("JPY", "100.00", "¥100", "100"),
        ("JPY", "1234567", "¥1,234,567", "1234567"),
        ("USD", "6.6", "$6.60", "6.60"),
        ("CHF", "6.6", "CHF\u00a06.60", "6.60"),
    ],
)
def test_writes_an_amount(code: str, amount: str, written: str, plain: str) -> None:
    currency = currency_of(code)
    assert currency.written(Decimal(amount)) == written
    assert currency.plain(Decimal(amount)) == plain


@pytest.mark.parametrize(
    ("code", "amount", "exact"),
    [
        ("GBP", "12.5", "12.50"),
        ("GBP", "12.500", "12.50"),
        ("GBP", "12.505", None),
        ("GBP", "-0.01", None),
        ("GBP", "999999999999.99", "999999999999.99"),
        ("GBP", "1000000000000", None),
        ("GBP", "1E+400", None),
        ("GBP", "1E-400", None),
        ("GBP", "NaN", None),
        ("GBP", "Infinity", None),
        ("JPY", "100.00", "100"),
        ("JPY", "100.50", None),
    ],
)
def test_tells_which_amounts_fit(code: str, amount: str, exact: str | None) -> None:
    found = currency_of(code).exact(Decimal(amount))
    assert (found is None) if exact is None else (str(found) == exact)


def test_says_the_limits_with_the_currency() -> None:
    assert currency_of("GBP").limits() == (
        "Give an amount from £0.00 to £999,999,999,999.99, such as 12.50, with at most 2 decimals."
    )
    assert "from ¥1 to ¥999,999,999,999, such as 1250, with no decimals" in currency_of(
        "JPY"
    ).limits(Decimal(1))


@given(st.sampled_from(USABLE), st.integers(0, 10**14 - 1))
def test_every_amount_reads_back_as_it_was_written(code: str, units: int) -> None:
    currency: Currency = currency_of(code)
    amount = Decimal(units).scaleb(-currency.decimals) % 10**12
    assert currency.read(currency.written(amount)) == amount
    assert currency.read(currency.plain(amount)) == amount
