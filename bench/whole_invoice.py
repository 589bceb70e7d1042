"""An invoice of 10,000 units over HTTP: created, paid, delivered."""

import json
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

from app.models.user import SYSTEM_USER_ID
from app.services.inventory.lifecycle import InventoryLifecycleService
from bench.store import free_units
from bench.table import Row
from bench.web import Web

UNITS = 10_000
ROUNDS = 2
SECONDS_MAX = 5.0
SKU = "WHOLE-INVOICE"


def measure(web: Web) -> list[Row]:
    """Units that are named, and units of one product that the store chooses."""
    named = [_live(web, _named(web)) for _ in range(ROUNDS)]
    web.connection.execute(
        "INSERT INTO products (sku, name, price) VALUES (%s, 'Whole', 2.50)", [SKU]
    )
    for _ in range(ROUNDS):
        InventoryLifecycleService().receive_items(SKU, SYSTEM_USER_ID, quantity=UNITS)
    web.connection.execute("ANALYZE items")
    chosen = [_live(web, [{"sku": SKU, "quantity": UNITS}]) for _ in range(ROUNDS)]
    return [_row("named", named), _row("by quantity", chosen)]


def _named(web: Web) -> list[dict[str, Any]]:
    free = free_units(web.connection)[:UNITS]
    return [{"itemId": str(item_id), "unitPrice": "2.50"} for item_id in free]


def _live(web: Web, lines: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds of each step."""
    client = HTTPConnection("127.0.0.1", web.port, timeout=60)
    took = {}
    body: Mapping[str, Any] = {"customer": {"name": "Bench"}, "items": lines}
    took["create"], invoice = _post(web, client, "/api/invoices", body)
    assert len(invoice["items"]) == UNITS
    took["pay"], payment = _post(
        web,
        client,
        f"/api/invoices/{invoice['id']}/payments",
        {"amount": invoice["total"], "method": "Card"},
    )
    assert payment["invoice"]["status"] == "Paid"
    took["deliver"], delivered = _post(
        web, client, "/api/inventory/lifecycle/mark-delivered", {"invoiceId": invoice["id"]}
    )
    assert {item["inventoryStatus"] for item in delivered["items"]} == {"Delivered"}
    client.close()
    return took


def _post(
    web: Web, client: HTTPConnection, path: str, body: Mapping[str, Any]
) -> tuple[float, dict[str, Any]]:
    content = json.dumps(body)
    headers = dict(line.split(": ", 1) for line in web.head.splitlines())
    began = time.perf_counter()
    client.request("POST", path, content, headers | {"Idempotency-Key": str(uuid4())})
    answer = client.getresponse()
    said = answer.read()
    took = time.perf_counter() - began
    if answer.status not in (200, 201):
        raise RuntimeError(f"{path}: {answer.status} {said[:500]!r}")
    return took, json.loads(said)


def _row(how: str, rounds: list[dict[str, float]]) -> Row:
    best = min(rounds, key=lambda took: sum(took.values()))
    total = sum(best.values())
    return Row(
        f"invoice of {UNITS} units, {how}",
        "  ".join(f"{step} {seconds:.2f} s" for step, seconds in best.items()),
        f"{total:.2f} s",
        f"under {SECONDS_MAX:.0f} s",
        total < SECONDS_MAX,
        {"rounds": rounds},
    )
