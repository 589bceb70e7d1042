"""Reads the forms of items, refusing field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from app.domain.errors import InvalidInput
from app.queries.inventory.item_filters import PUBLIC_NAMES, ItemFilters
from app.services.ledger.hold_rules import MINUTES_MAX
from app.web.forms.fields import whole_number

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
EDITABLE = ("condition", "status", "location", "notes")


@dataclass(frozen=True)
class HoldForm:
    reserved_for_id: str
    expires_in_minutes: int | None
    notes: str | None


def filters_from_query(query: Mapping[str, str], **more: Any) -> ItemFilters:
    """Raises InvalidInput for a value that a filter does not know."""
    given = {name: query.get(PUBLIC_NAMES.get(name, name), "").strip() for name in FILTERS}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value}
    return ItemFilters(**chosen, **more)


def hold_form(form: Mapping[str, str], default_holder: str, default_minutes: int) -> HoldForm:
    """A row's own button says nothing more: then the unit is for the clerk, for a short while."""
    minutes = form.get("expiresInMinutes")
    return HoldForm(
        form.get("reservedForId", "").strip() or default_holder,
        default_minutes if minutes is None else _minutes(minutes),
        form.get("notes", "").strip() or None,
    )


def _minutes(typed: str) -> int | None:
    if not typed.strip():
        return None
    return whole_number("expiresInMinutes", typed, most=MINUTES_MAX, of="minutes")


def bulk_item_ids(form: MultiDict[str, str]) -> list[UUID]:
    chosen = form.getlist("itemIds")
    if not chosen:
        raise InvalidInput({"itemIds": "Choose at least one unit in the list."})
    try:
        return [UUID(text) for text in dict.fromkeys(chosen)]
    except ValueError:
        raise InvalidInput({"itemIds": "One of these is no unit. Reload the list."}) from None


def edit_from_form(form: Mapping[str, str]) -> dict[str, Any]:
    version = form.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise InvalidInput({"version": "Reload the page and change it again."})
    given = {name: form[name].strip() for name in EDITABLE if name in form}
    return {"version": int(version), **given}
