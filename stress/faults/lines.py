"""Faults of the connection between store and PostgreSQL."""

import time
from random import Random
from typing import ClassVar

from stress.environments.proxy import Proxy
from stress.faults.fault import InjectionResult, NoTarget, find
from stress.faults.target import Target

#: As psycopg says it; BEGIN names READ COMMITTED, which is another thing.
COMMIT = b"COMMIT\0"
CUT_SECONDS = 3.0
DRAG_SECONDS = 2.0
DELAY_SECONDS = 0.2
BYTES_BETWEEN_CUTS = 8_192
HOLE_SECONDS = (1.0, 4.0)


class CutBeforeCommit:
    """COMMIT never reaches the server: nothing was done, and nobody can tell."""

    name: ClassVar[str] = "cut-before-commit"
    blows_max: ClassVar[int] = 20

    def inject(self, target: Target, random: Random) -> InjectionResult:
        return cut_at_commit(target.proxy, done=False)


class CutAfterCommit:
    """The server's answer to COMMIT never comes back: all was done, and nobody can tell."""

    name: ClassVar[str] = "cut-after-commit"
    blows_max: ClassVar[int] = 20

    def inject(self, target: Target, random: Random) -> InjectionResult:
        return cut_at_commit(target.proxy, done=True)


class CutEveryFewKilobytes:
    name: ClassVar[str] = "cut-every-kb"
    blows_max: ClassVar[int] = 1

    def inject(self, target: Target, random: Random) -> InjectionResult:
        before = target.proxy.cuts_made
        target.proxy.cut_after_bytes = BYTES_BETWEEN_CUTS
        try:
            time.sleep(DRAG_SECONDS)
        finally:
            target.proxy.cut_after_bytes = None
        return counted(target.proxy.cuts_made - before, "cuts")


class Delay:
    name: ClassVar[str] = "delay-200ms"
    blows_max: ClassVar[int] = 1

    def inject(self, target: Target, random: Random) -> InjectionResult:
        before = target.proxy.delayed
        target.proxy.delay_seconds = DELAY_SECONDS
        try:
            time.sleep(DRAG_SECONDS)
        finally:
            target.proxy.delay_seconds = 0.0
        return counted(target.proxy.delayed - before, "messages")


class BlackHole:
    """Nothing comes through and nobody is told; then all goes on, or all is cut."""

    name: ClassVar[str] = "black-hole"
    blows_max: ClassVar[int] = 1

    def inject(self, target: Target, random: Random) -> InjectionResult:
        proxy, before = target.proxy, target.proxy.held
        proxy.open_hole()
        try:
            time.sleep(random.uniform(*HOLE_SECONDS))
            if random.random() < 0.5:
                proxy.cut_lines()
        finally:
            proxy.fill_hole()
        return counted(proxy.held - before, "messages")


def cut_at_commit(proxy: Proxy, *, done: bool) -> InjectionResult:
    cut = proxy.arm(COMMIT, done=done)
    try:
        find(cut.made.is_set, "a COMMIT", CUT_SECONDS)
    finally:
        proxy.disarm(cut)
    return InjectionResult("a line at COMMIT")


def counted(number: int, what: str) -> InjectionResult:
    if number == 0:
        raise NoTarget(what)
    return InjectionResult(f"{number} {what}")
