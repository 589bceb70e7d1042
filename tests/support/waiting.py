"""Waiting for what the database says has happened, never for luck."""

import time
from collections.abc import Callable

import psycopg

#: Generous: other work on the machine may be slow.
SECONDS_MAX = 60.0


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {SECONDS_MAX} seconds"
        time.sleep(0.005)


def until_blocked(url: str, *backend_pids: int) -> None:
    """Until each of these backends waits for a lock that another one holds."""
    with psycopg.connect(url, autocommit=True) as connection:

        def blocked() -> bool:
            query = "SELECT bool_and(cardinality(pg_blocking_pids(pid)) > 0) FROM unnest(%s) pid"
            return connection.execute(query, [list(backend_pids)]).fetchone()[0]

        until(blocked, "blocked")


def until_somebody_waits(url: str) -> None:
    """Until a session of this database waits for a lock."""
    # Inside a transaction pg_stat_activity stays as it was first seen.
    with psycopg.connect(url, autocommit=True) as connection:

        def waiting() -> bool:
            query = (
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return connection.execute(query).fetchone()[0] > 0

        until(waiting, "somebody waiting")
