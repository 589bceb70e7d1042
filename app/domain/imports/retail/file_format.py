"""How a retail file is written: delimiter, encoding, decimal mark, date form."""

from dataclasses import dataclass

from app.domain.imports.retail.dates import DateOrder
from app.domain.imports.retail.numbers import MARKS


@dataclass(frozen=True)
class Choices:
    """What the person at the keyboard said of the file; else it is recognised."""

    encoding: str | None = None
    decimal_mark: str | None = None
    date_order: DateOrder | None = None


@dataclass(frozen=True)
class FileForm:
    encoding: str
    delimiter: str
    decimal_mark: str | None
    date_order: DateOrder | None
    columns_ignored: tuple[str, ...]
    empty_rows: int

    def as_facts(self) -> dict[str, object]:
        """In words, for the result of an import."""
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "decimalMark": MARKS.get(self.decimal_mark or ""),
            "dates": self.date_order or "year-first",
            "columnsIgnored": list(self.columns_ignored),
            "emptyRows": self.empty_rows,
        }
