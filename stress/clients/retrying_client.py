"""Sends an operation until its outcome is known."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event

from stress.clients.operation import Attempt, ClientOperation
from stress.clients.request import HttpConnection, OperationRequest

COPIES_MAX = 4
COPIES_WITHIN_SECONDS = 0.02
#: Of operations whose outcome is unknown, those that nobody asks about before the end.
LEFT_UNASKED = 0.1
PASSING_ATTEMPTS_MAX = 4
PAUSE_SECONDS = {"item-busy": 0.1, "idempotency-in-progress": 0.3}
PAUSE_SECONDS_AWAY = 0.5


class Sender:
    """One client's lines to the store. ``copies`` says how often each request is sent, at most."""

    def __init__(
        self, urls: Sequence[str], random: Random, stop: Event, copies: Callable[[], int]
    ) -> None:
        self.random, self.stop, self.copies = random, stop, copies
        self.urls = list(urls)
        random.shuffle(self.urls)
        self.lines = [HttpConnection(self.urls[n % len(self.urls)]) for n in range(COPIES_MAX)]
        self.preferred = 0
        self.pool = ThreadPoolExecutor(COPIES_MAX)

    def carry_out(self, request: OperationRequest) -> ClientOperation:
        """Send it, and ask again until it is known or the storm is over."""
        attempts = self._send_copies(request)
        unasked = self.random.random() < LEFT_UNASKED
        while self._to_be_asked(request, attempts, unasked):
            self.stop.wait(self._pause(attempts[-1]))
            attempts = [*attempts, self._send(request)]
        return operation_of(request, attempts)

    def close(self) -> None:
        self.pool.shutdown()
        for line in self.lines:
            line.close()

    def _send(self, request: OperationRequest) -> Attempt:
        """On the same line until it fails; the next one may lead to another host."""
        attempt = self.lines[self.preferred].send(request)
        if attempt.status is None:
            self.preferred = (self.preferred + 1) % COPIES_MAX
        return attempt

    def _send_copies(self, request: OperationRequest) -> list[Attempt]:
        copies = self.random.randint(1, min(max(self.copies(), 1), COPIES_MAX))
        if copies == 1:
            return [self._send(request)]
        waits = [self.random.uniform(0, COPIES_WITHIN_SECONDS) for _ in range(copies)]
        sendings = [
            self.pool.submit(self._send_after, wait, line, request)
            for wait, line in zip(waits, self.lines, strict=False)
        ]
        attempts = [sending.result() for sending in sendings]
        return sorted(attempts, key=lambda attempt: attempt.sent_at)

    def _send_after(
        self, seconds: float, line: HttpConnection, request: OperationRequest
    ) -> Attempt:
        self.stop.wait(seconds)
        return line.send(request)

    def _to_be_asked(
        self, request: OperationRequest, attempts: list[Attempt], unasked: bool
    ) -> bool:
        if self.stop.is_set() or any(attempt.done or attempt.refused for attempt in attempts):
            return False
        if all(attempt.passing for attempt in attempts):
            return len(attempts) < PASSING_ATTEMPTS_MAX
        # Without a key the second sending would be another operation.
        return request.keyed and not unasked

    def _pause(self, attempt: Attempt) -> float:
        return self.random.uniform(0, PAUSE_SECONDS.get(attempt.code or "", PAUSE_SECONDS_AWAY))


def operation_of(request: OperationRequest, attempts: Sequence[Attempt]) -> ClientOperation:
    return ClientOperation(
        tag=request.tag,
        client=request.client,
        action=request.action,
        method=request.method,
        path=request.path,
        body=request.body,
        user_id=request.person.user_id,
        attempts=tuple(attempts),
    )
