"""Splits a CSV file into rows and finds its delimiter."""

import csv
import re
from itertools import islice
from typing import IO

from app.domain.imports.retail.columns import TextColumns
from app.domain.imports.retail.headings import (
    COLUMNS,
    RetailFileError,
    column_named,
    read_headings,
)
from app.domain.imports.retail.parsing import shown

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
#: What Excel writes and reads before the headings.
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?')
EMPTY = ' "\xa0' + "".join(DELIMITERS)
KNOWN_HEADINGS_MIN = 3
ROWS_AT_ONCE = 4096
WHY = {
    "unexpected end of data": 'a quotation mark (") is opened here and never closed',
    "field larger than field limit": 'a quotation mark (") is opened here and not closed for long',
    "expected after": 'text follows a closing quotation mark ("); a mark within quotes is '
    'written twice ("")',
}


def recognise_delimiter(file: IO[str]) -> str:
    """The one that parts the most headings; RetailFileError where there are none."""
    for number, text in enumerate(file, start=1):
        line = text.rstrip("\r\n").lstrip("\ufeff")
        if named := SEPARATOR_LINE.fullmatch(line):
            return named[1]
        if line.strip(EMPTY):
            return _best_delimiter(line, number)
    raise RetailFileError(
        f"line 1: expected the headings {', '.join(COLUMNS)}; the file has nothing but empty rows"
    )


def _best_delimiter(line: str, number: int) -> str:
    known = {delimiter: _known_headings(line, delimiter) for delimiter in DELIMITERS}
    best = max(known, key=lambda delimiter: known[delimiter])
    if known[best] < KNOWN_HEADINGS_MIN:
        raise RetailFileError(
            f"line {number}: expected the headings {', '.join(COLUMNS)}, parted by commas, "
            f"semicolons, tabs or pipes; it is {shown(line)}"
        )
    return best


def _known_headings(line: str, delimiter: str) -> int:
    try:
        cells = next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return 0
    return len({column_named(cell) for cell in cells} - {None})


class RetailRows:
    """The rows after the headings; empty ones are passed over and counted.

    RetailFileError names the line in which a row begins that is no CSV or not as wide.
    """

    def __init__(self, file: IO[str], delimiter: str) -> None:
        self.delimiter = delimiter
        self.empty = 0
        self._reader = csv.reader(file, delimiter=delimiter, strict=True)
        line, cells = self._next()
        if SEPARATOR_LINE.fullmatch(delimiter.join(cells).lstrip("\ufeff")):
            line, cells = self._next()
        self.headings = read_headings(cells, line)

    @property
    def line(self) -> int:
        """The last one that was read."""
        return self._reader.line_num

    def read(self) -> TextColumns:
        """All of them."""
        texts = TextColumns()
        more = True
        while more:
            rows, more = self._some()
            if rows:
                columns = list(zip(*rows.values(), strict=True))
                texts.add(rows, [columns[position] for position in self.headings.positions])
        return texts

    def _some(self) -> tuple[dict[int, list[str]], bool]:
        """The next rows by the lines in which they begin, and whether there may be more."""
        width, rows, seen = self.headings.width, {}, 0
        line = self.line + 1
        try:
            for cells in islice(self._reader, ROWS_AT_ONCE):
                seen += 1
                if len(cells) == width and (cells[0].strip() or any(map(str.strip, cells))):
                    rows[line] = cells
                elif any(map(str.strip, cells)):
                    raise RetailFileError(self._wrong_width(line, len(cells)))
                else:
                    self.empty += 1
                line = self.line + 1
        except csv.Error as error:
            raise RetailFileError(f"line {line}: {_why(error)}") from None
        return rows, seen == ROWS_AT_ONCE

    def _next(self) -> tuple[int, list[str]]:
        """The next row that is not empty; at the end one without cells."""
        line = self.line + 1
        try:
            for cells in self._reader:
                if any(map(str.strip, cells)):
                    return line, cells
                line = self.line + 1
        except csv.Error as error:
            raise RetailFileError(f"line {line}: {_why(error)}") from None
        return line, []

    def _wrong_width(self, line: int, found: int) -> str:
        width = self.headings.width
        message = f"line {line}: expected {width} fields, found {found}"
        if found < width:
            return message
        name = DELIMITERS.get(self.delimiter, self.delimiter)
        return f'{message}. A field with a {name} in it belongs in quotation marks (")'


def _why(error: csv.Error) -> str:
    return next((words for start, words in WHY.items() if start in str(error)), str(error))
