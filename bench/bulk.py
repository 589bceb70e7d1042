"""Reserving, paying, delivering and cancelling units of an invoice: the service, and raw SQL."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Protocol
from uuid import UUID

import psycopg

from app.models.user import SYSTEM_USER_ID
from app.runtime.servers.embedded import EmbeddedServers
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NamedUnit, NewInvoice, NewPayment
from bench import raw_invoices
from bench.store import deadlocks, free_units, store
from bench.table import Row, percentile

#: Units an invoice -> rounds.
ROUNDS = {1: 150, 20: 60, 1_000: 11, 10_000: 3}
#: Before these, so that statements are prepared and pages are read.
ROUNDS_UNMEASURED = {1: 10, 20: 10, 1_000: 1, 10_000: 1}
#: Units an invoice -> the share of raw SQL's rate that the service must reach.
TARGETS = {20: 0.5, 1_000: 0.8}
ACTS = ("reserve", "pay", "deliver", "cancel")
UNITS_MIN = 100_000
UNIT_PRICE = Decimal("2.50")


class Way(Protocol):
    def reserve(self, ids: Sequence[UUID]) -> UUID: ...
    def pay(self, invoice_id: UUID, total: Decimal) -> None: ...
    def deliver(self, invoice_id: UUID) -> None: ...
    def cancel(self, invoice_id: UUID) -> None: ...


class Raw:
    def __init__(self, connection: psycopg.Connection, customer_id: UUID) -> None:
        self.connection = connection
        self.customer_id = customer_id

    def reserve(self, ids: Sequence[UUID]) -> UUID:
        return raw_invoices.reserve(self.connection, self.customer_id, ids, UNIT_PRICE)

    def pay(self, invoice_id: UUID, total: Decimal) -> None:
        raw_invoices.pay(self.connection, invoice_id)

    def deliver(self, invoice_id: UUID) -> None:
        raw_invoices.deliver(self.connection, invoice_id)

    def cancel(self, invoice_id: UUID) -> None:
        raw_invoices.cancel(self.connection, invoice_id)


class Service:
    def __init__(self, customer_id: UUID) -> None:
        self.customer_id = customer_id
        self.finance, self.inventory = FinanceService(), InventoryLifecycleService()

    def reserve(self, ids: Sequence[UUID]) -> UUID:
        units = tuple(NamedUnit(item_id, UNIT_PRICE) for item_id in ids)
        order = NewInvoice(customer_id=self.customer_id, units=units)
        return self.finance.create_invoice(order, SYSTEM_USER_ID)

    def pay(self, invoice_id: UUID, total: Decimal) -> None:
        self.finance.record_payment(NewPayment(invoice_id, total, "Cash"), SYSTEM_USER_ID)

    def deliver(self, invoice_id: UUID) -> None:
        self.inventory.mark_items_as_delivered_for_invoice(invoice_id, SYSTEM_USER_ID)

    def cancel(self, invoice_id: UUID) -> None:
        self.inventory.release_items_for_invoice_cancellation(invoice_id, SYSTEM_USER_ID)


def measure(servers: EmbeddedServers, units: int) -> list[Row]:
    with store(servers, "bulk", units=max(units, UNITS_MIN)) as (_, connection):
        (customer_id,) = connection.execute("SELECT id FROM customers LIMIT 1").fetchone()
        ways = {"raw": Raw(connection, customer_id), "service": Service(customer_id)}
        free = free_units(connection)
        rows = [row for size in ROUNDS for row in _compare(ways, free, size)]
        return [*rows, deadlocks(connection, "one after the other")]


def _compare(ways: dict[str, Way], free: list[UUID], size: int) -> list[Row]:
    """They take turns, so that both meet the same store on the same machine."""
    spent: dict[tuple[str, str], list[float]] = defaultdict(list)
    unmeasured = ROUNDS_UNMEASURED[size]
    for number in range(unmeasured + ROUNDS[size]):
        if len(free) < len(ways) * size:
            break
        for name, way in ways.items():
            taken, free[:] = free[:size], free[size:]
            for act, seconds in _live(way, taken):
                spent[name, act] += [seconds] if number >= unmeasured else []
    return [_row(act, size, spent["raw", act], spent["service", act]) for act in ACTS if spent]


def _live(way: Way, ids: list[UUID]) -> Iterator[tuple[str, float]]:
    """One invoice that is cancelled, and one with the same units that is paid and delivered."""
    cancelled = way.reserve(ids)
    yield "cancel", _seconds(lambda: way.cancel(cancelled))
    began = time.perf_counter()
    invoice_id = way.reserve(ids)
    yield "reserve", time.perf_counter() - began
    yield "pay", _seconds(lambda: way.pay(invoice_id, UNIT_PRICE * len(ids)))
    yield "deliver", _seconds(lambda: way.deliver(invoice_id))


def _seconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _row(act: str, size: int, raw_seconds: list[float], service_seconds: list[float]) -> Row:
    """By the median round, which a busy moment of the machine does not move."""
    raw, service = (1000 * percentile(seconds, 50) for seconds in (raw_seconds, service_seconds))
    share, target = raw / service, TARGETS.get(size)
    return Row(
        f"{act} {size:>6} on an invoice",
        f"raw SQL {raw:8.1f} ms  service {service:8.1f} ms",
        f"{share:.0%} of raw",
        f"at least {target:.0%}" if target else "",
        share >= target if target else None,
        {"raw_ms": raw, "service_ms": service, "share": share, "rounds": len(raw_seconds)},
    )
