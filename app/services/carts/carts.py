"""A user's carts: opened, filled, put aside, taken up again, given up.

Which units a cart holds is said by the units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4

from app.database.driver import execute, fetch_rows
from app.database.transactions import transactional
from app.domain.carts.carts import CartStatus
from app.domain.errors import AlreadyInCart, ItemsNotAvailable, NotFound
from app.queries.carts.carts import (
    held_ids_of_product,
    held_item_ids,
    lapsed_and_free_ids,
    last_history_id,
)
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.ledger.hold_rules import is_held_by_session


class OpenCart(NamedTuple):
    id: UUID
    session_id: str
    lapsed_after: UUID


@dataclass(frozen=True)
class TypedCustomer:
    """As it was typed, right or wrong: it is checked when the invoice is made."""

    name: str = ""
    email: str = ""
    tier: str = ""


@transactional
def open_cart(user_id: UUID) -> OpenCart:
    """The user's open cart, locked; it is made where there is none."""
    rows = fetch_rows(
        """INSERT INTO carts (session_id, user_id, on_page) VALUES (:session_id, :user_id, true)
            ON CONFLICT (user_id) WHERE on_page AND status = 'open'
            DO UPDATE SET updated_at = clock_timestamp()
            RETURNING id, session_id, lapsed_after""",
        {"session_id": str(uuid4()), "user_id": user_id},
    )
    return OpenCart(*rows[0])


# Units


@transactional
def hold_units(item_ids: Sequence[UUID], user_id: UUID) -> list[UUID]:
    """Hold units in the open cart. AlreadyInCart when it holds them, else ItemsNotAvailable."""
    cart = open_cart(user_id)
    try:
        return InventoryLifecycleService().hold_items_for_session(
            item_ids, cart.session_id, user_id
        )
    except ItemsNotAvailable as refused:
        if all(item.holder and item.holder.id == cart.session_id for item in refused.items):
            raise AlreadyInCart(refused.items) from refused
        raise


@transactional
def hold_quantity(
    sku: str, quantity: int, user_id: UUID, *, expires_in_minutes: int | None = None
) -> list[UUID]:
    """Hold any free units of a product in the open cart."""
    session_id = open_cart(user_id).session_id
    return InventoryLifecycleService().hold_quantity_for_session(
        sku, quantity, session_id, user_id, expires_in_minutes=expires_in_minutes
    )


@transactional
def keep_holding(user_id: UUID) -> None:
    """Hold everything for the full time again, also what has run out and is still free."""
    cart, inventory = open_cart(user_id), InventoryLifecycleService()
    if held_item_ids(cart.session_id):
        inventory.extend_session_hold(cart.session_id, user_id)
    lapsed = lapsed_and_free_ids(cart.session_id, lapsed_after=cart.lapsed_after)
    if lapsed:
        inventory.hold_items_for_session(lapsed, cart.session_id, user_id)


@transactional
def release_unit(item_id: UUID, user_id: UUID) -> None:
    """Take one unit out of the open cart; nothing happens to a unit that is not in it."""
    _release([item_id], open_cart(user_id).session_id, user_id)


@transactional
def release_product(product_id: UUID, user_id: UUID) -> None:
    """Take all units of a product out of the open cart."""
    session_id = open_cart(user_id).session_id
    _release(held_ids_of_product(session_id, product_id), session_id, user_id)


@transactional
def release_all(user_id: UUID) -> None:
    """Take everything out of the open cart; what was typed stays."""
    session_id = open_cart(user_id).session_id
    _release(held_item_ids(session_id), session_id, user_id)


def _release(item_ids: list[UUID], session_id: str, user_id: UUID) -> None:
    is_in_cart = partial(is_held_by_session, session_id=session_id)
    InventoryLifecycleService().release_what_is_held(item_ids, is_in_cart, user_id)


@transactional
def leave_out_lapsed(user_id: UUID) -> None:
    """Do without the units whose hold ran out."""
    cart = open_cart(user_id)
    execute(
        "UPDATE carts SET lapsed_after = :last WHERE id = :id",
        {"id": cart.id, "last": last_history_id(cart.session_id)},
    )


# Prices and the draft. ``cart_id`` is the cart that the page showed, which may have been put aside
# since; without it the open one is meant. What comes for a cart that is closed is dropped.


def _draft_cart(cart_id: UUID | None, user_id: UUID) -> UUID | None:
    """The id of the cart to save to, locked."""
    if cart_id is None:
        return open_cart(user_id).id
    rows = fetch_rows(
        """UPDATE carts SET updated_at = clock_timestamp()
            WHERE id = :id AND user_id = :user_id AND on_page AND status <> 'closed'
            RETURNING id""",
        {"id": cart_id, "user_id": user_id},
    )
    return rows[0][0] if rows else None


@transactional
def set_prices(
    prices: Mapping[UUID, Decimal | None],
    user_id: UUID,
    *,
    cart_id: UUID | None = None,
    tab: str = "",
) -> None:
    """Give units of these products another price; None, or the list price, takes it back.

    ``tab`` is the browser tab that it was typed in.
    """
    saved_to = _draft_cart(cart_id, user_id)
    if saved_to:
        for product_id, price in prices.items():
            _set_price(saved_to, product_id, price, tab)


def _set_price(cart_id: UUID, product_id: UUID, price: Decimal | None, tab: str) -> None:
    parameters = {"cart_id": cart_id, "product_id": product_id, "price": price, "tab": tab}
    known = execute(
        """INSERT INTO cart_lines (cart_id, product_id, unit_price, tab)
            SELECT :cart_id, id, CAST(:price AS numeric), :tab
            FROM products WHERE id = :product_id AND price IS DISTINCT FROM :price
                AND CAST(:price AS numeric) IS NOT NULL
            ON CONFLICT (cart_id, product_id) DO UPDATE
            SET unit_price = excluded.unit_price, refused_price = NULL, tab = excluded.tab""",
        parameters,
    )
    if not known:
        execute(
            "DELETE FROM cart_lines WHERE cart_id = :cart_id AND product_id = :product_id",
            parameters,
        )


@transactional
def keep_refused_price(
    product_id: UUID, typed: str, user_id: UUID, *, cart_id: UUID | None = None, tab: str = ""
) -> None:
    """Keep what was typed as a price and is none, so that it can be put right."""
    saved_to = _draft_cart(cart_id, user_id)
    if saved_to is None:
        return
    execute(
        """INSERT INTO cart_lines (cart_id, product_id, refused_price, tab)
            SELECT :cart_id, id, :typed, :tab FROM products WHERE id = :product_id
            ON CONFLICT (cart_id, product_id) DO UPDATE
            SET refused_price = excluded.refused_price, tab = excluded.tab""",
        {"cart_id": saved_to, "product_id": product_id, "typed": typed, "tab": tab},
    )


@transactional
def save_customer(
    customer: TypedCustomer, user_id: UUID, *, cart_id: UUID | None = None, tab: str = ""
) -> None:
    """Keep what was typed of a new customer."""
    execute(
        """UPDATE carts SET customer_name = :name, customer_email = :email, customer_tier = :tier,
            customer_tab = :tab WHERE id = :id""",
        {
            "id": _draft_cart(cart_id, user_id),
            "name": customer.name,
            "email": customer.email,
            "tier": customer.tier,
            "tab": tab,
        },
    )


@transactional
def save_notes(notes: str, user_id: UUID, *, cart_id: UUID | None = None) -> None:
    """Keep what was typed as notes for the invoice."""
    execute(
        "UPDATE carts SET notes = :notes WHERE id = :id",
        {"id": _draft_cart(cart_id, user_id), "notes": notes},
    )


@transactional
def choose_customer(customer_id: UUID | None, user_id: UUID) -> None:
    """Choose a known customer, or none. NotFound for an unknown one."""
    cart = open_cart(user_id)
    if customer_id and not fetch_rows(
        "SELECT true FROM customers WHERE id = :id", {"id": customer_id}
    ):
        raise NotFound("customer", [customer_id])
    execute(
        "UPDATE carts SET customer_id = :customer_id WHERE id = :id",
        {"id": cart.id, "customer_id": customer_id},
    )


# From open to put aside and back, and to the end


@transactional
def put_aside(user_id: UUID) -> bool:
    """Keep the open cart for later, so that the next one starts empty; False when it is empty.

    Its holds run on.
    """
    cart = open_cart(user_id)
    if _is_empty(cart):
        return False
    execute(
        """UPDATE carts SET status = 'aside', put_aside_at = clock_timestamp(),
            updated_at = clock_timestamp() WHERE id = :id""",
        {"id": cart.id},
    )
    return True


def _is_empty(cart: OpenCart) -> bool:
    """Nothing held, nothing that ran out, nothing typed."""
    ((has_units, has_draft),) = fetch_rows(
        """SELECT EXISTS (SELECT FROM items
                WHERE reserved_for_type = 'Session' AND reserved_for_id = :session_id)
            OR EXISTS (SELECT FROM inventory_status_history WHERE reference_id = :session_id
                AND id > :lapsed_after AND change_reason = 'RESERVATION_EXPIRED'),
            customer_id IS NOT NULL OR concat(customer_name, customer_email, notes) <> ''
        FROM carts WHERE id = :id""",
        cart._asdict(),
    )
    return not (has_units or has_draft)


@transactional
def take_up_again(cart_id: UUID, user_id: UUID) -> bool:
    """Open a cart that was put aside; NotFound for any other.

    The cart that was open is put aside; returns whether it was, which an empty one is not.
    """
    was_put_aside = put_aside(user_id)
    if not was_put_aside:
        _close(open_cart(user_id).id)
    opened = execute(
        """UPDATE carts SET status = 'open', put_aside_at = NULL, updated_at = clock_timestamp()
            WHERE id = :id AND user_id = :user_id AND on_page AND status = 'aside'""",
        {"id": cart_id, "user_id": user_id},
    )
    if not opened:
        raise NotFound("cart that was put aside", [cart_id])
    return was_put_aside


@transactional
def give_up(cart_id: UUID, user_id: UUID) -> None:
    """Release what a cart that was put aside holds, and close it; NotFound for any other."""
    rows = fetch_rows(
        """SELECT session_id FROM carts
            WHERE id = :id AND user_id = :user_id AND on_page AND status = 'aside'
            FOR NO KEY UPDATE""",
        {"id": cart_id, "user_id": user_id},
    )
    if not rows:
        raise NotFound("cart that was put aside", [cart_id])
    ((session_id,),) = rows
    _release(held_item_ids(session_id), session_id, user_id)
    _close(cart_id)


def close_cart(cart_id: UUID, invoice_id: UUID) -> None:
    """In the transaction that makes the invoice."""
    _close(cart_id, invoice_id)


def _close(cart_id: UUID, invoice_id: UUID | None = None) -> None:
    execute(
        """UPDATE carts SET status = :closed, closed_at = clock_timestamp(),
            updated_at = clock_timestamp(), put_aside_at = NULL, invoice_id = :invoice_id
            WHERE id = :id""",
        {"id": cart_id, "closed": CartStatus.CLOSED, "invoice_id": invoice_id},
    )
