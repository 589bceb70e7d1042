"""Parses numbers that people type in forms, commands and files.

Read are ``1234.5``, ``12,50``, ``1,234.50``, ``1.234,50``, ``1 234,50`` and ``1,234``, with the
store's currency before or behind (``£2``, ``2 £``, ``GBP 2``). Everything else is refused: other
currencies, digits of other scripts, exponents, a plus sign, groups that are not of three digits.

A comma before exactly three digits parts thousands, as on the store's own pages. A point there
(``1.234``) is refused: half of the world means 1234 by it, the other half three decimals. A file
whose decimal mark is known says so with ``decimal_mark``.

``babel.numbers.parse_decimal`` would read ``1e2``, ``1_0``, ``NaN`` and the digits of any script,
and takes ``1.234`` for a little more than one.
"""

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

TEXT_LENGTH_MAX = 40
#: The space, and those that spreadsheets and typesetters put between groups of digits.
SPACES = " \u00a0\u2007\u2009\u202f"
MINUS_SIGNS = "-\u2212"

_NUMBER_AND_CURRENCY = re.compile(
    rf"(?P<before>[^0-9]*)(?P<number>[0-9](?:[0-9.,{SPACES}]*[0-9])?)(?P<after>[^0-9]*)"
)
_PLAIN = re.compile(r"([0-9]+)()")
#: By the decimal mark.
_DECIMAL = {
    ".": re.compile(r"([0-9]+)\.([0-9]+)"),
    ",": re.compile(r"([0-9]+),([0-9]+)"),
}
_GROUPED = {
    mark: re.compile(
        rf"([1-9][0-9]{{0,2}}(?:(?:{re.escape(other)}[0-9]{{3}})+|(?:[{SPACES}][0-9]{{3}})+))"
        rf"(?:{re.escape(mark)}([0-9]+))?"
    )
    for mark, other in ((".", ","), (",", "."))
}


def parse_amount(
    text: str,
    *,
    decimals: int,
    currency_names: Sequence[str] = (),
    decimal_mark: str | None = None,
    least: Decimal = Decimal(0),
) -> Decimal:
    """The amount with exactly ``decimals`` decimals; ValueError says what to do instead.

    ``currency_names`` are the ways to write the store's currency, its code first: GBP, £. A
    number below zero is read where ``least`` is below zero.
    """
    wanted = f"Enter an amount such as {example_of(decimals)}"
    negative, rest = _without_sign(_trimmed(text, wanted), wanted)
    number = _without_currency(rest, currency_names, wanted)
    whole, fraction = _digits(number, decimals, decimal_mark, wanted)
    if len(fraction) > decimals:
        limit = f"at most {decimals} decimals" if decimals else "no decimals"
        raise ValueError(f"{wanted}: it has {limit}.")
    amount = Decimal(f"{whole}.{fraction.ljust(decimals, '0')}" if decimals else whole)
    if negative and least >= 0:
        raise ValueError(f"{wanted}, not a negative one.")
    return -amount if negative else amount


def parse_whole_number(
    text: str, *, least: int = 1, most: int = 10**9, of: str | None = None
) -> int:
    """The whole number, from ``least`` to ``most``; ValueError says what to do instead.

    ``of`` says what is counted, such as minutes.
    """
    counted = f" of {of}" if of else ""
    wanted = f"Enter a whole number{counted} from {least:,} to {most:,}"
    negative, rest = _without_sign(_trimmed(text, wanted), wanted)
    whole, fraction = _digits(_without_currency(rest, (), wanted), 0, None, wanted)
    value = -int(whole) if negative else int(whole)
    if fraction or not least <= value <= most:
        raise ValueError(f"{wanted}.")
    return value


def example_of(decimals: int) -> str:
    """12.50 for a currency with two decimals, 1250 for one without."""
    return f"{Decimal('12.5'):.{decimals}f}" if decimals else "1250"


def _trimmed(text: str, wanted: str) -> str:
    trimmed = text.strip()
    if not trimmed or len(trimmed) > TEXT_LENGTH_MAX:
        raise ValueError(f"{wanted}.")
    if any(character.isnumeric() and not character.isascii() for character in trimmed):
        raise ValueError(f"{wanted}, in the digits 0 to 9.")
    return trimmed


def _without_sign(text: str, wanted: str) -> tuple[bool, str]:
    if text.startswith("+"):
        raise ValueError(f"{wanted}, without the plus sign.")
    return text[0] in MINUS_SIGNS, text.removeprefix("-").removeprefix("\u2212")


def _without_currency(text: str, names: Sequence[str], wanted: str) -> str:
    found = _NUMBER_AND_CURRENCY.fullmatch(text)
    if found is None:
        raise ValueError(f"{wanted}.")
    said = [side for side in (found["before"].strip(), found["after"].strip()) if side]
    if not said:
        return found["number"]
    if len(said) == 1 and said[0].casefold() in {name.casefold() for name in names}:
        return found["number"]
    if len(said) > 1 or not all(map(_names_currency, said[0])):
        raise ValueError(f"{wanted}.")
    here = f": amounts are in {names[0]} here" if names else ""
    raise ValueError(f"{wanted}, without {said[0]}{here}.")


def _names_currency(character: str) -> bool:
    return character.isalpha() or character in SPACES or unicodedata.category(character) == "Sc"


def _digits(number: str, decimals: int, decimal_mark: str | None, wanted: str) -> tuple[str, str]:
    """What stands before and behind the decimal mark."""
    marks = (decimal_mark,) if decimal_mark else (".", ",")
    forms = [_PLAIN, *(_GROUPED[mark] for mark in marks), *(_DECIMAL[mark] for mark in marks)]
    readings = {
        (re.sub("[^0-9]", "", found[1]), found[2] or "")
        for form in forms
        if (found := form.fullmatch(number))
    }
    if not readings:
        raise ValueError(f"{wanted}.")
    if len(readings) == 1:
        return readings.pop()
    # A mark before exactly three digits: the comma is read as the store's own pages write it.
    thousands, (whole, fraction) = sorted(readings, key=lambda reading: reading[1])
    if "," in number and decimals < len(fraction):
        return thousands
    raise ValueError(
        f"{number} can mean {thousands[0]} or {whole} point {fraction}."
        f" {wanted}, or {thousands[0]}."
    )
