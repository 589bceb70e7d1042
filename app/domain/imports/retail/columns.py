"""The columns of a retail file, each different text kept once."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any

from app.domain.imports.retail.headings import COLUMNS, RetailFileError


class TextColumns:
    """``lines`` are those of the file in which the rows begin."""

    def __init__(self) -> None:
        self.lines = array("L")
        self._codes = {name: array("L") for name in COLUMNS}
        # In the order in which the texts come first.
        self._texts: dict[str, defaultdict[str, int]] = {
            name: defaultdict(count().__next__) for name in COLUMNS
        }

    def __len__(self) -> int:
        return len(self.lines)

    def add(self, lines: Iterable[int], columns: Iterable[Sequence[str]]) -> None:
        """Rows, as columns in the order of COLUMNS."""
        self.lines.extend(lines)
        for name, texts in zip(COLUMNS, columns, strict=True):
            self._codes[name].extend(map(self._texts[name].__getitem__, texts))

    def first_lines(self, name: str) -> dict[str, int]:
        """The different texts of a column, with the line in which each stands first."""
        by_code = dict(zip(reversed(self._codes[name]), reversed(self.lines), strict=True))
        return {text: by_code[code] for text, code in self._texts[name].items()}

    def values(self, parsers: Sequence[Callable[[str], Any]]) -> list[Iterable[Any]]:
        """What the parsers make of the columns; RetailFileError tells of the first bad text."""
        found: list[Iterable[Any]] = []
        errors = []
        for name, parse in zip(COLUMNS, parsers, strict=True):
            values: list[Any] = []
            try:
                values.extend(map(parse, self._texts[name]))
            except ValueError as error:
                text = list(self._texts[name])[len(values)]
                errors.append((self.first_lines(name)[text], COLUMNS.index(name), str(error)))
            found.append(map(values.__getitem__, self._codes[name]))
        if errors:
            line, position, why = min(errors)
            raise RetailFileError(f"line {line}: {COLUMNS[position]} {why}")
        return found

    def rows_with(self, name: str, texts: Iterable[str]) -> list[tuple[int, str]]:
        """Indices of the rows that have one of these texts in a column, with the text."""
        wanted = {self._texts[name][text]: text for text in texts}
        codes = self._codes[name]
        return [(i, wanted[code]) for i, code in enumerate(codes) if code in wanted]
