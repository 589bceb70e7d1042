"""The inventory list, filtered and searched, in a small and a large store."""

import time

from flask import Flask
from sqlalchemy import event

from app.database import db
from app.runtime.embedded import EmbeddedServers
from app.services import accounts
from bench.store import fill, store
from bench.table import Row, percentile

SMALL = 10_000
ROUNDS = 40
QUERIES_MAX = 12
PAGES = {
    "list": "/inventory",
    "free units": "/inventory?inventoryStatus=Available",
    "held, by serial": "/inventory?inventoryStatus=Reserved&sort=serial",
    "one product": "/inventory?sku=P77",
    "search a serial": "/inventory?q=P77-0000877",
    # A hundred units match in either store, so that either shows a full page.
    "search a part of one": "/inventory?q=-00008",
    "search a name": "/inventory?q=glass",
    "search a name, free": "/inventory?q=heart+bird&inventoryStatus=Available",
    "search in vain": "/inventory?q=nothing+of+the+kind",
}


def measure(servers: EmbeddedServers, units: int) -> list[Row]:
    small, _ = _measure_store(servers, "small", SMALL)
    large, queries = _measure_store(servers, "large", units)
    return [
        Row(
            f"inventory: {name}",
            f"p95 {small[name] * 1000:6.1f} ms at {SMALL}  {large[name] * 1000:6.1f} ms at {units}"
            f"  {queries[name]:2} queries",
            f"{large[name] / small[name]:.2f} times",
            f"at most 2 times, {QUERIES_MAX} queries",
            large[name] <= 2 * small[name] and queries[name] <= QUERIES_MAX,
        )
        for name in PAGES
    ]


def _measure_store(
    servers: EmbeddedServers, name: str, units: int
) -> tuple[dict[str, float], dict[str, int]]:
    with store(servers, name) as (app, connection):
        fill(connection, units)
        accounts.create_user(
            "bench@example.com", name="Bench", role="admin", password="bench-password"
        )
        return _visit(app)


def _visit(app: Flask) -> tuple[dict[str, float], dict[str, int]]:
    client = app.test_client()
    answer = client.post(
        "/login", data={"email": "bench@example.com", "password": "bench-password"}
    )
    assert answer.status_code == 303, answer.status_code
    seconds, queries = {}, {}
    count = [0]
    event.listen(db.engine, "before_cursor_execute", lambda *_: count.__setitem__(0, count[0] + 1))
    for name, address in PAGES.items():
        times = []
        for _ in range(ROUNDS):
            count[0] = 0
            began = time.perf_counter()
            answer = client.get(address)
            times.append(time.perf_counter() - began)
            assert answer.status_code == 200, (address, answer.status_code)
        seconds[name], queries[name] = percentile(times[3:], 95), count[0]
    return seconds, queries
