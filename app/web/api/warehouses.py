"""Warehouses."""

from app.domain.accounts.roles import Permission
from app.queries.catalogue.warehouses import get_warehouse, page_of_warehouses
from app.services.catalogue.catalogue import create_warehouse as create
from app.web.api.framework.field_types import Code, Input, ListQuery, Text
from app.web.api.framework.operation import operation
from app.web.api.responses import Warehouse, WarehouseList


class NewWarehouse(Input):
    code: Code
    name: Text


@operation("GET", "/warehouses", Permission.ITEM_READ, WarehouseList, query=ListQuery)
def list_warehouses(query: ListQuery) -> WarehouseList:
    """Warehouses by code."""
    page = page_of_warehouses(cursor=query.cursor, limit=query.limit)
    return WarehouseList(items=Warehouse.all_of(page.items), next_cursor=page.next_cursor)


@operation(
    "POST",
    "/warehouses",
    Permission.WAREHOUSE_EDIT,
    Warehouse,
    status=201,
    body=NewWarehouse,
    refusals=("duplicate",),
)
def create_warehouse(body: NewWarehouse) -> Warehouse:
    """Make a warehouse."""
    return Warehouse.of(get_warehouse(create(code=body.code, name=body.name)))
