"""What happens to an invoice in raw SQL: as short as it can be said on this schema, with guards."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import psycopg

from app.models.user import SYSTEM_USER_ID
from bench.store import explain


def reserve(
    connection: psycopg.Connection, customer_id: UUID, ids: Sequence[UUID], unit_price: Decimal
) -> UUID:
    """A new invoice for these units."""
    with connection.transaction():
        rows = connection.execute(
            """SELECT inventory_status, status FROM items WHERE id = ANY(%s)
            ORDER BY id FOR NO KEY UPDATE""",
            [ids],
        ).fetchall()
        assert rows == [("Available", "InStock")] * len(ids)
        explain(connection, "INVOICE_CREATED")
        invoice_id: UUID = connection.execute(
            "INSERT INTO invoices (customer_id, created_by) VALUES (%s, %s) RETURNING id",
            [customer_id, SYSTEM_USER_ID],
        ).fetchone()[0]
        connection.execute(
            """UPDATE items SET inventory_status = 'Reserved', reserved_for_type = 'Invoice',
                reserved_for_id = %s WHERE id = ANY(%s)""",
            [str(invoice_id), ids],
        )
        connection.execute(
            """INSERT INTO invoice_items (invoice_id, item_id, unit_price)
            SELECT %s, unnest(%s::uuid[]), %s""",
            [invoice_id, ids, unit_price],
        )
    return invoice_id


def pay(connection: psycopg.Connection, invoice_id: UUID) -> None:
    """All of it at once."""
    with connection.transaction():
        (balance,) = _lock(connection, invoice_id, "total - paid", "Open")
        ids = _lock_units(connection, invoice_id, "Reserved")
        connection.execute(
            """INSERT INTO payments (invoice_id, amount, method, created_by)
            VALUES (%s, %s, 'Cash', %s)""",
            [invoice_id, balance, SYSTEM_USER_ID],
        )
        _change(connection, invoice_id, ids, "INVOICE_PAID", "Sold", "Paid")


def deliver(connection: psycopg.Connection, invoice_id: UUID) -> None:
    with connection.transaction():
        _lock(connection, invoice_id, "id", "Paid")
        ids = _lock_units(connection, invoice_id, "Sold")
        _change(connection, invoice_id, ids, "INVOICE_DELIVERED", "Delivered", "Delivered")


def cancel(connection: psycopg.Connection, invoice_id: UUID) -> None:
    with connection.transaction():
        _lock(connection, invoice_id, "id", "Open")
        ids = _lock_units(connection, invoice_id, "Reserved")
        _change(connection, invoice_id, ids, "INVOICE_CANCELLED", "Available", "Cancelled")


def _lock(connection: psycopg.Connection, invoice_id: UUID, asked: str, status: str) -> tuple:
    row = connection.execute(
        f"SELECT status, {asked} FROM invoices WHERE id = %s FOR NO KEY UPDATE", [invoice_id]
    ).fetchone()
    assert row[0] == status, row
    return row[1:]


def _lock_units(connection: psycopg.Connection, invoice_id: UUID, status: str) -> list[UUID]:
    rows = connection.execute(
        """SELECT i.id, i.inventory_status FROM invoice_items l JOIN items i ON i.id = l.item_id
        WHERE l.invoice_id = %s ORDER BY i.id FOR NO KEY UPDATE OF i""",
        [invoice_id],
    ).fetchall()
    assert all(row[1] == status for row in rows)
    return [row[0] for row in rows]


def _change(
    connection: psycopg.Connection,
    invoice_id: UUID,
    ids: Sequence[UUID],
    reason: str,
    status: str,
    invoice_status: str,
) -> None:
    explain(connection, reason)
    connection.execute(
        """SELECT set_config('holdfast.reference_type', 'Invoice', true),
            set_config('holdfast.reference_id', %s, true)""",
        [str(invoice_id)],
    )
    connection.execute("UPDATE items SET inventory_status = %s WHERE id = ANY(%s)", [status, ids])
    connection.execute(
        "UPDATE invoices SET status = %s WHERE id = %s", [invoice_status, invoice_id]
    )
