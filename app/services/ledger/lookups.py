"""Finds products, warehouses and locations by name, and counts free items."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.errors import NotFound
from app.domain.input.text import looked_up
from app.queries.conditions import IS_FREE


def product_id_of(sku: str) -> UUID:
    """The product with this SKU, or NotFound."""
    found: UUID | None = db.session.scalar(
        text("SELECT id FROM products WHERE sku = :sku"), {"sku": looked_up(sku)}
    )
    if found is None:
        raise NotFound("product", [sku], by="SKU")
    return found


def warehouse_id_of(code: str) -> UUID:
    """The warehouse with this code, or NotFound."""
    found: UUID | None = db.session.scalar(
        text("SELECT id FROM warehouses WHERE code = :code"), {"code": looked_up(code)}
    )
    if found is None:
        raise NotFound("warehouse", [code], by="code")
    return found


def location_id_of(code: str, warehouse_id: UUID) -> UUID:
    """The place with this code in a warehouse; it is made if it is new."""
    found: UUID = db.session.scalars(
        text("""INSERT INTO locations (warehouse_id, code) VALUES (:warehouse_id, :code)
            ON CONFLICT (warehouse_id, code) DO UPDATE SET code = excluded.code RETURNING id"""),
        {"warehouse_id": warehouse_id, "code": code},
    ).one()
    return found


def count_free(product_id: UUID, warehouse_id: UUID | None, besides: Sequence[UUID]) -> int:
    """How many units of a product are free at this moment, locked by others or not."""
    in_warehouse = "AND i.warehouse_id = :warehouse_id" if warehouse_id else ""
    return int(
        db.session.scalars(
            text(f"""SELECT count(*) FROM items i WHERE i.product_id = :product_id
                AND i.id <> ALL(CAST(:besides AS uuid[])) {in_warehouse} AND {IS_FREE}"""),
            {
                "product_id": product_id,
                "warehouse_id": warehouse_id,
                "besides": list(besides),
            },
        ).one()
    )
