"""Writes what an import skipped and noticed, line by line."""

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

from app.domain.imports.retail.headings import COLUMNS, RetailFileError
from app.domain.imports.retail.lines import Notice, Skipped
from app.domain.text.csv_text import ENCODING, csv_text


def write_skipped(path: Path, skipped: Iterable[Skipped]) -> None:
    """One row for every line of the file that was passed over, with the reason."""
    rows = (
        [line.number, reason.value, units, *line[1:], detail]
        for line, reason, units, detail in skipped
    )
    _write(path, [["Line", "Reason", "UnitsSkipped", *COLUMNS, "Detail"], *rows])


def write_notices(path: Path, notices: Iterable[Notice]) -> None:
    """One row for every line that was taken, but not quite as it stands; no file for none."""
    rows = [
        [line.number, kind.value, detail, *line[1:]]
        for line, kind, detail in sorted(notices, key=attrgetter("line.number"))
    ]
    if rows:
        _write(path, [["Line", "Notice", "Detail", *COLUMNS], *rows])


def _write(path: Path, rows: Iterable[Iterable[object]]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(csv_text(rows), encoding=ENCODING, newline="")
    except OSError as error:
        raise RetailFileError(
            f"{path}: what is skipped cannot be written: {error.strerror or error}. "
            "Nothing was imported."
        ) from None
