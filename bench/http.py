"""One unit held over HTTP with a token, against the service called directly and raw SQL."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from uuid import UUID

import psycopg
from flask import Flask
from sqlalchemy import text

from app.database import db
from app.models.user import SYSTEM_USER_ID
from app.runtime.embedded import EmbeddedServers
from app.services import accounts
from app.services.api_tokens import create_token
from app.services.inventory_lifecycle import InventoryLifecycleService
from bench.store import explain, fill, store
from bench.table import Row, percentile

UNITS = 120_000
SMALL = 10_000
CLIENTS = (1, 8, 32)
SECONDS = 4.0
PAGE_ROUNDS = 200
WEB_PROCESSES = 2
RESERVE = "/api/inventory/lifecycle/reserve"
PAGES = {
    "list": "/api/inventory/lifecycle/items/status?limit=50",
    "free units": "/api/inventory/lifecycle/items/status?limit=50&inventoryStatus=Available",
    "history": "/api/inventory/lifecycle/items/history?limit=50",
}

Hold = Callable[[UUID], None]


@dataclass(frozen=True)
class Web:
    """A store that is served, and a token of its admin."""

    app: Flask
    connection: psycopg.Connection
    port: int
    token: str

    def open(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    def send(self, client: HTTPConnection, method: str, path: str, body: object = None) -> bytes:
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        client.request(method, path, json.dumps(body) if body else None, headers)
        answer = client.getresponse()
        said = answer.read()
        assert answer.status == 200, (answer.status, said[:500])
        return said


def measure(servers: EmbeddedServers, units: int) -> list[Row]:
    with served(servers, "http", UNITS) as web:
        rows = [row for clients in CLIENTS for row in _reserve(web, clients)]
    with served(servers, "http_small", SMALL) as web:
        small = _read_pages(web)
    with served(servers, "http_large", units) as web:
        large = _read_pages(web)
    return rows + [
        Row(
            f"API page of 50: {name}",
            f"p50 {small[name] * 1000:6.2f} ms at {SMALL}  {large[name] * 1000:6.2f} ms at {units}",
            f"{large[name] / small[name]:.2f} times",
            "at most 2 times",
            large[name] <= 2 * small[name],
        )
        for name in PAGES
    ]


def _reserve(web: Web, clients: int) -> list[Row]:
    free = list(
        db.session.scalars(
            text("SELECT id FROM items WHERE inventory_status = 'Available' ORDER BY id")
        )
    )
    db.session.rollback()
    took: dict[str, list[float]] = {}
    rates: dict[str, float] = {}
    ways = {"raw SQL": _raw(web), "service": _service(web), "HTTP": _http(web)}
    for name, begin in ways.items():
        took[name], rates[name] = _drive(begin, free, clients)
    return [
        Row(
            f"hold 1 unit, {clients:>2} clients: {name}",
            f"{rates[name]:7.1f}/s  p50 {_ms(took[name], 50)}  p95 {_ms(took[name], 95)}"
            f"  p99 {_ms(took[name], 99)} ms",
            f"{rates[name] / rates['raw SQL']:.0%} of raw",
        )
        for name in ways
    ]


def _ms(seconds: list[float], percent: int) -> str:
    return f"{percentile(seconds, percent) * 1000:6.1f}"


def _drive(
    begin: Callable[[], tuple[Hold, Callable[[], None]]], free: list[UUID], clients: int
) -> tuple[list[float], float]:
    """Every client holds one unit after the other; their times, and all of theirs a second."""
    start, lock = threading.Barrier(clients), threading.Lock()

    def client(_: int) -> tuple[list[float], float]:
        hold, end = begin()
        times: list[float] = []
        hold(_next(free, lock))
        start.wait()
        began = time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            item_id, at = _next(free, lock), time.perf_counter()
            hold(item_id)
            times.append(time.perf_counter() - at)
        spent = time.perf_counter() - began
        end()
        return times, spent

    with ThreadPoolExecutor(clients) as pool:
        results = list(pool.map(client, range(clients)))
    times = [one for found, _ in results for one in found]
    return times, len(times) / max(spent for _, spent in results)


def _next(free: list[UUID], lock: threading.Lock) -> UUID:
    with lock:
        return free.pop()


def _raw(web: Web) -> Callable[[], tuple[Hold, Callable[[], None]]]:
    def begin() -> tuple[Hold, Callable[[], None]]:
        url = web.app.config["SETTINGS"].database_url.replace("+psycopg", "")
        connection = psycopg.connect(url, autocommit=True)

        def hold(item_id: UUID) -> None:
            with connection.transaction():
                row = connection.execute(
                    "SELECT inventory_status, status FROM items WHERE id = %s FOR NO KEY UPDATE",
                    [item_id],
                ).fetchone()
                assert row == ("Available", "InStock")
                explain(connection, "SESSION_HOLD")
                connection.execute(
                    """UPDATE items SET inventory_status = 'Reserved',
                        reserved_for_type = 'Session', reserved_for_id = 'bench',
                        reservation_expiry = clock_timestamp() + interval '15 minutes'
                    WHERE id = %s""",
                    [item_id],
                )

        return hold, connection.close

    return begin


def _service(web: Web) -> Callable[[], tuple[Hold, Callable[[], None]]]:
    def begin() -> tuple[Hold, Callable[[], None]]:
        context = web.app.app_context()
        context.push()
        service = InventoryLifecycleService()
        return (
            lambda item_id: _hold_by(service, item_id),
            lambda: context.pop(),
        )

    return begin


def _hold_by(service: InventoryLifecycleService, item_id: UUID) -> None:
    service.hold_items_for_session([item_id], "bench", SYSTEM_USER_ID)


def _http(web: Web) -> Callable[[], tuple[Hold, Callable[[], None]]]:
    def begin() -> tuple[Hold, Callable[[], None]]:
        client = web.open()

        def hold(item_id: UUID) -> None:
            web.send(client, "POST", RESERVE, {"itemIds": [str(item_id)], "sessionId": "bench"})

        return hold, client.close

    return begin


def _read_pages(web: Web) -> dict[str, float]:
    client, found = web.open(), {}
    for name, path in PAGES.items():
        times = []
        for _ in range(PAGE_ROUNDS):
            began = time.perf_counter()
            web.send(client, "GET", path)
            times.append(time.perf_counter() - began)
        found[name] = percentile(times[PAGE_ROUNDS // 10 :], 50)
    client.close()
    return found


@contextmanager
def served(servers: EmbeddedServers, name: str, units: int) -> Iterator[Web]:
    """A filled store behind the processes that serve it in earnest."""
    with store(servers, name) as (app, connection):
        fill(connection, units)
        user_id = accounts.create_user(
            "bench@example.com", name="Bench", role="admin", password="bench-password"
        )
        token = create_token(user_id, name="bench").secret
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
            children = [_serve(app, listening) for _ in range(WEB_PROCESSES)]
            try:
                web = Web(app, connection, listening.getsockname()[1], token)
                _wait_for(web)
                yield web
            finally:
                for child in children:
                    child.terminate()
                for child in children:
                    child.wait()


def _serve(app: Flask, listening: socket.socket) -> subprocess.Popen[bytes]:
    settings = app.config["SETTINGS"]
    return subprocess.Popen(
        [sys.executable, "-m", "app.runtime.web", str(listening.fileno())],
        pass_fds=[listening.fileno()],
        env=dict(os.environ)
        | {
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url or "",
            "SECRET_KEY": settings.secret_key,
            "RATE_LIMIT": "100000000 per minute",
        },
    )


def _wait_for(web: Web) -> None:
    for _ in range(4 * WEB_PROCESSES):  # so that each process has made its app
        client = web.open()
        web.send(client, "GET", PAGES["list"])
        client.close()
