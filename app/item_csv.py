"""The item list as CSV, a page at a time."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

from app.queries.item_actions import Viewer
from app.queries.item_filters import ItemFilters
from app.queries.items import Item, list_items
from app.queries.paging import LIMIT_MAX

EXPORT_ROWS_MAX = 100_000
COLUMNS = (
    "serial_number",
    "sku",
    "product_name",
    "inventory_status",
    "status",
    "condition",
    "warehouse",
    "location",
    "reserved_for_type",
    "holder",
    "reserved_by_name",
    "reserved_at",
    "reservation_expiry",
    "created_at",
    "updated_at",
    "id",
)


def csv_chunks(filters: ItemFilters, viewer: Viewer) -> Iterator[str]:
    """Text of the header, then of LIMIT_MAX units at a time."""
    yield _lines([list(COLUMNS)])
    page_filters, cursor, rows = replace(filters, limit=LIMIT_MAX), None, 0
    while rows < EXPORT_ROWS_MAX:
        page = list_items(page_filters, viewer, cursor=cursor)
        yield _lines([_row(item) for item in page.items])
        cursor, rows = page.next_cursor, rows + len(page.items)
        if cursor is None:
            return
    yield _lines([[f"Only the first {EXPORT_ROWS_MAX} units; narrow the list for the rest."]])


def _row(item: Item) -> list[str]:
    return [_cell(getattr(item, column)) for column in COLUMNS]


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    # A spreadsheet would run what begins like a formula.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _lines(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
