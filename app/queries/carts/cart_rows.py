"""A user's carts: the open one with prices and draft, and those put aside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.carts.carts import mark_of
from app.domain.invoices.invoice_lifecycle import CustomerTier
from app.queries.carts.carts import NO_HISTORY, lapsed_holds

PUT_ASIDE_SHOWN = 50


@dataclass(frozen=True)
class KeptPrice:
    """``unit_price`` where it is not the list's; ``refused`` is what was typed and is no price.

    ``tab`` is the browser tab that set it.
    """

    unit_price: Decimal | None
    refused: str | None
    tab: str


@dataclass(frozen=True)
class CartRow:
    """What is kept of a cart. One without an id is not in the database yet."""

    CHOSEN: ClassVar[str] = "chosen-"
    id: UUID | None = None
    session_id: str = ""
    lapsed_after: UUID = NO_HISTORY
    customer_id: UUID | None = None
    customer_name: str = ""
    customer_email: str = ""
    customer_tier: str = CustomerTier.STANDARD
    customer_tab: str = ""
    notes: str = ""
    prices: Mapping[UUID, KeptPrice] = field(default_factory=dict)

    @property
    def unit_prices(self) -> dict[UUID, Decimal]:
        """By product, where they differ from the list."""
        return {
            product_id: price.unit_price
            for product_id, price in self.prices.items()
            if price.unit_price is not None
        }

    @property
    def customer_mark(self) -> str:
        """The same as long as the same customer is chosen, or typed."""
        if self.customer_id:
            return f"{self.CHOSEN}{self.customer_id}"
        return mark_of(self.customer_name, self.customer_email, self.customer_tier)

    @property
    def notes_mark(self) -> str:
        return mark_of(self.notes)


@dataclass(frozen=True)
class AsideCart:
    """``total`` at its own prices; ``since`` is when it was put aside."""

    id: UUID
    customer: str
    notes: str
    since: datetime
    quantity: int
    held_count: int
    free_again_count: int
    gone_count: int
    total: Decimal


def open_cart_row(user_id: UUID) -> CartRow:
    """The user's open cart of the page; an empty one where there is none."""
    row = db.session.execute(_OPEN, {"user_id": user_id}).one_or_none()
    if row is None:
        return CartRow()
    values: dict[str, Any] = dict(row._mapping)
    values["prices"] = {
        UUID(product_id): KeptPrice(Decimal(price) if price else None, refused, tab)
        for product_id, price, refused, tab in values["prices"] or []
    }
    return CartRow(**values)


_OPEN = text("""
    SELECT c.id, c.session_id, c.lapsed_after, c.customer_id, c.customer_name, c.customer_email,
        c.customer_tier, c.customer_tab, c.notes,
        (SELECT jsonb_agg(jsonb_build_array(product_id, unit_price::text, refused_price, tab))
            FROM cart_lines WHERE cart_id = c.id) AS prices
    FROM carts c WHERE c.user_id = :user_id AND c.on_page AND c.status = 'open'
""")


def carts_put_aside(user_id: UUID, limit: int = PUT_ASIDE_SHOWN) -> list[AsideCart]:
    """The newest first."""
    rows = db.session.execute(_ASIDE, {"user_id": user_id, "limit": limit})
    return [AsideCart(**row._mapping) for row in rows]


_ASIDE = text(f"""
    SELECT c.id, coalesce(cu.name, c.customer_name) AS customer, c.notes, c.put_aside_at AS since,
        u.quantity, u.held_count, u.free_again_count, u.quantity - u.held_count - u.free_again_count
            AS gone_count, u.total
    FROM (SELECT * FROM carts WHERE user_id = :user_id AND status = 'aside'
        ORDER BY put_aside_at DESC, id LIMIT :limit) c
    LEFT JOIN customers cu ON cu.id = c.customer_id
    CROSS JOIN LATERAL (
        WITH {lapsed_holds("c.session_id", "c.lapsed_after")}, units AS (
            SELECT product_id, true AS held, false AS free FROM items
            WHERE reserved_for_type = 'Session' AND reserved_for_id = c.session_id
                AND reservation_expiry > clock_timestamp()
            UNION ALL
            SELECT product_id, false, true FROM items
            WHERE reserved_for_type = 'Session' AND reserved_for_id = c.session_id
                AND reservation_expiry <= clock_timestamp()
            UNION ALL SELECT product_id, false, free FROM lapsed)
        SELECT count(*) AS quantity, count(*) FILTER (WHERE held) AS held_count,
            count(*) FILTER (WHERE free) AS free_again_count,
            coalesce(sum(coalesce(l.unit_price, p.price)), 0) AS total
        FROM units JOIN products p ON p.id = units.product_id
        LEFT JOIN cart_lines l ON l.cart_id = c.id AND l.product_id = p.id) u
    ORDER BY c.put_aside_at DESC, c.id
""")
