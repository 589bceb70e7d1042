"""The id of the current request, for the answer, log and history.

A request may bring its own id, so that a caller finds his in our log; else it is given one.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{1,100}")

_current: ContextVar[str] = ContextVar("the request that is worked on", default="")


def current_request_id() -> str:
    """Of the request, or of the run of background work; empty outside of both."""
    return _current.get()


def accepted_or_new(given: str | None) -> str:
    """``given`` if it is harmless in a header, a log and a page; else a new one."""
    return given if given and SANE.fullmatch(given) else new_request_id()


def new_request_id() -> str:
    """A UUID of version 7: in order of time, and from nothing that a fork would repeat."""
    milliseconds = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10))
    variant_and_rest = chance & 0x3FFF_FFFF_FFFF_FFFF | 1 << 63
    digits = f"{milliseconds:012x}7{chance >> 68:03x}{variant_and_rest:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@contextmanager
def working_on(request_id: str) -> Iterator[None]:
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
