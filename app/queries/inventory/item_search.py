"""Searches and sorts the item list at millions of items.

A search goes over one of two ways. Units are looked at in the order of the list, which soon fills
a page where many match; or the few that match are found by an index and put in order. A page is
complete whichever way was taken: a bound on either sends the search the other way, and never ends
it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam

from app.domain.errors import InvalidInput
from app.domain.inventory.item_lifecycle import InventoryStatus
from app.domain.inventory.sort_order import ItemOrder
from app.queries.inventory.item_filters import ItemFilters, literal
from app.queries.paging import decode_cursor, encode_cursor
from app.queries.serial_lookup import pasted_serials
from app.queries.word_search import Word, words_of

#: Units with a rare word that are fetched to be put in order, before another way is tried.
RARE_UNITS_MAX = 5000
#: Units looked at in the order of the list; more, if so many of them match that a page is near.
WINDOW, MATCHES_MIN, WINDOW_MAX = 2000, 10, 10_000


@dataclass(frozen=True)
class Order:
    key: str
    direction: str
    compare: str


ORDERS = {
    ItemOrder.NEWEST: Order("id", "DESC", "<"),
    ItemOrder.OLDEST: Order("id", "ASC", ">"),
    ItemOrder.SERIAL: Order("serial_key", "ASC", ">"),
}


@dataclass(frozen=True)
class ItemSearchStep:
    """``sql`` selects ``id`` and ``place`` of a page and one more.

    ``hits`` selects what an index finds, as ``hits`` in ``sql``: with more than RARE_UNITS_MAX of
    them the page may not be complete.
    """

    sql: str
    hits: str = ""


@dataclass(frozen=True)
class Search:
    """How to find a page; ``order_by`` sorts it as ``items i``.

    ``conditions`` are on ``items i``, ``of_sku`` on ``products p``. ``unknown`` are serial numbers
    of a pasted list that there are not.
    """

    order: Order
    conditions: list[str]
    after: list[str]
    in_order: list[str]
    parameters: list[BindParameter[Any]]
    words: list[Word]
    of_sku: list[str]
    statuses: list[str] = field(default_factory=list)
    unknown: tuple[str, ...] = ()

    @property
    def order_by(self) -> str:
        return f"i.{self.order.key} {self.order.direction}"

    def page(
        self, run: Callable[[ItemSearchStep], tuple[int, Sequence[Any]]], limit: int
    ) -> Sequence[Any]:
        """The rows of a page and one more; ``run`` carries a step out: its hits, its rows."""
        if not self.words:
            return run(ItemSearchStep(self._all()))[1]
        rarest = max(self.words, key=Word.rank)
        if rarest.is_rare:
            hits, rows = run(self._by_index(rarest))
            if hits <= RARE_UNITS_MAX:
                return rows
        units = WINDOW
        while units <= WINDOW_MAX:
            _, rows = run(self._in_window(units))
            if len(rows) > limit:
                return rows
            if len(rows) < MATCHES_MIN:
                break
            units = max(2 * units, 3 * units * limit // (2 * len(rows)))
        return run(ItemSearchStep(self._by_product()))[1]

    def _all(self) -> str:
        all_of_them = [*self.conditions, *self.after]
        if not self.of_sku:
            return self._units("items i", all_of_them)
        if self.order.key == "id":
            return self._streams(self.of_sku)
        product = "i.product_id = (SELECT p.id FROM products p WHERE p.sku = :sku)"
        return self._units("items i", [*all_of_them, product])

    def _in_window(self, units: int) -> ItemSearchStep:
        window = self._units("items i", [*self.in_order, *self.after], str(units))
        # Looked at once: where no product can have such units, none is looked at.
        products = " AND ".join(word.of_product_or_serial() for word in self.words)
        where = [word.of_unit("s.words") for word in self.words]
        where.append(f"EXISTS (SELECT FROM products p WHERE {products})")
        source = f"""({window}) w JOIN items i ON i.id = w.id JOIN item_search s ON s.item_id = w.id
            JOIN products p ON p.id = i.product_id"""
        return ItemSearchStep(self._units(source, [*where, *self.conditions, *self.of_sku]))

    def _by_index(self, rarest: Word) -> ItemSearchStep:
        """Units whose serial number has the rarest word, and those whose product has it."""
        others = [word for word in self.words if word is not rarest]
        conditions = [
            rarest.of_indexed_serial(),
            f"s.product_id NOT IN (SELECT p.id FROM products p WHERE {rarest.of_product()})",
            *self._after_in_search(),
            *self.conditions,
            *self.of_sku,
            *(word.of_unit("s.words") for word in others),
        ]
        source = "item_search s"
        if self.conditions:
            source += " JOIN items i ON i.id = s.item_id"
        if others or self.of_sku:
            source += " JOIN products p ON p.id = s.product_id"
        place = "s.item_id" if self.order.key == "id" else "s.serial_key"
        hits = f"""SELECT s.item_id AS id, {place} AS place FROM {source}
            WHERE {" AND ".join(conditions)} LIMIT {RARE_UNITS_MAX + 1}"""
        found = f"(SELECT id, place FROM hits) UNION ALL ({self._by_product(rarest)})"
        return ItemSearchStep(self._first(f"({found}) found"), hits)

    def _by_product(self, in_product: Word | None = None) -> str:
        """Units with all words, of the products that can have such; each has ``in_product``."""
        products = [
            word.of_product() if word is in_product else word.of_product_or_serial()
            for word in self.words
        ]
        words = [word.of_unit("s.words") for word in self.words if word is not in_product]
        return self._streams([*self.of_sku, *products], words)

    def _streams(self, products: list[str], words: Sequence[str] = ()) -> str:
        """The first units of these products: one stream of units per product, and per status.

        Only the streams whose first unit is among the first can hold any that is shown, so a word
        that a thousand products share costs some thousand probes, however many units they have.
        """
        direction = self.order.direction
        listed = ", ".join(f"('{status}')" for status in self.statuses)
        if self.order.key != "id":
            listed = (
                "('')"  # by product and serial number units are in order, whatever their status
            )
        return f"""
            SELECT unit.id, unit.place FROM (
                SELECT p.* FROM (
                    SELECT p.id, p.search_text, p.barcode, k.status
                    FROM products p CROSS JOIN (VALUES {listed}) k (status)
                    WHERE {" AND ".join(products)}) p
                CROSS JOIN LATERAL ({self._stream(words, "1")}) head
                ORDER BY head.place {direction} LIMIT :limit) p
            CROSS JOIN LATERAL ({self._stream(words, ":limit")}) unit
            ORDER BY unit.place {direction} LIMIT :limit"""

    def _stream(self, words: Sequence[str], limit: str) -> str:
        """Units of the product ``p`` in order, by an index that has them so."""
        if self.order.key == "id":
            of_stream = ["i.product_id = p.id", "i.inventory_status = p.status"]
            source = "items i"
            if words:
                source += " JOIN item_search s ON s.item_id = i.id"
            return self._units(source, [*of_stream, *self.conditions, *self.after, *words], limit)
        conditions = ["s.product_id = p.id", *self.conditions, *self._after_in_search(), *words]
        items = "JOIN items i ON i.id = s.item_id" if self.conditions else ""
        return f"""SELECT s.item_id AS id, s.serial_key AS place FROM item_search s {items}
            WHERE {" AND ".join(conditions)} ORDER BY s.serial_key LIMIT {limit}"""

    def _after_in_search(self) -> list[str]:
        columns = {"i.id": "s.item_id", "i.serial_key": "s.serial_key"}
        column = f"i.{self.order.key}"
        return [condition.replace(column, columns[column]) for condition in self.after]

    def _units(self, source: str, conditions: list[str], limit: str = ":limit") -> str:
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return (
            f"SELECT i.id, i.{self.order.key} AS place FROM {source} {where}"
            f" ORDER BY {self.order_by} LIMIT {limit}"
        )

    def _first(self, source: str) -> str:
        return f"SELECT id, place FROM {source} ORDER BY place {self.order.direction} LIMIT :limit"


def search_for(filters: ItemFilters, cursor: str | None) -> Search:
    """Raises InvalidInput for a cursor that belongs to another list, or too many words."""
    order = ORDERS[_order_of(filters)]
    conditions = filters.conditions()
    parameters = [*filters.parameters(), bindparam("limit", filters.limit + 1)]
    after = []
    if cursor:
        place = "CAST(:place AS uuid)" if order.key == "id" else ":place"
        after.append(f"i.{order.key} {order.compare} {place}")
        parameters.append(literal("place", _place(filters, cursor)))
    if filters.sku:
        parameters.append(literal("sku", filters.sku))
    pasted = pasted_serials(filters.q)
    if pasted:
        conditions.append("i.id = ANY(CAST(:pasted AS uuid[]))")
        parameters.append(bindparam("pasted", pasted.item_ids))
    words = [] if pasted else words_of(filters.q)
    return Search(
        order=order,
        conditions=conditions,
        after=after,
        in_order=["i.inventory_status = :inventory_status"] if filters.inventory_status else [],
        parameters=[*parameters, *(one for word in words for one in word.parameters())],
        words=words,
        of_sku=["p.sku = :sku"] if filters.sku else [],
        statuses=[filters.inventory_status] if filters.inventory_status else list(InventoryStatus),
        unknown=tuple(pasted.unknown) if pasted else (),
    )


def cursor_after(filters: ItemFilters, item_id: UUID, serial_key: str) -> str:
    order = _order_of(filters)
    return encode_cursor(order, serial_key if order is ItemOrder.SERIAL else str(item_id))


def _order_of(filters: ItemFilters) -> ItemOrder:
    return ItemOrder(filters.sort or ItemOrder.NEWEST)


def _place(filters: ItemFilters, cursor: str) -> str:
    sort, place = decode_cursor(cursor, 2)
    if sort != _order_of(filters) or (sort != ItemOrder.SERIAL and not _is_uuid(place)):
        raise InvalidInput(
            {"cursor": "This is a place in another list. Start from the first page."}
        )
    return place


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
