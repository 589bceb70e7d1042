"""Finds items by whole serial numbers, whatever their case and form."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.text.folding import fold_text, serial_key

#: The key of a serial number, and those of units of before that differ from it in case alone.
#: (See migrations/sql/009_serial_search.sql.)
HAS_KEY = "(i.serial_key >= {0} AND i.serial_key < {0} || E'\\x03')"
SERIALS_MAX = 500


@dataclass(frozen=True)
class PastedSerials:
    """Units of a pasted list; ``unknown`` are its parts that are no serial number."""

    item_ids: list[UUID]
    unknown: list[str]


def known_serials(keys: Iterable[str]) -> dict[str, str]:
    """Those of these keys of serial numbers that there are, with the serials as they are kept."""
    rows = db.session.execute(
        text(f"""SELECT given.key, min(i.serial_number) AS serial_number
            FROM unnest(CAST(:keys AS text[])) AS given (key)
            JOIN items i ON {HAS_KEY.format('given.key COLLATE "C"')} GROUP BY given.key"""),
        {"keys": list(keys)},
    )
    return {row.key: row.serial_number for row in rows}


def pasted_serials(typed: str) -> PastedSerials | None:
    """The units, if what was typed is a list of serial numbers; None if it is words.

    With commas, semicolons, tabs or line breaks between them one serial number that there is
    makes it a list; with spaces alone all of them must be there.
    """
    for separators, all_of_them in ((r"[,;\t\r\n\v\f]+", False), (r"[,;\s]+", True)):
        parts = {fold_text(part): part.strip() for part in re.split(separators, typed)}
        parts.pop("", None)
        if 2 <= len(parts) <= SERIALS_MAX:
            found = _ids_by_part(list(parts))
            unknown = [typed for part, typed in parts.items() if part not in found]
            if found and not (unknown and all_of_them):
                return PastedSerials([one for ids in found.values() for one in ids], unknown)
    return None


def _ids_by_part(parts: list[str]) -> dict[str, list[UUID]]:
    rows = db.session.execute(
        text(f"""SELECT given.part, array_agg(i.id) AS ids
            FROM unnest(CAST(:parts AS text[]), CAST(:keys AS text[])) AS given (part, key)
            JOIN items i ON {HAS_KEY.format('given.key COLLATE "C"')} GROUP BY given.part"""),
        {"parts": parts, "keys": [serial_key(part) for part in parts]},
    )
    return {row.part: row.ids for row in rows}
