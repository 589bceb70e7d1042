"""Holding units in a cart: raw SQL, the service and HTTP side by side, on one store."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from bench import load
from bench.load import Result
from bench.processes import memory_megabytes
from bench.store import free_units
from bench.table import Row
from bench.web import Web

PATH = "/api/inventory/lifecycle/reserve"
WAYS = ("raw", "service", "HTTP")
NAMES = {"raw": "raw SQL", "service": "service", "HTTP": "HTTP"}
#: Units a call -> what HTTP must do: calls a second at 8 clients, and its share of raw SQL.
TARGETS = {1: (500, 0.15), 20: (300, 0.25)}
TARGET_CLIENTS = 8
#: Processes of the direct ways, so that one interpreter's lock does not hold them back.
LOAD_PROCESSES = 2
#: Calls a second that no machine we know exceeds.
CALLS_A_SECOND_MAX = {"raw": 12_000, "service": 4_000, "HTTP": 4_000}


@dataclass(frozen=True)
class Plan:
    """``seconds``: for each way at each number of clients, or until the free units run short."""

    clients: Sequence[int] = (1, 8, 32)
    sizes: Sequence[int] = (1, 20)
    ways: Sequence[str] = WAYS
    seconds: float = 4.0


def measure(web: Web, plan: Plan) -> list[Row]:
    web.connection.execute("CHECKPOINT")  # what filling the store has left to write
    rows = [
        row
        for size in plan.sizes
        for clients in plan.clients
        for row in _compare(web, size, clients, plan)
    ]
    memory = memory_megabytes(web.groups)
    said = "  ".join(f"{name} {megabytes:.0f} MB" for name, megabytes in memory.items())
    return [*rows, Row("memory after that", said, figures=memory)]


def _compare(web: Web, size: int, clients: int, plan: Plan) -> list[Row]:
    found = {}
    # Raw SQL last, since it takes the most units; it leaves half for the next comparison.
    for way in sorted(plan.ways, key=WAYS.index, reverse=True):
        free = [str(item_id) for item_id in free_units(web.connection)]
        calls_max = int(CALLS_A_SECOND_MAX[way] * plan.seconds)
        batches = _batches(free if way == "HTTP" else free[::2], size, calls_max)
        found[way] = _run(web, way, batches, clients, plan.seconds)
    return [_row(way, size, clients, found) for way in WAYS if way in found]


def _batches(free: list[str], size: int, calls_max: int) -> list[list[str]]:
    calls = min(calls_max, len(free) // size)
    return [free[at : at + size] for at in range(0, calls * size, size)]


def _run(web: Web, way: str, batches: list[list[str]], clients: int, seconds: float) -> Result:
    if way == "HTTP":
        order = {
            "port": web.port,
            "clients": clients,
            "seconds": seconds,
            "head": web.head,
            "requests": [_request(number, batch) for number, batch in enumerate(batches)],
        }
        result = load.run("bench.http_load", [order], web.groups)
        if set(result.outcomes) != {"200"}:
            raise RuntimeError(f"not all held: {result.outcomes}, {result.samples}")
        return result
    settings, processes = web.settings, min(LOAD_PROCESSES, clients)
    orders = [
        {
            "way": way,
            "clients": clients // processes,
            "seconds": seconds,
            "batches": batches[number::processes],
            "database_url": settings.database_url,
            "redis_url": settings.redis_url,
            "secret_key": settings.secret_key,
        }
        for number in range(processes)
    ]
    return load.run("bench.direct_load", orders, web.groups)


def _request(number: int, item_ids: Sequence[str]) -> tuple[str, str, str, str]:
    body = json.dumps({"itemIds": item_ids, "sessionId": f"bench-{number}-{uuid4()}"})
    return "POST", PATH, f"Idempotency-Key: {uuid4()}\r\n", body


def _row(way: str, size: int, clients: int, found: dict[str, Result]) -> Row:
    result = found[way]
    share = result.rate / found["raw"].rate if "raw" in found else None
    target, met = "", None
    if way == "HTTP" and clients == TARGET_CLIENTS and size in TARGETS:
        rate, least = TARGETS[size]
        target = f"at least {rate}/s and {least:.0%}"
        met = result.rate >= rate and (share is None or share >= least)
    return Row(
        f"hold {size:>2} a call, {clients:>2} clients: {NAMES[way]}",
        str(result),
        f"{share:.0%} of raw" if share is not None and way != "raw" else "",
        target,
        met,
        result.figures() | {"share_of_raw": share},
    )
