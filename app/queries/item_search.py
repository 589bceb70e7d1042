"""Which units a list shows, by the way that stays quick at millions of them.

Every way yields at most ``:limit`` ids in order over an index: serial numbers by trigram (short
words by their beginning), products by one stream of units per product and status. Only the
streams whose first unit is among the first can hold any that is shown, so a word that a thousand
products share costs some thousand probes, however many units they have.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam

from app.domain.errors import InvalidInput
from app.domain.inventory_lifecycle import InventoryStatus
from app.domain.item_order import ItemOrder
from app.queries.item_filters import ItemFilters, literal
from app.queries.paging import contains, decode_cursor, encode_cursor, escape_like

#: A shorter pattern has no trigram to look up.
TRIGRAM_CHARACTERS = 3
#: A run of so many letters and digits is rare enough to be looked up by.
LONG_RUN_CHARACTERS = 5
#: Of the units whose serial number begins with a shorter word, this many are listed.
SHORT_WORD_SERIALS_MAX = 1000


@dataclass(frozen=True)
class Order:
    key: str
    direction: str
    compare: str


ORDERS = {
    ItemOrder.NEWEST: Order("id", "DESC", "<"),
    ItemOrder.OLDEST: Order("id", "ASC", ">"),
    ItemOrder.SERIAL: Order("serial_number", "ASC", ">"),
}


@dataclass(frozen=True)
class Search:
    """``sql`` selects the ids of a page and one more; ``order_by`` sorts them as ``items i``."""

    sql: str
    order_by: str
    parameters: list[BindParameter[Any]]


def search_for(filters: ItemFilters, cursor: str | None) -> Search:
    """Raises InvalidInput for a cursor that belongs to another list."""
    order = ORDERS[_order_of(filters)]
    conditions = filters.conditions()
    parameters = [*filters.parameters(), bindparam("limit", filters.limit + 1)]
    if cursor:
        conditions.append(_after(order))
        parameters.append(literal("place", _place(filters, cursor)))
    if filters.sku:
        parameters.append(literal("sku", filters.sku))
    words = filters.q.strip()
    if words:
        parameters += _word_parameters(words)
    ways = " UNION ".join(f"({way})" for way in _ways(filters, words, order, conditions))
    return Search(
        f"SELECT id FROM ({ways}) found ORDER BY place {order.direction} LIMIT :limit",
        f"i.{order.key} {order.direction}",
        parameters,
    )


def cursor_after(filters: ItemFilters, item_id: UUID, serial_number: str) -> str:
    order = _order_of(filters)
    return encode_cursor(order, serial_number if order is ItemOrder.SERIAL else str(item_id))


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


def _after(order: Order) -> str:
    place = "CAST(:place AS uuid)" if order.key == "id" else ":place"
    return f"i.{order.key} {order.compare} {place}"


def _ways(filters: ItemFilters, words: str, order: Order, conditions: list[str]) -> list[str]:
    of_sku = ["p.sku = :sku"] if filters.sku else []
    if words:
        matching = [*of_sku, _product_condition(words)]
        return [
            _units_by_serial(words, order, conditions, of_sku),
            _units_of_products(filters, matching, order, conditions),
        ]
    if of_sku:
        return [_units_of_products(filters, of_sku, order, conditions)]
    return [_first_units("items i", conditions, order)]


def _first_units(source: str, conditions: list[str], order: Order, limit: str = ":limit") -> str:
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"SELECT i.id, i.{order.key} AS place FROM {source} {where}"
        f" ORDER BY i.{order.key} {order.direction} LIMIT {limit}"
    )


def _word_parameters(words: str) -> list[BindParameter[Any]]:
    if len(words) >= TRIGRAM_CHARACTERS:
        runs = [contains(name, run) for name, run in _runs(words).items()]
        return [contains("words", words), *runs]
    beginning = escape_like(words) + "%"
    return [
        literal("beginning", beginning),
        literal("beginning_upper", beginning.upper()),
        literal("beginning_lower", beginning.lower()),
        literal("inner_beginning", f"% {beginning}"),
    ]


def _units_by_serial(words: str, order: Order, conditions: list[str], of_sku: list[str]) -> str:
    product = ["i.product_id = (SELECT p.id FROM products p WHERE p.sku = :sku)"] if of_sku else []
    if len(words) < TRIGRAM_CHARACTERS:
        return _units_by_serial_beginning(order, [*conditions, *product])
    source = "item_search s JOIN items i ON i.id = s.item_id"
    matches = _serial_matches(words)
    if order.key == "id" and _after(order) in conditions:
        matches.append(_after(order).replace("i.id", "s.item_id"))
    return _first_units(source, [*conditions, *product, *matches], order)


def _serial_matches(words: str) -> list[str]:
    # The trigrams at the edges of a run ("  0" of "P77-0000077") are those of most units: reading
    # their lists takes longer than all else. So the runs' inner trigrams find the units, and the
    # whole is compared as an expression that the index does not know.
    found_by = [f"s.serial_number ILIKE :{name}" for name in _runs(words)]
    if not found_by:
        return ["s.serial_number ILIKE :words"]
    return [*found_by, "s.serial_number || '' ILIKE :words"]


def _runs(words: str) -> dict[str, str]:
    """Parameter -> letters and digits in a row; none when all are short, or there is but one."""
    runs = re.findall(rf"[A-Za-z0-9]{{{TRIGRAM_CHARACTERS},}}", words)
    if words in runs or all(len(run) < LONG_RUN_CHARACTERS for run in runs):
        return {}
    return {f"run_{place}": run for place, run in enumerate(runs)}


def _units_by_serial_beginning(order: Order, conditions: list[str]) -> str:
    # The index on serial numbers is in byte order, where ILIKE is no range. A range may hold half
    # the store, so only its beginning is put in another order.
    begins = " OR ".join(
        f"i.serial_number LIKE :{name}"
        for name in ("beginning", "beginning_upper", "beginning_lower")
    )
    where = " AND ".join([*conditions, f"({begins})"])
    first = f"""(SELECT i.* FROM items i WHERE {where}
        ORDER BY i.serial_number LIMIT {SHORT_WORD_SERIALS_MAX}) i"""
    return _first_units(first, [], order)


def _product_condition(words: str) -> str:
    if len(words) >= TRIGRAM_CHARACTERS:
        return "p.search_text ILIKE :words"
    return "(p.sku ILIKE :beginning OR p.name ILIKE :beginning OR p.name ILIKE :inner_beginning)"


def _units_of_products(
    filters: ItemFilters, matching: list[str], order: Order, conditions: list[str]
) -> str:
    where = " AND ".join(matching)
    if order.key != "id":
        source = "products p JOIN items i ON i.product_id = p.id"
        return _first_units(source, [*conditions, where], order)
    statuses = [filters.inventory_status] if filters.inventory_status else list(InventoryStatus)
    listed = ", ".join(f"('{status}')" for status in statuses)
    head = ["i.product_id = p.id", "i.inventory_status = s.status", *conditions]
    rest = ["i.product_id = streams.id", "i.inventory_status = streams.status", *conditions]
    return f"""
        SELECT unit.id, unit.place FROM (
            SELECT p.id, s.status FROM products p CROSS JOIN (VALUES {listed}) s (status)
            CROSS JOIN LATERAL ({_first_units("items i", head, order, "1")}) head
            WHERE {where} ORDER BY head.place {order.direction} LIMIT :limit) streams
        CROSS JOIN LATERAL ({_first_units("items i", rest, order)}) unit
        ORDER BY unit.place {order.direction} LIMIT :limit"""
