"""Changes an item's condition, physical status and notes."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db, transactional
from app.domain.input.fields import TextFields
from app.domain.inventory.item_lifecycle import (
    Condition,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
)
from app.domain.inventory.physical_status import place_words, promise_warning, right_way
from app.services.ledger.availability import describe_unavailable_items
from app.services.ledger.hold_rules import refuse_transition
from app.services.ledger.lookups import location_id_of
from app.services.ledger.row_locks import LockedItem, check_version, lock_items

LOCATION_LENGTH_MAX = 100
NOTES_LENGTH_MAX = 2000


@transactional
def edit_item(
    item_id: UUID,
    *,
    version: int,
    condition: str | None = None,
    status: str | None = None,
    location: str | None = None,
    notes: str | None = None,
) -> list[str]:
    """Change what is given; None leaves it, an empty location or note takes it away.

    Returns warnings: to whom a unit is promised that is not in stock any more. Raises
    InvalidInput, NotFound, VersionConflict, and InvalidTransition for a place where such a unit
    cannot be.
    """
    fields = TextFields()
    code = fields.optional_line("location", location, length_max=LOCATION_LENGTH_MAX)
    note = fields.optional_text("notes", notes, length_max=NOTES_LENGTH_MAX)
    fields.errors |= _word_errors(condition, status)
    fields.refuse()
    item = lock_items([item_id])[0]
    check_version(f"unit {item.serial_number}", asked=version, current=item.version)
    if status is not None:
        refuse_place(item, status)
    changes: dict[str, Any] = {"condition": condition, "status": status}
    changes = {name: value for name, value in changes.items() if value is not None}
    if location is not None:
        changes["location_id"] = _location_id(item_id, code)
    if notes is not None:
        changes["notes"] = note
    if changes:
        columns = ", ".join(f"{name} = :{name}" for name in changes)
        db.session.execute(
            text(f"UPDATE items SET {columns} WHERE id = :id"), {"id": item_id, **changes}
        )
    return _warnings(item, status)


def refuse_place(item: LockedItem, place: str) -> None:
    """Raise InvalidTransition if a unit of its inventory status cannot be at this place."""
    instead = right_way(item.inventory_status, place)
    if instead and place != item.status:
        refuse_transition([item], f"It cannot be {place_words(place)}. {instead}")


def _warnings(item: LockedItem, status: str | None) -> list[str]:
    is_away = status not in (None, item.status, PhysicalStatus.IN_STOCK)
    if item.inventory_status != InventoryStatus.RESERVED or not is_away:
        return []
    (unit,) = describe_unavailable_items([item.id])
    assert status
    assert unit.holder  # it is reserved
    on_invoice = item.reserved_for_type == ReservedForType.INVOICE
    return [promise_warning(item.serial_number, status, unit.holder.label, on_invoice=on_invoice)]


def _location_id(item_id: UUID, code: str | None) -> UUID | None:
    if code is None:
        return None
    warehouse_id = db.session.scalars(
        text("SELECT warehouse_id FROM items WHERE id = :id"), {"id": item_id}
    ).one()
    return location_id_of(code, warehouse_id)


def _word_errors(condition: str | None, status: str | None) -> dict[str, str]:
    errors = {}
    if condition is not None and condition not in set(Condition):
        errors["condition"] = f"One of {', '.join(Condition)}."
    if status is not None and status not in set(PhysicalStatus):
        errors["status"] = f"One of {', '.join(PhysicalStatus)}."
    return errors
