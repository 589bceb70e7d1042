"""Checks that each refusal was right at some moment of its request.

What it says of units, invoices and stock must have been so, all at one moment, and must forbid what
was asked. Refusals that pass by themselves (somebody else is at it, the database is away) are
always right.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import cached_property

from stress.checker.access_refusals import AccessRefusals
from stress.checker.clients.outcomes import OperationOutcome, RefusedOutcome
from stress.checker.clients.requests import Kind
from stress.checker.database.state_timeline import InvoiceStateSpan, StateTimelines
from stress.checker.findings import Findings, Invariant
from stress.checker.stock_counts import StockCounts
from stress.checker.unit_refusals import UnitRefusals
from stress.checker.versions import Edits

AWAITING = frozenset({"Open", "PartiallyPaid"})
#: The statuses of an invoice in which these are refused.
FORBIDDING: dict[Kind, frozenset[str]] = {
    Kind.RESERVE: frozenset({"Paid", "Delivered", "Cancelled"}),
    Kind.CANCEL: frozenset({"Paid", "Delivered", "Cancelled"}),
    Kind.PAY: frozenset({"Paid", "Delivered", "Cancelled"}),
    Kind.PAY_BALANCE: frozenset({"Paid", "Delivered", "Cancelled"}),
    Kind.SELL: frozenset({"Open", "PartiallyPaid", "Paid", "Delivered", "Cancelled"}),
    Kind.DELIVER: frozenset({"Open", "PartiallyPaid", "Delivered", "Cancelled"}),
}


@dataclass(frozen=True)
class Refusals:
    lifelines: StateTimelines
    stock: StockCounts
    edits: Edits
    units: UnitRefusals
    access: AccessRefusals

    def check(self, findings: Findings) -> None:
        error = self.lifelines.clock_error
        for told in self.lifelines.books.told.values():
            for refused in told.refusals:
                findings.count(Invariant.RIGHT_REFUSAL)
                in_time = replace(
                    refused, sent_at=refused.sent_at - error, ended_at=refused.ended_at + error
                )
                if why := self._wrong(told, in_time):
                    findings.violate(
                        Invariant.RIGHT_REFUSAL, f"{told}, refused {refused.code}: {why}"
                    )

    def _wrong(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
        judge = self._judges.get(refused.code)
        if judge is None:
            return f"{refused.status} was not to be expected"
        try:
            return judge(told, refused)
        except (KeyError, TypeError, InvalidOperation) as error:
            return f"it does not say what it should ({error!r})"

    @cached_property
    def _judges(self) -> dict[str, Callable[[OperationOutcome, RefusedOutcome], str | None]]:
        return {
            "items-not-available": self.units.not_available,
            "hold-expired": self.units.hold_expired,
            "invalid-transition": self.units.invalid_transition,
            "invoice-state": self._invoice_state,
            "exceeds-balance": self._exceeds_balance,
            "not-enough-stock": self._not_enough,
            "version-conflict": self._version_conflict,
            "duplicate": self._duplicate,
            "not-found": self.access.not_found,
            "forbidden": self.access.forbidden,
        }

    def _standings(self, invoice_id: str, refused: RefusedOutcome) -> list[InvoiceStateSpan]:
        return [
            standing
            for standing in self.lifelines.of_invoice(invoice_id)
            if standing.since <= refused.ended_at and standing.until >= refused.sent_at
        ]

    def _invoice_state(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
        invoice_id, status = told.request.invoice_id or "", refused.facts["invoiceStatus"]
        if refused.facts["invoiceId"] != invoice_id:
            return "it speaks of another invoice"
        if status not in FORBIDDING.get(told.request.kind, ()):
            return f"an invoice that is {status} does not forbid it"
        if all(standing.status != status for standing in self._standings(invoice_id, refused)):
            return f"the invoice was not {status} meanwhile"
        return None

    def _exceeds_balance(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
        balance = Decimal(str(refused.facts["balance"]))
        if told.request.amount is None or told.request.amount <= balance:
            return f"{told.request.amount} is not more than {balance}"
        standings = self._standings(told.request.invoice_id or "", refused)
        fits = any(
            standing.balance == balance and standing.status in AWAITING for standing in standings
        )
        return None if fits else f"the balance was not {balance} meanwhile"

    def _not_enough(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
        sku, asked, free = (refused.facts[name] for name in ("sku", "asked", "free"))
        if free >= asked:
            return f"{free} are enough for {asked}"
        lines = [line for line in told.request.quantities if line.sku == sku]
        if not any(asked <= line.quantity for line in lines):
            return f"nobody asked for {asked} of {sku}"
        others = told.request.units - asked
        if not any(
            self.stock.of(sku, line.warehouse).could_be(
                free, others, refused.sent_at, refused.ended_at
            )
            for line in lines
        ):
            return f"there were not {free} of {sku} free meanwhile"
        return None

    def _version_conflict(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
        request, current = told.request, refused.facts["currentVersion"]
        if current == request.version:
            return f"version {current} is the one that was given"
        if request.kind is Kind.EDIT:
            fits = self.edits.may_have_been(request.items[0], current, refused)
        else:
            invoice = self.lifelines.books.invoices.get(request.invoice_id or "")
            fits = invoice is not None and current <= invoice.version
        return None if fits else f"its version was not {current} meanwhile"

    def _duplicate(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
        serials = set(refused.facts["values"])
        for item_id, unit in self.lifelines.books.units.items():
            if unit.serial in serials:
                first = self.lifelines.of_unit(item_id)[:1]
                if not first or first[0].since > refused.ended_at:
                    return f"{unit.serial} was not there yet"
                serials.discard(unit.serial)
        return f"{sorted(serials)[0]} is not there" if serials else None
