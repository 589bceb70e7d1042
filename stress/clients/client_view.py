"""What clients know of the store from their answers; may be out of date.

A few units are wanted by all, so that clients meet; what is sold makes way for what is new.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from threading import Lock
from typing import Any

from app.domain.currency import currency_of

#: Of the scratch store, whatever that of the machine is.
CURRENCY = currency_of("GBP")
HOT_UNITS_MAX = 60
INVOICES_MAX = 60
CARTS_MAX = 30
#: How often a unit or an invoice whose life is over stays in sight, to be asked for in vain.
STAYS_IN_SIGHT = 0.2
#: The higher, the more often it is the first few of a list that are chosen.
SKEW = 2.0


@dataclass
class SeenInvoice:
    """As it was last seen. Money is in the store's currency."""

    id: str
    status: str
    balance: Decimal
    item_ids: list[str]


@dataclass(frozen=True)
class SeenCart:
    session_id: str
    user_id: str
    item_ids: list[str]


@dataclass
class Floor:
    """Shared by all clients."""

    prices: dict[str, str]
    """By SKU."""
    customer_ids: list[str]
    random: Random
    units: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Items as they were last seen, by id: those that are hot."""
    invoices: dict[str, SeenInvoice] = field(default_factory=dict)
    carts: dict[str, "SeenCart"] = field(default_factory=dict)
    """By session."""
    _lock: Lock = field(default_factory=Lock)

    @property
    def short_of_stock(self) -> bool:
        return len(self.free_units()) < HOT_UNITS_MAX // 4

    def free_units(self) -> list[str]:
        with self._lock:
            return [
                unit_id
                for unit_id, unit in self.units.items()
                if unit["inventoryStatus"] == "Available"
            ]

    def choose_units(self, random: Random, count: int, *, free: bool) -> list[str]:
        """Up to ``count`` ids, no two the same; those seen free where that is asked for."""
        with self._lock:
            known = list(self.units)
        seen = (self.free_units() if free else known) or known
        return unique(skewed(random, seen) for _ in range(count)) if seen else []

    def choose_unit_for(
        self, random: Random, kinds: tuple[str | None, ...]
    ) -> dict[str, Any] | None:
        """A unit seen reserved for one of these kinds (None: not reserved), else any."""
        with self._lock:
            seen = [unit for unit in self.units.values() if unit["reservedForType"] in kinds]
            seen = seen or list(self.units.values())
        return skewed(random, seen) if seen else None

    def choose_invoice(self, random: Random, *statuses: str) -> SeenInvoice | None:
        """One seen in one of these statuses, else any."""
        with self._lock:
            known = list(self.invoices.values())
        seen = [invoice for invoice in known if invoice.status in statuses] or known
        return skewed(random, seen) if seen else None

    def choose_cart(self, random: Random, user_id: str | None = None) -> SeenCart | None:
        """One of this user's, or anybody's."""
        with self._lock:
            known = [cart for cart in self.carts.values() if user_id in (None, cart.user_id)]
        return skewed(random, known) if known else None

    def learn(self, answer: Any) -> None:
        """Take in whatever units and invoices an answer shows."""
        if not isinstance(answer, dict):
            return
        with self._lock:
            invoice = answer.get("invoice", answer)
            if "balance" in invoice and "number" in invoice:
                self._see_invoice(invoice)
            for unit in answer.get("items", []):
                if "version" in unit:
                    self._see_unit(unit)
                elif unit.get("id") in self.units:  # one that a refusal tells of
                    self.units[unit["id"]] |= {"inventoryStatus": unit["inventoryStatus"]}

    def put_cart(self, cart: SeenCart) -> None:
        with self._lock:
            self.carts[cart.session_id] = cart
            shorten(self.carts, CARTS_MAX)

    def drop_cart(self, session_id: str) -> None:
        with self._lock:
            self.carts.pop(session_id, None)

    def _see_unit(self, unit: dict[str, Any]) -> None:
        over = unit["inventoryStatus"] in ("Sold", "Delivered")
        if over and self.random.random() > STAYS_IN_SIGHT:
            self.units.pop(unit["id"], None)
            return
        # A copy: the answer itself belongs to the log.
        self.units[unit["id"]] = dict(unit)
        shorten(self.units, HOT_UNITS_MAX)

    def _see_invoice(self, invoice: dict[str, Any]) -> None:
        over = invoice["status"] in ("Cancelled", "Delivered")
        item_ids = [line["itemId"] for line in invoice["items"]]
        for item_id, line in zip(item_ids, invoice["items"], strict=True):
            if item_id in self.units:
                self.units[item_id] |= {
                    "inventoryStatus": line["inventoryStatus"],
                    "reservedForType": "Invoice",
                }
        if over and self.random.random() > STAYS_IN_SIGHT:
            self.invoices.pop(invoice["id"], None)
            return
        self.invoices[invoice["id"]] = SeenInvoice(
            invoice["id"], invoice["status"], Decimal(invoice["balance"]), item_ids
        )
        shorten(self.invoices, INVOICES_MAX)


def skewed(random: Random, choices: list[Any]) -> Any:
    """One of them: the nearer to the front the likelier."""
    return choices[int(len(choices) * random.random() ** SKEW)]


def unique(chosen: Any) -> list[str]:
    return list(dict.fromkeys(chosen))


def shorten(kept: dict[str, Any], most: int) -> None:
    """Forget the oldest."""
    while len(kept) > most:
        kept.pop(next(iter(kept)))
