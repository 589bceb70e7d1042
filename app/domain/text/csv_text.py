"""Writes CSV by RFC 4180, in UTF-8 without a byte order mark.

Without the mark, since scripts find columns by their heading and would read it as a part of the
first one.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

ENCODING = "utf-8"
#: What a spreadsheet takes for the beginning of a formula; NFKC makes these of full-width signs.
FORMULA_SIGNS = frozenset("=+-@\u2212")
#: Spreadsheets pass over them, and some of them over the spaces of other scripts, too.
_LEADING = re.compile(r"[\s\x00-\x20\u200b-\u200f\u2060\ufeff]*")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """These rows as lines of CSV. No cell is run as a formula by a spreadsheet."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([csv_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def csv_cell(value: object) -> str:
    """The text of a cell, behind an apostrophe where it would be a formula; numbers stay."""
    text = "" if value is None else str(value)
    if not text or text[0].isalnum() or isinstance(value, int | float | Decimal):
        return text
    return f"'{text}" if _may_be_formula(text) else text


def _may_be_formula(text: str) -> bool:
    if text[0] in "\t\r\n":
        return True
    shown = _LEADING.sub("", text, count=1)
    if not shown or _NUMBER.fullmatch(text):
        return False
    return unicodedata.normalize("NFKC", shown[0])[0] in FORMULA_SIGNS
