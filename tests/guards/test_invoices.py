"""Invoices, their lines and their money, whoever is connected."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import psycopg
import pytest

from app.domain.invoices.invoice_lifecycle import INVOICE_TRANSITIONS, InvoiceStatus
from tests.support.psql import SYSTEM_USER, Psql
from tests.support.shop import plain_url
from tests.support.waiting import until_blocked


@pytest.mark.parametrize(("before", "after"), list(itertools.product(InvoiceStatus, repeat=2)))
def test_an_invoice_goes_only_where_the_rule_says(psql: Psql, before, after) -> None:
    invoice_id = psql.new_invoice(before)
    written = "SELECT count(*) FROM invoice_status_history WHERE invoice_id = %s"
    count = psql.value(written, invoice_id)
    psql.say()
    if after in INVOICE_TRANSITIONS[before]:
        if after == InvoiceStatus.PAID:
            psql.execute(
                "INSERT INTO payments (invoice_id, amount, method)"
                " SELECT id, total - paid, 'Cash' FROM invoices WHERE id = %s",
                invoice_id,
            )
        psql.set_invoice_status(invoice_id, after)
        assert psql.value(written, invoice_id) == count + 1
    elif before == after:
        psql.set_invoice_status(invoice_id, after)
        assert psql.value(written, invoice_id) == count
    else:
        with psql.refused("HF002"):
            psql.set_invoice_status(invoice_id, after)


def test_a_new_invoice_is_open_and_empty(psql: Psql) -> None:
    psql.say()
    for columns in ["status", "total", "paid"]:
        with psql.refused("HF002"):
            psql.execute(
                f"INSERT INTO invoices (customer_id, {columns}) VALUES (%s, %s)",
                psql.customer,
                "Paid" if columns == "status" else "5",
            )


def test_an_invoices_status_changes_with_who_did_it_or_not_at_all(psql: Psql) -> None:
    invoice_id = psql.new_invoice()
    psql.say(user_id="")
    with psql.refused("HF001"):
        psql.set_invoice_status(invoice_id, "Cancelled")
    with psql.refused("HF001"):
        psql.execute("INSERT INTO invoices (customer_id) VALUES (%s)", psql.customer)
    psql.say(user_id="00000000-0000-7000-8000-00000000dead")
    with psql.refused("HF001"):
        psql.set_invoice_status(invoice_id, "Cancelled")
    psql.say(notes="a mistake")
    psql.set_invoice_status(invoice_id, "Cancelled")
    assert psql.rows(
        "SELECT from_status, to_status, changed_by::text, notes FROM invoice_status_history"
        " WHERE invoice_id = %s ORDER BY id DESC LIMIT 1",
        invoice_id,
    ) == [("Open", "Cancelled", SYSTEM_USER, "a mistake")]


@pytest.mark.parametrize(
    "change", ["number = 'another'", "number = NULL", "customer_id = uuidv7()"]
)
def test_number_and_customer_never_change(psql: Psql, change) -> None:
    invoice_id = psql.new_invoice()
    psql.execute("SELECT number_invoice(%s)", invoice_id)
    with psql.refused("HF004"):
        psql.execute(f"UPDATE invoices SET {change} WHERE id = %s", invoice_id)


def test_the_end_of_a_transaction_gives_every_invoice_a_number_and_only_one(psql: Psql) -> None:
    numbers = "SELECT number FROM invoices WHERE id = ANY(%s) ORDER BY id"
    ids = [psql.new_invoice() for _ in range(3)]
    assert psql.rows(numbers, ids) == [(None,)] * 3
    with psql.to_the_end():
        (given,) = psql.rows("SELECT number_invoice(%s)", ids[1])[0]
        assert psql.value("SELECT number_invoice(%s)", ids[1]) is None
        versions = psql.rows("SELECT version FROM invoices WHERE id = ANY(%s)", ids)
        psql.execute("SET CONSTRAINTS ALL IMMEDIATE")
    found = [int(number) for (number,) in psql.rows(numbers, ids)]
    assert found == [int(given) + 1, int(given), int(given) + 2]
    assert psql.rows("SELECT version FROM invoices WHERE id = ANY(%s)", ids) == versions


def test_whatever_the_commit_checks_is_checked_before_a_number_is_drawn(psql: Psql) -> None:
    """Whoever adds a check to the commit adds it to number_invoice()."""
    deferrable = psql.rows("SELECT conname FROM pg_constraint WHERE condeferrable")
    source = psql.value("SELECT prosrc FROM pg_proc WHERE proname = 'number_invoice'")
    checked = [name for (name,) in deferrable if name != "give_number"]
    assert checked
    assert all(f"SET CONSTRAINTS {name} IMMEDIATE" in source for name in checked)
    invoice_id = psql.new_invoice()
    psql.execute("UPDATE invoices SET total = total + 1 WHERE id = %s", invoice_id)
    with psql.refused("HF005"):
        psql.execute("SELECT number_invoice(%s)", invoice_id)


def test_a_unit_is_on_one_live_invoice_at_the_most(psql: Psql) -> None:
    first = psql.new_invoice()
    (item_id,) = psql.rows("SELECT item_id FROM invoice_items WHERE invoice_id = %s", first)[0]
    second = psql.new_invoice()
    with psql.refused("23505", "uq_invoice_items_live_item"):
        psql.add_line(second, item_id)
    psql.say()
    psql.set_invoice_status(first, "Cancelled")
    assert psql.rows("SELECT live FROM invoice_items WHERE invoice_id = %s", first) == [(False,)]
    psql.add_line(second, item_id)


def test_a_line_is_live_exactly_as_long_as_its_invoice(psql: Psql) -> None:
    open_id, cancelled_id = psql.new_invoice(), psql.new_invoice("Cancelled")
    for invoice_id, live in [(open_id, False), (cancelled_id, True)]:
        with psql.refused("23503", "fk_invoice_items_live"):
            psql.execute(
                "UPDATE invoice_items SET live = %s WHERE invoice_id = %s", live, invoice_id
            )


@pytest.mark.parametrize(
    "change", ["unit_price = 1", "item_id = uuidv7()", "invoice_id = uuidv7()"]
)
def test_a_line_is_never_changed(psql: Psql, change) -> None:
    invoice_id = psql.new_invoice()
    with psql.refused("HF004"):
        psql.execute(f"UPDATE invoice_items SET {change} WHERE invoice_id = %s", invoice_id)


@pytest.mark.parametrize("status", ["Open", "Paid"])
def test_only_a_correction_swaps_a_lines_unit_and_for_the_same_product(psql: Psql, status) -> None:
    invoice_id, twin = psql.new_invoice(status), psql.new_unit()
    swap = "UPDATE invoice_items SET item_id = %s WHERE invoice_id = %s"
    other = psql.value("INSERT INTO products (sku, name) VALUES ('OTHER', 'Bowl') RETURNING id")
    stranger = psql.new_unit(product_id=other)
    with psql.refused("HF004"):
        psql.execute(swap, twin, invoice_id)
    psql.say("CORRECTION")
    with psql.refused("HF004"):
        psql.execute(swap, stranger, invoice_id)
    with psql.refused("HF004"):
        psql.execute(
            "UPDATE invoice_items SET item_id = %s, unit_price = 1 WHERE invoice_id = %s",
            twin,
            invoice_id,
        )
    psql.execute(swap, twin, invoice_id)


@pytest.mark.parametrize("status", ["Paid", "Delivered", "Cancelled"])
def test_a_settled_invoice_keeps_its_lines_and_takes_no_money(psql: Psql, status) -> None:
    invoice_id = psql.new_invoice(status)
    with psql.refused("23503" if status == "Cancelled" else "HF005"):
        psql.add_line(invoice_id, psql.new_unit())
    with psql.refused("HF005"):
        psql.execute("DELETE FROM invoice_items WHERE invoice_id = %s", invoice_id)
    with psql.refused("HF005"):
        psql.pay(invoice_id, "1.00")


def test_lines_and_payments_keep_the_sums_by_themselves(psql: Psql) -> None:
    invoice_id = psql.new_invoice(price="10.50")
    extra = psql.new_unit()
    psql.add_line(invoice_id, extra, "2.25")
    psql.pay(invoice_id, "3.00")
    sums = "SELECT total, paid FROM invoices WHERE id = %s"
    assert psql.rows(sums, invoice_id) == [(Decimal("12.75"), 3)]
    psql.execute("DELETE FROM invoice_items WHERE item_id = %s", extra)
    assert psql.rows(sums, invoice_id) == [(Decimal("10.50"), 3)]
    psql.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_one_statement_for_several_invoices_keeps_each_ones_sums(psql: Psql) -> None:
    invoices = [psql.new_invoice() for _ in range(3)]
    psql.execute(
        "INSERT INTO payments (invoice_id, amount, method)"
        " SELECT invoice_id, amount, 'Cash' FROM unnest(%s::uuid[]) WITH ORDINALITY"
        " AS i (invoice_id, n), LATERAL (VALUES (n), (n * 2)) p (amount)",
        invoices,
    )
    assert [
        psql.value("SELECT paid FROM invoices WHERE id = %s", invoice_id) for invoice_id in invoices
    ] == [3, 6, 9]


@pytest.mark.parametrize("change", ["total = total + 1", "paid = paid + 1", "total = 0, paid = 0"])
def test_sums_written_by_hand_are_refused_at_the_end(psql: Psql, change) -> None:
    invoice_id = psql.new_invoice("PartiallyPaid")
    with psql.refused("HF005"):
        psql.execute(f"UPDATE invoices SET {change} WHERE id = %s", invoice_id)


def test_nobody_pays_more_than_the_total(psql: Psql) -> None:
    invoice_id = psql.new_invoice("PartiallyPaid")
    with psql.refused("23514", "ck_invoices_paid"):
        psql.pay(invoice_id, "9.01")
    with psql.refused("23514", "ck_payments_amount"):
        psql.pay(invoice_id, "0")
    with psql.refused("23514", "ck_payments_amount"):
        psql.pay(invoice_id, "-1")
    psql.pay(invoice_id, "9.00")
    with psql.refused("23514", "ck_invoices_paid"):
        psql.execute("DELETE FROM invoice_items WHERE invoice_id = %s", invoice_id)


def test_what_is_not_paid_in_full_is_not_paid(psql: Psql) -> None:
    for status in ["Open", "PartiallyPaid"]:
        with psql.refused("23514", "ck_invoices_settled"):
            psql.set_invoice_status(psql.new_invoice(status), "Paid")


def test_sums_are_refused_by_commit_itself(database_url: str) -> None:
    with psycopg.connect(plain_url(database_url)) as connection:
        invoice_id = Psql(connection).new_invoice()
        connection.commit()
        connection.execute("UPDATE invoices SET total = 1 WHERE id = %s", [invoice_id])
        with pytest.raises(psycopg.DatabaseError, match="are not the sums") as refusal:
            connection.commit()
        assert refusal.value.sqlstate == "HF005"


def test_two_payments_at_once_do_not_both_fit(database_url: str) -> None:
    url = plain_url(database_url)
    with (
        psycopg.connect(url) as first,
        psycopg.connect(url) as second,
        ThreadPoolExecutor(1) as pool,
    ):
        clerk = Psql(first)
        invoice_id = clerk.new_invoice(price="10.00")
        first.commit()
        clerk.pay(invoice_id, "6.00")
        late = pool.submit(Psql.pay, Psql(second), invoice_id, "6.00")
        until_blocked(url, second.info.backend_pid)
        first.commit()
        with pytest.raises(psycopg.errors.CheckViolation, match="ck_invoices_paid"):
            late.result(10)
        second.rollback()
        assert clerk.value("SELECT paid FROM invoices WHERE id = %s", invoice_id) == 6


def test_two_invoices_at_once_do_not_both_get_the_unit(database_url: str) -> None:
    url = plain_url(database_url)
    with (
        psycopg.connect(url) as first,
        psycopg.connect(url) as second,
        ThreadPoolExecutor(1) as pool,
    ):
        clerk = Psql(first)
        invoices = [clerk.new_invoice(), clerk.new_invoice()]
        item_id = clerk.new_unit()
        first.commit()
        clerk.add_line(invoices[0], item_id)
        late = pool.submit(Psql.add_line, Psql(second), invoices[1], item_id)
        until_blocked(url, second.info.backend_pid)
        first.commit()
        with pytest.raises(psycopg.errors.UniqueViolation, match="uq_invoice_items_live_item"):
            late.result(10)
