"""Samples the connection pool once a second from a background thread."""

import os
from threading import Event, Thread

from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from app.observability.metrics import POOL_CONNECTIONS, POOL_LIMIT, WEB_PROCESSES

EVERY_SECONDS = 1.0


class PoolWatch:
    """Begins with the first request of a process, which a fork before it does not carry over."""

    def __init__(self) -> None:
        self._process = 0

    def ensure(self, engine: Engine) -> None:
        if self._process != os.getpid():
            self._process = os.getpid()
            WEB_PROCESSES.set(1)
            Thread(target=_watch, args=(engine,), name="pool watch", daemon=True).start()


def _watch(engine: Engine) -> None:
    while True:
        note_pool(engine)
        Event().wait(EVERY_SECONDS)


def note_pool(engine: Engine) -> None:
    pool = engine.pool
    if isinstance(pool, QueuePool):
        POOL_CONNECTIONS.labels("in use").set(pool.checkedout())
        POOL_CONNECTIONS.labels("idle").set(pool.checkedin())
        POOL_LIMIT.set(pool.size() + pool._max_overflow)
