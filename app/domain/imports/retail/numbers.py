"""Finds the decimal mark of a retail file from all its numbers."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from app.domain.imports.retail.headings import RetailFileError

MARKS = {".": "point", ",": "comma"}
#: A sign, a currency, digits with marks and spaces between them, a currency.
_NUMBER = re.compile(r"[-\u2212]?[^\w.,]*(?:[A-Za-z]{3}\s)?([0-9][0-9.,\s]*[0-9]|[0-9])[^\d.,]*")
_CUSTOMER = re.compile(r"[0-9]+[.,]0{1,2}")


class Written(NamedTuple):
    """Where a text stands first."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.column} '{self.text}'"


def decimal_mark(texts: Mapping[str, Mapping[str, int]], decimals: int) -> str | None:
    """The file's mark; None where it has no number with one.

    ``texts`` are the different texts of Quantity, UnitPrice and CustomerID, each with the line in
    which it stands first; ``decimals`` those of the store's currency. RetailFileError where two
    numbers of the file contradict each other, or a price can be read in two ways.
    """
    proofs: dict[str, Written] = {}
    unclear: list[tuple[str, Written]] = []
    for column, lines in texts.items():
        for text, line in lines.items():
            written = Written(line, column, text)
            mark, is_decimal = _reading(text, column)
            if is_decimal is None:
                unclear.extend([(mark, written)] if mark else [])
            else:
                proven = mark if is_decimal else _other(mark)
                proofs[proven] = min(written, proofs.get(proven, written))
    if len(proofs) == 2:
        point, comma = proofs["."], proofs[","]
        raise RetailFileError(
            f"{comma} has a decimal comma, and {point} a decimal point. "
            "Write all numbers of a file with the same decimal mark"
        )
    if proofs:
        return next(iter(proofs))
    return _from_unclear(unclear, decimals)


def _reading(text: str, column: str) -> tuple[str, bool | None]:
    """The last mark in a number and whether it is the decimal one; None for not to be told."""
    if column == "CustomerID":
        is_number = _CUSTOMER.fullmatch(text)
        return (text.rstrip("0")[-1], True) if is_number else ("", None)
    found = _NUMBER.fullmatch(text.strip())
    digits = re.sub(r"[^0-9.,]", "", found[1]) if found else ""
    marks = re.sub(r"[0-9]", "", digits)
    if not marks:
        return "", None
    last = marks[-1]
    if len(set(marks)) == 2:
        return last, marks.count(last) == 1
    if len(marks) > 1:
        return last, False
    whole, _, rest = digits.partition(last)
    grouped = len(rest) == 3 and len(whole) <= 3 and not whole.startswith("0")
    return last, None if grouped else True


def _from_unclear(unclear: list[tuple[str, Written]], decimals: int) -> str | None:
    """Nothing but numbers such as 1,200: thousands for what has no decimals in any case."""
    if not unclear:
        return None
    prices = [each for each in unclear if each[1].column == "UnitPrice"]
    marks = {mark for mark, _ in unclear}
    if len(marks) == 1 and (not prices or decimals == 0):
        return _other(marks.pop())
    _, written = min(prices or unclear, key=lambda each: each[1])
    raise RetailFileError(
        f"{written} can be {re.sub('[.,]', '', written.text)} or "
        f"{written.text.replace(',', '.')}, and no number of the file decides which. "
        "Say --decimal-mark point or --decimal-mark comma"
    )


def _other(mark: str) -> str:
    return "," if mark == "." else "."
