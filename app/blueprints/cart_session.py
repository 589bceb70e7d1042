"""What the browser's session remembers of a cart. Its units are the database's to know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from flask import session

from app.queries.carts import NO_HISTORY

KEY = "cart"
#: A cookie holds 4 kB.
PRICES_MAX = 25
DRAFT_LENGTH_MAX = 300


@dataclass
class CartSession:
    """``prices`` are those that differ from the list, by product; ``draft`` is what was typed."""

    id: str
    lapsed_after: UUID = NO_HISTORY
    customer_id: UUID | None = None
    prices: dict[str, Decimal] = field(default_factory=dict)
    draft: dict[str, str] = field(default_factory=dict)

    def save(self) -> None:
        session[KEY] = {
            "id": self.id,
            "lapsed_after": str(self.lapsed_after),
            "customer_id": str(self.customer_id) if self.customer_id else None,
            "prices": {name: str(price) for name, price in self.prices.items()},
            "draft": {name: words[:DRAFT_LENGTH_MAX] for name, words in self.draft.items()},
        }

    def set_prices(self, prices: Mapping[str, Decimal]) -> None:
        """Remember these, or the last of them when there are too many for a cookie."""
        self.prices = dict(list(prices.items())[-PRICES_MAX:])


def cart_session() -> CartSession:
    """The browser's cart; a new and empty one where it has none."""
    kept: dict[str, Any] | None = session.get(KEY)
    if kept is None:
        return CartSession(str(uuid4()))
    return CartSession(
        id=kept["id"],
        lapsed_after=UUID(kept["lapsed_after"]),
        customer_id=UUID(kept["customer_id"]) if kept["customer_id"] else None,
        prices={name: Decimal(price) for name, price in kept["prices"].items()},
        draft=kept["draft"],
    )


def forget_cart() -> None:
    session.pop(KEY, None)
