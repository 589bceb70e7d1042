"""Refusals, as data. The web and the command line choose words and status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Holder:
    """Who has a unit: type is Invoice, Session or Manual; times are aware datetimes in UTC."""

    type: str
    id: str
    label: str
    user: str | None
    since: datetime | None
    until: datetime | None
    releasable_by: str


@dataclass(frozen=True)
class FreeUnit:
    id: UUID
    serial_number: str


@dataclass(frozen=True)
class UnavailableItem:
    id: UUID
    serial_number: str
    sku: str
    product_name: str
    inventory_status: str
    status: str
    holder: Holder | None
    why: str
    alternatives: Sequence[FreeUnit] = field(default=())


class Refusal(Exception):
    """The state of things does not allow it. Nothing was changed."""

    code = "refused"
    title = "Refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def facts(self) -> Mapping[str, Any]:
        """What helps to mend it, beside the sentence."""
        return {}


class ItemsNotAvailable(Refusal):
    code = "items-not-available"
    title = "Some units are not available"

    def __init__(self, items: Sequence[UnavailableItem]) -> None:
        self.items = items
        shown = "; ".join(f"{item.serial_number}: {item.why}" for item in items[:3])
        more = f"; and {len(items) - 3} more" if len(items) > 3 else ""
        super().__init__(f"{shown}{more}.")

    def facts(self) -> Mapping[str, Any]:
        return {"items": self.items}


class HoldExpired(ItemsNotAvailable):
    """A cart's hold ran out and somebody else has the units now."""

    code = "hold-expired"
    title = "The hold ran out and the units are gone"


class AlreadyInCart(ItemsNotAvailable):
    """The cart that they were asked for holds all of them."""

    title = "They are in this cart already"


class CartClosed(Refusal):
    code = "session-closed"
    title = "The cart is closed"


class CartChanged(Refusal):
    """The cart is not what the page showed when its button was pressed."""

    code = "version-conflict"
    title = "The cart was changed meanwhile"


class InvalidTransition(Refusal):
    code = "invalid-transition"
    title = "That step is not possible from where the unit stands"

    def __init__(self, detail: str, items: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.items = items

    def facts(self) -> Mapping[str, Any]:
        return {"items": self.items} if self.items else {}


class InvoiceStateRefused(Refusal):
    code = "invoice-state"
    title = "The invoice's status does not allow that"

    def __init__(self, detail: str, *, invoice_id: UUID, number: str, status: str) -> None:
        super().__init__(detail)
        self.invoice_id, self.number, self.status = invoice_id, number, status

    def facts(self) -> Mapping[str, Any]:
        return {
            "invoiceId": self.invoice_id,
            "invoiceNumber": self.number,
            "invoiceStatus": self.status,
        }


class ExceedsBalance(Refusal):
    code = "exceeds-balance"
    title = "More than is still to be paid"

    def __init__(self, detail: str, *, balance: Any) -> None:
        super().__init__(detail)
        self.balance = balance

    def facts(self) -> Mapping[str, Any]:
        return {"balance": self.balance}


class VersionConflict(Refusal):
    code = "version-conflict"
    title = "Somebody changed it meanwhile"

    def __init__(self, detail: str, *, asked: int, current: int) -> None:
        super().__init__(detail)
        self.asked, self.current = asked, current

    def facts(self) -> Mapping[str, Any]:
        return {"version": self.asked, "currentVersion": self.current}


class NotEnoughStock(Refusal):
    code = "not-enough-stock"
    title = "Not enough free units"

    def __init__(self, detail: str, *, sku: str, asked: int, free: int) -> None:
        super().__init__(detail)
        self.sku, self.asked, self.free = sku, asked, free

    def facts(self) -> Mapping[str, Any]:
        return {"sku": self.sku, "asked": self.asked, "free": self.free}


class Duplicate(Refusal):
    code = "duplicate"
    title = "It exists already"

    def __init__(
        self,
        detail: str,
        *,
        field: str,
        values: Sequence[str] = (),
        known: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.field, self.values, self.known = field, values, known

    def facts(self) -> Mapping[str, Any]:
        """``existing`` is what has the value, where that can be taken instead."""
        found = {"field": self.field, "values": list(self.values)}
        return found | ({"existing": dict(self.known)} if self.known else {})


class ItemBusy(Refusal):
    code = "item-busy"
    title = "Another clerk is at it this moment"

    def __init__(self) -> None:
        super().__init__(
            "Another clerk is changing the same units right now. Try again in a second."
        )


class IdempotencyInProgress(Refusal):
    code = "idempotency-in-progress"
    title = "It is being worked on already"
    detail_for_programs = (
        "A request with this Idempotency-Key is still being worked on. Send it again shortly."
    )

    def __init__(self) -> None:
        super().__init__(
            "This form was sent a moment ago and is still being worked on. "
            "Wait a moment, then press again: it counts once."
        )


@dataclass(frozen=True)
class FirstAnswer:
    """What a key was answered the first time; ``headers`` as they were kept."""

    at: datetime
    headers: Mapping[str, str]


class IdempotencyMismatch(Exception):
    """A key that has answered another request; ``first`` is that answer."""

    code = "idempotency-mismatch"
    detail = "This form was sent before, with other values. What it says now was not sent."
    detail_for_programs = (
        "This Idempotency-Key was used for another request. Nothing was done: "
        "take a new key for a new request."
    )

    def __init__(self, first: FirstAnswer | None = None) -> None:
        super().__init__(self.detail)
        self.first = first


class NotPermitted(Exception):
    """This user's role may not do it. 403 is about you, 409 is about the thing."""

    code = "forbidden"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(Exception):
    code = "not-found"

    def __init__(self, kind: str, ids: Sequence[Any], *, by: str = "id") -> None:
        """``by`` says what the ids are: SKU, code, …"""
        self.kind, self.ids = kind, [str(value) for value in ids]
        shown = ", ".join(self.ids[:5]) + (" …" if len(self.ids) > 5 else "")
        super().__init__(f"There is no {kind} with the {by} {shown}.")
        self.detail = str(self)


class InvalidInput(Exception):
    """Wrong fields. ``errors`` maps a field's name to what to do about it."""

    code = "invalid-input"

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{name}: {text}" for name, text in self.errors.items()))
        self.detail = str(self)


class DatabaseAway(Exception):
    """The database did not answer in time or the connection is gone; nothing was done."""

    code = "database-away"
    detail = "The database does not answer at the moment. Nothing was changed. Try again shortly."


class NoSpace(DatabaseAway):
    """The disk is full; reading goes on."""

    code = "no-space"
    detail = (
        "There is no space left on the disk of the store, so nothing was changed."
        " Free some space, then try again. What is there can still be read."
    )


class OutcomeUnknown(Exception):
    """The connection broke during COMMIT: done or not, nobody can say yet."""

    code = "outcome-unknown"
    detail = (
        "The connection to the database broke at the very moment of saving. "
        "Press again: what was saved is not saved a second time."
    )
    detail_for_programs = (
        "The connection to the database broke at the very moment of saving. "
        "Look whether it was done, or repeat the request with the same Idempotency-Key."
    )


class LogInBusy(Exception):
    """More passwords wait to be checked than the processors can check soon; nothing was done."""

    code = "log-in-busy"
    detail = "Many people are logging in at this moment. Try again in a few seconds."
    wait_seconds = 2


class LogInDelayed(Exception):
    """Wrong passwords before this attempt make it wait; its own password was not looked at."""

    code = "log-in-delayed"

    def __init__(self, seconds: float) -> None:
        self.wait_seconds = max(1, ceil(seconds))
        unit = "second" if self.wait_seconds == 1 else "seconds"
        self.detail = (
            f"There were too many wrong passwords. Try again in {self.wait_seconds} {unit}."
        )
        super().__init__(self.detail)


class ExportsBusy(Exception):
    """As many exports are being made as may be at once."""

    code = "exports-busy"
    detail = "Other exports are being made at this moment. Try again in a few seconds."
    wait_seconds = 5
