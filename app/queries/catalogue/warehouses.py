"""Warehouses, as lists and one by one."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select

from app.database.transactions import db
from app.domain.errors import NotFound
from app.models.warehouse import Warehouse as WarehouseModel
from app.queries.paging import LIMIT_DEFAULT, Page, decode_cursor, encode_cursor


@dataclass(frozen=True)
class Warehouse:
    id: UUID
    code: str
    name: str


_WAREHOUSES = select(WarehouseModel.id, WarehouseModel.code, WarehouseModel.name)
_BY_CODE = _WAREHOUSES.order_by(WarehouseModel.code)
_ONE = _WAREHOUSES.where(WarehouseModel.id == bindparam("id"))


def list_warehouses() -> list[Warehouse]:
    """All of them, by code; a store has few."""
    return [Warehouse(*row) for row in db.session.execute(_BY_CODE)]


def page_of_warehouses(*, cursor: str | None = None, limit: int = LIMIT_DEFAULT) -> Page[Warehouse]:
    """By their code. Raises InvalidInput for a cursor that is none."""
    statement = _BY_CODE.limit(limit + 1)
    if cursor:
        statement = statement.where(WarehouseModel.code > decode_cursor(cursor, of="warehouses")[0])
    found = [Warehouse(*row) for row in db.session.execute(statement)]
    last = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], encode_cursor(last.code, of="warehouses") if last else None)


def get_warehouse(warehouse_id: UUID) -> Warehouse:
    """One warehouse, or NotFound."""
    row = db.session.execute(_ONE, {"id": warehouse_id}).one_or_none()
    if row is None:
        raise NotFound("warehouse", [warehouse_id])
    return Warehouse(*row)
