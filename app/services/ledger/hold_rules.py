"""Rules that a request to hold or release items must satisfy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.domain.accounts.roles import Permission, may
from app.domain.errors import InvalidInput, InvalidTransition, NotPermitted
from app.domain.input.fields import TextFields
from app.domain.inventory.item_lifecycle import (
    ChangeReason,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
)
from app.domain.inventory.physical_status import may_happen_at, place_words
from app.services.accounts.acting_user import acting_role
from app.services.ledger.availability import describe_unavailable_items
from app.services.ledger.row_locks import LockedInvoice, LockedItem

ITEMS_MAX = 10_000
MINUTES_MAX = 366 * 24 * 60
HOLDER_ID_LENGTH_MAX = 200

#: A cart always expires, a manual hold where it was asked for, an invoice's reservation never.
EXPIRY = """clock_timestamp() + make_interval(mins => CASE WHEN CAST(:type AS text) = 'Session'
    THEN coalesce(CAST(:minutes AS integer), current_setting('holdfast.hold_minutes')::integer)
    ELSE CAST(:minutes AS integer) END)"""


@dataclass(frozen=True)
class ReservedFor:
    """Who gets the units. Without ``expires_in_minutes`` a cart's hold lasts HOLD_MINUTES."""

    type: ReservedForType
    id: str
    expires_in_minutes: int | None = None

    def __post_init__(self) -> None:
        fields = TextFields()
        cleaned = fields.line("reservedForId", self.id, length_max=HOLDER_ID_LENGTH_MAX)
        object.__setattr__(self, "id", cleaned)
        errors = fields.errors
        minutes = self.expires_in_minutes
        if minutes is not None and not 1 <= minutes <= MINUTES_MAX:
            errors["expiresInMinutes"] = (
                f"Give a whole number of minutes from 1 to {MINUTES_MAX:,}."
            )
        if errors:
            raise InvalidInput(errors)


def is_holder_id(words: str) -> bool:
    """Whether units can be reserved for somebody or something of this name."""
    fields = TextFields()
    fields.line("id", words, length_max=HOLDER_ID_LENGTH_MAX)
    return not fields.errors


def require_unique_ids(item_ids: Sequence[UUID], *, items_max: int = ITEMS_MAX) -> list[UUID]:
    """The ids as given, or InvalidInput: none, too many, or one of them twice."""
    if not 1 <= len(item_ids) <= items_max:
        raise InvalidInput({"itemIds": f"Give 1 to {items_max:,} units."})
    if len(set(item_ids)) != len(item_ids):
        raise InvalidInput({"itemIds": "The same unit is in the list twice."})
    return list(item_ids)


def is_reserved_for(item: LockedItem, invoice: LockedInvoice) -> bool:
    """Whether a unit is reserved for just this invoice."""
    return (item.inventory_status, item.reserved_for_type, item.reserved_for_id) == (
        InventoryStatus.RESERVED,
        ReservedForType.INVOICE,
        str(invoice.id),
    )


def require_holds(items: Sequence[LockedItem]) -> None:
    """Raise InvalidTransition for units that are not held in a cart or by hand."""
    wrong = [
        item
        for item in items
        if item.inventory_status != InventoryStatus.RESERVED
        or item.reserved_for_type == ReservedForType.INVOICE
    ]
    refuse_transition(
        wrong,
        "Only units held in a cart or by hand can be released. "
        "Units of an invoice are freed by cancelling the invoice or taking them off it.",
    )


def require_may_release(items: Sequence[LockedItem], user_id: UUID) -> None:
    """Raise NotPermitted for other people's holds, unless this user may release anyone's."""
    others = [item for item in items if item.reserved_by != user_id]
    if others and not may(acting_role(user_id), Permission.ITEM_RELEASE_ANY):
        held = "; ".join(
            f"{unit.serial_number}: {unit.why}"
            for unit in describe_unavailable_items([item.id for item in others[:3]])
        )
        raise NotPermitted(f"These are other people's holds; ask them or a manager. {held}.")


def refuse_transition(items: Sequence[LockedItem], why: str) -> None:
    """Raise InvalidTransition naming each of these units and where it stands, if there are any."""
    if not items:
        return
    facts: list[dict[str, Any]] = [
        {
            "id": unit.id,
            "serialNumber": unit.serial_number,
            "inventoryStatus": unit.inventory_status,
            "status": unit.status,
            "holder": unit.holder,
        }
        for unit in describe_unavailable_items([item.id for item in items])
    ]
    shown = ", ".join(_standing(item) for item in items[:3])
    more = f" and {len(items) - 3} more" if len(items) > 3 else ""
    raise InvalidTransition(f"{shown}{more}. {why}", facts)


def refuse_away(items: Sequence[LockedItem], reason: ChangeReason, why: str) -> None:
    """Raise InvalidTransition for units to which ``reason`` cannot happen where they are."""
    refuse_transition([item for item in items if not may_happen_at(reason, item.status)], why)


def is_held_by_session(item: LockedItem, session_id: str) -> bool:
    """Whether a unit is in this cart, wherever it is and whether or not the hold has run out."""
    return (item.inventory_status, item.reserved_for_type, item.reserved_for_id) == (
        InventoryStatus.RESERVED,
        ReservedForType.SESSION,
        session_id,
    )


def is_hold_of(item: LockedItem, user_id: UUID) -> bool:
    """Whether this user holds a unit, in a cart or by hand, run out or not."""
    holds = (ReservedForType.SESSION, ReservedForType.MANUAL)
    return item.reserved_for_type in holds and item.reserved_by == user_id


def _standing(item: LockedItem) -> str:
    where = "" if item.status == PhysicalStatus.IN_STOCK else f" and {place_words(item.status)}"
    return f"{item.serial_number} is {item.inventory_status}{where}"


def list_price(item: LockedItem) -> Any:
    """The price of a unit's product; InvalidInput when it has none."""
    if item.price is None:
        raise InvalidInput(
            {"unitPrice": f"Product {item.sku} has no price: give one, or set the product's price."}
        )
    return item.price
