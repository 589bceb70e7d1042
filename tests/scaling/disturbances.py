"""What befalls whole hosts: killed as by a power cut, or cut off, and then put right again."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.scaling.store import Store

#: Longer than the store waits for a silent connection, so that it notices.
CUT_SECONDS = 8.0
DOWN_SECONDS = 2.0
BACK_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Disturbance:
    """``seconds``: between the blow and its mending."""

    name: str
    inject: Callable[[Store], None]
    mend: Callable[[Store], None]
    seconds: float


@dataclass(frozen=True)
class Endured:
    """``back_seconds``: from the mending until every web node was ready."""

    name: str
    back_seconds: float


def _cut(host: str) -> Disturbance:
    return Disturbance(
        f"cut {host}",
        lambda store: store.hosts[host].cut(),
        lambda store: store.hosts[host].mend(),
        CUT_SECONDS,
    )


def _kill(host: str) -> Disturbance:
    return Disturbance(
        f"kill {host}",
        lambda store: store.nodes[host].kill(),
        lambda store: store.nodes[host].start(),
        DOWN_SECONDS,
    )


DISTURBANCES = (
    _cut("web2"),
    _cut("database"),
    _kill("web1"),
    _cut("replica"),
    _cut("worker"),
    _kill("worker"),
    _cut("web1"),
    _kill("web2"),
)


def disturb(store: Store, until: float) -> Iterator[Endured]:
    """One after the other, over and over, as long as one fits in before ``until``."""
    while True:
        for disturbance in DISTURBANCES:
            if time.monotonic() + disturbance.seconds > until:
                return
            yield endure(store, disturbance)


def endure(store: Store, disturbance: Disturbance) -> Endured:
    disturbance.inject(store)
    try:
        time.sleep(disturbance.seconds)
    finally:
        disturbance.mend(store)
    began = time.monotonic()
    while not all(node.is_ready() for node in store.web):
        if time.monotonic() - began > BACK_SECONDS_MAX:
            raise AssertionError(f"{disturbance.name}: not back in {BACK_SECONDS_MAX:.0f} s")
        time.sleep(LOOK_SECONDS)
    return Endured(disturbance.name, time.monotonic() - began)
