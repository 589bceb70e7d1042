"""Finding units to sell: by serial number, SKU, barcode or product name, grouped by product."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from app.database import db
from app.domain.text_folding import fold_text, serial_key
from app.queries.serial_lookup import HAS_KEY
from app.queries.word_search import Word, words_of

PRODUCTS_MAX = 12
UNITS_PER_PRODUCT = 5
#: Of the units with a word in their serial number so many are looked at: few of them are shown.
HITS_MAX = 300


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
    """Products that match ``q``, or have units that do: each word in the one or the other.

    A serial number that is just ``q`` comes first, then a SKU, then the others by SKU.
    """
    words = words_of(q)
    if not words:
        return []
    statement = _FIND.format(
        by_word=" ".join(f"UNION ({_by_word(word, words)})" for word in words),
        named=" AND ".join(word.of_product() for word in words),
    )
    values = [one for word in words for one in word.parameters() if f":{one.key}" in statement]
    rows = db.session.execute(
        text(statement).bindparams(*values),
        {
            "key": serial_key(q),
            "sku": fold_text(q),
            "products": PRODUCTS_MAX,
            "units": UNITS_PER_PRODUCT,
            "hits": HITS_MAX,
        },
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


def _by_word(word: Word, words: list[Word]) -> str:
    """Units with this word in their serial number, and the others in it or in their product."""
    others = [other.of_unit("s.words") for other in words if other is not word]
    where = " AND ".join([word.of_indexed_serial(), *others])
    product = "JOIN products p ON p.id = s.product_id"
    return f"""SELECT s.item_id FROM item_search s {product if others else ""}
        WHERE {where} LIMIT :hits"""


def find_serial(serial_number: str) -> UUID | None:
    """The unit with just this serial number; one spelled exactly so comes first."""
    found: UUID | None = db.session.scalar(
        text(f"""SELECT i.id FROM items i WHERE {HAS_KEY.format(":key")}
            ORDER BY i.serial_number = :serial DESC, i.id LIMIT 1"""),
        {"key": serial_key(serial_number), "serial": serial_number.strip()},
    )
    return found


_FREE = """i.status = 'InStock' AND (i.inventory_status = 'Available'
    OR (i.inventory_status = 'Reserved'
        AND coalesce(i.reservation_expiry <= clock_timestamp(), false)))"""
_IS_EXACT = HAS_KEY.format("CAST(:key AS text)")
_FIND = f"""
    WITH ids AS MATERIALIZED (
        SELECT i.id AS item_id FROM items i WHERE {_IS_EXACT} {{by_word}}),
    hits AS MATERIALIZED (
        SELECT i.*, {_IS_EXACT} AS exact FROM ids JOIN items i ON i.id = ids.item_id),
    named AS MATERIALIZED (
        SELECT p.id FROM products p WHERE {{named}}
        ORDER BY fold_text(p.sku) = :sku DESC, p.sku LIMIT :products),
    found AS MATERIALIZED (
        SELECT every.id, min(rank) AS rank FROM (
            SELECT product_id AS id, 0 AS rank FROM hits WHERE exact
            UNION ALL SELECT id, 1 FROM named
            UNION ALL SELECT product_id, 2 FROM hits) every
        JOIN products p ON p.id = every.id
        GROUP BY every.id, p.sku ORDER BY rank, p.sku LIMIT :products)
    SELECT p.id AS product_id, p.sku, p.name, p.price, coalesce(stock.free, 0) AS free,
        u.id AS item_id, u.serial_number, u.inventory_status, u.status, u.unit_free, u.hit
    FROM found JOIN products p ON p.id = found.id
    LEFT JOIN LATERAL (
        SELECT sum(t.quantity) AS free FROM stock_tallies t
        WHERE t.product_id = p.id AND t.inventory_status = 'Available') stock ON true
    LEFT JOIN LATERAL (
        SELECT DISTINCT ON (id) * FROM (
            (SELECT i.id, i.serial_number, i.serial_key, i.inventory_status, i.status,
                {_FREE} AS unit_free, true AS hit
            FROM hits i WHERE i.product_id = p.id
            ORDER BY i.exact DESC, unit_free DESC, i.serial_key LIMIT :units)
            UNION ALL
            (SELECT i.id, i.serial_number, i.serial_key, i.inventory_status, i.status, true, false
            FROM items i WHERE i.product_id = p.id AND i.inventory_status = 'Available'
                AND i.status = 'InStock'
                AND NOT EXISTS (SELECT FROM hits WHERE hits.product_id = p.id)
            ORDER BY i.id LIMIT :units)) few
        ORDER BY id) u ON true
    ORDER BY found.rank, p.sku, u.serial_key
"""
