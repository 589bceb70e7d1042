"""Finds which column of a retail file holds what, in both editions."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
#: The names of the second edition, Online Retail II, where they differ by more than a space.
SECOND_EDITION = {"Invoice": "InvoiceNo", "Price": "UnitPrice"}
SHOWN_MAX = 20


class RetailFileError(Exception):
    """The file is not what it should be; the text names the line and what was expected."""


@dataclass(frozen=True)
class Headings:
    """Positions of COLUMNS, in their order; ``ignored`` are the other headings, as written."""

    positions: tuple[int, ...]
    width: int
    ignored: tuple[str, ...]


def read_headings(cells: Sequence[str], line: int) -> Headings:
    """Which column holds what; RetailFileError names what is missing or there twice."""
    positions: dict[str, int] = {}
    ignored = []
    for position, text in enumerate(cells):
        column = column_named(text)
        if column is None:
            ignored.append(" ".join(text.split()))
        elif column in positions:
            raise RetailFileError(_twice(cells, positions[column], position, line))
        else:
            positions[column] = position
    if missing := [column for column in COLUMNS if column not in positions]:
        raise RetailFileError(
            f"line {line}: expected the headings {', '.join(COLUMNS)}; {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing. There: {_listed(cells)}"
        )
    return Headings(
        tuple(positions[column] for column in COLUMNS),
        len(cells),
        tuple(heading for heading in ignored if heading),
    )


def column_named(heading: str) -> str | None:
    """The column that a heading names, whatever its case, spaces and punctuation."""
    return _BY_LETTERS.get(_letters(heading))


def _letters(heading: str) -> str:
    folded = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(character for character in folded if character.isalnum())


_BY_LETTERS = {_letters(name): name for name in COLUMNS} | {
    _letters(name): column for name, column in SECOND_EDITION.items()
}


def _twice(cells: Sequence[str], first: int, second: int, line: int) -> str:
    names = [" ".join(cells[position].split()) for position in (first, second)]
    named = names[0] if names[0] == names[1] else " and ".join(names)
    return (
        f"line {line}: {column_named(names[0])} is there twice, as {named} in columns "
        f"{first + 1} and {second + 1}. Keep the one that counts"
    )


def _listed(cells: Sequence[str]) -> str:
    shown = ", ".join(repr(" ".join(cell.split())) for cell in cells[:SHOWN_MAX])
    return f"{shown} and {len(cells) - SHOWN_MAX} more" if len(cells) > SHOWN_MAX else shown
