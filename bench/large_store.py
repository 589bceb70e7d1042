"""A large store that adds up, with four rows of history a unit, written without the guards.

Through the services it would take an hour; what is written is what they would have written, and
the check that is measured on it proves that.
"""

import psycopg

from app.models.user import SYSTEM_USER_ID
from bench.products import add_products

UNITS_A_CUSTOMER = 100
TABLES = ("items", "invoices", "invoice_items", "payments", "inventory_status_history")


def fill_with_history(connection: psycopg.Connection, units: int) -> int:
    """``units`` units, a third of them on invoices; returns the rows of history."""
    add_products(connection)
    for table in TABLES:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    connection.execute("SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'")
    connection.execute("SELECT set_config('bench.system', %s, false)", [str(SYSTEM_USER_ID)])
    connection.execute(_CUSTOMERS, [units // UNITS_A_CUSTOMER + 1])
    connection.execute(_PLAN, [units, units])
    indexes = _drop_indexes(connection)
    for statement in _STATEMENTS:
        connection.execute(statement)
    for index in indexes:
        connection.execute(index)
    for table in TABLES:
        connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    connection.execute("SELECT enable_guards()")
    connection.execute("VACUUM ANALYZE")
    (rows,) = connection.execute("SELECT count(*) FROM inventory_status_history").fetchone()
    return rows


def _drop_indexes(connection: psycopg.Connection) -> list[str]:
    """What makes them again: building an index at once is faster than row by row."""
    found = connection.execute(
        """SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)
        AND indexdef NOT LIKE 'CREATE UNIQUE%%'""",
        [[*TABLES, "item_search"]],
    ).fetchall()
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}")
    return [definition for _, definition in found]


_CUSTOMERS = """
    INSERT INTO customers (name, email)
    SELECT 'Customer ' || lpad(n::text, 7, '0'), 'customer-' || n || '@example.com'
    FROM generate_series(1, %s::int) n
"""

#: A unit's history has a row a day, from the day that it was received.
_PLAN = """
    CREATE UNLOGGED TABLE plan AS
    SELECT n, uuidv7() AS item_id, p.id AS product_id,
        p.sku || '-' || lpad(n::text, 7, '0') AS serial_number,
        CASE WHEN n %% 10 < 3 THEN 'Sold' WHEN n %% 10 = 3 THEN 'Reserved' ELSE 'Available' END
            AS status,
        CASE WHEN n %% 10 < 4 THEN 4 WHEN n %% 10 < 7 THEN 5 ELSE 3 END AS length,
        CASE WHEN n %% 10 < 3 THEN 2 * (n / 100) WHEN n %% 10 = 3 THEN 2 * (n / 100) + 1 END
            AS invoice_number,
        now() - interval '5 days' + n * (interval '1 day' / %s::int) AS received_at,
        current_setting('bench.system')::uuid AS who
    FROM generate_series(0, %s::int - 1) n JOIN products p ON p.sku = 'P' || n %% 400
"""

#: OFFSET 0: each hash is worked out once, not anew in the next.
_HASHED = """
    LATERAL (SELECT coalesce(v.id::text, '') AS invoice_id) ref,
    LATERAL (SELECT u.received_at AS d1, u.received_at + interval '1 day' AS d2,
        u.received_at + interval '2 days' AS d3, u.received_at + interval '3 days' AS d4,
        u.received_at + interval '4 days' AS d5 OFFSET 0) t,
    LATERAL (SELECT history_row_hash('\\x', u.item_id, 1, NULL, 'Available', 'RECEIVED',
        NULL, NULL, u.who, t.d1, t.d1, NULL, NULL) AS h OFFSET 0) r1,
    LATERAL (SELECT history_row_hash(r1.h, u.item_id, 2, 'Available', 'Reserved', 'MANUAL_HOLD',
        'Manual', 'bench', u.who, t.d2, t.d2, NULL, NULL) AS h OFFSET 0) r2,
    LATERAL (SELECT history_row_hash(r2.h, u.item_id, 3, 'Reserved', 'Available',
        'HOLD_RELEASED', 'Manual', 'bench', u.who, t.d3, t.d3, NULL, NULL) AS h OFFSET 0) r3,
    LATERAL (SELECT CASE WHEN u.length >= 4 THEN history_row_hash(r3.h, u.item_id, 4, 'Available',
        CASE u.status WHEN 'Sold' THEN 'Sold' ELSE 'Reserved' END,
        CASE u.status WHEN 'Sold' THEN 'DIRECT_SALE' WHEN 'Reserved' THEN 'INVOICE_CREATED'
            ELSE 'MANUAL_HOLD' END,
        CASE u.status WHEN 'Available' THEN 'Manual' ELSE 'Invoice' END,
        CASE u.status WHEN 'Available' THEN 'bench' ELSE ref.invoice_id END,
        u.who, t.d4, t.d4, NULL, NULL) END AS h OFFSET 0) r4,
    LATERAL (SELECT CASE WHEN u.length = 5 THEN history_row_hash(r4.h, u.item_id, 5, 'Reserved',
        'Available', 'HOLD_RELEASED', 'Manual', 'bench', u.who, t.d5, t.d5, NULL, NULL) END
        AS h OFFSET 0) r5
"""

_STATEMENTS = (
    """INSERT INTO invoices (number, customer_id, status, total, paid, created_by, created_at,
        updated_at)
    SELECT 'B' || invoice_number, c.id,
        CASE invoice_number % 2 WHEN 0 THEN 'Paid' ELSE 'Open' END, units * 2.5,
        CASE invoice_number % 2 WHEN 0 THEN units * 2.5 ELSE 0 END,
        current_setting('bench.system')::uuid, received_at + interval '3 days',
        received_at + interval '3 days'
    FROM (SELECT invoice_number, count(*) AS units, max(received_at) AS received_at FROM plan
        WHERE invoice_number IS NOT NULL GROUP BY invoice_number) v
    JOIN customers c
        ON c.name = 'Customer '
            || lpad((1 + v.invoice_number * 7919 % (SELECT count(*) FROM customers))::text, 7, '0')
    ORDER BY invoice_number""",
    """INSERT INTO payments (invoice_id, amount, method, created_by)
    SELECT id, paid, 'Cash', created_by FROM invoices WHERE paid > 0""",
    "ALTER TABLE invoice_status_history DISABLE TRIGGER ALL",
    """INSERT INTO invoice_status_history (invoice_id, from_status, to_status, changed_by,
        change_date)
    SELECT id, CASE step WHEN 1 THEN NULL ELSE 'Open' END,
        CASE step WHEN 1 THEN 'Open' ELSE status END, created_by, created_at
    FROM invoices, generate_series(1, 2) step WHERE step = 1 OR status = 'Paid' ORDER BY step""",
    "ALTER TABLE invoice_status_history ENABLE TRIGGER ALL",
    f"""CREATE UNLOGGED TABLE hashed AS
    SELECT u.*, v.id AS invoice_id, ARRAY[r1.h, r2.h, r3.h, r4.h, r5.h] AS hashes,
        u.received_at + (u.length - 1) * interval '1 day' AS changed_at
    FROM plan u LEFT JOIN invoices v ON v.number = 'B' || u.invoice_number, {_HASHED}""",
    """INSERT INTO items (id, serial_number, serial_key, product_id, inventory_status,
        reserved_for_type, reserved_for_id, reserved_at, reserved_by, created_at, updated_at,
        status_changed_at, version, history_length, history_hash)
    SELECT item_id, serial_number, serial_key(serial_number), product_id, status,
        CASE status WHEN 'Reserved' THEN 'Invoice' END,
        CASE status WHEN 'Reserved' THEN invoice_id::text END,
        CASE status WHEN 'Reserved' THEN changed_at END, CASE status WHEN 'Reserved' THEN who END,
        received_at, changed_at, changed_at, length, length, hashes[length]
    FROM hashed ORDER BY item_id""",
    """INSERT INTO invoice_items (invoice_id, item_id, unit_price)
    SELECT invoice_id, item_id, 2.50 FROM hashed WHERE invoice_id IS NOT NULL""",
    """INSERT INTO inventory_status_history (item_id, seq, from_status, to_status, change_reason,
        reference_type, reference_id, changed_by, change_date, created_at, hash)
    SELECT u.item_id, seq,
        CASE WHEN seq IN (3, 5) THEN 'Reserved' WHEN seq > 1 THEN 'Available' END,
        CASE WHEN seq IN (1, 3, 5) THEN 'Available' WHEN seq = 4 AND u.status = 'Sold'
            THEN 'Sold' ELSE 'Reserved' END,
        CASE seq WHEN 1 THEN 'RECEIVED' WHEN 2 THEN 'MANUAL_HOLD' WHEN 3 THEN 'HOLD_RELEASED'
            WHEN 4 THEN CASE u.status WHEN 'Sold' THEN 'DIRECT_SALE'
                WHEN 'Reserved' THEN 'INVOICE_CREATED' ELSE 'MANUAL_HOLD' END
            ELSE 'HOLD_RELEASED' END,
        CASE WHEN seq = 1 THEN NULL WHEN seq = 4 AND u.status <> 'Available' THEN 'Invoice'
            ELSE 'Manual' END,
        CASE WHEN seq = 1 THEN NULL WHEN seq = 4 AND u.status <> 'Available'
            THEN u.invoice_id::text ELSE 'bench' END,
        u.who, u.received_at + (seq - 1) * interval '1 day',
        u.received_at + (seq - 1) * interval '1 day', u.hashes[seq]
    FROM generate_series(1, 5) seq JOIN hashed u ON seq <= u.length ORDER BY seq, n""",
    """INSERT INTO item_search (item_id, product_id, serial_key, words)
    SELECT item_id, product_id, serial_key(serial_number), search_text(serial_number)
    FROM hashed""",
    """INSERT INTO serial_pairs (pair, product_id)
    SELECT DISTINCT pair, product_id
    FROM (SELECT substr(words, generate_series(1, length(words)), 2) AS pair, product_id
        FROM item_search) pairs""",
    """INSERT INTO stock_tallies (product_id, warehouse_id, inventory_status, quantity)
    SELECT product_id, warehouse_id, inventory_status, count(*) FROM items GROUP BY 1, 2, 3""",
    """INSERT INTO invoice_tallies (status, quantity)
    SELECT status, count(*) FROM invoices GROUP BY 1""",
    """INSERT INTO transition_tallies (minute, from_status, to_status, change_reason, quantity)
    SELECT date_trunc('minute', change_date), from_status, to_status, change_reason, count(*)
    FROM inventory_status_history GROUP BY 1, 2, 3, 4""",
    "DROP TABLE plan, hashed",
    """CREATE FUNCTION enable_guards() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE guard record;
    BEGIN
        FOR guard IN SELECT tgname, tgrelid::regclass AS tbl FROM pg_trigger
                     WHERE NOT tgisinternal LOOP
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', guard.tbl, guard.tgname);
        END LOOP;
    END $$""",
)
