"""What must be true of every shop at every moment, worked out without the application's code."""

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

WRONG = {
    "a unit is on two live lines": """
        SELECT item_id FROM invoice_items WHERE live GROUP BY item_id HAVING count(*) > 1""",
    "a line lives on though its invoice does not, or the other way round": """
        SELECT l.id FROM invoice_items l JOIN invoices v ON v.id = l.invoice_id
        WHERE l.live <> (v.status <> 'Cancelled')""",
    "a unit is not in the status that its invoice asks for": """
        SELECT i.serial_number, i.inventory_status, v.status
        FROM invoice_items l JOIN invoices v ON v.id = l.invoice_id JOIN items i ON i.id = l.item_id
        WHERE l.live AND NOT CASE v.status
            WHEN 'Paid' THEN i.inventory_status IN ('Sold', 'Delivered')
            WHEN 'Delivered' THEN i.inventory_status = 'Delivered'
            ELSE i.inventory_status = 'Reserved' AND i.reserved_for_type = 'Invoice'
                AND i.reserved_for_id = v.id::text END""",
    "an invoice has no number": "SELECT id FROM invoices WHERE number IS NULL",
    "a unit is taken by no live invoice": """
        SELECT i.serial_number, i.inventory_status FROM items i
        WHERE (i.inventory_status IN ('Sold', 'Delivered') OR i.reserved_for_type = 'Invoice')
            AND NOT EXISTS (SELECT FROM invoice_items l WHERE l.item_id = i.id AND l.live)""",
    "an invoice's sums are not those of its lines and payments": """
        SELECT number FROM invoices v
        WHERE total <> coalesce((SELECT sum(unit_price) FROM invoice_items
                                 WHERE invoice_id = v.id), 0)
            OR paid <> coalesce((SELECT sum(amount) FROM payments WHERE invoice_id = v.id), 0)""",
    "an invoice's status is not what was paid of it": """
        SELECT number FROM invoices WHERE NOT CASE status
            WHEN 'Open' THEN paid = 0 WHEN 'PartiallyPaid' THEN paid > 0 AND paid < total
            WHEN 'Cancelled' THEN true ELSE paid = total END""",
    "an invoice is not where its history ends": """
        SELECT v.number FROM invoices v
        WHERE v.status <> (SELECT to_status FROM invoice_status_history h
                           WHERE h.invoice_id = v.id ORDER BY h.id DESC LIMIT 1)""",
    "the maintained totals differ from the truth": """
        SELECT * FROM (SELECT product_id, warehouse_id, inventory_status, sum(quantity)
                FROM stock_tallies GROUP BY 1, 2, 3 HAVING sum(quantity) <> 0) kept
            FULL JOIN (SELECT product_id, warehouse_id, inventory_status, count(*)
                FROM items GROUP BY 1, 2, 3) counted
            ON (kept.*)::text = (counted.*)::text
        WHERE kept IS NULL OR counted IS NULL""",
    "the kept numbers of invoices differ from the truth": """
        SELECT * FROM (SELECT status, sum(quantity) AS kept FROM invoice_tallies GROUP BY 1) k
            FULL JOIN (SELECT status, count(*) AS counted FROM invoices GROUP BY 1) c USING (status)
        WHERE coalesce(kept, 0) <> coalesce(counted, 0)""",
    "the counted transitions are not those of history": """
        SELECT * FROM (SELECT from_status, to_status, change_reason, sum(quantity)
                FROM transition_tallies GROUP BY 1, 2, 3) kept
            FULL JOIN (SELECT from_status, to_status, change_reason, count(*)
                FROM inventory_status_history WHERE change_reason <> 'MIGRATED' GROUP BY 1, 2, 3)
                counted
            ON (kept.*)::text = (counted.*)::text
        WHERE kept IS NULL OR counted IS NULL""",
}


def assert_invariants(connection: psycopg.Connection) -> None:
    for what, query in WRONG.items():
        assert connection.execute(query).fetchall() == [], what
    assert_history_is_complete(connection)


def assert_history_is_complete(connection: psycopg.Connection) -> None:
    """Every unit's history is one chain from nothing to where the unit stands, hash by hash."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows = cursor.execute(
            "SELECT * FROM inventory_status_history ORDER BY item_id, seq"
        ).fetchall()
    ends = {
        item_id: chain_end(list(chain)) for item_id, chain in groupby(rows, lambda r: r.item_id)
    }
    units = connection.execute(
        "SELECT id, history_length, inventory_status, history_hash FROM items"
    ).fetchall()
    assert ends == {item_id: tuple(tail) for item_id, *tail in units}


def chain_end(chain: list[Any]) -> tuple[int, str, bytes]:
    """Length, last status and last hash of a unit's history; every link is checked."""
    status, digest = None, b""
    for seq, row in enumerate(chain, start=1):
        assert (row.seq, row.from_status) == (seq, status)
        digest = row_hash(digest, row)
        assert digest == row.hash, f"row {seq} of unit {row.item_id} was altered"
        status = row.to_status
    return len(chain), status, digest


def row_hash(previous: bytes, row: Any) -> bytes:
    texts = [
        row.from_status,
        row.to_status,
        row.change_reason,
        row.reference_type,
        row.reference_id,
        row.request_id,
        row.notes,
    ]
    return hashlib.sha256(
        previous
        + row.item_id.bytes
        + struct.pack(">i", row.seq)
        + row.changed_by.bytes
        + microseconds(row.change_date)
        + microseconds(row.created_at)
        + "\x1f".join(text or "" for text in texts).encode()
    ).digest()


def microseconds(moment: datetime) -> bytes:
    return struct.pack(">q", (moment - POSTGRES_EPOCH) // timedelta(microseconds=1))
