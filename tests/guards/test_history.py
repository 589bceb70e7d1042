"""The past stays as it was written."""

import psycopg
import pytest

from tests.support.psql import SYSTEM_USER, Psql

APPEND_ONLY = [
    "inventory_status_history",
    "invoice_status_history",
    "payments",
    "inventory_transitions",
    "invoice_transitions",
]
KEPT = ["items", "invoices", "users"]


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_written_rows_are_not_changed_or_removed(psql: Psql, table) -> None:
    psql.new_invoice("PartiallyPaid")
    column = psql.value(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 2", table
    )
    for statement in [
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"DELETE FROM {table} WHERE false",
        f"TRUNCATE {table} CASCADE",
        f"MERGE INTO {table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    ]:
        with psql.refused("HF003"):
            psql.execute(statement)


@pytest.mark.parametrize("table", KEPT)
def test_what_history_speaks_of_is_not_removed(psql: Psql, table) -> None:
    for statement in [f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"]:
        with psql.refused("HF003"):
            psql.execute(statement)


def test_lines_are_not_truncated(psql: Psql) -> None:
    with psql.refused("HF003"):
        psql.execute("TRUNCATE invoice_items")


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"seq": 1, "from_status": None, "change_reason": "MIGRATED"},
        {"to_status": "Available", "from_status": "Reserved", "change_reason": "HOLD_RELEASED"},
    ],
)
def test_nobody_writes_a_units_history_but_the_change_itself(psql: Psql, row) -> None:
    columns = {
        "item_id": psql.new_unit(),
        "seq": 2,
        "from_status": "Available",
        "to_status": "Sold",
        "change_reason": "DIRECT_SALE",
        "changed_by": SYSTEM_USER,
        "hash": b"x" * 32,
    } | row
    psql.say("DIRECT_SALE")
    with pytest.raises(psycopg.DatabaseError) as refusal:
        psql.execute(
            f"INSERT INTO inventory_status_history ({', '.join(columns)}, change_date,"
            f" created_at) VALUES ({', '.join(['%s'] * len(columns))}, now(), now())",
            *columns.values(),
        )
    assert refusal.value.sqlstate in ("HF003", "23505")


def test_a_forged_row_that_names_no_transition_does_not_even_fit(psql: Psql) -> None:
    item_id = psql.new_unit()
    for before, after, reason, seq, sqlstate in [
        ("Available", "Delivered", "INVOICE_DELIVERED", 2, "23503"),
        ("Available", "Sold", "DIRECT_SALE", 1, "23514"),
        (None, "Sold", "DIRECT_SALE", 2, "23514"),
        (None, "Sold", "RECEIVED", 1, "23514"),
    ]:
        with psql.refused(sqlstate):
            psql.execute(
                "INSERT INTO inventory_status_history (item_id, seq, from_status, to_status,"
                " change_reason, changed_by, change_date, created_at, hash)"
                " VALUES (%s, %s, %s, %s, %s, %s, now(), now(), '')",
                item_id,
                seq,
                before,
                after,
                reason,
                SYSTEM_USER,
            )


def test_nobody_writes_an_invoices_history_but_the_change_itself(psql: Psql) -> None:
    invoice_id = psql.new_invoice()
    with psql.refused("HF003"):
        psql.execute(
            "INSERT INTO invoice_status_history (invoice_id, from_status, to_status, changed_by,"
            " change_date) VALUES (%s, 'Open', 'Cancelled', %s, now())",
            invoice_id,
            SYSTEM_USER,
        )


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO inventory_transitions VALUES ('Delivered', 'Available', 'CORRECTION')",
        "INSERT INTO invoice_transitions VALUES ('Paid', 'Cancelled')",
    ],
)
def test_nobody_adds_a_transition(psql: Psql, statement) -> None:
    with psql.refused("HF003"):
        psql.execute(statement)
