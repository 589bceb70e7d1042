"""Clients at work while faults are injected."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from threading import Event, Thread

from stress.clients.client import Client
from stress.clients.client_view import Floor
from stress.clients.operation_log import Record
from stress.clients.retrying_client import Sender
from stress.environments.environment import Place
from stress.environments.probe import Probe
from stress.faults.fault import Fault
from stress.schedule import FaultInjection, Schedule

LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class LoadPlan:
    """``operations``: it ends when so many are done, if that is sooner."""

    seed: str
    seconds: float
    clients: int
    faults: tuple[Fault, ...]
    operations: int | None = None


@dataclass(frozen=True)
class RunProgress:
    """How a storm stands."""

    seconds: float
    operations: int
    blows: int
    last_blow: str


@dataclass(frozen=True)
class Passed:
    """What a storm was."""

    seconds: float
    blows: list[FaultInjection]
    interrupted: bool


@contextmanager
def noted_failures() -> Iterator[list[BaseException]]:
    """What threads end with, that should not: collected, and printed as ever."""
    failures: list[BaseException] = []
    before = threading.excepthook

    def note(failure: threading.ExceptHookArgs) -> None:
        if failure.exc_value is not None:
            failures.append(failure.exc_value)
        before(failure)

    threading.excepthook = note
    try:
        yield failures
    finally:
        threading.excepthook = before


class LoadRun:
    def __init__(self, site: Place, plan: LoadPlan, floor: Floor, record: Record) -> None:
        self.site, self.plan, self.record = site, plan, record
        self.stop = Event()
        self.clients = [self._client(number, floor) for number in range(1, plan.clients + 1)]
        probe = Probe(site.web_urls, site.people[0].token)
        self.schedule = Schedule(site, probe, plan.faults, seed=plan.seed, seconds=plan.seconds)

    def pass_over(self, report: Callable[[RunProgress], None]) -> Passed:
        """Ctrl-C ends it early. Raises what a client or a fault failed at."""
        began, interrupted = time.monotonic(), False
        with noted_failures() as failures, self._raging():
            try:
                while not self._over(began):
                    report(self._weather(began))
                    self.stop.wait(LOOK_SECONDS)
            except KeyboardInterrupt:
                interrupted = True
        # A bug of ours must not pass for a calm day.
        if failures:
            raise failures[0]
        return Passed(time.monotonic() - began, self.schedule.blows, interrupted)

    @contextmanager
    def _raging(self) -> Iterator[None]:
        threads: list[Thread] = [*self.clients, Thread(target=self.schedule.run, name="faults")]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.schedule.stop()
            self.stop.set()
            for thread in threads:
                thread.join()

    def _over(self, began: float) -> bool:
        enough = self.plan.operations is not None and len(self.record) >= self.plan.operations
        return enough or self.stop.is_set() or time.monotonic() - began >= self.plan.seconds

    def _weather(self, began: float) -> RunProgress:
        blows = self.schedule.blows
        last = blows[-1].name if blows else ""
        return RunProgress(time.monotonic() - began, len(self.record), len(blows), last)

    def _client(self, number: int, floor: Floor) -> Client:
        clients = self.site.clients

        def sender(random: Random) -> Sender:
            return Sender(self.site.web_urls, random, self.stop, lambda: clients.copies)

        return Client(
            number,
            self.plan.seed,
            sender=sender,
            floor=floor,
            people=self.site.people,
            record=self.record,
            stop=self.stop,
        )
