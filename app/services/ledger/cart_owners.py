"""Locks items for a cart and checks that the cart is the user's."""

from collections.abc import Iterable
from typing import NoReturn
from uuid import UUID

from app.database.driver import fetch_rows
from app.database.transactions import allow_time_for
from app.domain.carts.carts import CartStatus, cart_label
from app.domain.errors import CartClosed, ItemBusy, NotPermitted
from app.services.ledger.row_locks import ITEM_COLUMNS, LockedItem, all_locked

#: The cart's owner and status; both null for one that another transaction made this moment.
#: Whoever uses an unknown session id makes its cart, in the same round trip. A cart that there is
#: stays open until the transaction ends: a sale of it waits, or is waited for.
_CART = """
    first_use AS (
        INSERT INTO carts (session_id, user_id) VALUES (:session_id, :user_id)
        ON CONFLICT (session_id) DO NOTHING RETURNING user_id, status),
    known AS MATERIALIZED (
        SELECT user_id, status FROM carts WHERE session_id = :session_id FOR SHARE),
    cart AS MATERIALIZED (
        SELECT found.user_id AS owner_id, found.status AS cart_status
        FROM (VALUES (1)) one LEFT JOIN (
            SELECT user_id, status FROM first_use
            UNION ALL SELECT user_id, status FROM known) found
        ON true)
"""
#: The join makes the cart before the first unit is locked, so that no two wait for each other.
_LOCK = f"""
    WITH {_CART}
    SELECT {ITEM_COLUMNS}, cart.owner_id, cart.cart_status
    FROM cart CROSS JOIN items i JOIN products p ON p.id = i.product_id
    WHERE i.id = ANY(CAST(:ids AS uuid[])) ORDER BY i.id FOR NO KEY UPDATE OF i
"""


def lock_items_for_cart(
    item_ids: Iterable[UUID], session_id: str, user_id: UUID
) -> list[LockedItem]:
    """Lock units that a user wants to put into a cart or take out of it; ordered by id.

    Raises NotFound, NotPermitted for somebody else's cart, and CartClosed.
    """
    wanted = list(dict.fromkeys(item_ids))
    if not wanted:
        require_own_cart(session_id, user_id)
        return []
    allow_time_for(len(wanted))
    rows = fetch_rows(_LOCK, {"ids": wanted, "session_id": session_id, "user_id": user_id})
    if rows:
        *_, owner_id, status = rows[0]
        _check(session_id, user_id, owner_id, status)
    return all_locked([LockedItem(*row[:-2]) for row in rows], wanted)


def require_own_cart(session_id: str, user_id: UUID) -> None:
    """Make the cart if nobody has used this id. Raises NotPermitted and CartClosed."""
    ((owner_id, status),) = fetch_rows(
        f"WITH {_CART} SELECT owner_id, cart_status FROM cart",
        {"session_id": session_id, "user_id": user_id},
    )
    _check(session_id, user_id, owner_id, status)


def _check(session_id: str, user_id: UUID, owner_id: UUID | None, status: str | None) -> None:
    if owner_id is None:
        # Somebody committed it after this statement began; the next one sees it.
        found = fetch_rows(
            "SELECT user_id, status FROM carts WHERE session_id = :session_id",
            {"session_id": session_id},
        )
        if not found:
            raise ItemBusy
        ((owner_id, status),) = found
    if owner_id != user_id:
        _refuse_stranger(owner_id)
    if status == CartStatus.CLOSED:
        _refuse_closed(session_id)


def _refuse_stranger(owner_id: UUID | None) -> NoReturn:
    ((name,),) = fetch_rows("SELECT name FROM users WHERE id = :id", {"id": owner_id})
    raise NotPermitted(
        f"This is {cart_label(name)}. Only {name} can add to it, take from it or make an invoice "
        "of it; a manager may release its units."
    )


def _refuse_closed(session_id: str) -> NoReturn:
    ((number,),) = fetch_rows(
        """SELECT v.number FROM carts c LEFT JOIN invoices v ON v.id = c.invoice_id
            WHERE c.session_id = :session_id""",
        {"session_id": session_id},
    )
    what = f"became invoice {number}" if number else "was given up"
    raise CartClosed(f"This cart {what}. Begin a new one.")
