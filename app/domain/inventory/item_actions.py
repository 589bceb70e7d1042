"""The actions that a user may take on an item now."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.domain.accounts.roles import Permission, may
from app.domain.inventory.item_lifecycle import InventoryStatus, PhysicalStatus, ReservedForType


@dataclass(frozen=True)
class Viewer:
    """Who looks; what they see depends on it."""

    id: UUID
    role: str


class ItemAction(StrEnum):
    HOLD = "hold"
    RELEASE = "release"
    EDIT = "edit"
    SWAP = "swap"


def item_actions(
    viewer: Viewer,
    *,
    inventory_status: str,
    status: str,
    reserved_for_type: str | None,
    reserved_by: UUID | None,
    hold_expired: bool,
) -> tuple[ItemAction, ...]:
    """An expired hold counts as free: anyone may take the unit."""
    is_hold = inventory_status == InventoryStatus.RESERVED and (
        reserved_for_type != ReservedForType.INVOICE
    )
    is_free = inventory_status == InventoryStatus.AVAILABLE or (is_hold and hold_expired)
    actions = []
    if is_free and status == PhysicalStatus.IN_STOCK and may(viewer.role, Permission.ITEM_HOLD):
        actions.append(ItemAction.HOLD)
    if is_hold and may_release(viewer, reserved_by):
        actions.append(ItemAction.RELEASE)
    if may(viewer.role, Permission.ITEM_EDIT):
        actions.append(ItemAction.EDIT)
    is_promised = inventory_status == InventoryStatus.SOLD or (
        inventory_status == InventoryStatus.RESERVED and not is_hold
    )
    if is_promised and may(viewer.role, Permission.INCONSISTENCY_FIX):
        actions.append(ItemAction.SWAP)
    return tuple(actions)


def may_release(viewer: Viewer, reserved_by: UUID | None) -> bool:
    if reserved_by == viewer.id and may(viewer.role, Permission.ITEM_RELEASE_OWN):
        return True
    return may(viewer.role, Permission.ITEM_RELEASE_ANY)
