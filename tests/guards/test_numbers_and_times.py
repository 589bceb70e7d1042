"""Amounts and times that no page could show, written by plain SQL."""

import psycopg
import pytest

from tests.support.psql import Psql

#: Outside 1970 to 2100, the last three outside what Python can read as well.
IMPOSSIBLE_TIMES = ["1969-12-30Z", "2101-01-03Z", "9999-12-31Z", "10000-01-01Z", "infinity"]
WITH_TIMES = [
    "UPDATE invoices SET created_at = %s",
    "UPDATE items SET reservation_expiry = %s WHERE reserved_for_type = 'Manual'",
    "UPDATE customers SET created_at = %s",
    "UPDATE products SET created_at = %s",
    """INSERT INTO payments (invoice_id, amount, method, received_at)
        SELECT id, 1, 'Cash', %s FROM invoices WHERE status = 'Open' LIMIT 1""",
]


@pytest.fixture
def filled(psql: Psql) -> Psql:
    psql.new_invoice()
    psql.new_unit("Reserved")
    return psql


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE products SET price = 'NaN'",
        "INSERT INTO payments (invoice_id, amount, method) SELECT id, 'NaN', 'Cash' FROM invoices",
        """INSERT INTO invoice_items (invoice_id, item_id, unit_price)
            SELECT v.id, i.id, 'NaN' FROM invoices v, items i
            WHERE i.inventory_status = 'Available' LIMIT 1""",
    ],
)
def test_an_amount_is_a_number(filled: Psql, statement: str) -> None:
    filled.new_unit()
    filled.say()
    with pytest.raises(psycopg.errors.CheckViolation):
        filled.execute(statement)


@pytest.mark.parametrize("time", IMPOSSIBLE_TIMES)
@pytest.mark.parametrize("statement", WITH_TIMES)
def test_no_time_is_outside_1970_to_2100(filled: Psql, statement: str, time: str) -> None:
    filled.say()
    with pytest.raises(psycopg.errors.CheckViolation, match="_range"):
        filled.execute(statement, time)


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00+14:00", "2100-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("statement", WITH_TIMES)
def test_the_first_and_last_day_are_kept_in_every_zone(
    filled: Psql, statement: str, time: str
) -> None:
    filled.say()
    assert filled.execute(statement, time).rowcount


def test_a_transition_is_not_before_1970(filled: Psql) -> None:
    item_id = filled.new_unit()
    filled.say("MANUAL_HOLD", change_date="0001-01-01T00:00:00Z")
    with pytest.raises(psycopg.errors.CheckViolation, match="_range"):
        filled.move(item_id, "Reserved")
