"""Items, as lists and one by one."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, text

from app.database.driver import fetch_rows
from app.database.transactions import db
from app.domain.accounts.roles import Permission, least_role_with
from app.domain.errors import NotFound
from app.domain.inventory.item_actions import ItemAction, Viewer, item_actions
from app.queries.conditions import HOLD_EXPIRED, cart_label
from app.queries.inventory.item_filters import ItemFilters
from app.queries.inventory.item_search import ItemSearchStep, Search, cursor_after, search_for
from app.queries.paging import Page


@dataclass(frozen=True)
class Item:
    """A unit with who holds it; times are aware, in UTC. ``holder`` is a name for people."""

    id: UUID
    serial_number: str
    product_id: UUID
    sku: str
    product_name: str
    condition: str
    inventory_status: str
    status: str
    warehouse: str
    location: str | None
    reserved_at: datetime | None
    reserved_by: UUID | None
    reserved_by_name: str | None
    reserved_for_type: str | None
    reserved_for_id: str | None
    reservation_expiry: datetime | None
    hold_expired: bool
    holder: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    actions: tuple[ItemAction, ...] = field(default=())


class ItemRow(NamedTuple):
    """A unit's own fields, for programs."""

    id: UUID
    serial_number: str
    sku: str
    product_name: str
    condition: str
    inventory_status: str
    status: str
    warehouse: str
    location: str | None
    reserved_at: datetime | None
    reserved_by: UUID | None
    reserved_for_type: str | None
    reserved_for_id: str | None
    reservation_expiry: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class ItemDetails(Item):
    """One unit with all there is. ``legacy_history`` is the earlier system's list, as it was."""

    notes: str | None = None
    legacy_history: tuple[dict[str, Any], ...] = field(default=())
    status_changed_at: datetime | None = None
    releasable_by: str | None = None


HOLDER = f"""CASE i.reserved_for_type
    WHEN 'Invoice' THEN 'Invoice ' || coalesce(held_by.number, '?')
    WHEN 'Session' THEN {cart_label("reserver.name")} ELSE i.reserved_for_id END"""
COLUMNS = f"""
    i.id, i.serial_number, i.product_id, p.sku, p.name AS product_name, i.condition,
    i.inventory_status, i.status, w.code AS warehouse, l.code AS location, i.reserved_at,
    i.reserved_by, reserver.name AS reserved_by_name, i.reserved_for_type, i.reserved_for_id,
    i.reservation_expiry, {HOLD_EXPIRED} AS hold_expired,
    {HOLDER} AS holder, i.version, i.created_at, i.updated_at
"""
# A hand-written id of an invoice may be any text.
JOINS = """
    JOIN products p ON p.id = i.product_id
    JOIN warehouses w ON w.id = i.warehouse_id
    LEFT JOIN locations l ON l.id = i.location_id
    LEFT JOIN users reserver ON reserver.id = i.reserved_by
    LEFT JOIN invoices held_by ON held_by.id = CASE WHEN i.reserved_for_type = 'Invoice'
        AND pg_input_is_valid(i.reserved_for_id, 'uuid') THEN i.reserved_for_id::uuid END
"""


def list_items(filters: ItemFilters, viewer: Viewer, *, cursor: str | None = None) -> Page[Item]:
    """A page of units as ``filters`` ask. Raises InvalidInput for a cursor that is none."""
    search = search_for(filters, cursor)
    rows = search.page(partial(_carry_out, search), filters.limit)
    items = [_item(row, viewer) for row in rows[: filters.limit]]
    if len(rows) <= filters.limit:
        return Page(items, unknown=search.unknown)
    last = rows[filters.limit - 1]
    place = cursor_after(filters, last["id"], last["serial_key"])
    return Page(items, place, search.unknown)


def _carry_out(search: Search, step: ItemSearchStep) -> tuple[int, list[RowMapping]]:
    """The number of hits of a step of a search, and its units in order."""
    shown = f"""SELECT {COLUMNS}, i.serial_key FROM ({step.sql}) page
        JOIN items i ON i.id = page.id {JOINS}"""
    statement = f"{shown} ORDER BY {search.order_by}"
    if step.hits:
        statement = f"""WITH hits AS MATERIALIZED ({step.hits})
            SELECT (SELECT count(*) FROM hits) AS hits, i.* FROM (SELECT) one
            LEFT JOIN ({shown}) i ON true ORDER BY {search.order_by}"""
    used = [one for one in search.parameters if re.search(rf":{one.key}\b", statement)]
    rows = db.session.execute(text(statement).bindparams(*used)).mappings().all()
    hits = rows[0]["hits"] if step.hits else 0
    return hits, [row for row in rows if row["id"]]


def _item(row: RowMapping, viewer: Viewer) -> Item:
    values = dict(row)
    for name in ("hits", "serial_key"):
        values.pop(name, None)
    return Item(**values, actions=_actions(row, viewer))


def find_item(item_id: UUID, viewer: Viewer) -> ItemDetails:
    """Raises NotFound."""
    statement = text(f"""
        SELECT {COLUMNS}, i.notes, i.status_history AS legacy_history, i.status_changed_at
        FROM items i {JOINS} WHERE i.id = :id""").bindparams(bindparam("id", item_id))
    row = db.session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound("item", [item_id])
    values = dict(row)
    legacy = tuple(values.pop("legacy_history"))
    return ItemDetails(
        **values,
        legacy_history=legacy,
        actions=_actions(row, viewer),
        releasable_by=_releasable_by(row),
    )


def find_items(item_ids: list[UUID]) -> list[ItemRow]:
    """These units in order of their ids; those that do not exist are left out."""
    rows = fetch_rows(
        """SELECT i.id, i.serial_number, p.sku, p.name, i.condition, i.inventory_status, i.status,
                w.code, l.code, i.reserved_at, i.reserved_by, i.reserved_for_type,
                i.reserved_for_id, i.reservation_expiry, i.version, i.created_at, i.updated_at
            FROM items i JOIN products p ON p.id = i.product_id
            JOIN warehouses w ON w.id = i.warehouse_id
            LEFT JOIN locations l ON l.id = i.location_id
            WHERE i.id = ANY(CAST(:ids AS uuid[])) ORDER BY i.id""",
        {"ids": item_ids},
    )
    return [ItemRow(*row) for row in rows]


def _actions(row: RowMapping, viewer: Viewer) -> tuple[ItemAction, ...]:
    return item_actions(
        viewer,
        inventory_status=row["inventory_status"],
        status=row["status"],
        reserved_for_type=row["reserved_for_type"],
        reserved_by=row["reserved_by"],
        hold_expired=row["hold_expired"],
    )


def _releasable_by(row: RowMapping) -> str | None:
    if row["reserved_for_type"] is None:
        return None
    if row["reserved_for_type"] == "Invoice":
        return f"a {least_role_with(Permission.INVOICE_CANCEL)}, by cancelling the invoice"
    least = least_role_with(Permission.ITEM_RELEASE_ANY)
    return f"{row['reserved_by_name']}, or any {least}"
