"""The outcome of an operation as its client knows it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from sys import intern
from typing import Any

from stress.checker.clients.expectations import Expectation, expectation_of
from stress.checker.clients.requests import Kind, RequestSummary, request_of
from stress.clients.operation import Attempt, ClientOperation

DIGEST_BYTES = 16
#: What a refusal says that can be held against the books; the rest is advice.
FACTS = frozenset(
    {
        "balance",
        "invoiceId",
        "invoiceStatus",
        "sku",
        "asked",
        "free",
        "version",
        "currentVersion",
        "ids",
        "values",
        "items",
    }
)
#: These say that something broke, and what that leaves open.
HONEST_FAILURES = frozenset({"database-away", "outcome-unknown"})


#: A unit in a refusal: id, inventory status, physical status, and (type, id) of who has it.
Named = tuple[str, str, str, tuple[str, str] | None]


class Fulfilment(Enum):
    DONE = "acknowledged"
    NOT_DONE = "refused"
    UNKNOWN = "of unknown outcome"


@dataclass(frozen=True, slots=True)
class RefusedOutcome:
    """A refusal that does not pass by itself, with the time in which it was decided."""

    sent_at: float
    ended_at: float
    status: int
    code: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OperationOutcome:
    tag: str
    action: str
    request: RequestSummary
    user_id: str
    fate: Fulfilment
    was_unknown: bool
    """It was so until all was quiet."""
    sent_at: float
    """When the first attempt was sent."""
    done_at: float | None
    """The first moment at which it was certainly done and visible to all."""
    answer: tuple[int, bytes] | None
    """Status, and the answer's digest."""
    expectation: Expectation | None
    refusals: tuple[RefusedOutcome, ...]
    contradictions: tuple[str, ...]
    breakdowns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.tag} ({self.action})"


def told_of(operation: ClientOperation) -> OperationOutcome:
    """Everything that the checker needs of an operation, without its bodies."""
    request = request_of(operation.method, operation.path, operation.body)
    attempts = sorted(operation.attempts + operation.settled, key=lambda attempt: attempt.sent_at)
    done = [attempt for attempt in attempts if attempt.done]
    first = min(done, key=lambda attempt: attempt.ended_at, default=None)
    return OperationOutcome(
        tag=intern(operation.tag),
        action=intern(operation.action),
        request=request,
        user_id=intern(operation.user_id),
        fate=_fate(operation, request),
        was_unknown=operation.outcome == "unknown",
        sent_at=attempts[0].sent_at if attempts else 0.0,
        done_at=first.ended_at if first else None,
        answer=(first.status or 0, digest_of(first.answer)) if first else None,
        expectation=expectation_of(request, first.answer) if first else None,
        refusals=tuple(_refused(attempt) for attempt in attempts if attempt.refused),
        contradictions=tuple(_contradictions(attempts, done, first, request)),
        breakdowns=tuple(_breakdowns(attempts)),
    )


def digest_of(answer: Any) -> bytes:
    """The same for the same JSON, however it was spaced and ordered."""
    text = json.dumps(answer, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).digest()[:DIGEST_BYTES]


def _fate(operation: ClientOperation, request: RequestSummary) -> Fulfilment:
    if operation.outcome == "ok" or any(attempt.done for attempt in operation.settled):
        return Fulfilment.DONE
    if operation.outcome == "refused":
        return Fulfilment.NOT_DONE
    # Asked again in the quiet it was looked up under its key, found unknown, and refused. Without
    # a key the refusal may be the consequence of its own success.
    if request.kind is not Kind.EDIT and any(attempt.refused for attempt in operation.settled):
        return Fulfilment.NOT_DONE
    return Fulfilment.UNKNOWN


def _refused(attempt: Attempt) -> RefusedOutcome:
    answer = attempt.answer if isinstance(attempt.answer, dict) else {}
    facts = {name: value for name, value in answer.items() if name in FACTS}
    facts["items"] = [_named(item) for item in facts.get("items", ())]
    return RefusedOutcome(
        attempt.sent_at, attempt.ended_at, attempt.status or 0, attempt.code or "", facts
    )


def _named(item: Mapping[str, Any]) -> Named:
    holder = item.get("holder")
    return (
        intern(item["id"]),
        intern(item["inventoryStatus"]),
        intern(item["status"]),
        (intern(holder["type"]), intern(holder["id"])) if holder else None,
    )


def _contradictions(
    attempts: list[Attempt], done: list[Attempt], first: Attempt | None, request: RequestSummary
) -> list[str]:
    if first is None or request.kind is Kind.CLEAN_UP:
        return []
    found = []
    answers = {(attempt.status, digest_of(attempt.answer)) for attempt in done}
    if len(answers) > 1:
        found.append(f"{len(done)} answers of success differ")
    anew = sum(not attempt.replayed for attempt in done)
    if anew > 1:
        found.append(f"{anew} answers say that it was done just now")
    if request.kind is not Kind.EDIT:
        found += [
            f"it was refused with {attempt.code} after it had been done"
            for attempt in attempts
            if attempt.refused and attempt.sent_at > first.ended_at
        ]
    return found


def _breakdowns(attempts: list[Attempt]) -> list[str]:
    return [
        f"{attempt.status} {attempt.code or attempt.error or ''}".strip()
        for attempt in attempts
        if attempt.status is not None
        and attempt.status >= 500
        and attempt.code not in HONEST_FAILURES
    ]
