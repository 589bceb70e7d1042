"""The status of each item and invoice over time.

A transaction's commit time is when its commit began; others see it a little later. So every stay
has a longest and a shortest possible extent, and what is asked decides which of them counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from math import inf
from typing import NamedTuple

from stress.checker.database.rows import HistoryEntry
from stress.checker.database.snapshot import DatabaseSnapshot

SECONDS_PER_MINUTE = 60
HOLDS = frozenset({"SESSION_HOLD", "MANUAL_HOLD"})


class Span(NamedTuple):
    since: float
    until: float


class ItemStateSpan(NamedTuple):
    """A unit after a step: possibly so from ``since`` to ``until``, surely so in between."""

    step: HistoryEntry
    since: float
    surely_since: float
    surely_until: float
    until: float

    @property
    def holder(self) -> tuple[str | None, str | None]:
        return self.step.holder_type, self.step.holder_id


class InvoiceStateSpan(NamedTuple):
    """An invoice after a transaction, possibly so from ``since`` to ``until``."""

    status: str
    balance: Decimal
    since: float
    until: float


@dataclass
class StateTimelines:
    """``hold_minutes`` is how long a cart lasts for which nothing else was said; ``clock_error``
    is by how many seconds the clients' clock and the database's may differ.
    """

    books: DatabaseSnapshot
    hold_minutes: int
    clock_error: float
    _stays: dict[str, list[ItemStateSpan]] = field(default_factory=dict)
    _standings: dict[str, list[InvoiceStateSpan]] = field(default_factory=dict)

    def of_unit(self, item_id: str) -> list[ItemStateSpan]:
        """In order; steps of one transaction leave one stay, for nobody saw those between."""
        if item_id not in self._stays:
            self._stays[item_id] = list(self._find_stays(self.books.histories.get(item_id, [])))
        return self._stays[item_id]

    def during(self, item_id: str, since: float, until: float) -> Iterator[ItemStateSpan]:
        """Those of a unit's stays that may have been within this time."""
        for stay in self.of_unit(item_id):
            if stay.since <= until and stay.until >= since:
                yield stay

    def of_invoice(self, invoice_id: str) -> list[InvoiceStateSpan]:
        if invoice_id not in self._standings:
            self._standings[invoice_id] = list(self._find_standings(invoice_id))
        return self._standings[invoice_id]

    def expiry(self, stay: ItemStateSpan) -> Span:
        """The earliest and the latest moment at which a hold may have run out; inf for never."""
        step = stay.step
        if step.reason not in HOLDS:
            return Span(inf, inf)
        if step.owner is None:
            return Span(-inf, inf)  # nobody knows what was asked for
        told = self.books.told[step.owner]
        minutes = told.request.minutes
        if minutes is None and step.holder_type == "Manual":
            return Span(inf, inf)
        lasts = (self.hold_minutes if minutes is None else minutes) * SECONDS_PER_MINUTE
        return Span(told.sent_at + lasts, step.written_at + lasts)

    def seen_by(self, owner: str | None) -> float:
        """When what an operation did was certainly visible to all."""
        told = self.books.told.get(owner) if owner else None
        return told.done_at if told and told.done_at is not None else inf

    def _find_stays(self, history: Sequence[HistoryEntry]) -> Iterator[ItemStateSpan]:
        last = [
            step
            for step, after in zip_longest(history, history[1:])
            if after is None or after.transaction != step.transaction
        ]
        # Whoever changed the unit next had to wait until this change was visible.
        nexts = [*(step.committed_at for step in last), inf][1:]
        seen = [
            max(step.committed_at, min(after, self.seen_by(step.owner)))
            for step, after in zip(last, nexts, strict=True)
        ]
        gone = [*seen, inf][1:]
        for step, surely_since, surely_until, until in zip(last, seen, nexts, gone, strict=True):
            yield ItemStateSpan(step, step.committed_at, surely_since, surely_until, until)

    def _find_standings(self, invoice_id: str) -> Iterator[InvoiceStateSpan]:
        events = sorted(self._events(invoice_id), key=lambda event: event.at)
        status, balance = "", Decimal(0)
        states: list[tuple[float, float, str, Decimal]] = []
        for position, event in enumerate(events):
            status = event.status or status
            balance += event.adds
            following = events[position + 1 : position + 2]
            if following and following[0].transaction == event.transaction:
                continue
            next_at = following[0].at if following else inf
            seen = max(event.at, min(next_at, self.seen_by(event.owner)))
            states.append((event.at, seen, status, balance))
        ends = [*(seen for _, seen, _, _ in states), inf][1:]
        for (since, _, stood, left), until in zip(states, ends, strict=True):
            yield InvoiceStateSpan(stood, left, since, until)

    def _events(self, invoice_id: str) -> Iterator["_Event"]:
        for step in self.books.invoice_histories.get(invoice_id, ()):
            yield _Event(step.committed_at, step.transaction, step.owner, step.after, Decimal(0))
        for payment in self.books.payments.get(invoice_id, ()):
            yield _Event(
                payment.committed_at, payment.transaction, payment.owner, None, -payment.amount
            )
        for line in self.books.lines.get(invoice_id, ()):
            listed = self.books.listings.get((invoice_id, line.item_id))
            if listed is not None:
                yield _Event(
                    listed.committed_at, listed.transaction, listed.owner, None, line.price
                )


class _Event(NamedTuple):
    """What a transaction did to an invoice."""

    at: float
    transaction: int
    owner: str | None
    status: str | None
    adds: Decimal


def meet(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The times that lie in one of both."""
    return [
        Span(max(one.since, other.since), min(one.until, other.until))
        for one in spans
        for other in others
        if max(one.since, other.since) <= min(one.until, other.until)
    ]
