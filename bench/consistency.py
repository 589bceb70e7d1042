"""The full check of a large store, what it costs the clerks meanwhile, and the part of changes."""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
from flask import Flask

from app import create_app
from app.runtime.servers.embedded import EmbeddedServers
from app.services.consistency import findings
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.settings import Settings
from bench.store import store
from bench.table import Row, percentile

CALM_SECONDS = 12.0
#: A clerk's pace: what is measured is how long each reservation takes, not how many fit.
PAUSE_SECONDS = 0.02
SAMPLE_SECONDS = 0.1
CHANGED_UNITS = 2_000


@dataclass
class Peak:
    """The most memory of its own that any server process of the store had, in MB."""

    megabytes: float = 0.0


def measure(servers: EmbeddedServers, units: int) -> list[Row]:
    with store(servers, "consistency", units=units) as (app, connection):
        (rows_of_history,) = connection.execute(
            "SELECT count(*) FROM inventory_status_history"
        ).fetchone()
        ids = [
            row[0]
            for row in connection.execute(
                "SELECT id FROM items WHERE inventory_status = 'Available' LIMIT 5000"
            )
        ]
        clerk = connection.execute(
            "INSERT INTO users (email, name, role, password_hash)"
            " VALUES ('clerk@example.com', 'Clerk', 'manager', '!') RETURNING id"
        ).fetchone()[0]
        _hold_until(ids, clerk, time.monotonic() + 2)  # not measured: plans, caches
        calm = _hold_until(ids, clerk, time.monotonic() + CALM_SECONDS)
        told, busy, peak = _check_meanwhile(app, connection, ids, clerk)
        incremental = _check_changes(ids, clerk)
    assert told["result"]["found"] == 0, told
    before, during = percentile(calm, 95), percentile(busy, 95)
    return [
        Row(
            f"check {units} units, {rows_of_history} rows of history",
            f"{told['seconds']:.1f} s, worker {told['megabytes']:.0f} MB,"
            f" database {peak.megabytes:.0f} MB",
            f"{told['seconds']:.1f} s",
        ),
        Row(
            "reserve while it is checked",
            f"p95 {before * 1000:.1f} ms alone  {during * 1000:.1f} ms meanwhile"
            f" ({len(calm)} and {len(busy)} holds)",
            f"{during / before:.2f} times",
            "at most 1.2 times",
            during <= 1.2 * before,
        ),
        Row(
            f"check what changed: {CHANGED_UNITS} units",
            f"{incremental:.2f} s",
            f"{incremental:.2f} s",
            "under 1 s",
            incremental < 1,
        ),
    ]


def _hold_until(ids: list[UUID], clerk: UUID, end: float) -> list[float]:
    """Seconds that each hold took; every unit is released again, unmeasured."""
    service, taken = InventoryLifecycleService(), []
    while time.monotonic() < end:
        taken.append(_hold(service, ids[len(taken) % len(ids)], clerk))
    return taken


def _hold(service: InventoryLifecycleService, item_id: UUID, clerk: UUID) -> float:
    began = time.perf_counter()
    service.hold_items_for_session([item_id], "bench", clerk)
    took = time.perf_counter() - began
    service.release_items([item_id], clerk)
    time.sleep(PAUSE_SECONDS)
    return took


def _check_meanwhile(
    app: Flask, connection: psycopg.Connection, ids: list[UUID], clerk: UUID
) -> tuple[dict, list[float], Peak]:
    """The check in a process of its own, as a worker runs it, and a clerk at work beside it."""
    settings: Settings = app.config["SETTINGS"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "bench.consistency"],
        stdout=subprocess.PIPE,
        env=dict(os.environ)
        | {
            "DATABASE_URL": settings.database_url or "",
            "REDIS_URL": settings.redis_url or "",
            "SECRET_KEY": settings.secret_key or "",
        },
    )
    peak, service, busy = Peak(), InventoryLifecycleService(), []
    watcher = threading.Thread(target=_watch, args=(connection, worker, peak), daemon=True)
    watcher.start()
    while worker.poll() is None:
        busy.append(_hold(service, ids[len(busy) % len(ids)], clerk))
    watcher.join()
    assert worker.stdout
    return json.loads(worker.stdout.read()), busy, peak


def _watch(connection: psycopg.Connection, worker: subprocess.Popen, peak: Peak) -> None:
    while worker.poll() is None:
        for (pid,) in connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        ).fetchall():
            peak.megabytes = max(peak.megabytes, _own_memory(pid))
        time.sleep(SAMPLE_SECONDS)


def _own_memory(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    kilobytes = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")]
    return int(kilobytes[0]) / 1024 if kilobytes else 0.0


def _check_changes(ids: list[UUID], clerk: UUID) -> float:
    service = InventoryLifecycleService()
    findings.check_changes()
    service.hold_items_for_session(ids[:CHANGED_UNITS], "bench", clerk)
    began = time.perf_counter()
    result = findings.check_changes()
    assert result["found"] == 0, result
    return time.perf_counter() - began


def main() -> None:
    """One full check, as the worker's process would do it; prints what it took."""
    app = create_app(Settings.from_environment(os.environ))
    with app.app_context():
        began = time.perf_counter()
        result = findings.check_everything()
        seconds = time.perf_counter() - began
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, "result": result}))


if __name__ == "__main__":
    main()
