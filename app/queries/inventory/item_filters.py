"""Filters of the item list, as SQL conditions with literal values."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, String, bindparam

from app.domain.errors import InvalidInput
from app.domain.input.text import looked_up
from app.domain.inventory.item_lifecycle import (
    Condition,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
)
from app.domain.inventory.sort_order import ItemOrder
from app.domain.text.folding import serial_key
from app.queries.paging import LIMIT_DEFAULT, LIMIT_MAX
from app.queries.serial_lookup import HAS_KEY

#: A list of serial numbers may be pasted.
SEARCH_CHARACTERS_MAX = 10_000
VALUE_CHARACTERS_MAX = 500

#: Field -> the values that it knows.
CHOICES: dict[str, list[str]] = {
    "inventory_status": list(InventoryStatus),
    "status": list(PhysicalStatus),
    "condition": list(Condition),
    "reserved_for_type": list(ReservedForType),
    "sort": list(ItemOrder),
}
#: Field -> its name in addresses and in the API.
PUBLIC_NAMES = {
    "inventory_status": "inventoryStatus",
    "serial_number": "serialNumber",
    "reserved_for_type": "reservedForType",
    "reserved_for_id": "reservedForId",
}
#: Found without the spaces around them.
CODES = ("sku", "warehouse", "serial_number")
CONDITIONS = {
    "inventory_status": "i.inventory_status = :inventory_status",
    "status": "i.status = :status",
    "condition": "i.condition = :condition",
    "serial_number": HAS_KEY.format("CAST(:serial_number AS text)"),
    "reserved_for_type": "i.reserved_for_type = :reserved_for_type",
    "reserved_for_id": "i.reserved_for_id = :reserved_for_id",
    "warehouse": "i.warehouse_id = (SELECT id FROM warehouses WHERE code = :warehouse)",
}


@dataclass(frozen=True)
class ItemFilters:
    """Empty means any. ``q`` looks in serial numbers, SKUs, product names and barcodes."""

    q: str = ""
    inventory_status: str = ""
    status: str = ""
    condition: str = ""
    sku: str = ""
    warehouse: str = ""
    serial_number: str = ""
    reserved_for_type: str = ""
    reserved_for_id: str = ""
    ids: tuple[str, ...] = field(default=())
    sort: str = ItemOrder.NEWEST
    limit: int = LIMIT_DEFAULT

    def __post_init__(self) -> None:
        for name in CODES:
            object.__setattr__(self, name, looked_up(getattr(self, name)))
        errors = {PUBLIC_NAMES.get(name, name): words for name, words in self._mistakes()}
        if errors:
            raise InvalidInput(errors)

    def _mistakes(self) -> Iterator[tuple[str, str]]:
        for name, known in CHOICES.items():
            if getattr(self, name) not in ("", *known):
                yield name, f"Choose one of: {', '.join(known)}."
        if len(self.q) > SEARCH_CHARACTERS_MAX:
            yield "q", f"Search for at most {SEARCH_CHARACTERS_MAX} characters."
        for name in (*CODES, "reserved_for_id"):
            if len(getattr(self, name)) > VALUE_CHARACTERS_MAX:
                yield name, "This is no text to look for."
        for name in (*CODES, "reserved_for_id", "q"):
            if "\x00" in getattr(self, name):
                yield name, "This is no text to look for."
        if not 1 <= self.limit <= LIMIT_MAX:
            yield "limit", f"Give a whole number from 1 to {LIMIT_MAX}."

    def narrowed(self) -> bool:
        """Whether anything is filtered at all."""
        return any(getattr(self, name) for name in (*CONDITIONS, "q", "sku", "ids"))

    def conditions(self) -> list[str]:
        """On ``items i``; without q and sku, which choose the way to look."""
        chosen = [sql for name, sql in CONDITIONS.items() if getattr(self, name)]
        return [*chosen, *(["i.id = ANY(CAST(:ids AS uuid[]))"] if self.ids else [])]

    def parameters(self) -> list[BindParameter[Any]]:
        # Planned with their values: a rare status wants another way than a common one.
        given = {name: value for name in CONDITIONS if (value := getattr(self, name))}
        if "serial_number" in given:
            given["serial_number"] = serial_key(given["serial_number"])
        texts = [literal(name, value) for name, value in given.items()]
        ids: list[BindParameter[Any]] = [bindparam("ids", list(self.ids))] if self.ids else []
        return [*texts, *ids]


def literal(name: str, value: str) -> BindParameter[str]:
    return bindparam(name, value, String(), literal_execute=True)
