"""Finding units to sell: by serial number, SKU, barcode or product name, grouped by product."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from app.database import db
from app.queries.paging import contains

#: A trigram index knows nothing of shorter words.
SERIAL_PART_MIN = 3
PRODUCTS_MAX = 12
UNITS_PER_PRODUCT = 5


@dataclass(frozen=True)
class FoundUnit:
    """``free``: it can be reserved now. ``hit``: its serial number matches what was looked for."""

    item_id: UUID
    serial_number: str
    inventory_status: str
    status: str
    free: bool
    hit: bool


@dataclass(frozen=True)
class FoundProduct:
    """``free`` is how many units are Available; ``units`` are a few: those that match, if any."""

    product_id: UUID
    sku: str
    name: str
    price: Decimal | None
    free: int
    units: list[FoundUnit]


def find_units(q: str) -> list[FoundProduct]:
    """Products that match ``q``, or have units whose serial number does."""
    words = q.strip()
    if not words:
        return []
    by_part = (
        f"""UNION ALL (SELECT item_id FROM item_search WHERE serial_number ILIKE :pattern
            LIMIT {PRODUCTS_MAX * UNITS_PER_PRODUCT})"""
        if len(words) >= SERIAL_PART_MIN
        else ""
    )
    rows = db.session.execute(
        text(_FIND.format(by_part=by_part)).bindparams(contains("pattern", words)),
        {"exact": words, "products": PRODUCTS_MAX, "units": UNITS_PER_PRODUCT},
    )
    found: dict[UUID, FoundProduct] = {}
    for row in rows:
        product = found.setdefault(
            row.product_id,
            FoundProduct(row.product_id, row.sku, row.name, row.price, int(row.free), []),
        )
        if row.item_id:
            product.units.append(
                FoundUnit(
                    row.item_id,
                    row.serial_number,
                    row.inventory_status,
                    row.status,
                    row.unit_free,
                    row.hit,
                )
            )
    return list(found.values())


def find_serial(serial_number: str) -> UUID | None:
    """The unit with just this serial number; a scanner's small letters are forgiven."""
    found: UUID | None = db.session.scalar(
        text("""SELECT id FROM items WHERE serial_number IN (:serial, upper(:serial))
            ORDER BY serial_number = :serial DESC LIMIT 1"""),
        {"serial": serial_number},
    )
    return found


_FREE = """i.status = 'InStock' AND (i.inventory_status = 'Available'
    OR (i.inventory_status = 'Reserved'
        AND coalesce(i.reservation_expiry <= clock_timestamp(), false)))"""
_FIND = f"""
    WITH ids AS MATERIALIZED (
        SELECT id AS item_id FROM items WHERE serial_number = :exact {{by_part}}),
    hits AS MATERIALIZED (
        SELECT DISTINCT i.* FROM ids JOIN items i ON i.id = ids.item_id),
    named AS MATERIALIZED (
        SELECT id FROM products WHERE search_text ILIKE :pattern
        ORDER BY sku = :exact DESC, sku LIMIT :products),
    found AS MATERIALIZED (
        SELECT id, min(rank) AS rank FROM (
            SELECT product_id AS id, 0 AS rank FROM hits WHERE serial_number = :exact
            UNION ALL SELECT id, 1 FROM named
            UNION ALL SELECT product_id, 2 FROM hits) every
        GROUP BY id ORDER BY rank, id LIMIT :products)
    SELECT p.id AS product_id, p.sku, p.name, p.price, coalesce(stock.free, 0) AS free,
        u.id AS item_id, u.serial_number, u.inventory_status, u.status, u.unit_free, u.hit
    FROM found JOIN products p ON p.id = found.id
    LEFT JOIN LATERAL (
        SELECT sum(t.quantity) AS free FROM stock_tallies t
        WHERE t.product_id = p.id AND t.inventory_status = 'Available') stock ON true
    LEFT JOIN LATERAL (
        SELECT DISTINCT ON (id) * FROM (
            (SELECT i.id, i.serial_number, i.inventory_status, i.status, {_FREE} AS unit_free,
                true AS hit
            FROM hits i WHERE i.product_id = p.id
            ORDER BY i.serial_number = :exact DESC, unit_free DESC, i.serial_number LIMIT :units)
            UNION ALL
            (SELECT i.id, i.serial_number, i.inventory_status, i.status, true, false
            FROM items i WHERE i.product_id = p.id AND i.inventory_status = 'Available'
                AND i.status = 'InStock'
                AND NOT EXISTS (SELECT FROM hits WHERE hits.product_id = p.id)
            ORDER BY i.id LIMIT :units)) few
        ORDER BY id) u ON true
    ORDER BY found.rank, p.sku, u.serial_number
"""
