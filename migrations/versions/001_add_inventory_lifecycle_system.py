"""Add the inventory lifecycle: statuses, history, guards; take existing stock over.

It first looks for what it could not take over truthfully and refuses with a list of it; after the
backfill it verifies the result. Either way nothing is changed unless everything is.
"""

from typing import Any

from alembic import op

from migrations.run_sql import refuse_downgrade, run_sql

revision = "001"
down_revision = "000"
downgrade = refuse_downgrade(
    "History cannot be taken back. Restore the backup that was made before the migration."
)

OBSTACLES = {
    "a unit on more than one invoice that is not cancelled (cancel all but one)": """
        SELECT u.serial_number || ' on invoices ' || string_agg(i.number, ', ' ORDER BY i.number)
        FROM invoice_items l JOIN invoices i ON i.id = l.invoice_id JOIN items u ON u.id = l.item_id
        WHERE i.status <> 'Cancelled' GROUP BY u.id, u.serial_number HAVING count(*) > 1""",
    "an invoice with more paid than its lines add up to (mend its payments or lines)": """
        SELECT number || ': paid ' || paid || ' of ' || total FROM sums WHERE paid > total""",
    "a paid or delivered invoice that is not paid in full (mend its payments or status)": """
        SELECT number || ': paid ' || paid || ' of ' || total FROM sums
        WHERE status IN ('Paid', 'Delivered') AND paid <> total""",
    "an invoice that is paid in full and still open (set it to Paid)": """
        SELECT number || ': ' || status || ', paid ' || paid FROM sums
        WHERE status IN ('Open', 'PartiallyPaid') AND paid = total AND total > 0""",
}

LEFT_OVER = {
    "units without exactly one history row": """
        SELECT u.serial_number FROM items u
        WHERE (SELECT count(*) FROM inventory_status_history h WHERE h.item_id = u.id) <> 1""",
    "units that are not where their history ends": """
        SELECT u.serial_number FROM items u JOIN inventory_status_history h ON h.item_id = u.id
        WHERE (h.to_status, h.hash, h.seq)
            IS DISTINCT FROM (u.inventory_status, u.history_hash, u.history_length)""",
    "units whose status is not what their invoice asks for": """
        SELECT u.serial_number FROM items u
        LEFT JOIN invoice_items l ON l.item_id = u.id AND l.live
        LEFT JOIN invoices i ON i.id = l.invoice_id
        WHERE u.inventory_status <> CASE WHEN i.id IS NULL THEN 'Available'
            WHEN i.status IN ('Open', 'PartiallyPaid') THEN 'Reserved'
            WHEN i.status = 'Paid' THEN 'Sold' ELSE 'Delivered' END""",
}

TRANSITIONS = [
    ("Available", "Reserved", "INVOICE_CREATED"),
    ("Available", "Reserved", "SESSION_HOLD"),
    ("Available", "Reserved", "MANUAL_HOLD"),
    ("Available", "Sold", "DIRECT_SALE"),
    ("Reserved", "Available", "INVOICE_CANCELLED"),
    ("Reserved", "Available", "HOLD_RELEASED"),
    ("Reserved", "Available", "RESERVATION_EXPIRED"),
    ("Reserved", "Sold", "INVOICE_PAID"),
    ("Sold", "Delivered", "INVOICE_DELIVERED"),
    ("Available", "Reserved", "CORRECTION"),
    ("Available", "Sold", "CORRECTION"),
    ("Reserved", "Available", "CORRECTION"),
    ("Reserved", "Sold", "CORRECTION"),
    ("Sold", "Delivered", "CORRECTION"),
    ("Sold", "Available", "CORRECTION"),
]
INVOICE_TRANSITIONS = [
    ("Open", "PartiallyPaid"),
    ("Open", "Paid"),
    ("Open", "Cancelled"),
    ("PartiallyPaid", "Paid"),
    ("PartiallyPaid", "Cancelled"),
    ("Paid", "Delivered"),
]


class CannotTakeOver(Exception):
    """Existing data contradicts itself; the message lists where."""


def upgrade() -> None:
    connection = op.get_bind().connection.driver_connection
    connection.execute("""
        CREATE TEMPORARY VIEW sums AS SELECT i.number, i.status,
            coalesce((SELECT sum(unit_price) FROM invoice_items l
                WHERE l.invoice_id = i.id), 0) total,
            coalesce((SELECT sum(amount) FROM payments p WHERE p.invoice_id = i.id), 0) paid
        FROM invoices i""")
    refuse_if_any(connection, OBSTACLES, "The existing data cannot be taken over:")
    connection.execute("DROP VIEW sums")
    run_sql(__file__, "001_tables", "001_history_hash")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO inventory_transitions VALUES (%s, %s, %s)", TRANSITIONS)
        cursor.executemany("INSERT INTO invoice_transitions VALUES (%s, %s)", INVOICE_TRANSITIONS)
    connection.execute("""
        CREATE TEMPORARY VIEW migrated_references AS SELECT u.id AS item_id,
            CASE WHEN i.id IS NOT NULL THEN 'Invoice' END AS reference_type,
            i.id::text AS reference_id,
            coalesce('Taken over with invoice ' || i.number, 'Taken over as free stock') AS notes
        FROM items u LEFT JOIN invoice_items l ON l.item_id = u.id AND l.live
        LEFT JOIN invoices i ON i.id = l.invoice_id""")
    run_sql(__file__, "001_backfill")
    connection.execute("DROP VIEW migrated_references")
    refuse_if_any(connection, LEFT_OVER, "The take-over left something over and was undone:")
    run_sql(__file__, "001_constraints", "001_guards")


def refuse_if_any(connection: Any, questions: dict[str, str], heading: str) -> None:
    findings = []
    for what, question in questions.items():
        rows = connection.execute(f"{question} LIMIT 21").fetchall()
        findings += [f"  {what}: {row[0]}" for row in rows[:20]]
        findings += ["  … and more"] if len(rows) > 20 else []
    if findings:
        raise CannotTakeOver("\n".join([heading, *findings]))
