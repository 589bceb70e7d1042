"""The item list as CSV, a page at a time."""

from collections.abc import Iterator
from dataclasses import replace

from app.domain.inventory.item_actions import Viewer
from app.domain.text.csv_text import csv_text
from app.queries.inventory.item_filters import ItemFilters
from app.queries.inventory.items import Item, list_items
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
    yield csv_text([COLUMNS])
    page_filters, cursor, rows = replace(filters, limit=LIMIT_MAX), None, 0
    while rows < EXPORT_ROWS_MAX:
        page = list_items(page_filters, viewer, cursor=cursor)
        yield csv_text(_row(item) for item in page.items)
        cursor, rows = page.next_cursor, rows + len(page.items)
        if cursor is None:
            return
    yield csv_text([[f"Only the first {EXPORT_ROWS_MAX:,} units; narrow the list for the rest."]])


def _row(item: Item) -> list[object]:
    return [getattr(item, column) for column in COLUMNS]
