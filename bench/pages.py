"""Pages and reads of the API on a small store and on large ones, over HTTP, side by side.

One client asks for the same page of each store in turn, so that both meet the same machine; units
and invoices are others at every request, from all over the store.
"""

import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from app.runtime.servers.embedded import EmbeddedServers
from bench.http_client import Client, request
from bench.processes import cpu_seconds
from bench.store import free_units
from bench.table import Row, percentile
from bench.web import Web, served_to_readers

SMALL = 10_000
ROUNDS = 6
REQUESTS_A_ROUND = 20
#: Connections not measured, so that every web process has met the page.
WARM_UPS = 6
RATIO_MAX = 2.0
LIFECYCLE = "/api/inventory/lifecycle"
PAGES = {
    "list": "/inventory",
    "list: free units": "/inventory?inventoryStatus=Available",
    "list: held, by serial": "/inventory?inventoryStatus=Reserved&sort=serial",
    "search a serial": "/inventory?q={serial}",
    # A hundred units match in either store, so that either shows a full page.
    "search a part of a serial": "/inventory?q=-00008",
    "search a name": "/inventory?q=glass",
    "search a name, free units": "/inventory?q=heart+bird&inventoryStatus=Available",
    "search in vain": "/inventory?q=nothing+of+the+kind",
    "search one letter": "/inventory?q=p",
    "search one letter in vain": "/inventory?q=~",
    "search two letters": "/inventory?q=p7",
    "search two letters, oldest": "/inventory?q=p7&sort=oldest",
    "search two letters, by serial": "/inventory?q=p7&sort=serial",
    "search two letters in vain": "/inventory?q=~p",
    "search three letters": "/inventory?q=p77",
    "search three letters, by serial": "/inventory?q=p77&sort=serial",
    "search two words": "/inventory?q=heart+p7",
    "search two words, by serial": "/inventory?q=00008+p7&sort=serial",
    "search five letters, held": "/inventory?q=p77-0&inventoryStatus=Reserved",
    "search a list of serials": "/inventory?q={serial},nothing",
    "item": "/inventory/{item}",
    "invoices": "/invoices",
    "invoices: open": "/invoices?status=Open",
    "search an invoice": "/invoices?q={number}",
    "search a customer": "/invoices?q=Customer+0000017",
    "search a serial's invoice": "/invoices?q={serial}",
    "search a customer's letter": "/invoices?q=c",
    "invoice": "/invoices/{invoice}",
    "search an invoice's first digits": "/invoices?q=b12",
    "new invoice": "/invoices/new",
    "till: one letter": "/invoices/new?q=p",
    "till: two letters": "/invoices/new?q=p7",
    "till: three letters": "/invoices/new?q=p77",
    "till: a part of a serial": "/invoices/new?q=-00008",
    "till: two words": "/invoices/new?q=heart+p7",
    "dashboard": "/",
    "products": "/products",
    "API: list": f"{LIFECYCLE}/items/status?limit=50",
    "API: free units": f"{LIFECYCLE}/items/status?limit=50&inventoryStatus=Available",
    # A small store has 25 units of each product: no more are asked for.
    "API: one product": f"{LIFECYCLE}/items/status?limit=20&sku=P77",
    "API: search": f"{LIFECYCLE}/items/status?limit=50&q={{serial}}",
    "API: history": f"{LIFECYCLE}/items/history?limit=50",
    "API: history of a unit": f"{LIFECYCLE}/items/history?itemIds={{item}}",
    "API: item": "/api/items/{item}",
    "API: invoice": "/api/invoices/{invoice}",
    "API: dashboard": f"{LIFECYCLE}/dashboard",
}


@dataclass
class Visitor:
    """Somebody signed in to one store, and the units and invoices that he looks at."""

    web: Web
    cookie: str
    subjects: Sequence[Mapping[str, str]]
    asked: int = 0

    def visit(self, address: str, requests: int) -> list[float]:
        """Seconds that the page took each time, over one connection."""
        client = Client(self.web.port)
        times = [self._ask(client, address) for _ in range(requests)]
        client.close()
        return times

    def _ask(self, client: Client, address: str) -> float:
        self.asked += 1
        path = address.format(**self.subjects[self.asked % len(self.subjects)])
        head = self.web.head if path.startswith("/api/") else self.cookie
        message = request(head, "GET", path)
        began = time.perf_counter()
        status = client.ask(message)
        took = time.perf_counter() - began
        if status != "200":
            raise RuntimeError(f"{path}: {status} {client.body[:500]}")
        return took


def measure(servers: EmbeddedServers, sizes: Sequence[int]) -> list[Row]:
    """``sizes``: units of the large stores, each compared with the small one."""
    with ExitStack() as stack:
        visitors = {
            units: _visitor(stack.enter_context(served_to_readers(servers, units)))
            for units in (SMALL, *sizes)
        }
        return [row for name, address in PAGES.items() for row in _compare(name, address, visitors)]


def _compare(name: str, address: str, visitors: Mapping[int, Visitor]) -> list[Row]:
    times: dict[int, list[float]] = defaultdict(list)
    used: dict[int, dict[str, float]] = {units: defaultdict(float) for units in visitors}
    for visitor in visitors.values():
        for _ in range(WARM_UPS):
            visitor.visit(address, 2)
    for _ in range(ROUNDS):
        for units, visitor in visitors.items():
            before = cpu_seconds(visitor.web.groups)
            times[units] += visitor.visit(address, REQUESTS_A_ROUND)
            for group, seconds in cpu_seconds(visitor.web.groups).items():
                used[units][group] += seconds - before[group]
    return [_row(name, units, times, used) for units in visitors if units != SMALL]


def _row(
    name: str,
    units: int,
    times: Mapping[int, list[float]],
    used: Mapping[int, Mapping[str, float]],
) -> Row:
    small, large = (1000 * percentile(times[size], 95) for size in (SMALL, units))
    medians = [1000 * percentile(times[size], 50) for size in (SMALL, units)]
    database = [1000 * used[size]["PostgreSQL"] / len(times[size]) for size in (SMALL, units)]
    return Row(
        f"page: {name}",
        f"at {SMALL}: p50 {medians[0]:6.1f}  p95 {small:6.1f} ms  PostgreSQL {database[0]:5.2f} ms"
        f"   at {units}: p50 {medians[1]:6.1f}  p95 {large:6.1f} ms"
        f"  PostgreSQL {database[1]:5.2f} ms",
        f"{large / small:.2f} times",
        f"at most {RATIO_MAX:.0f} times",
        large <= RATIO_MAX * small,
        {"units": units, "p95_ms": [small, large], "p50_ms": medians, "database_ms": database},
    )


def _visitor(web: Web) -> Visitor:
    return Visitor(web, _signed_in(web), _subjects(web))


def _subjects(web: Web) -> list[dict[str, str]]:
    """Free units, and invoices of one size."""
    units = free_units(web.connection)[:200]
    serials = dict(
        web.connection.execute(
            "SELECT id, serial_number FROM items WHERE id = ANY(%s)", [units]
        ).fetchall()
    )
    invoices = web.connection.execute(
        "SELECT id, number FROM invoices WHERE status = 'Paid' ORDER BY md5(number) LIMIT 200"
    ).fetchall()
    return [
        {
            "item": str(unit),
            "serial": quote(serials[unit]),
            "invoice": str(invoices[position % len(invoices)][0]),
            "number": quote(invoices[position % len(invoices)][1]),
        }
        for position, unit in enumerate(units)
    ]


def _signed_in(web: Web) -> str:
    """The head of a browser's requests: logged in as people do."""
    client = Client(web.port)
    head = f"Host: 127.0.0.1:{web.port}\r\nAccept: text/html\r\n"
    client.ask(request(head, "GET", "/login"))
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.body)
    assert token, client.body[:2000]
    form = urlencode({"csrf_token": token[1], "email": web.email, "password": web.password})
    headers = f"Content-Type: application/x-www-form-urlencoded\r\nCookie: {_cookies(client)}\r\n"
    status = client.ask(request(head, "POST", "/login", headers, form))
    assert status == "303", client.body[:2000]
    return f"{head}Cookie: {_cookies(client)}\r\n"


def _cookies(client: Client) -> str:
    return "; ".join(re.findall(r"(?im)^set-cookie: ([^;\r]+)", client.head))
