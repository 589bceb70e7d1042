"""Which units a list shows, by ways that stay quick at millions of them.

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
from app.domain.inventory_lifecycle import InventoryStatus
from app.domain.item_order import ItemOrder
from app.queries.item_filters import ItemFilters, literal
from app.queries.paging import decode_cursor, encode_cursor
from app.queries.serial_lookup import pasted_serials
from app.queries.word_search import Word, words_of

#: Units with a rare word that are fetched to be put in order, before another way is tried.
RARE_UNITS_MAX = 2000
#: Units looked at in the order of the list, and how many of them must match to look at more.
WINDOWS = ((2000, 10), (10_000, 0))


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
class Step:
    """``sql`` selects ``id`` and ``place`` of a page and one more, from ``hits`` where it has them.

    With more hits than RARE_UNITS_MAX the page may not be complete.
    """

    sql: str
    hits: str | None = None


@dataclass(frozen=True)
class Search:
    """How to find a page; ``order_by`` sorts it as ``items i``.

    ``unknown`` are serial numbers of a pasted list that there are not.
    """

    order: Order
    conditions: list[str]
    in_order: list[str]
    parameters: list[BindParameter[Any]]
    words: list[Word]
    of_sku: list[str]
    statuses: list[str] = field(default_factory=list)
    unknown: tuple[str, ...] = ()

    @property
    def order_by(self) -> str:
        return f"i.{self.order.key} {self.order.direction}"

    def page(self, run: Callable[[Step], tuple[int, Sequence[Any]]], limit: int) -> Sequence[Any]:
        """The rows of a page and one more; ``run`` carries a step out: its hits, its rows."""
        if not self.words:
            return run(Step(self._all()))[1]
        rarest = max(self.words, key=Word.rank)
        if rarest.is_rare:
            hits, rows = run(self._by_index(rarest, RARE_UNITS_MAX + 1))
            if hits <= RARE_UNITS_MAX:
                return rows
        for units, matches_min in WINDOWS:
            _, rows = run(self._in_window(units))
            if len(rows) > limit:
                return rows
            if len(rows) < matches_min:
                break
        return run(self._by_index(rarest, None))[1]

    def _all(self) -> str:
        if self.of_sku:
            return self._first(f"({self._units_of_products(self.of_sku)}) found")
        return self._units("items i", self.conditions, ":limit")

    def _in_window(self, units: int) -> Step:
        window = self._units("items i", self.in_order, str(units))
        where = [word.of_unit("i.serial_number") for word in self.words]
        source = f"""({window}) w JOIN items i ON i.id = w.id
            JOIN products p ON p.id = i.product_id"""
        return Step(self._units(source, [*where, *self.conditions, *self.of_sku], ":limit"))

    def _by_index(self, rarest: Word, hits_max: int | None) -> Step:
        others = [word for word in self.words if word is not rarest]
        hits = f"SELECT s.item_id FROM item_search s WHERE {rarest.of_indexed_serial()}"
        source = "hits" if hits_max else f"({hits}) hits"
        ways = [
            self._matching(f"{source} JOIN items i ON i.id = hits.item_id", others, []),
            *(self._found_by(word, rarest, others) for word in others),
            self._units_of_products([*self.of_sku, *(word.of_product() for word in self.words)]),
        ]
        found = " UNION ".join(f"({way})" for way in ways)
        return Step(
            self._first(f"({found}) found"), f"{hits} LIMIT {hits_max}" if hits_max else None
        )

    def _found_by(self, word: Word, rarest: Word, others: list[Word]) -> str:
        """Units whose serial number has ``word`` and whose product has the rarest."""
        source = f"""(SELECT s.item_id FROM item_search s WHERE {word.of_indexed_serial()}) hits
            JOIN items i ON i.id = hits.item_id"""
        return self._matching(
            source, [other for other in others if other is not word], [rarest.of_product()]
        )

    def _matching(self, source: str, words: list[Word], more: list[str]) -> str:
        conditions = [
            *self.conditions,
            *self.of_sku,
            *more,
            *(word.of_unit("i.serial_number") for word in words),
        ]
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        joined = (
            f"{source} JOIN products p ON p.id = i.product_id"
            if words or more or self.of_sku
            else source
        )
        return f"SELECT i.id, i.{self.order.key} AS place FROM {joined} {where}"

    def _units_of_products(self, matching: list[str]) -> str:
        """The first units of these products: one stream of units per product and status.

        Only the streams whose first unit is among the first can hold any that is shown, so a word
        that a thousand products share costs some thousand probes, however many units they have.
        """
        where = " AND ".join(matching)
        if self.order.key != "id":
            source = "products p JOIN items i ON i.product_id = p.id"
            return self._units(source, [*self.conditions, where], ":limit")
        listed = ", ".join(f"('{status}')" for status in self.statuses)
        head = ["i.product_id = p.id", "i.inventory_status = s.status", *self.conditions]
        rest = ["i.product_id = streams.id", "i.inventory_status = streams.status"]
        direction = self.order.direction
        return f"""
            SELECT unit.id, unit.place FROM (
                SELECT p.id, s.status FROM products p CROSS JOIN (VALUES {listed}) s (status)
                CROSS JOIN LATERAL ({self._units("items i", head, "1")}) head
                WHERE {where} ORDER BY head.place {direction} LIMIT :limit) streams
            CROSS JOIN LATERAL (
                {self._units("items i", [*rest, *self.conditions], ":limit")}) unit
            ORDER BY unit.place {direction} LIMIT :limit"""

    def _units(self, source: str, conditions: list[str], limit: str) -> str:
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
    in_order = []
    if filters.inventory_status:
        in_order.append("i.inventory_status = :inventory_status")
    if cursor:
        place = "CAST(:place AS uuid)" if order.key == "id" else ":place"
        in_order.append(f"i.{order.key} {order.compare} {place}")
        conditions.append(in_order[-1])
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
        in_order=in_order,
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
