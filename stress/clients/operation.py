"""An operation: what was asked and answered, as the log keeps it.

An operation is one intention under one key, however often it was sent. Its outcome is never
claimed better than what was seen.
"""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["ok", "refused", "unknown"]

#: Refused for the moment: not done, and nothing is said about whether it could be.
PASSING = frozenset({"item-busy", "idempotency-in-progress", "database-away", "too-many-requests"})
#: Turned away before the store looked at it, whatever the body says.
NOT_DONE_STATUSES = frozenset({429})


@dataclass(frozen=True)
class Attempt:
    """One HTTP request. Times are time.time(), in seconds."""

    sent_at: float
    ended_at: float
    status: int | None
    """None: no answer came, or not a whole one."""
    answer: Any
    """The parsed JSON body; None where there is none."""
    replayed: bool = False
    error: str | None = None
    """What broke, when no answer came."""

    @property
    def code(self) -> str | None:
        """The problem's code, of an answer that is one."""
        if self.status is None or self.status < 400 or not isinstance(self.answer, dict):
            return None
        return self.answer.get("code")

    @property
    def done(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def not_done(self) -> bool:
        """The store said for certain that this request changed nothing."""
        if self.status is None or self.done:
            return False
        return self.status < 500 or self.code in PASSING

    @property
    def passing(self) -> bool:
        """Not done, for a reason that passes by itself."""
        return self.not_done and (self.code in PASSING or self.status in NOT_DONE_STATUSES)

    @property
    def refused(self) -> bool:
        return self.not_done and not self.passing


@dataclass(frozen=True)
class ClientOperation:
    """``tag`` is its Idempotency-Key, its X-Request-ID, and stands in notes or reference."""

    tag: str
    client: int
    action: str
    method: str
    path: str
    body: dict[str, Any]
    user_id: str
    """Whose token it was sent with."""
    attempts: tuple[Attempt, ...] = ()
    """In the order of sending; copies that were sent at once are attempts, too."""
    settled: tuple[Attempt, ...] = ()
    """Asked again with the same key when all was quiet."""

    @cached_property
    def outcome(self) -> Outcome:
        """As the attempts of the storm tell; ``settled`` does not count.

        A refusal beside an attempt without an answer leaves it unknown: that one may have been
        carried out later (its process stood still), whatever the other was told.
        """
        if any(attempt.done for attempt in self.attempts):
            return "ok"
        if self.attempts and all(attempt.not_done for attempt in self.attempts):
            return "refused"
        return "unknown"

    @property
    def sent_at(self) -> float:
        return min(attempt.sent_at for attempt in self.attempts)

    @property
    def ended_at(self) -> float:
        """When the last of the storm's attempts was answered or given up."""
        return max(attempt.ended_at for attempt in self.attempts)

    @property
    def answer(self) -> Any:
        """Of the first attempt that was carried out, else of the first that was refused."""
        told = self._telling
        return told.answer if told else None

    @property
    def status(self) -> int | None:
        told = self._telling
        return told.status if told else None

    @property
    def code(self) -> str | None:
        """Why it was refused; for one that was only put off, why the last attempt was."""
        told = self._telling
        return told.code if told else None

    @property
    def _telling(self) -> Attempt | None:
        kinds = (
            [attempt for attempt in self.attempts if attempt.done],
            [attempt for attempt in self.attempts if attempt.refused],
            [attempt for attempt in reversed(self.attempts) if attempt.not_done],
        )
        return next((kind[0] for kind in kinds if kind), None)

    def as_line(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":")) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "ClientOperation":
        fields = json.loads(line)
        for name in ("attempts", "settled"):
            fields[name] = tuple(Attempt(**attempt) for attempt in fields[name])
        return cls(**fields)


def read_log(path: Path) -> list[ClientOperation]:
    """The operations of a log. Of one that has several lines the last counts."""
    with path.open() as file:
        operations = (ClientOperation.from_line(line) for line in file)
        return list({operation.tag: operation for operation in operations}.values())
