"""Parses the texts of a retail file into lines, or says what is wrong."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from sys import intern

from app.domain.currency import Currency
from app.domain.imports.retail.columns import TextColumns
from app.domain.imports.retail.dates import DateOrder, parse_time
from app.domain.imports.retail.lines import Notice, NoticeKind, RetailLine
from app.domain.input.numbers import example_of, parse_amount
from app.domain.input.text import clean_line

QUANTITY_MAX = 1_000_000
UNIT_PRICE_MAX = 10_000_000
INVOICE_LENGTH_MAX = 40
STOCK_CODE_LENGTH_MAX = 40
DESCRIPTION_LENGTH_MAX = 500
COUNTRY_LENGTH_MAX = 100
#: More than any currency has: a finer price is rounded, and that is told.
DECIMALS_MAX = 9
SHOWN_LENGTH_MAX = 40
#: Programs that keep a column as decimal numbers write 17850.0.
DECIMAL_ZEROS = re.compile(r"([0-9]+)[.,]0+")
STOCK_CODE_AS_NUMBER = re.compile(r"([0-9]{5})[.,]0+")
CUSTOMER = re.compile(r"[0-9]{1,12}")
LINE_BREAKS = re.compile(r"[\t\r\n\v\f\x85\u2028\u2029]+")


class LineParser:
    """``decimal_mark`` and ``date_order`` are the file's."""

    def __init__(
        self, currency: Currency, decimal_mark: str | None, date_order: DateOrder | None
    ) -> None:
        self.currency = currency
        self.decimal_mark = decimal_mark or "."
        self.date_order = date_order
        self._rounded: set[str] = set()

    def parse(self, texts: TextColumns) -> tuple[list[RetailLine], list[Notice]]:
        """All lines, and what is to be told; RetailFileError names the first that is wrong."""
        columns = texts.values(
            (
                self._invoice,
                self._stock_code,
                self._description,
                self._quantity,
                self._time,
                self._price,
                self._customer,
                self._country,
            )
        )
        lines = list(map(RetailLine._make, zip(texts.lines, *columns, strict=True)))
        return lines, list(self._roundings(texts, lines))

    def _roundings(self, texts: TextColumns, lines: Sequence[RetailLine]) -> Iterator[Notice]:
        if not self._rounded:
            return
        for index, text in texts.rows_with("UnitPrice", self._rounded):
            detail = f"UnitPrice {text.strip()} was read as {lines[index].unit_price}"
            yield Notice(lines[index], NoticeKind.PRICE_ROUNDED, detail)

    def _invoice(self, text: str) -> str:
        return intern(_without_zeros(_code(text, INVOICE_LENGTH_MAX), DECIMAL_ZEROS))

    def _stock_code(self, text: str) -> str:
        return intern(_without_zeros(_code(text, STOCK_CODE_LENGTH_MAX), STOCK_CODE_AS_NUMBER))

    def _description(self, text: str) -> str:
        return intern(_words(text, DESCRIPTION_LENGTH_MAX))

    def _country(self, text: str) -> str:
        return intern(_words(text, COUNTRY_LENGTH_MAX))

    def _time(self, text: str) -> datetime:
        try:
            return parse_time(text, self.date_order)
        except ValueError as error:
            raise ValueError(f"{error}, not {shown(text)}") from None

    def _quantity(self, text: str) -> int:
        number = self._number(text, ())
        if number is None or number != int(number) or abs(number) > QUANTITY_MAX:
            limit = f"{QUANTITY_MAX:,}"
            raise ValueError(f"should be a whole number up to {limit}, not {shown(text)}")
        return int(number)

    def _price(self, text: str) -> Decimal:
        number = self._number(text, (self.currency.code, self.currency.sign))
        if number is None:
            raise ValueError(f"should be an amount such as {self._example()}, not {shown(text)}")
        if abs(number) > UNIT_PRICE_MAX:
            raise ValueError(f"should be an amount up to {UNIT_PRICE_MAX:,}, not {shown(text)}")
        price = number.quantize(self.currency.smallest, ROUND_HALF_UP)
        if price != number:
            self._rounded.add(text)
        return price

    def _number(self, text: str, currency_names: Sequence[str]) -> Decimal | None:
        try:
            return parse_amount(
                text,
                decimals=DECIMALS_MAX,
                currency_names=currency_names,
                decimal_mark=self.decimal_mark,
                least=Decimal(-UNIT_PRICE_MAX),
            )
        except ValueError:
            return None

    def _example(self) -> str:
        """2.55, as this file writes it."""
        written = "2.55" if self.currency.decimals == 2 else example_of(self.currency.decimals)
        return written.replace(".", self.decimal_mark)

    def _customer(self, text: str) -> str:
        number = _without_zeros(_words(text, SHOWN_LENGTH_MAX), DECIMAL_ZEROS)
        if number and not CUSTOMER.fullmatch(number):
            raise ValueError(f"should be a number or empty, not {shown(text)}")
        return intern(number)


def _code(text: str, length_max: int, length_min: int = 1) -> str:
    try:
        return clean_line(text, length_max=length_max, length_min=length_min)
    except ValueError as error:
        raise ValueError(f"{shown(text)}: {str(error).rstrip('.')}") from None


def _words(text: str, length_max: int) -> str:
    """Line breaks and tabs, which a quoted cell may have, are spaces."""
    return _code(LINE_BREAKS.sub(" ", text), length_max, length_min=0)


def _without_zeros(text: str, pattern: re.Pattern[str]) -> str:
    found = pattern.fullmatch(text)
    return found[1] if found else text


def shown(value: str) -> str:
    """The value in quotes, with what cannot be seen spelled out."""
    short = value if len(value) <= SHOWN_LENGTH_MAX else value[: SHOWN_LENGTH_MAX - 1] + "…"
    return repr(short)
