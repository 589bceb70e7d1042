"""Decides when each fault, and each pair, is injected."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from psutil import NoSuchProcess
from psycopg import OperationalError

from stress.environments.probe import Probe
from stress.faults.fault import Fault, NoTarget
from stress.faults.target import Target

#: One turn: long enough for a heavy fault and what comes after, or for many light ones.
TURN_SECONDS_MIN, TURN_SECONDS_MAX = 2.0, 8.0
#: In less time than this for all alone they come in pairs at once, so that each comes at all.
ALONE_SECONDS = 7.0
RETRY_SECONDS = 0.2

Turn = tuple[Fault, ...]


@dataclass(frozen=True)
class FaultInjection:
    """Times are time.time(). ``seconds_to_serve``: until the store was ready and took a write
    again, counted from when the trouble was over; None if it was not to be waited for."""

    name: str
    struck: str
    started_at: float
    ended_at: float
    seconds_to_serve: float | None
    beside: tuple[str, ...] = ()
    """The other faults of its turn."""


def turns(faults: Sequence[Fault], random: Random, *, hurried: bool = False) -> Iterator[Turn]:
    """Without end. Each round is shuffled anew."""
    while faults:
        alone = random.sample(list(faults), len(faults))
        if hurried:
            yield from (tuple(alone[index : index + 2]) for index in range(0, len(alone), 2))
        else:
            yield from ((fault,) for fault in alone)
        pairs = list(combinations(faults, 2))
        yield from random.sample(pairs, len(pairs))


class Schedule:
    def __init__(
        self,
        target: Target,
        probe: Probe,
        faults: Sequence[Fault],
        *,
        seed: int | str,
        seconds: float,
        on_blow: Callable[[FaultInjection], None] = lambda blow: None,
    ) -> None:
        self._target, self._probe = target, probe
        self._faults, self._seed, self._seconds = faults, seed, seconds
        self._on_blow = on_blow
        self._ends_at = 0.0
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.blows: list[FaultInjection] = []

    def run(self) -> list[FaultInjection]:
        """Strikes until the time is up or it is told to stop; then all is whole again."""
        self._ends_at = time.monotonic() + self._seconds
        hurried = self._seconds < ALONE_SECONDS * len(self._faults)
        sequence = turns(self._faults, Random(f"{self._seed}/turns"), hurried=hurried)
        for number, turn in enumerate(sequence):
            if self._over():
                break
            self._take(number, turn)
        return self.blows

    def stop(self) -> None:
        """To be called from another thread; what strikes now still ends its blow."""
        self._stopping.set()

    def _take(self, number: int, turn: Turn) -> None:
        until = min(time.monotonic() + self._turn_seconds(), self._ends_at)
        threads = [
            threading.Thread(
                target=self._strike_on,
                args=(fault, turn, until, Random(f"{self._seed}/{number}/{fault.name}")),
            )
            for fault in turn
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _turn_seconds(self) -> float:
        count = len(self._faults)
        wanted = self._seconds / max(1, count + count * (count - 1) // 2)
        return min(TURN_SECONDS_MAX, max(TURN_SECONDS_MIN, wanted))

    def _strike_on(self, fault: Fault, turn: Turn, until: float, random: Random) -> None:
        beside = tuple(other.name for other in turn if other is not fault)
        left = fault.blows_max
        while left and not self._over() and (left == fault.blows_max or time.monotonic() < until):
            blow = self._inject(fault, beside, random)
            if blow is not None:
                left -= 1
                self._note(blow)
            elif time.monotonic() > until:
                return
            else:
                self._stopping.wait(RETRY_SECONDS)

    def _inject(
        self, fault: Fault, beside: tuple[str, ...], random: Random
    ) -> FaultInjection | None:
        started_at = time.time()
        try:
            struck = fault.inject(self._target, random)
        except (NoTarget, NoSuchProcess, OperationalError):
            return None  # what it is for is down just now, by another fault's doing
        seconds = self._probe.seconds_until_serving(struck.at, self._stopping.is_set)
        return FaultInjection(fault.name, struck.what, started_at, struck.at, seconds, beside)

    def _note(self, blow: FaultInjection) -> None:
        with self._lock:
            self.blows.append(blow)
        self._on_blow(blow)

    def _over(self) -> bool:
        return self._stopping.is_set() or time.monotonic() >= self._ends_at
