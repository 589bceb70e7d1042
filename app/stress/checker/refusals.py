"""Was a refusal right at some moment between question and answer?

What it says of units, invoices and stock must have been so, all at one moment, and must forbid what
was asked. Refusals that pass by themselves (somebody else is at it, the database is away) are
always right.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import cached_property

from app.domain.roles import Permission, may
from app.stress.checker.findings import Findings, Law
from app.stress.checker.lifelines import Lifelines, Span, Standing, Stay, meet
from app.stress.checker.requests import Kind, Request
from app.stress.checker.stock_counts import StockCounts
from app.stress.checker.told import Refused, Told
from app.stress.checker.versions import Edits

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
#: What each asks of a role.
NEEDED: dict[Kind, Permission] = {
    Kind.CANCEL: Permission.INVOICE_CANCEL,
    Kind.CLEAN_UP: Permission.JOB_RUN,
}
Named = tuple[str, str, str, tuple[str, str] | None]


@dataclass(frozen=True)
class Refusals:
    lifelines: Lifelines
    stock: StockCounts
    edits: Edits

    def check(self, findings: Findings) -> None:
        error = self.lifelines.clock_error
        for told in self.lifelines.books.told.values():
            for refused in told.refusals:
                findings.count(Law.RIGHT_REFUSAL)
                in_time = replace(
                    refused, sent_at=refused.sent_at - error, ended_at=refused.ended_at + error
                )
                if why := self._wrong(told, in_time):
                    findings.violate(Law.RIGHT_REFUSAL, f"{told}, refused {refused.code}: {why}")

    def _wrong(self, told: Told, refused: Refused) -> str | None:
        judge = self._judges.get(refused.code)
        if judge is None:
            return f"{refused.status} was not to be expected"
        try:
            return judge(told, refused)
        except (KeyError, TypeError, InvalidOperation) as error:
            return f"it does not say what it should ({error!r})"

    @cached_property
    def _judges(self) -> dict[str, Callable[[Told, Refused], str | None]]:
        return {
            "items-not-available": self._not_available,
            "hold-expired": self._hold_expired,
            "invalid-transition": self._invalid_transition,
            "invoice-state": self._invoice_state,
            "exceeds-balance": self._exceeds_balance,
            "not-enough-stock": self._not_enough,
            "version-conflict": self._version_conflict,
            "duplicate": self._duplicate,
            "not-found": self._not_found,
            "forbidden": self._forbidden,
        }

    def _not_available(self, told: Told, refused: Refused) -> str | None:
        """Those named were taken as told, and those not named could be had."""
        session = told.request.holder if told.request.kind is not Kind.RESERVE else None
        return self._at_one_moment(
            told.request,
            refused,
            lambda named, stay: self._taken(stay, named, session),
            lambda stay: self._to_be_had(stay, session),
        )

    def _hold_expired(self, told: Told, refused: Refused) -> str | None:
        session = told.request.holder
        books = self.lifelines.books
        held = any(
            step.reason == "SESSION_HOLD"
            and (step.holder_type, step.holder_id) == session
            and step.committed_at <= refused.ended_at
            for item_id, *_ in refused.facts["items"]
            for step in books.histories.get(item_id, ())
        )
        if not held:
            return "the cart never held any of these units"
        return self._not_available(told, refused)

    def _invalid_transition(self, told: Told, refused: Refused) -> str | None:
        """Those named were not what the act needs; the others were."""
        request = told.request

        def needs(stay: Stay) -> bool:
            if request.kind is Kind.RELEASE:
                return stay.step.after == "Reserved" and stay.step.holder_type != "Invoice"
            if request.kind is Kind.DELIVER:
                return stay.step.after == "Sold"
            return stay.holder == ("Invoice", request.invoice_id)

        return self._at_one_moment(
            told.request,
            refused,
            lambda _, stay: [] if needs(stay) else _whole(stay),
            lambda stay: _whole(stay) if needs(stay) else [],
        )

    def _at_one_moment(
        self,
        request: Request,
        refused: Refused,
        named_spans: Callable[[Named, Stay], list[Span]],
        other_spans: Callable[[Stay], list[Span]],
    ) -> str | None:
        """Whether all units asked for fit the refusal together, some time."""
        named: dict[str, Named] = {item[0]: item for item in refused.facts["items"]}
        if not named:
            return "it names no unit"
        together = [Span(refused.sent_at, refused.ended_at)]
        for item_id, item in named.items():
            together = meet(together, self._spans(item_id, together, item, named_spans))
            if not together:
                return f"unit {item_id} was not {item[1]} for {item[3]} meanwhile"
        for item_id in request.items:
            if item_id in named:
                continue
            spans = [span for stay in self._during(item_id, together) for span in other_spans(stay)]
            together = meet(together, spans)
            if not together:
                return f"unit {item_id} is not named and was no better than those that are"
        return None

    def _spans(
        self,
        item_id: str,
        during: Sequence[Span],
        item: Named,
        spans: Callable[[Named, Stay], list[Span]],
    ) -> list[Span]:
        return [
            span
            for stay in self._during(item_id, during)
            if _as_told(stay, item)
            for span in spans(item, stay)
        ]

    def _during(self, item_id: str, spans: Sequence[Span]) -> Iterator[Stay]:
        if not spans:
            return
        since, until = spans[0].since, max(span.until for span in spans)
        for stay in self.lifelines.of_unit(item_id):
            if stay.since <= until and stay.until >= since:
                yield stay

    def _taken(self, stay: Stay, item: Named, session: tuple[str, str] | None) -> list[Span]:
        """When nobody else could have it."""
        if stay.step.after == "Available":
            # Free, but not in stock: somebody said that it is elsewhere.
            moved = item[2] != "InStock" and stay.step.item_id in self.stock.moved
            return _whole(stay) if moved else []
        if stay.step.after == "Reserved":
            if session and stay.holder == session:
                return []
            return [Span(stay.since, min(stay.until, self.lifelines.expiry(stay).until))]
        return _whole(stay)

    def _to_be_had(self, stay: Stay, session: tuple[str, str] | None) -> list[Span]:
        """When it could be taken by who asked."""
        if stay.step.after == "Available" or (session and stay.holder == session):
            return _whole(stay)
        if stay.step.after != "Reserved":
            return []
        since = max(stay.since, self.lifelines.expiry(stay).since)
        return [Span(since, stay.until)] if since <= stay.until else []

    def _standings(self, invoice_id: str, refused: Refused) -> list[Standing]:
        return [
            standing
            for standing in self.lifelines.of_invoice(invoice_id)
            if standing.since <= refused.ended_at and standing.until >= refused.sent_at
        ]

    def _invoice_state(self, told: Told, refused: Refused) -> str | None:
        invoice_id, status = told.request.invoice_id or "", refused.facts["invoiceStatus"]
        if refused.facts["invoiceId"] != invoice_id:
            return "it speaks of another invoice"
        if status not in FORBIDDING.get(told.request.kind, ()):
            return f"an invoice that is {status} does not forbid it"
        if all(standing.status != status for standing in self._standings(invoice_id, refused)):
            return f"the invoice was not {status} meanwhile"
        return None

    def _exceeds_balance(self, told: Told, refused: Refused) -> str | None:
        balance = Decimal(str(refused.facts["balance"]))
        if told.request.amount is None or told.request.amount <= balance:
            return f"{told.request.amount} is not more than {balance}"
        standings = self._standings(told.request.invoice_id or "", refused)
        fits = any(
            standing.balance == balance and standing.status in AWAITING for standing in standings
        )
        return None if fits else f"the balance was not {balance} meanwhile"

    def _not_enough(self, told: Told, refused: Refused) -> str | None:
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

    def _version_conflict(self, told: Told, refused: Refused) -> str | None:
        request, current = told.request, refused.facts["currentVersion"]
        if current == request.version:
            return f"version {current} is the one that was given"
        if request.kind is Kind.EDIT:
            fits = self.edits.may_have_been(request.items[0], current, refused)
        else:
            invoice = self.lifelines.books.invoices.get(request.invoice_id or "")
            fits = invoice is not None and current <= invoice.version
        return None if fits else f"its version was not {current} meanwhile"

    def _duplicate(self, told: Told, refused: Refused) -> str | None:
        serials = set(refused.facts["values"])
        for item_id, unit in self.lifelines.books.units.items():
            if unit.serial in serials:
                first = self.lifelines.of_unit(item_id)[:1]
                if not first or first[0].since > refused.ended_at:
                    return f"{unit.serial} was not there yet"
                serials.discard(unit.serial)
        return f"{sorted(serials)[0]} is not there" if serials else None

    def _not_found(self, told: Told, refused: Refused) -> str | None:
        for missing in refused.facts["ids"]:
            if missing in self.lifelines.books.units:
                strange = self._is_on_invoice(told.request, missing)
                if strange is None and self._surely_there(missing, refused):
                    return f"unit {missing} was there"
                if strange:
                    return f"unit {missing} is on the invoice"
            elif missing in self.lifelines.books.invoices:
                first = self.lifelines.of_invoice(missing)[:1]
                seen = self.lifelines.seen_by(self._creator(missing)) if first else 0.0
                if seen <= refused.sent_at:
                    return f"invoice {missing} was there"
            elif missing in self.lifelines.books.others:
                return f"{missing} was there"
            elif told.request.holder == ("Session", missing):
                item_id = self._held_throughout(missing, refused)
                if item_id:
                    return f"the cart held unit {item_id} all the time"
        return None

    def _creator(self, invoice_id: str) -> str | None:
        history = self.lifelines.books.invoice_histories.get(invoice_id)
        return history[0].owner if history else None

    def _is_on_invoice(self, request: Request, item_id: str) -> bool | None:
        """None where the question was not about an invoice's units."""
        if request.kind is not Kind.DELIVER:
            return None
        lines = self.lifelines.books.lines.get(request.invoice_id or "", ())
        return any(line.item_id == item_id for line in lines)

    def _surely_there(self, item_id: str, refused: Refused) -> bool:
        first = self.lifelines.of_unit(item_id)[:1]
        return bool(first) and first[0].surely_since <= refused.sent_at

    def _held_throughout(self, session_id: str, refused: Refused) -> str | None:
        for item_id in self._units_held_by(session_id):
            for stay in self.lifelines.of_unit(item_id):
                if (
                    stay.holder == ("Session", session_id)
                    and stay.step.after == "Reserved"
                    and stay.surely_since < refused.sent_at
                    and stay.surely_until > refused.ended_at
                ):
                    return item_id
        return None

    def _units_held_by(self, session_id: str) -> Iterator[str]:
        """That it has ever asked for."""
        for told in self._carts.get(session_id, ()):
            yield from told.request.items

    @cached_property
    def _carts(self) -> dict[str, list[Told]]:
        carts = defaultdict[str, list[Told]](list)
        for told in self.lifelines.books.told.values():
            holder = told.request.holder
            if told.request.kind is Kind.RESERVE and holder and holder[0] == "Session":
                carts[holder[1]].append(told)
        return carts

    def _forbidden(self, told: Told, refused: Refused) -> str | None:
        """The role may not, or a unit was held by somebody else."""
        role = self.lifelines.books.roles[told.user_id]
        needed = NEEDED.get(told.request.kind)
        if needed is not None:
            return f"a {role} may do that" if may(role, needed) else None
        if may(role, Permission.ITEM_RELEASE_ANY):
            return f"a {role} may release anyone's hold"
        during = [Span(refused.sent_at, refused.ended_at)]
        asked = {*told.request.items}
        if told.request.holder:
            asked |= set(self._units_held_by(told.request.holder[1]))
        others = any(
            stay.step.after == "Reserved" and stay.step.user_id != told.user_id
            for item_id in asked
            for stay in self._during(item_id, during)
        )
        return None if others else "nobody else held any of them meanwhile"


def _as_told(stay: Stay, item: Named) -> bool:
    """The stay's status and holder are those that the refusal names."""
    _, status, _, holder = item
    if stay.step.after != status:
        return False
    return status == "Available" or stay.holder == holder


def _whole(stay: Stay) -> list[Span]:
    return [Span(stay.since, stay.until)]
