"""Finds items to sell by serial number, SKU, barcode or product name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.database.transactions import db
from app.domain.text.folding import fold_text, serial_key
from app.queries.conditions import IS_FREE
from app.queries.serial_lookup import HAS_KEY
from app.queries.word_search import Word, words_of

PRODUCTS_MAX = 12
UNITS_PER_PRODUCT = 5
#: Units that a rare word finds by the index, before products are looked at one by one.
HITS_MAX = 5000
#: Of a product's units that match so many are looked at for free ones.
HITS_PER_PRODUCT = 20
_NO_HITS = "SELECT NULL::uuid, NULL::uuid, NULL WHERE false"


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
    rarest = max(words, key=Word.rank)
    if rarest.is_rare:
        rows = _find(q, words, _by_product(words, rarest), _by_index(rarest, words))
        if not rows or rows[0].hit_count <= HITS_MAX:
            return _products(rows)
    return _products(_find(q, words, _by_product(words)))


def _find(
    q: str, words: list[Word], by_product: str, by_index: str = _NO_HITS
) -> Sequence[Row[Any]]:
    """Rows of a product each with one of its units; the two ways select the units that match."""
    named = " AND ".join(word.of_product() for word in words)
    statement = _FIND.format(by_product=by_product, by_index=by_index, named=named)
    values = [one for word in words for one in word.parameters()]
    used = [one for one in values if re.search(rf":{one.key}\b", statement)]
    given = {
        "key": serial_key(q),
        "sku": fold_text(q),
        "products": PRODUCTS_MAX,
        "units": UNITS_PER_PRODUCT,
    }
    return db.session.execute(text(statement).bindparams(*used), given).all()


def _products(rows: Sequence[Row[Any]]) -> list[FoundProduct]:
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


def _by_index(rarest: Word, words: list[Word]) -> str:
    """Units with the rarest word in their serial number, and the others in that or the product."""
    others = [word.of_unit("s.words") for word in words if word is not rarest]
    products = "JOIN products p ON p.id = s.product_id" if others else ""
    return f"""SELECT s.item_id, s.product_id, s.serial_key FROM item_search s {products}
        WHERE {" AND ".join([rarest.of_indexed_serial(), *others])} LIMIT {HITS_MAX + 1}"""


def _by_product(words: list[Word], in_product: Word | None = None) -> str:
    """Units with all words, one of them at least in the serial number, of the first products that
    have such; each of these products has ``in_product``."""
    of_products = [
        word.of_product() if word is in_product else word.of_product_or_serial() for word in words
    ]
    in_serial = " OR ".join(word.of_serial("s.words") for word in words)
    matching = " AND ".join([f"({in_serial})", *(word.of_unit("s.words") for word in words)])
    units = "SELECT s.item_id FROM item_search s WHERE s.product_id = p.id AND " + matching
    # Sorted first, so that the look at units ends with the last product that is shown.
    return f"""SELECT u.item_id FROM (
            SELECT * FROM (
                SELECT p.* FROM products p WHERE {" AND ".join(of_products)} ORDER BY p.sku) p
            WHERE EXISTS ({units}) LIMIT :products) p
        CROSS JOIN LATERAL ({units} ORDER BY s.serial_key LIMIT {HITS_PER_PRODUCT}) u"""


def find_serial(serial_number: str) -> UUID | None:
    """The unit with just this serial number; one spelled exactly so comes first."""
    found: UUID | None = db.session.scalar(
        text(f"""SELECT i.id FROM items i WHERE {HAS_KEY.format(":key")}
            ORDER BY i.serial_number = :serial DESC, i.id LIMIT 1"""),
        {"key": serial_key(serial_number), "serial": serial_number.strip()},
    )
    return found


_IS_EXACT = HAS_KEY.format("CAST(:key AS text)")
_FIND = f"""
    WITH by_index (item_id, product_id, serial_key) AS MATERIALIZED ({{by_index}}),
    first_hits AS (
        SELECT item_id,
            row_number() OVER (PARTITION BY product_id ORDER BY b.serial_key) AS unit_rank,
            dense_rank() OVER (ORDER BY p.sku) AS product_rank
        FROM by_index b JOIN products p ON p.id = b.product_id),
    ids AS MATERIALIZED (
        SELECT i.id AS item_id FROM items i WHERE {_IS_EXACT}
        UNION SELECT item_id FROM first_hits
        WHERE unit_rank <= {HITS_PER_PRODUCT} AND product_rank <= :products
        UNION ({{by_product}})),
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
        (SELECT count(*) FROM by_index) AS hit_count,
        u.id AS item_id, u.serial_number, u.inventory_status, u.status, u.unit_free, u.hit
    FROM found JOIN products p ON p.id = found.id
    LEFT JOIN LATERAL (
        SELECT sum(t.quantity) AS free FROM stock_tallies t
        WHERE t.product_id = p.id AND t.inventory_status = 'Available') stock ON true
    LEFT JOIN LATERAL (
        SELECT DISTINCT ON (id) * FROM (
            (SELECT i.id, i.serial_number, i.serial_key, i.inventory_status, i.status,
                {IS_FREE} AS unit_free, true AS hit
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
