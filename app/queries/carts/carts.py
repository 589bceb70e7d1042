"""The items that a cart holds.

Held units are those reserved for it; lapsed ones are those whose history says that the cart's hold
on them ran out and that nothing else happened to them in its name since.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.database.transactions import db
from app.queries.conditions import IS_FREE

UNITS_PER_LINE = 12
NO_HISTORY = UUID(int=0)


@dataclass(frozen=True)
class CartUnit:
    item_id: UUID
    serial_number: str


@dataclass(frozen=True)
class LapsedUnit:
    """A unit that the cart held until its time ran out. ``free``: nobody has it since."""

    item_id: UUID
    serial_number: str
    inventory_status: str
    free: bool


@dataclass
class CartLine:
    """A product in a cart; ``units`` and ``lapsed`` are the first few of those counted."""

    product_id: UUID
    sku: str
    product_name: str
    list_price: Decimal | None
    held_count: int = 0
    free_again_count: int = 0
    gone_count: int = 0
    units: list[CartUnit] = field(default_factory=list)
    lapsed: list[LapsedUnit] = field(default_factory=list)

    @property
    def quantity(self) -> int:
        return self.held_count + self.free_again_count + self.gone_count


@dataclass(frozen=True)
class Cart:
    """``expires_at`` is when the first of the holds runs out; None when nothing is held.

    ``mark`` is the same as long as the same units are in the cart, held or lapsed.
    """

    id: str
    lines: list[CartLine]
    expires_at: datetime | None
    expired: bool
    mark: str = ""

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def held_count(self) -> int:
        return sum(line.held_count for line in self.lines)

    @property
    def free_again_count(self) -> int:
        return sum(line.free_again_count for line in self.lines)

    @property
    def gone_count(self) -> int:
        return sum(line.gone_count for line in self.lines)

    def total(self, prices: Mapping[UUID, Decimal]) -> Decimal:
        """At the list prices, or those that ``prices`` gives by product."""
        return sum((line_amount(line, prices) for line in self.lines), Decimal(0))


def line_amount(line: CartLine, prices: Mapping[UUID, Decimal]) -> Decimal:
    price = prices.get(line.product_id, line.list_price)
    return (price or Decimal(0)) * line.quantity


@dataclass(frozen=True)
class PricedUnit:
    item_id: UUID
    product_id: UUID
    sku: str
    list_price: Decimal | None
    mark: str


def get_cart(cart_id: str, *, lapsed_after: UUID = NO_HISTORY) -> Cart:
    """A cart's contents; what lapsed up to the history row ``lapsed_after`` is left out."""
    parameters = {"cart_id": cart_id, "lapsed_after": lapsed_after, "shown": UNITS_PER_LINE}
    held = db.session.execute(_HELD, parameters).all()
    lapsed = db.session.execute(_LAPSED_LINES, parameters).all()
    lines: dict[UUID, CartLine] = {}
    for row in held:
        line = _line(lines, row)
        line.held_count = row.held_count
        line.units.append(CartUnit(row.item_id, row.serial_number))
    for row in lapsed:
        line = _line(lines, row)
        line.free_again_count, line.gone_count = row.free_again_count, row.gone_count
        line.lapsed.append(
            LapsedUnit(row.item_id, row.serial_number, row.inventory_status, row.free)
        )
    return Cart(
        id=cart_id,
        lines=sorted(lines.values(), key=lambda line: line.sku),
        expires_at=min((row.expires_at for row in held), default=None),
        expired=any(row.expired for row in held),
        mark=str(sum(rows[0].mark for rows in (held, lapsed) if rows)),
    )


def _line(lines: dict[UUID, CartLine], row: Row[Any]) -> CartLine:
    return lines.setdefault(
        row.product_id, CartLine(row.product_id, row.sku, row.product_name, row.list_price)
    )


#: Adds up to the same however the units are shared out between held and lapsed.
MARK = "sum(hashtextextended(id::text, 0)) OVER ()"
_HELD = text(f"""
    WITH held AS MATERIALIZED (
        SELECT id AS item_id, serial_number, product_id,
            row_number() OVER (PARTITION BY product_id ORDER BY serial_key) AS place,
            count(*) OVER (PARTITION BY product_id) AS held_count,
            min(reservation_expiry) OVER () AS expires_at, {MARK} AS mark
        FROM items WHERE reserved_for_type = 'Session' AND reserved_for_id = :cart_id)
    SELECT p.id AS product_id, p.sku, p.name AS product_name, p.price AS list_price, h.held_count,
        h.item_id, h.serial_number, h.expires_at, h.expires_at <= clock_timestamp() AS expired,
        h.mark
    FROM held h JOIN products p ON p.id = h.product_id
    WHERE h.place <= :shown ORDER BY p.sku, h.place
""")


def lapsed_holds(session_id: str, lapsed_after: str) -> str:
    """CTEs with ``lapsed``: items that a cart held last and whose time ran out.

    The arguments are SQL expressions: the cart's session id, and the history row up to which holds
    that ran out are left out.
    """
    return f"""
    last_changes AS (
        SELECT DISTINCT ON (item_id) item_id, change_reason
        FROM inventory_status_history
        WHERE reference_id = {session_id} AND id > {lapsed_after}
        ORDER BY item_id, seq DESC),
    lapsed AS MATERIALIZED (
        SELECT i.id, i.serial_number, i.serial_key, i.product_id, i.inventory_status,
            {IS_FREE} AS free
        FROM last_changes last JOIN items i ON i.id = last.item_id
        WHERE last.change_reason = 'RESERVATION_EXPIRED'
            AND (i.reserved_for_type, i.reserved_for_id)
                IS DISTINCT FROM ('Session', CAST({session_id} AS text)))
"""


_LAPSED = lapsed_holds(session_id=":cart_id", lapsed_after=":lapsed_after")
_LAPSED_LINES = text(f"""
    WITH {_LAPSED}, counted AS (
        SELECT lapsed.*, count(*) FILTER (WHERE free) OVER product AS free_again_count,
            count(*) FILTER (WHERE NOT free) OVER product AS gone_count,
            row_number() OVER (PARTITION BY product_id ORDER BY free, serial_key) AS place,
            {MARK} AS mark
        FROM lapsed WINDOW product AS (PARTITION BY product_id))
    SELECT p.id AS product_id, p.sku, p.name AS product_name, p.price AS list_price,
        c.id AS item_id, c.serial_number, c.inventory_status, c.free, c.free_again_count,
        c.gone_count, c.mark
    FROM counted c JOIN products p ON p.id = c.product_id
    WHERE c.place <= :shown ORDER BY p.sku, c.place
""")


def cart_units(cart_id: str, *, lapsed_after: UUID = NO_HISTORY) -> list[PricedUnit]:
    """Every unit, held and lapsed, that the cart's invoice is to have."""
    rows = db.session.execute(
        text(f"""WITH {_LAPSED}, units AS (
                SELECT id, product_id FROM items
                WHERE reserved_for_type = 'Session' AND reserved_for_id = :cart_id
                UNION ALL SELECT id, product_id FROM lapsed)
            SELECT u.id AS item_id, p.id AS product_id, p.sku, p.price AS list_price, u.mark
            FROM (SELECT *, ({MARK})::text AS mark FROM units) u
            JOIN products p ON p.id = u.product_id
            ORDER BY u.id"""),
        {"cart_id": cart_id, "lapsed_after": lapsed_after},
    )
    return [PricedUnit(**row._mapping) for row in rows]


def lapsed_and_free_ids(cart_id: str, *, lapsed_after: UUID = NO_HISTORY) -> list[UUID]:
    """The lapsed units that could be held once more."""
    return list(
        db.session.scalars(
            text(f"WITH {_LAPSED} SELECT id FROM lapsed WHERE free ORDER BY id"),
            {"cart_id": cart_id, "lapsed_after": lapsed_after},
        )
    )


def held_ids_of_product(cart_id: str, product_id: UUID) -> list[UUID]:
    """The units of one product in a cart."""
    return _ids("product_id = :product_id", {"cart_id": cart_id, "product_id": product_id})


def held_item_ids(cart_id: str) -> list[UUID]:
    """All units in a cart. Some may have left it before they are locked: look again then."""
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
