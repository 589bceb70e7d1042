"""The log of operations, for the checker and the table."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO

from stress.clients.operation import Attempt, ClientOperation


class Record:
    """Filled by all clients at once. The log has a line as soon as an operation has ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[str, str] = {}
        """By tag, as in the log: a tenth of what the same takes unpacked."""
        self._tags: dict[str, list[str]] = {}
        """By outcome."""
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """By action and outcome."""
        self.codes: Counter[str] = Counter()
        """Of refusals, by code."""
        self.attempts = 0
        self.replayed = 0
        self.seconds: list[float] = []
        """That each answered attempt took."""
        self._lock = Lock()
        self._file: IO[str] | None = None

    def __enter__(self) -> "Record":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._file is not None
        self._file.close()

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, operation: ClientOperation) -> None:
        """One that has ended."""
        with self._lock:
            self._keep(operation)
            self._tags.setdefault(operation.outcome, []).append(operation.tag)
            self.outcomes[operation.action, operation.outcome] += 1
            if operation.outcome == "refused":
                self.codes[operation.code or f"status {operation.status}"] += 1
            for attempt in operation.attempts:
                self._count(attempt)

    def settle(self, operation: ClientOperation) -> None:
        """The same operation once more, with what it was told when all was quiet."""
        with self._lock:
            self._keep(operation)
            for attempt in operation.settled:
                self._count(attempt)

    def __getitem__(self, tag: str) -> ClientOperation:
        return ClientOperation.from_line(self._lines[tag])

    def operations(self) -> Iterator[ClientOperation]:
        """All, in the order in which they ended; each made as it is asked for."""
        return map(ClientOperation.from_line, self._lines.values())

    def tags(self, outcome: str) -> list[str]:
        """Of the operations that ended so."""
        return self._tags.get(outcome, [])

    def _keep(self, operation: ClientOperation) -> None:
        assert self._file is not None
        self._lines[operation.tag] = line = operation.as_line()
        self._file.write(line)

    def _count(self, attempt: Attempt) -> None:
        self.attempts += 1
        self.replayed += attempt.replayed
        if attempt.status is not None:
            self.seconds.append(attempt.ended_at - attempt.sent_at)
