"""Actions of a client: one function each, making one request.

They work from what was last seen on the floor, so that many ask for what is no longer to be had.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from random import Random
from typing import Any

from app.domain.accounts.roles import Role
from app.domain.inventory.item_lifecycle import Condition
from app.domain.invoices.invoice_lifecycle import PaymentMethod
from stress.clients.api_user import ApiUser
from stress.clients.client_view import CURRENCY, Floor, skewed
from stress.clients.request import OperationRequest

LIFECYCLE = "/api/inventory/lifecycle"
UNITS_AT_ONCE = (1, 1, 1, 2, 2, 3, 5)
RECEIVED_AT_ONCE = (5, 10, 20)
QUANTITIES = (1, 1, 2, 3, 5, 40)
OF_INVOICE = ("Open", "PartiallyPaid")


@dataclass(frozen=True)
class Clerk:
    """Who acts, with what he knows: of one client, for one operation."""

    tag: str
    client: int
    random: Random
    floor: Floor
    people: list[ApiUser]

    def request(
        self,
        action: str,
        path: str,
        body: Mapping[str, Any],
        *,
        method: str = "POST",
        manager: bool = False,
    ) -> OperationRequest:
        """``manager``: mostly sent by one who may do it."""
        person = self.person(manager=manager and not self.by_chance(0.1))
        return OperationRequest(self.tag, self.client, action, method, path, dict(body), person)

    def person(self, *, manager: bool) -> ApiUser:
        able = [person for person in self.people if not manager or person.role != Role.STAFF]
        return able[self.client % len(able)]

    def by_chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def units(self, *, free: float = 0.8) -> list[str]:
        """Some ids; ``free`` is how likely only units that were seen free are chosen."""
        count = self.random.choice(UNITS_AT_ONCE)
        return self.floor.choose_units(self.random, count, free=self.by_chance(free))

    def sku(self) -> str:
        return str(skewed(self.random, list(self.floor.prices)))

    def line(self, unit_id: str) -> dict[str, str]:
        return {"itemId": unit_id, "unitPrice": f"{self.random.randint(1, 9999) / 100:.2f}"}

    def by_quantity(self) -> dict[str, Any]:
        sku = self.sku()
        quantity = self.random.choice(QUANTITIES)
        return {"sku": sku, "quantity": quantity, "unitPrice": self.floor.prices[sku]}

    def expiry(self) -> dict[str, int]:
        """As long as the store's settings say, or as short as can be, or for long."""
        minutes = self.random.choice((None, 1, 30))
        return {} if minutes is None else {"expiresInMinutes": minutes}


def reserve(clerk: Clerk) -> OperationRequest | None:
    """More units for an invoice that is there already."""
    invoice = clerk.floor.choose_invoice(clerk.random, *OF_INVOICE)
    units = clerk.units()
    if invoice is None or not units:
        return None
    body = {"itemIds": units, "invoiceId": invoice.id, "notes": clerk.tag}
    return clerk.request("reserve", f"{LIFECYCLE}/reserve", body)


def hold(clerk: Clerk) -> OperationRequest | None:
    """A new cart; now and then in somebody's, who may be another."""
    units = clerk.units()
    if not units:
        return None
    known = clerk.floor.choose_cart(clerk.random) if clerk.by_chance(0.1) else None
    session_id = known.session_id if known else f"cart-{clerk.tag}"
    body = {"itemIds": units, "sessionId": session_id, "notes": clerk.tag}
    return clerk.request("hold", f"{LIFECYCLE}/reserve", body | clerk.expiry())


def manual_hold(clerk: Clerk) -> OperationRequest | None:
    units = clerk.units()
    if not units:
        return None
    body = {
        "itemIds": units,
        "reservedForType": "Manual",
        "reservedForId": f"desk {clerk.tag}",
        "notes": clerk.tag,
    }
    return clerk.request("manual-hold", f"{LIFECYCLE}/reserve", body | clerk.expiry())


def release(clerk: Clerk) -> OperationRequest | None:
    """A cart or single units; often somebody else's."""
    cart = clerk.floor.choose_cart(clerk.random)
    if cart is not None and clerk.by_chance(0.4):
        clerk.floor.drop_cart(cart.session_id)
        what: dict[str, Any] = {"sessionId": cart.session_id}
    else:
        unit = clerk.floor.choose_unit_for(clerk.random, ("Session", "Manual"))
        if unit is None:
            return None
        what = {"itemIds": [unit["id"]]}
    path = f"{LIFECYCLE}/release"
    return clerk.request("release", path, what | {"notes": clerk.tag}, manager=clerk.by_chance(0.5))


def invoice(clerk: Clerk) -> OperationRequest | None:
    return _order(clerk, "invoice", {})


def direct_sale(clerk: Clerk) -> OperationRequest | None:
    method = clerk.random.choice(list(PaymentMethod)).value
    return _order(clerk, "direct-sale", {"directSale": True, "method": method})


def convert(clerk: Clerk) -> OperationRequest | None:
    """A cart becomes an invoice, whether or not its hold still stands; now and then another's."""
    own = None if clerk.by_chance(0.1) else clerk.person(manager=False).user_id
    cart = clerk.floor.choose_cart(clerk.random, own)
    if cart is None:
        return None
    clerk.floor.drop_cart(cart.session_id)
    lines = [clerk.line(unit) for unit in cart.item_ids]
    if clerk.by_chance(0.2):
        lines = [clerk.by_quantity()]
    return _invoice(clerk, "convert", lines, {"sessionId": cart.session_id})


def _order(clerk: Clerk, action: str, more: Mapping[str, Any]) -> OperationRequest | None:
    lines: list[dict[str, Any]] = [clerk.line(unit) for unit in clerk.units()]
    if not lines or clerk.by_chance(0.4):
        lines = [clerk.by_quantity()]
    elif clerk.by_chance(0.1):
        lines.append(clerk.by_quantity())
    return _invoice(clerk, action, lines, more)


def _invoice(
    clerk: Clerk, action: str, lines: list[dict[str, Any]], more: Mapping[str, Any]
) -> OperationRequest:
    customer: dict[str, Any] = {"customerId": clerk.random.choice(clerk.floor.customer_ids)}
    if clerk.by_chance(0.2):
        customer = {"customer": {"name": f"Customer of {clerk.tag}"}}
    body = {"items": lines, "notes": clerk.tag, **customer, **more}
    return clerk.request(action, "/api/invoices", body)


def pay(clerk: Clerk) -> OperationRequest | None:
    """A part, all that was last seen to be left, or too much."""
    seen = clerk.floor.choose_invoice(clerk.random, *OF_INVOICE)
    if seen is None:
        return None
    if clerk.by_chance(0.2):
        return _transition(clerk, "pay", seen.id, {"status": "Paid"})
    share = clerk.random.choice(
        (Decimal("0.1"), Decimal("0.5"), Decimal(1), Decimal(1), Decimal(2))
    )
    amount = max((seen.balance * share).quantize(CURRENCY.smallest, ROUND_UP), CURRENCY.smallest)
    method = clerk.random.choice(list(PaymentMethod)).value
    body = {"amount": str(amount), "method": method, "reference": clerk.tag}
    return clerk.request("pay", f"/api/invoices/{seen.id}/payments", body)


def cancel(clerk: Clerk) -> OperationRequest | None:
    seen = clerk.floor.choose_invoice(clerk.random, *OF_INVOICE)
    if seen is None:
        return None
    if clerk.by_chance(0.3):
        body = {"invoiceId": seen.id, "notes": clerk.tag}
        return clerk.request("cancel", f"{LIFECYCLE}/release", body, manager=True)
    return _transition(clerk, "cancel", seen.id, {"status": "Cancelled"}, manager=True)


def deliver(clerk: Clerk) -> OperationRequest | None:
    """All of an invoice, or some of its units."""
    seen = clerk.floor.choose_invoice(clerk.random, "Paid")
    if seen is None:
        return None
    if clerk.by_chance(0.3):
        return _transition(clerk, "deliver", seen.id, {"status": "Delivered"})
    body: dict[str, Any] = {"invoiceId": seen.id, "deliveryInfo": {"notes": clerk.tag}}
    if len(seen.item_ids) > 1 and clerk.by_chance(0.6):
        body["itemIds"] = clerk.random.sample(seen.item_ids, len(seen.item_ids) // 2)
    return clerk.request("deliver", f"{LIFECYCLE}/mark-delivered", body)


def _transition(
    clerk: Clerk, action: str, invoice_id: str, what: Mapping[str, Any], *, manager: bool = False
) -> OperationRequest:
    path = f"{LIFECYCLE}/invoice/{invoice_id}/transition"
    return clerk.request(action, path, {**what, "notes": clerk.tag}, manager=manager)


def receive(clerk: Clerk) -> OperationRequest:
    count = clerk.random.choice(RECEIVED_AT_ONCE)
    body: dict[str, Any] = {"sku": clerk.sku(), "notes": clerk.tag}
    if clerk.by_chance(0.5):
        body["quantity"] = count
    else:
        body["serialNumbers"] = [f"S-{clerk.tag}-{number}" for number in range(count)]
    return clerk.request("receive", "/api/items", body)


def edit_item(clerk: Clerk) -> OperationRequest | None:
    """By the version that was last seen, so often in vain."""
    unit = clerk.floor.choose_unit_for(clerk.random, (None,))
    if unit is None:
        return None
    body = {
        "condition": clerk.random.choice(list(Condition)).value,
        "notes": clerk.tag,
        "version": unit["version"],
    }
    return clerk.request("edit-item", f"/api/items/{unit['id']}", body, method="PATCH")


def cleanup(clerk: Clerk) -> OperationRequest:
    path = f"{LIFECYCLE}/cleanup-expired"
    return clerk.request("cleanup", path, {}, method="DELETE", manager=True)


#: How often each is set out for, relative to the others.
WEIGHTS: dict[Callable[[Clerk], OperationRequest | None], int] = {
    reserve: 6,
    hold: 14,
    manual_hold: 6,
    release: 9,
    invoice: 18,
    convert: 12,
    direct_sale: 6,
    pay: 18,
    cancel: 8,
    deliver: 9,
    receive: 4,
    edit_item: 5,
    cleanup: 1,
}


def next_request(clerk: Clerk) -> OperationRequest:
    """One at random; stock is received before it runs out."""
    if clerk.floor.short_of_stock and clerk.by_chance(0.3):
        return receive(clerk)
    action = clerk.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    return action(clerk) or receive(clerk)
