"""Products with their stock by status, from the maintained totals."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.database.transactions import db
from app.domain.errors import NotFound
from app.domain.inventory.item_lifecycle import InventoryStatus
from app.queries.paging import LIMIT_DEFAULT, Page, decode_cursor, encode_cursor
from app.queries.word_search import words_of


@dataclass(frozen=True)
class Product:
    """``counts`` has every inventory status; ``price`` is None where none is set."""

    id: UUID
    sku: str
    name: str
    price: Decimal | None
    barcode: str | None
    category: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    counts: dict[str, int]


@dataclass(frozen=True)
class WarehouseStock:
    code: str
    name: str
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


_COUNTS = ", ".join(
    f"coalesce(sum(t.quantity) FILTER (WHERE t.inventory_status = '{status}'), 0)::bigint"
    f' AS "{status}"'
    for status in InventoryStatus
)
_COLUMNS = (
    "p.id, p.sku, p.name, p.price, p.barcode, p.category, p.version, p.created_at, p.updated_at"
)


def list_products(
    *, q: str | None = None, cursor: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[Product]:
    """Products by SKU; each word of ``q`` is a part of the SKU, the name or the barcode."""
    which, parameters = ["true"], dict[str, Any](limit=limit + 1)
    if cursor:
        which.append("sku > :after")
        parameters |= {"after": decode_cursor(cursor, of="products")[0]}
    words = words_of(q or "")
    which += [word.of_product() for word in words]
    statement = text(f"""
        WITH p AS MATERIALIZED (
            SELECT p.* FROM products p WHERE {" AND ".join(which)} ORDER BY sku LIMIT :limit)
        SELECT {_COLUMNS}, {_COUNTS}
        FROM p LEFT JOIN stock_tallies t ON t.product_id = p.id
        GROUP BY {_COLUMNS} ORDER BY p.sku""")
    statement = statement.bindparams(*(one for word in words for one in word.of_product_values()))
    found = [_product(row) for row in db.session.execute(statement, parameters)]
    last = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], encode_cursor(last.sku, of="products") if last else None)


def get_product(product_id: UUID) -> Product:
    """One product with its counts, or NotFound."""
    row = db.session.execute(
        text(f"""SELECT {_COLUMNS}, {_COUNTS}
            FROM products p LEFT JOIN stock_tallies t ON t.product_id = p.id
            WHERE p.id = :id GROUP BY p.id"""),
        {"id": product_id},
    ).one_or_none()
    if row is None:
        raise NotFound("product", [product_id])
    return _product(row)


def stock_by_warehouse(product_id: UUID) -> list[WarehouseStock]:
    """How many units of a product each warehouse has had, per status."""
    rows = db.session.execute(
        text(f"""SELECT w.code, w.name, {_COUNTS}
            FROM stock_tallies t JOIN warehouses w ON w.id = t.warehouse_id
            WHERE t.product_id = :id GROUP BY w.id HAVING sum(t.quantity) > 0 ORDER BY w.code"""),
        {"id": product_id},
    )
    return [WarehouseStock(row.code, row.name, _counts(row)) for row in rows]


def _product(row: Row[Any]) -> Product:
    names = ("id", "sku", "name", "price", "barcode", "category", "version")
    facts = {name: row._mapping[name] for name in (*names, "created_at", "updated_at")}
    return Product(**facts, counts=_counts(row))


def _counts(row: Row[Any]) -> dict[str, int]:
    return {str(status): int(row._mapping[status.value]) for status in InventoryStatus}
