"""History as the API lists it: filtered, newest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.errors import InvalidInput
from app.queries.inventory.status_history import COLUMNS, SOURCE, StatusChange
from app.queries.paging import LIMIT_DEFAULT, Page, decode_cursor, encode_cursor

CONDITIONS = {
    "item_ids": "h.item_id = ANY(CAST(:item_ids AS uuid[]))",
    "change_reason": "h.change_reason = :change_reason",
    "reference_id": "h.reference_id = :reference_id",
    "changed_by": "h.changed_by = :changed_by",
    "since": "h.change_date >= :since",
    "before": "h.change_date < :before",
}

#: No index has these: each would cost every change of status a tenth of its time or more.
SEARCHED = {"change_reason", "changed_by"}
SELECTIVE = {"item_ids", "reference_id"}
#: Rows of history that one page looks at for them, at most.
LOOKED_AT_MAX = 50_000


@dataclass(frozen=True)
class HistoryFilters:
    """None and empty mean any; ``since`` <= change date < ``before``."""

    item_ids: Sequence[UUID] = field(default=())
    change_reason: str | None = None
    reference_id: str | None = None
    changed_by: UUID | None = None
    since: datetime | None = None
    before: datetime | None = None


def list_history(
    filters: HistoryFilters, *, cursor: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[StatusChange]:
    """Changes in the order they were written, the newest first. Raises InvalidInput.

    A page can be short, or empty, and have a next one: by reason or user alone it looks at
    LOOKED_AT_MAX rows and no further.
    """
    given = {name: value for name in CONDITIONS if (value := getattr(filters, name))}
    parameters: dict[str, Any] = {**given, "limit": limit + 1, "looked_at": LOOKED_AT_MAX}
    if "item_ids" in given:
        parameters["item_ids"] = list(filters.item_ids)
    if cursor:
        parameters["place"] = _place(cursor)
    searched = given.keys() & SEARCHED if given.keys().isdisjoint(SELECTIVE) else set()
    conditions = {name: CONDITIONS[name] for name in given}
    narrow = [
        *(words for name, words in conditions.items() if name not in searched),
        *(["h.id < :place"] if cursor else []),
    ]
    rows = db.session.execute(
        text(_statement(narrow, [conditions[name] for name in searched])), parameters
    ).all()
    edge = rows[0].edge if rows else None
    found = [_change(row) for row in rows if row.id]
    last = found[limit - 1].id if len(found) > limit else edge
    return Page(found[:limit], encode_cursor(str(last), of="history") if last else None)


def _statement(narrow: list[str], searched: list[str]) -> str:
    """``edge`` is the last row that was looked at, if there may be more behind it."""
    where = " AND ".join(["true", *narrow])
    if not searched:
        return f"""SELECT CAST(NULL AS uuid) AS edge, {COLUMNS} FROM {SOURCE} WHERE {where}
            ORDER BY h.id DESC LIMIT :limit"""
    return f"""
        WITH looked_at AS MATERIALIZED (
            SELECT h.id, h.change_reason, h.changed_by FROM inventory_status_history h
            WHERE {where} ORDER BY h.id DESC LIMIT :looked_at),
        wanted AS (
            SELECT h.id FROM looked_at h WHERE {" AND ".join(searched)}
            ORDER BY h.id DESC LIMIT :limit)
        SELECT (SELECT CASE WHEN count(*) = :looked_at THEN CAST(min(id::text) AS uuid) END
                FROM looked_at) AS edge, found.*
        FROM (SELECT) nothing LEFT JOIN (
            SELECT {COLUMNS} FROM wanted JOIN {SOURCE} ON h.id = wanted.id) found ON true
        ORDER BY found.id DESC"""


def _change(row: Any) -> StatusChange:
    values = dict(row._mapping)
    del values["edge"]
    return StatusChange(**values)


def _place(cursor: str) -> UUID:
    try:
        return UUID(decode_cursor(cursor, of="history")[0])
    except ValueError:
        raise InvalidInput({"cursor": "This is not a place in the list."}) from None
