"""Reads the Online Retail file, gzip or plain, and refuses what is not that file."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from app.domain.retail_lines import COLUMNS, RetailFileError, RetailLine, parse_line

GZIP_MAGIC = b"\x1f\x8b"


def read_retail_file(path: Path) -> list[RetailLine]:
    """Every line of the file, all of them checked; RetailFileError names the first bad one."""
    number = 1
    try:
        with _text(path) as file:
            lines = []
            for line in _lines(file):
                lines.append(line)
                number = line.number
    except (gzip.BadGzipFile, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise RetailFileError(
            f"{path}: expected a CSV file in UTF-8, plain or gzip; it cannot be read after line "
            f"{number}: {error}. Nothing was imported."
        ) from None
    except OSError as error:
        raise RetailFileError(f"{path}: {error.strerror or error}. Nothing was imported.") from None
    except RetailFileError as error:
        raise RetailFileError(f"{path}: {error}. Nothing was imported.") from None
    if not lines:
        raise RetailFileError(
            f"{path}: expected invoice lines after the headings in line 1, and there are none. "
            "Nothing was imported."
        )
    return lines


@contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
        binary = gzip.GzipFile(fileobj=file) if packed else file
        with TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
            yield text


def _lines(file: IO[str]) -> Iterator[RetailLine]:
    reader = csv.reader(file, strict=True)
    headings = next(reader, [])
    missing = [column for column in COLUMNS if column not in headings]
    if missing:
        raise RetailFileError(
            f"line 1: expected the headings {', '.join(COLUMNS)}; "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        )
    for fields in reader:
        if not fields:
            continue
        if len(fields) != len(headings):
            raise RetailFileError(
                f"line {reader.line_num}: expected {len(headings)} fields, found {len(fields)}"
            )
        yield parse_line(reader.line_num, dict(zip(headings, fields, strict=True)))
