"""Switches off a user and releases or keeps their holds."""

from functools import partial
from uuid import UUID

from app.database.transactions import transactional
from app.domain.errors import Refusal
from app.queries.reservations.user_holds import held_item_ids_of_user, holds_of_user
from app.services.accounts.users import set_active
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.ledger.hold_rules import ITEMS_MAX, is_hold_of


class UserHoldsUnits(Refusal):
    code = "user-holds-units"
    title = "This user holds units"


@transactional
def switch_off(
    user_id: UUID, admin_id: UUID, *, holds_seen: int, release: bool = False
) -> list[UUID]:
    """End a user's log-ins; with ``release`` their carts and holds by hand, too.

    Returns the units that were released. Who holds more units than the admin has seen keeps their
    log-in: raises UserHoldsUnits. Raises NotFound.
    """
    set_active(user_id, active=False)
    released: list[UUID] = []
    if release:
        service = InventoryLifecycleService()
        while held := held_item_ids_of_user(user_id, ITEMS_MAX):
            released += service.release_what_is_held(
                held,
                partial(is_hold_of, user_id=user_id),
                admin_id,
                "Their user was switched off",
            )
    elif (units := holds_of_user(user_id).units) > holds_seen:
        raise UserHoldsUnits(
            f"They hold {units} {'unit' if units == 1 else 'units'} in carts or by hand, which "
            "nobody can sell until that ends. Look at what it is, then switch them off with or "
            "without releasing it. Nothing was changed."
        )
    return released
