"""Currencies: decimals, writing and reading of amounts."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from unicodedata import category

from babel.numbers import get_currency_symbol
from iso4217 import Currency as Iso4217

from app.domain.input.numbers import example_of, parse_amount

#: Of the columns that keep amounts.
DECIMALS_MAX = 2
WHOLE_DIGITS_MAX = 12


@dataclass(frozen=True)
class Currency:
    """``sign`` is £ for GBP; the code itself where a currency has no sign."""

    code: str
    decimals: int
    sign: str

    @property
    def smallest(self) -> Decimal:
        """0.01 of a pound, 1 yen."""
        return Decimal(1).scaleb(-self.decimals)

    @property
    def most(self) -> Decimal:
        """The largest amount that is kept."""
        return Decimal(10) ** WHOLE_DIGITS_MAX - self.smallest

    @property
    def example(self) -> str:
        return example_of(self.decimals)

    def exact(self, amount: Decimal) -> Decimal | None:
        """The amount with all its decimals; None when it is negative, too large or too fine."""
        if not amount.is_finite() or not 0 <= amount <= self.most:
            return None
        rounded = amount.quantize(self.smallest)
        return rounded if rounded == amount else None

    def written(self, amount: Decimal) -> str:
        """For people: £1,234.50."""
        space = "" if category(self.sign[-1]) == "Sc" else "\u00a0"
        minus = "-" if amount < 0 else ""
        return f"{minus}{self.sign}{space}{abs(amount):,.{self.decimals}f}"

    def plain(self, amount: Decimal) -> str:
        """For programs: 1234.50."""
        return f"{amount:.{self.decimals}f}"

    def read(self, text: str) -> Decimal:
        """What a person typed; ValueError says what to do instead."""
        names = [self.code, self.sign, get_currency_symbol(self.code, "en_GB")]
        amount = self.exact(parse_amount(text, decimals=self.decimals, currency_names=names))
        if amount is None:
            raise ValueError(self.limits())
        return amount

    def limits(self, least: Decimal = Decimal(0)) -> str:
        """What an amount may be, as a sentence."""
        decimals = f"at most {self.decimals} decimals" if self.decimals else "no decimals"
        return (
            f"Give an amount from {self.written(least)} to {self.written(self.most)}, "
            f"such as {self.example}, with {decimals}."
        )


@cache
def currency_of(code: str) -> Currency:
    """The currency with this code of ISO 4217; ValueError says why a store cannot use it."""
    known = Iso4217.__members__.get(code.lower())
    if known is None or known.code != code or known.exponent is None:
        raise ValueError(f"{code!r} is no currency of ISO 4217 such as GBP")
    if known.exponent > DECIMALS_MAX:
        raise ValueError(
            f"{code} has {known.exponent} decimals; "
            f"this store keeps amounts with at most {DECIMALS_MAX}"
        )
    return Currency(code, known.exponent, get_currency_symbol(code, "en"))
