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
RARE_UNITS_MAX = 5000
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
    """``sql`` selects ``id`` and ``place`` of a page and one more, from ``ctes`` by their names.

    With more ``hits`` than RARE_UNITS_MAX the page may not be complete, where ``is_bounded``.
    """

    sql: str
    ctes: dict[str, str] = field(default_factory=dict)
    is_bounded: bool = False


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
        all_of_them = [*self.conditions, *self.after]
        if not self.of_sku:
            return self._units("items i", all_of_them)
        if self.order.key == "id":
            return self._first(f"({self._streams(self.of_sku)}) found")
        product = "i.product_id = (SELECT p.id FROM products p WHERE p.sku = :sku)"
        return self._units("items i", [*all_of_them, product])

    def _in_window(self, units: int) -> Step:
        window = self._units("items i", [*self.in_order, *self.after], str(units))
        where = [word.of_unit("s.words") for word in self.words]
        source = f"""({window}) w JOIN items i ON i.id = w.id JOIN item_search s ON s.item_id = w.id
            JOIN products p ON p.id = i.product_id"""
        return Step(self._units(source, [*where, *self.conditions, *self.of_sku]))

    def _by_index(self, rarest: Word, hits_max: int | None) -> Step:
        """Units of products that have all words, and units whose serial number has one of them."""
        others = [word for word in self.words if word is not rarest]
        named = " AND ".join([*self.of_sku, *(word.of_product() for word in self.words)])
        by_word = [self._hits(rarest, [], others)]
        by_word += [
            self._hits(word, [rarest.of_product()], [one for one in others if one is not word])
            for word in others
        ]
        hits = " UNION ".join(f"({way})" for way in by_word)
        ctes = {
            "named": f"SELECT p.id FROM products p WHERE {named}",
            "hits": f"SELECT * FROM ({hits}) every LIMIT {hits_max}" if hits_max else hits,
        }
        of_named = self._streams(["p.id IN (SELECT id FROM named)"])
        found = f"(SELECT id, place FROM hits) UNION ({of_named})"
        return Step(self._first(f"({found}) found"), ctes, bool(hits_max))

    def _hits(self, word: Word, more: list[str], others: list[Word]) -> str:
        """Units whose serial number has ``word``, of products that do not have all words."""
        conditions = [
            word.of_indexed_serial(),
            "s.product_id NOT IN (SELECT id FROM named)",
            *self._after_in_search(),
            *self.conditions,
            *self.of_sku,
            *more,
            *(other.of_unit("s.words") for other in others),
        ]
        source = "item_search s"
        if self.conditions:
            source += " JOIN items i ON i.id = s.item_id"
        if others or more or self.of_sku:
            source += " JOIN products p ON p.id = s.product_id"
        place = "s.item_id" if self.order.key == "id" else "s.serial_key"
        return (
            f"SELECT s.item_id AS id, {place} AS place FROM {source}"
            f" WHERE {' AND '.join(conditions)}"
        )

    def _streams(self, matching: list[str]) -> str:
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
                SELECT p.id, p.status FROM (
                    SELECT p.id, k.status FROM products p CROSS JOIN (VALUES {listed}) k (status)
                    WHERE {" AND ".join(matching)}) p
                CROSS JOIN LATERAL ({self._stream("p", "1")}) head
                ORDER BY head.place {direction} LIMIT :limit) streams
            CROSS JOIN LATERAL ({self._stream("streams", ":limit")}) unit
            ORDER BY unit.place {direction} LIMIT :limit"""

    def _stream(self, of: str, limit: str) -> str:
        if self.order.key == "id":
            of_stream = [f"i.product_id = {of}.id", f"i.inventory_status = {of}.status"]
            return self._units("items i", [*of_stream, *self.conditions, *self.after], limit)
        conditions = [f"s.product_id = {of}.id", *self.conditions, *self._after_in_search()]
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
