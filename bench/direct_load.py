"""`python -m bench.direct_load`: holds units through the service, or in raw SQL, from threads.

Order: `way` (raw, service), `clients` (threads), `seconds`, `batches` (of unit ids, each one call),
`database_url`, `redis_url`, `secret_key`.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from threading import Barrier, Lock
from typing import Any
from uuid import UUID, uuid4

import psycopg
from flask import Flask

from app import create_app
from app.models.user import SYSTEM_USER_ID
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.settings import Settings
from bench.store import explain

READY_SECONDS = 60.0

Hold = Callable[[Sequence[UUID], str], None]


@contextmanager
def raw(database_url: str) -> Iterator[Hold]:
    """Lock, look, write, as short as it can be said on this schema with its guards."""
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:

        def hold(ids: Sequence[UUID], session_id: str) -> None:
            with connection.transaction():
                rows = connection.execute(
                    """SELECT inventory_status, status FROM items WHERE id = ANY(%s)
                    ORDER BY id FOR NO KEY UPDATE""",
                    [ids],
                ).fetchall()
                assert rows == [("Available", "InStock")] * len(ids), rows
                explain(connection, "SESSION_HOLD")
                connection.execute(
                    """UPDATE items SET inventory_status = 'Reserved',
                        reserved_for_type = 'Session', reserved_for_id = %s,
                        reservation_expiry = clock_timestamp() + interval '15 minutes'
                    WHERE id = ANY(%s)""",
                    [session_id, ids],
                )

        yield hold


@contextmanager
def service(app: Flask) -> Iterator[Hold]:
    inventory = InventoryLifecycleService()
    with app.app_context():
        yield lambda ids, session_id: _ignore(
            inventory.hold_items_for_session(ids, session_id, SYSTEM_USER_ID)
        )


def _ignore(_: object) -> None: ...


class Work:
    """Batches that the threads take turns to hold, until there are none or time is up."""

    def __init__(self, batches: Sequence[Sequence[str]]) -> None:
        self.batches = [[UUID(each) for each in batch] for batch in batches]
        self.lock = Lock()
        self.taken = 0
        self.times: list[float] = []
        self.end = 0.0

    def next(self) -> tuple[list[UUID], str] | None:
        with self.lock:
            if not self.batches:
                return None
            self.taken += 1
            return self.batches.pop(), f"bench-{self.taken}-{uuid4()}"

    def warm_up(self, hold: Hold) -> None:
        for _ in range(8):  # psycopg prepares a statement at its sixth time
            if following := self.next():
                hold(*following)

    def do(self, hold: Hold) -> None:
        times = []
        while (at := time.perf_counter()) < self.end and (following := self.next()):
            hold(*following)
            times.append(time.perf_counter() - at)
        self.times += times


def main() -> None:
    order = json.loads(sys.stdin.readline())
    work, count = Work(order["batches"]), order["clients"]
    ready, start = Barrier(count + 1), Barrier(count + 1)

    def client(way: AbstractContextManager[Hold]) -> None:
        with way as hold:
            work.warm_up(hold)
            ready.wait()
            start.wait()
            work.do(hold)

    with ThreadPoolExecutor(count) as pool:
        ends = [pool.submit(client, way) for way in _ways(order)]
        ready.wait(READY_SECONDS)
        print("ready", flush=True)
        sys.stdin.readline()
        began, before = time.perf_counter(), time.process_time()
        work.end = began + order["seconds"]
        start.wait()
        for end in ends:
            end.result()
        answer = {
            "times": work.times,
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - before,
            "outcomes": {"done": len(work.times)},
        }
    print(json.dumps(answer), flush=True)


def _ways(order: Mapping[str, Any]) -> list[AbstractContextManager[Hold]]:
    """One for each client."""
    if order["way"] == "raw":
        return [raw(order["database_url"]) for _ in range(order["clients"])]
    addresses = {name: order[name] for name in ("database_url", "redis_url", "secret_key")}
    app = create_app(Settings(**addresses))
    return [service(app) for _ in range(order["clients"])]


if __name__ == "__main__":
    main()
