"""What a cart holds, worked out from the units themselves: a cart has no table of its own.

Held units are those reserved for it; lapsed ones are those whose history says that the cart's hold
on them ran out and that it was the cart's last word on them.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database import db

UNITS_PER_LINE = 12
LAPSED_SHOWN = 50
NO_HISTORY = UUID(int=0)


@dataclass(frozen=True)
class CartUnit:
    item_id: UUID
    serial_number: str


@dataclass(frozen=True)
class CartLine:
    """The held units of one product; ``units`` are the first few of ``quantity``."""

    product_id: UUID
    sku: str
    product_name: str
    list_price: Decimal | None
    quantity: int
    units: list[CartUnit]


@dataclass(frozen=True)
class LapsedUnit:
    """A unit that the cart held until its time ran out. ``free``: nobody has it since."""

    item_id: UUID
    serial_number: str
    sku: str
    product_name: str
    list_price: Decimal | None
    inventory_status: str
    free: bool


@dataclass(frozen=True)
class Cart:
    """``expires_at`` is when the first of the holds runs out; None for an empty cart."""

    id: str
    lines: list[CartLine]
    lapsed: list[LapsedUnit]
    expires_at: datetime | None
    expired: bool

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def gone(self) -> list[LapsedUnit]:
        return [unit for unit in self.lapsed if not unit.free]

    def __bool__(self) -> bool:
        return bool(self.lines or self.lapsed)


@dataclass(frozen=True)
class PricedUnit:
    item_id: UUID
    sku: str


def get_cart(cart_id: str, *, lapsed_after: UUID = NO_HISTORY) -> Cart:
    """A cart's contents; what lapsed up to the history row ``lapsed_after`` is left out."""
    rows = db.session.execute(_LINES, {"cart_id": cart_id, "shown": UNITS_PER_LINE}).all()
    lines: dict[UUID, CartLine] = {}
    for row in rows:
        line = lines.setdefault(
            row.product_id,
            CartLine(row.product_id, row.sku, row.name, row.price, row.quantity, []),
        )
        line.units.append(CartUnit(row.item_id, row.serial_number))
    return Cart(
        id=cart_id,
        lines=list(lines.values()),
        lapsed=_lapsed(cart_id, lapsed_after),
        expires_at=min((row.expires_at for row in rows), default=None),
        expired=any(row.expired for row in rows),
    )


_LINES = text("""
    WITH held AS MATERIALIZED (
        SELECT id AS item_id, serial_number, product_id, reservation_expiry,
            row_number() OVER (PARTITION BY product_id ORDER BY serial_number) AS place,
            count(*) OVER (PARTITION BY product_id) AS quantity,
            min(reservation_expiry) OVER () AS expires_at
        FROM items WHERE reserved_for_type = 'Session' AND reserved_for_id = :cart_id)
    SELECT p.id AS product_id, p.sku, p.name, p.price, h.quantity, h.item_id, h.serial_number,
        h.expires_at, h.expires_at <= clock_timestamp() AS expired
    FROM held h JOIN products p ON p.id = h.product_id
    WHERE h.place <= :shown ORDER BY p.sku, h.place
""")

#: The last thing that happened to each unit in the name of this cart.
_LAPSED = """
    last_words AS (
        SELECT DISTINCT ON (item_id) item_id, change_reason, id AS history_id
        FROM inventory_status_history
        WHERE reference_id = :cart_id AND id > :lapsed_after
        ORDER BY item_id, seq DESC),
    lapsed AS (
        SELECT i.* , w.history_id FROM last_words w JOIN items i ON i.id = w.item_id
        WHERE w.change_reason = 'RESERVATION_EXPIRED'
            AND (i.reserved_for_type, i.reserved_for_id)
                IS DISTINCT FROM ('Session', CAST(:cart_id AS text)))
"""


def _lapsed(cart_id: str, lapsed_after: UUID) -> list[LapsedUnit]:
    rows = db.session.execute(
        text(f"""WITH {_LAPSED}
            SELECT l.id AS item_id, l.serial_number, p.sku, p.name AS product_name,
                p.price AS list_price, l.inventory_status,
                l.status = 'InStock' AND (l.inventory_status = 'Available' OR (
                    l.inventory_status = 'Reserved'
                    AND coalesce(l.reservation_expiry <= clock_timestamp(), false))) AS free
            FROM lapsed l JOIN products p ON p.id = l.product_id
            ORDER BY p.sku, l.serial_number LIMIT :limit"""),
        {"cart_id": cart_id, "lapsed_after": lapsed_after, "limit": LAPSED_SHOWN},
    )
    return [LapsedUnit(**row._mapping) for row in rows]


def cart_units(cart_id: str, *, lapsed_after: UUID = NO_HISTORY) -> list[PricedUnit]:
    """Every unit, held and lapsed, that the cart's invoice is to have."""
    rows = db.session.execute(
        text(f"""WITH {_LAPSED}, units AS (
                SELECT id, product_id FROM items
                WHERE reserved_for_type = 'Session' AND reserved_for_id = :cart_id
                UNION ALL SELECT id, product_id FROM lapsed)
            SELECT u.id AS item_id, p.sku FROM units u JOIN products p ON p.id = u.product_id
            ORDER BY u.id"""),
        {"cart_id": cart_id, "lapsed_after": lapsed_after},
    )
    return [PricedUnit(**row._mapping) for row in rows]


def lapsed_and_free_ids(cart_id: str, *, lapsed_after: UUID = NO_HISTORY) -> list[UUID]:
    """The lapsed units that could be held once more."""
    lapsed = _lapsed(cart_id, lapsed_after)
    return [unit.item_id for unit in lapsed if unit.free]


def held_ids_of_product(cart_id: str, product_id: UUID) -> list[UUID]:
    """The units of one product in a cart."""
    return _ids("product_id = :product_id", {"cart_id": cart_id, "product_id": product_id})


def held_item_ids(cart_id: str) -> list[UUID]:
    """All units in a cart."""
    return _ids("true", {"cart_id": cart_id})


def last_history_id(cart_id: str) -> UUID:
    """The newest row of history in the name of this cart."""
    found = db.session.scalar(
        text("""SELECT id FROM inventory_status_history WHERE reference_id = :cart_id
            ORDER BY id DESC LIMIT 1"""),
        {"cart_id": cart_id},
    )
    return found or NO_HISTORY


def _ids(which: str, parameters: dict[str, Any]) -> list[UUID]:
    return list(
        db.session.scalars(
            text(f"""SELECT id FROM items WHERE reserved_for_type = 'Session'
                AND reserved_for_id = :cart_id AND {which} ORDER BY id"""),
            parameters,
        )
    )
