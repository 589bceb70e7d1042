"""The interface of a fault."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, Protocol, TypeVar

from stress.faults.target import Target

T = TypeVar("T")

FIND_SECONDS = 5.0
POLL_SECONDS = 0.01


class NoTarget(Exception):
    """What the fault is for was not there; no blow is counted."""


@dataclass(frozen=True)
class InjectionResult:
    """What a blow hit, and when it was over: from then on the store may recover."""

    what: str
    at: float = field(default_factory=time.time)


class Fault(Protocol):
    name: ClassVar[str]
    blows_max: ClassVar[int]
    """In one turn: few of what takes everything down, many of what is over at once."""

    def inject(self, target: Target, random: Random) -> InjectionResult:
        """One blow. Leaves nothing behind that the store would not mend itself.

        Raises NothingToStrike.
        """
        ...


def find(look: Callable[[], T], what: str, seconds: float = FIND_SECONDS) -> T:
    """What is there within this time. Raises NothingToStrike."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise NoTarget(what)
        time.sleep(POLL_SECONDS)
    return found
