"""Checks that refusals about item status were justified.

Whoever refuses has locked all the units that were asked for, so there is one moment at which all
of them stood as the refusal says: those that it names in the way, the others not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from stress.checker.clients.outcomes import Named, OperationOutcome, RefusedOutcome
from stress.checker.clients.requests import Kind, RequestSummary
from stress.checker.database.state_timeline import ItemStateSpan, Span, StateTimelines, meet


@dataclass(frozen=True)
class UnitRefusals:
    """``moved`` are units that somebody may have put elsewhere."""

    lifelines: StateTimelines
    moved: frozenset[str]

    def not_available(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
        """Those named were taken as told, and those not named could be had."""
        session = told.request.holder if told.request.kind is not Kind.RESERVE else None
        return self._at_one_moment(
            told.request,
            refused,
            lambda named, stay: self._taken(stay, named, session),
            lambda stay: self._to_be_had(stay, session),
        )

    def hold_expired(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
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
        return self.not_available(told, refused)

    def invalid_transition(self, told: OperationOutcome, refused: RefusedOutcome) -> str | None:
        """Those named were not what the act needs; the others were."""
        request = told.request

        def needs(stay: ItemStateSpan) -> bool:
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
        request: RequestSummary,
        refused: RefusedOutcome,
        named_spans: Callable[[Named, ItemStateSpan], list[Span]],
        other_spans: Callable[[ItemStateSpan], list[Span]],
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
        spans: Callable[[Named, ItemStateSpan], list[Span]],
    ) -> list[Span]:
        return [
            span
            for stay in self._during(item_id, during)
            if _as_told(stay, item)
            for span in spans(item, stay)
        ]

    def _during(self, item_id: str, spans: Sequence[Span]) -> Iterator[ItemStateSpan]:
        if spans:
            until = max(span.until for span in spans)
            yield from self.lifelines.during(item_id, spans[0].since, until)

    def _taken(
        self, stay: ItemStateSpan, item: Named, session: tuple[str, str] | None
    ) -> list[Span]:
        """When nobody else could have it."""
        if stay.step.after == "Available":
            # Free, but not in stock: somebody said that it is elsewhere.
            moved = item[2] != "InStock" and stay.step.item_id in self.moved
            return _whole(stay) if moved else []
        if stay.step.after == "Reserved":
            if session and stay.holder == session:
                return []
            return [Span(stay.since, min(stay.until, self.lifelines.expiry(stay).until))]
        return _whole(stay)

    def _to_be_had(self, stay: ItemStateSpan, session: tuple[str, str] | None) -> list[Span]:
        """When it could be taken by who asked."""
        if stay.step.after == "Available" or (session and stay.holder == session):
            return _whole(stay)
        if stay.step.after != "Reserved":
            return []
        since = max(stay.since, self.lifelines.expiry(stay).since)
        return [Span(since, stay.until)] if since <= stay.until else []


def _as_told(stay: ItemStateSpan, item: Named) -> bool:
    """The stay's status and holder are those that the refusal names."""
    _, status, _, holder = item
    if stay.step.after != status:
        return False
    return status == "Available" or stay.holder == holder


def _whole(stay: ItemStateSpan) -> list[Span]:
    return [Span(stay.since, stay.until)]
