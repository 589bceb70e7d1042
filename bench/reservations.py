"""Reserving units for a new invoice: through the service, against the same work in raw SQL."""

import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from uuid import UUID

import psycopg
from sqlalchemy import text

from app.database import db
from app.models.user import SYSTEM_USER_ID
from app.runtime.embedded import EmbeddedServers
from app.services.finance import FinanceService
from app.services.new_invoice import NamedUnit, NewInvoice
from bench.store import explain, fill, store
from bench.table import Row

#: units an invoice, rounds, and the share of the raw rate that the service must reach.
SIZES = ((1, 300, 0.0), (20, 100, 0.4), (1000, 8, 0.7))
UNITS = 60_000
PRICE = Decimal("2.50")


def measure(servers: EmbeddedServers) -> list[Row]:
    with store(servers, "reservations") as (_, connection):
        fill(connection, UNITS)
        customer_id = connection.execute(
            "INSERT INTO customers (name) VALUES ('Bench') RETURNING id"
        ).fetchone()[0]
        free = list(
            db.session.scalars(
                text("SELECT id FROM items WHERE inventory_status = 'Available' ORDER BY id")
            )
        )
        db.session.rollback()
        return [
            _compare(connection, customer_id, free, size, rounds, target)
            for size, rounds, target in SIZES
        ]


def _compare(
    connection: psycopg.Connection,
    customer_id: UUID,
    free: list[UUID],
    size: int,
    rounds: int,
    target: float,
) -> Row:
    """Takes turns, so that both meet the same store."""
    spent = {"raw": 0.0, "service": 0.0}
    ways: dict[str, Callable[[Sequence[UUID]], None]] = {
        "raw": lambda ids: reserve_in_raw_sql(connection, customer_id, ids),
        "service": lambda ids: reserve_through_service(customer_id, ids),
    }
    for ids in (free[-size:], free[-2 * size : -size]):  # not measured: plans, caches
        for way in ways.values():
            if ids:
                way([free.pop() for _ in range(size)])
    for _ in range(rounds):
        for name, way in ways.items():
            ids = [free.pop() for _ in range(size)]
            began = time.perf_counter()
            way(ids)
            spent[name] += time.perf_counter() - began
    raw, service = rounds / spent["raw"], rounds / spent["service"]
    share = service / raw
    return Row(
        f"reserve {size:>4} for an invoice",
        f"raw SQL {raw:8.1f}/s  service {service:8.1f}/s",
        f"{share:.0%} of raw",
        f"at least {target:.0%}" if target else "",
        share >= target if target else None,
    )


def reserve_in_raw_sql(
    connection: psycopg.Connection, customer_id: UUID, ids: Sequence[UUID]
) -> None:
    """Lock, look, write, as short as it can be said on this schema with its guards."""
    with connection.transaction():
        rows = connection.execute(
            """SELECT id, inventory_status, status FROM items WHERE id = ANY(%s)
            ORDER BY id FOR NO KEY UPDATE""",
            [list(ids)],
        ).fetchall()
        assert all(row[1:] == ("Available", "InStock") for row in rows)
        explain(connection, "INVOICE_CREATED")
        invoice_id = connection.execute(
            "INSERT INTO invoices (customer_id, created_by) VALUES (%s, %s) RETURNING id",
            [customer_id, SYSTEM_USER_ID],
        ).fetchone()[0]
        connection.execute(
            """UPDATE items SET inventory_status = 'Reserved', reserved_for_type = 'Invoice',
                reserved_for_id = %s WHERE id = ANY(%s)""",
            [str(invoice_id), list(ids)],
        )
        connection.execute(
            """INSERT INTO invoice_items (invoice_id, item_id, unit_price)
            SELECT %s, unnest(%s::uuid[]), %s""",
            [invoice_id, list(ids), PRICE],
        )


def reserve_through_service(customer_id: UUID, ids: Sequence[UUID]) -> None:
    order = NewInvoice(
        customer_id=customer_id, units=tuple(NamedUnit(item_id, PRICE) for item_id in ids)
    )
    FinanceService().create_invoice(order, SYSTEM_USER_ID)
