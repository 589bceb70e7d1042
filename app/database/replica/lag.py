"""Measures how far the replica lags behind the primary.

The primary is asked how far its log is written, the replica how far it has replayed that log. Once
the replica is past a position that was read at some moment, it holds all that was committed before
that moment. ``pg_last_xact_replay_timestamp`` would call a replica late on a quiet day, and one
that is cut off from its primary up to date.
"""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from sqlalchemy import Engine, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

CHECK_SECONDS = 1.0
REST_SECONDS_FIRST = 5.0
REST_SECONDS_MAX = 30.0
NEVER = float("-inf")

#: As numbers of bytes since the log began; flushed is what a commit has waited for.
WRITTEN = text("SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint")
REPLAYED = text("""SELECT CASE WHEN pg_is_in_recovery()
    THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END""")
logger = logging.getLogger(__name__)


@dataclass
class Freshness:
    """What this process knows of its replica. Times are on its own monotonic clock, in seconds."""

    primary: Engine
    replica: Engine
    lag_seconds_max: float
    complete_until: float = NEVER
    """Everything that was committed before is on the replica."""

    _due_at: float = NEVER
    _rest_seconds: float = REST_SECONDS_FIRST
    _positions: deque[tuple[float, int]] = field(default_factory=deque)
    _is_used: bool = False
    _checking: threading.Lock = field(default_factory=threading.Lock)

    def is_fresh(self) -> bool:
        """Whether the replica lacks nothing older than ``lag_seconds_max``."""
        if time.monotonic() >= self._due_at and self._checking.acquire(blocking=False):
            try:
                self._check()
            finally:
                self._checking.release()
        fresh = time.monotonic() < self.complete_until + self.lag_seconds_max
        if fresh is not self._is_used:
            self._is_used = fresh
            logger.warning("reads that may lag go to the %s", "replica" if fresh else "primary")
        return fresh

    def rest(self, error: Exception) -> None:
        """Leave the replica alone for a while, longer each time that it fails again."""
        logger.warning("the replica failed: %s", str(error).partition("\n")[0])
        self.complete_until = NEVER
        self._due_at = time.monotonic() + self._rest_seconds
        self._rest_seconds = min(self._rest_seconds * 2, REST_SECONDS_MAX)

    def _check(self) -> None:
        now = time.monotonic()
        self._due_at = now + CHECK_SECONDS
        try:
            written, replayed = _number(self.primary, WRITTEN), _number(self.replica, REPLAYED)
        except SQLAlchemyError as error:
            self.rest(error)
            return
        if written is None or replayed is None:  # promoted meanwhile, or no streaming replica
            self.complete_until = NEVER
            return
        self._positions.append((now, written))
        while self._positions and self._positions[0][1] <= replayed:
            self.complete_until, _ = self._positions.popleft()
            self._rest_seconds = REST_SECONDS_FIRST
        self._forget_old(now)

    def _forget_old(self, now: float) -> None:
        # Positions that old could not make it fresh again; newer ones can.
        while self._positions and self._positions[0][0] < now - self.lag_seconds_max:
            self._positions.popleft()


def _number(engine: Engine, query: TextClause) -> int | None:
    with engine.connect() as connection:
        found: int | None = connection.scalar(query)
        return found
