"""Clients who ask a real store and write down what they were told, as the stress command's do."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from stress.checker import Findings, Invariant, check
from stress.clients.operation import Attempt, ClientOperation
from tests.support.api_caller import LIFECYCLE, Caller, caller_for
from tests.support.shop import Shop
from tests.support.superuser import SuperuserSession

MINUTE = 60.0


@dataclass
class Ledger:
    """Operations by their tags, in order. ``superuser`` is for whoever breaks the books."""

    shop: Shop
    superuser: Callable[[], psycopg.Connection]
    operations: dict[str, ClientOperation] = field(default_factory=dict)
    sku: str = ""
    _callers: dict[str, Caller] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def ask(
        self, action: str, path: str, body: dict[str, Any], who: str = "staff", method: str = "POST"
    ) -> ClientOperation:
        """One operation, sent once, with its answer."""
        tag = f"t-{next(self._numbers)}"
        operation = ClientOperation(
            tag, 1, action, method, path, body, str(getattr(self.shop, who)), ()
        )
        return self.keep(replace(operation, attempts=(self.send(operation, who),)))

    def again(self, operation: ClientOperation, who: str = "staff") -> ClientOperation:
        """Ask with the same key when all is quiet."""
        return self.keep(replace(operation, settled=(self.send(operation, who),)))

    def send(self, operation: ClientOperation, who: str) -> Attempt:
        if who not in self._callers:
            self._callers[who] = caller_for(self.shop.app, getattr(self.shop, who))
        headers = {"Idempotency-Key": operation.tag, "X-Request-ID": operation.tag}
        sent_at = time.time()
        answer = self._callers[who].send(
            operation.method, operation.path, operation.body, headers=headers
        )
        replayed = answer.headers.get("Idempotency-Replayed") == "true"
        return Attempt(
            sent_at, time.time(), answer.status_code, answer.get_json(force=True), replayed
        )

    def keep(self, operation: ClientOperation) -> ClientOperation:
        self.operations[operation.tag] = operation
        return operation

    def forge(self, operation: ClientOperation, **answer: Any) -> ClientOperation:
        """Its only answer was another one in these fields."""
        (attempt,) = operation.attempts
        told = replace(attempt, answer={**attempt.answer, **answer})
        return self.keep(replace(operation, attempts=(told,)))

    def silence(self, operation: ClientOperation) -> ClientOperation:
        """No answer came."""
        (attempt,) = operation.attempts
        return self.keep(replace(operation, attempts=(replace(attempt, status=None, answer=None),)))

    def deny(self, operation: ClientOperation) -> ClientOperation:
        """It was told that the database is away and nothing was done."""
        (attempt,) = operation.attempts
        away = replace(attempt, status=503, answer={"code": "database-away"})
        return self.keep(replace(operation, attempts=(away,)))

    def later(self, operation: ClientOperation, seconds: float) -> ClientOperation:
        """All of it, so many seconds later; earlier for less than nothing."""
        attempts = tuple(
            replace(each, sent_at=each.sent_at + seconds, ended_at=each.ended_at + seconds)
            for each in operation.attempts
        )
        return self.keep(replace(operation, attempts=attempts))

    @contextmanager
    def broken(self) -> Iterator[SuperuserSession]:
        """The guards are off."""
        with self.superuser() as connection:
            yield SuperuserSession(connection)

    def expire(self, hold: ClientOperation) -> None:
        """Let a hold of one minute be two minutes old, with nobody noticing."""
        with self.broken() as vandal:
            for item_id in hold.body["itemIds"]:
                vandal.run(
                    "UPDATE items SET reservation_expiry = clock_timestamp() - interval '1 minute'"
                    " WHERE id = %s",
                    item_id,
                )
            vandal.leave()
        self.later(hold, -2 * MINUTE)

    def check(self) -> Findings:
        """These clients look at the same clock as the database."""
        return check(self.operations.values(), self.shop.connection, clock_error=0)

    def violated(self) -> set[Invariant]:
        return {invariant.law for invariant in self.check() if invariant.violated}

    # What a clerk may do

    def receive(self, quantity: int = 1, **more: Any) -> list[str]:
        self.sku = self.sku or self.shop.new_sku()
        body = {"sku": self.sku, "quantity": quantity, **more}
        body = body if "serialNumbers" not in more else {"sku": self.sku, **more}
        return units_of(self.ask("receive", "/api/items", body))

    def invoice(self, units: list[str], who: str = "staff", **more: Any) -> ClientOperation:
        lines = [{"itemId": unit, "unitPrice": "10.00"} for unit in units]
        return self.order(lines, who, **more)

    def order(
        self, lines: list[dict[str, Any]], who: str = "staff", **more: Any
    ) -> ClientOperation:
        body = {"customerId": str(self.shop.customer), "items": lines, **more}
        return self.ask("invoice", "/api/invoices", body, who)

    def hold(
        self, units: list[str], session: str, who: str = "staff", **more: Any
    ) -> ClientOperation:
        body = {"itemIds": units, "sessionId": session, **more}
        return self.ask("hold", f"{LIFECYCLE}/reserve", body, who)

    def hold_by_hand(self, units: list[str], why: str, **more: Any) -> ClientOperation:
        body = {"itemIds": units, "reservedForType": "Manual", "reservedForId": why, **more}
        return self.ask("manual-hold", f"{LIFECYCLE}/reserve", body)

    def reserve(self, units: list[str], invoice: ClientOperation) -> ClientOperation:
        body = {"itemIds": units, "invoiceId": invoice.answer["id"]}
        return self.ask("reserve", f"{LIFECYCLE}/reserve", body)

    def release(self, who: str = "staff", **what: Any) -> ClientOperation:
        return self.ask("release", f"{LIFECYCLE}/release", what, who)

    def pay(self, invoice: ClientOperation, amount: str) -> ClientOperation:
        path = f"/api/invoices/{invoice.answer['id']}/payments"
        return self.ask("pay", path, {"amount": amount, "method": "Cash"})

    def transition(
        self, invoice: ClientOperation, status: str, who: str = "manager"
    ) -> ClientOperation:
        path = f"{LIFECYCLE}/invoice/{invoice.answer['id']}/transition"
        return self.ask(status, path, {"status": status}, who)

    def deliver(self, invoice: ClientOperation, units: list[str]) -> ClientOperation:
        body = {"invoiceId": invoice.answer["id"], "itemIds": units}
        return self.ask("deliver", f"{LIFECYCLE}/mark-delivered", body)

    def edit(self, unit: str, version: int) -> ClientOperation:
        body = {"condition": "Used", "version": version}
        return self.ask("edit-item", f"/api/items/{unit}", body, method="PATCH")


def units_of(operation: ClientOperation) -> list[str]:
    return [item["id"] for item in operation.answer["items"]]
