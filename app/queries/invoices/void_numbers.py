"""Invoice numbers that were used up without an invoice."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.database.transactions import db
from app.domain.errors import InvalidInput
from app.queries.paging import LIMIT_DEFAULT, Page, decode_cursor, encode_cursor

#: Above every number that the sequence can give.
_ABOVE_ALL = 2**63 - 1


@dataclass(frozen=True)
class VoidNumber:
    """``drawn_after`` and ``drawn_before`` are when its neighbours were made, if that is known."""

    number: str
    drawn_after: datetime | None
    drawn_before: datetime | None


def list_void_numbers(*, cursor: str | None = None, limit: int = LIMIT_DEFAULT) -> Page[VoidNumber]:
    """The highest number first. Numbers that a running transaction may still use are not in it."""
    rows = db.session.execute(
        text("SELECT * FROM list_void_invoice_numbers(:below, :most)"),
        {"below": _place(cursor) if cursor else _ABOVE_ALL, "most": limit + 1},
    ).all()
    found = [VoidNumber(str(row.number), row.drawn_after, row.drawn_before) for row in rows]
    last = found[limit - 1].number if len(found) > limit else None
    return Page(found[:limit], encode_cursor(last, of="void-numbers") if last else None)


def _place(cursor: str) -> int:
    (number,) = decode_cursor(cursor, of="void-numbers")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise InvalidInput({"cursor": "This is not a place in the list."})
    return int(number)
