"""Reads the forms of items, refusing field by field."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request

from app.domain.errors import InvalidInput
from app.queries.inventory.item_filters import PUBLIC_NAMES, ItemFilters
from app.services.ledger.hold_rules import MINUTES_MAX
from app.web.forms.fields import id_fields, optional_number_field, raw_field, version_field

FILTERS = (
    "q",
    "inventory_status",
    "status",
    "condition",
    "sku",
    "warehouse",
    "serial_number",
    "reserved_for_type",
    "reserved_for_id",
    "sort",
)
MINUTES = "expires_in_minutes"
EDITABLE = ("condition", "status", "location", "notes")


@dataclass(frozen=True)
class HoldForm:
    reserved_for_id: str
    expires_in_minutes: int | None
    notes: str | None


def filters_from_query() -> ItemFilters:
    """Raises InvalidInput for a value that a filter does not know."""
    given = {name: request.args.get(PUBLIC_NAMES.get(name, name), "").strip() for name in FILTERS}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value}
    return ItemFilters(**chosen)


def hold_form(default_holder: str, default_minutes: int) -> HoldForm:
    """A row's own button says nothing more: then the unit is for the clerk, for a short while."""
    return HoldForm(
        raw_field("reserved_for_id") or default_holder,
        _minutes() if MINUTES in request.form else default_minutes,
        raw_field("notes") or None,
    )


def _minutes() -> int | None:
    return optional_number_field(MINUTES, most=MINUTES_MAX, of="minutes")


def chosen_item_ids() -> list[UUID]:
    chosen = id_fields("item_ids", wrong="One of these is no unit. Reload the list.")
    if not chosen:
        raise InvalidInput({"item_ids": "Choose at least one unit in the list."})
    return list(dict.fromkeys(chosen))


def edited_fields() -> dict[str, Any]:
    given = {name: raw_field(name) for name in EDITABLE if name in request.form}
    return {"version": version_field(), **given}
