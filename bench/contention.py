"""Two hundred clients who want the hundred units there are of one product, at once."""

import json
from uuid import uuid4

from app.models.user import SYSTEM_USER_ID
from app.services.inventory.lifecycle import InventoryLifecycleService
from bench import load
from bench.table import Row
from bench.web import Web

CLIENTS = 200
UNITS = 100
ROUNDS = 3
SECONDS_MAX = 60.0


def measure(web: Web) -> list[Row]:
    return [_race(web, f"SCARCE-{number}") for number in range(1, ROUNDS + 1)]


def _race(web: Web, sku: str) -> Row:
    web.connection.execute(
        "INSERT INTO products (sku, name, price) VALUES (%s, 'Scarce', 2.50)", [sku]
    )
    InventoryLifecycleService().receive_items(sku, SYSTEM_USER_ID, quantity=UNITS)
    order = {
        "port": web.port,
        "clients": CLIENTS,
        "seconds": SECONDS_MAX,
        "head": web.head,
        "requests": [_request(sku, number) for number in range(CLIENTS)],
        "warm_up": False,
    }
    result = load.run("bench.http_load", [order], web.groups)
    (sold,) = web.connection.execute(
        """SELECT count(DISTINCT l.item_id) FROM invoice_items l JOIN items i ON i.id = l.item_id
        JOIN products p ON p.id = i.product_id WHERE p.sku = %s AND l.live""",
        [sku],
    ).fetchone()
    got, refused = result.outcomes.get("201", 0), result.outcomes.get("409", 0)
    exact = (got, refused, sold) == (UNITS, CLIENTS - UNITS, UNITS)
    return Row(
        f"{CLIENTS} clients want {UNITS} units",
        f"{got} got one, {refused} refused, in {result.seconds:.2f} s  {result}"
        f"  asked again {result.outcomes.get('busy', 0)} times",
        "exactly one each" if exact else f"{sold} units on invoices, {dict(result.outcomes)}",
        f"exactly {UNITS} get one",
        exact,
        result.figures(),
    )


def _request(sku: str, number: int) -> tuple[str, str, str, str]:
    body = {
        "customer": {"name": f"Client {number}", "email": f"{number}@example.com"},
        "items": [{"sku": sku, "quantity": 1}],
    }
    return "POST", "/api/invoices", f"Idempotency-Key: {uuid4()}\r\n", json.dumps(body)
