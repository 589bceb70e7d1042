"""Reads a retail file and refuses what is ambiguous."""

import gc
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from app.domain.currency import Currency, currency_of
from app.domain.imports.retail.checks import check_lines
from app.domain.imports.retail.columns import TextColumns
from app.domain.imports.retail.dates import date_order
from app.domain.imports.retail.file_format import Choices, FileForm
from app.domain.imports.retail.headings import RetailFileError
from app.domain.imports.retail.lines import Notice, RetailLine
from app.domain.imports.retail.numbers import decimal_mark
from app.domain.imports.retail.parsing import LineParser
from app.services.imports.retail.encoding import NAMES, opened, recognise_encoding
from app.services.imports.retail.rows import DELIMITERS, RetailRows, recognise_delimiter

NUMBERS = ("Quantity", "UnitPrice", "CustomerID")
POUNDS = currency_of("GBP")
ANYTHING = Choices()


@dataclass(frozen=True)
class RetailFile:
    lines: list[RetailLine]
    notices: list[Notice]
    form: FileForm


def read_retail_file(
    path: Path, currency: Currency = POUNDS, choices: Choices = ANYTHING
) -> RetailFile:
    """All of the file, judged; RetailFileError names the first thing that is wrong."""
    reader = _Reader(path, currency, choices)
    try:
        with _without_collecting():
            return reader.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        why = f"the gzip file is damaged or cut off ({error}). Copy it again, or unpack it first"
    except UnicodeError as error:
        name = NAMES.get(reader.encoding, reader.encoding)
        why = (
            f"line {reader.line + 1} or a little later: the text is not {name} "
            f"({getattr(error, 'reason', error)}). Save the file as CSV (UTF-8)"
        )
    except OSError as error:
        why = error.strerror or str(error)
    except RetailFileError as error:
        why = str(error)
    raise RetailFileError(f"{path}: {why}. Nothing was imported.")


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Looking for cycles among a million new objects takes a third of the time; there are none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Reader:
    def __init__(self, path: Path, currency: Currency, choices: Choices) -> None:
        self.path, self.currency, self.choices = path, currency, choices
        self.encoding = ""
        self.rows: RetailRows | None = None

    @property
    def line(self) -> int:
        """The last one that was read."""
        return self.rows.line if self.rows else 0

    def read(self) -> RetailFile:
        self.encoding = self.choices.encoding or recognise_encoding(self.path)
        with self._text() as text:
            self.delimiter = recognise_delimiter(text)
        with self._text() as text:
            rows = self.rows = RetailRows(text, self.delimiter)
            texts = rows.read()
        if not len(texts):
            raise RetailFileError("expected invoice lines after the headings, and there are none")
        parser = self._parser(texts)
        lines, notices = parser.parse(texts)
        notices += check_lines(lines, self.currency.most)
        return RetailFile(lines, notices, self._form(rows, parser))

    def _parser(self, texts: TextColumns) -> LineParser:
        numbers = {name: texts.first_lines(name) for name in NUMBERS}
        mark = self.choices.decimal_mark or decimal_mark(numbers, self.currency.decimals)
        order = self.choices.date_order or date_order(texts.first_lines("InvoiceDate"), mark)
        return LineParser(self.currency, mark, order)

    @contextmanager
    def _text(self) -> Iterator[IO[str]]:
        with (
            opened(self.path) as file,
            TextIOWrapper(file, encoding=self.encoding, newline="") as text,
        ):
            yield text

    def _form(self, rows: RetailRows, parser: LineParser) -> FileForm:
        return FileForm(
            encoding=NAMES.get(self.encoding, self.encoding),
            delimiter=DELIMITERS.get(rows.delimiter, rows.delimiter),
            decimal_mark=parser.decimal_mark,
            date_order=parser.date_order,
            columns_ignored=rows.headings.ignored,
            empty_rows=rows.empty,
        )
