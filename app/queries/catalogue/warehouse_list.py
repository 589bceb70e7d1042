"""Warehouses as the API lists them."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.errors import NotFound
from app.queries.catalogue.warehouses import Warehouse
from app.queries.paging import LIMIT_DEFAULT, Page, decode_cursor, encode_cursor


def page_of_warehouses(*, cursor: str | None = None, limit: int = LIMIT_DEFAULT) -> Page[Warehouse]:
    """By their code. Raises InvalidInput for a cursor that is none."""
    after, parameters = "", dict[str, Any](limit=limit + 1)
    if cursor:
        after = "WHERE code > :after"
        parameters["after"] = decode_cursor(cursor, of="warehouses")[0]
    rows = db.session.execute(
        text(f"SELECT id, code, name FROM warehouses {after} ORDER BY code LIMIT :limit"),
        parameters,
    )
    found = [Warehouse(**row._mapping) for row in rows]
    last = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], encode_cursor(last.code, of="warehouses") if last else None)


def get_warehouse(warehouse_id: UUID) -> Warehouse:
    """One warehouse, or NotFound."""
    row = db.session.execute(
        text("SELECT id, code, name FROM warehouses WHERE id = :id"), {"id": warehouse_id}
    ).one_or_none()
    if row is None:
        raise NotFound("warehouse", [warehouse_id])
    return Warehouse(**row._mapping)
