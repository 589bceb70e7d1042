"""History as the API lists it: filtered, newest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database import db
from app.domain.errors import InvalidInput
from app.queries.paging import LIMIT_DEFAULT, Page, decode_cursor, encode_cursor
from app.queries.status_history import COLUMNS, SOURCE, StatusChange

CONDITIONS = {
    "item_ids": "h.item_id = ANY(CAST(:item_ids AS uuid[]))",
    "change_reason": "h.change_reason = :change_reason",
    "reference_id": "h.reference_id = :reference_id",
    "changed_by": "h.changed_by = :changed_by",
    "since": "h.change_date >= :since",
    "before": "h.change_date < :before",
}


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
    """Changes in the order they were written, the newest first. Raises InvalidInput."""
    given = {name: value for name in CONDITIONS if (value := getattr(filters, name))}
    which = ["true", *(CONDITIONS[name] for name in given)]
    parameters: dict[str, Any] = {**given, "limit": limit + 1}
    if "item_ids" in given:
        parameters["item_ids"] = list(filters.item_ids)
    if cursor:
        which.append("h.id < :place")
        parameters["place"] = _place(cursor)
    rows = db.session.execute(
        text(f"""SELECT {COLUMNS} FROM {SOURCE} WHERE {" AND ".join(which)}
            ORDER BY h.id DESC LIMIT :limit"""),
        parameters,
    )
    found = [StatusChange(**row._mapping) for row in rows]
    last = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], encode_cursor(str(last.id), of="history") if last else None)


def _place(cursor: str) -> UUID:
    try:
        return UUID(decode_cursor(cursor, of="history")[0])
    except ValueError:
        raise InvalidInput({"cursor": "This is not a place in the list."}) from None
