"""The status of units, whoever is connected and however wrong the program is."""

import itertools
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from app.domain.inventory.item_lifecycle import ChangeReason, InventoryStatus, is_allowed
from tests.support.invariants import assert_history_is_complete
from tests.support.psql import SYSTEM_USER, Psql
from tests.support.shop import plain_url

NEW_HOLDER = {InventoryStatus.RESERVED: {"reserved_for_id": "somebody else"}}
EVERY_STEP = list(itertools.product(InventoryStatus, InventoryStatus, ChangeReason))


@pytest.mark.parametrize(("before", "after", "reason"), EVERY_STEP)
def test_a_step_is_taken_exactly_if_the_rule_allows_it(psql: Psql, before, after, reason) -> None:
    item_id = psql.new_unit(before)
    written = psql.history(item_id, "id")
    psql.say(reason)
    if is_allowed(before, after, reason):
        psql.move(item_id, after)
        history = psql.history(item_id, "from_status, to_status, change_reason, changed_by::text")
        assert len(history) == len(written) + 1
        assert history[-1] == (before, after, reason, SYSTEM_USER)
        return
    if before == after != InventoryStatus.RESERVED:
        psql.move(item_id, after)  # writes the same status again, which is no step
    else:
        with psql.refused("HF002"):
            psql.move(item_id, after, **NEW_HOLDER.get(after, {}))
    assert psql.history(item_id, "id") == written


@pytest.mark.parametrize(
    ("status", "reason"), list(itertools.product(InventoryStatus, ChangeReason))
)
def test_a_new_unit_is_available_because_it_was_received(psql: Psql, status, reason) -> None:
    if (status, reason) == (InventoryStatus.AVAILABLE, ChangeReason.RECEIVED):
        item_id = psql.new_unit()
        assert psql.history(item_id, "seq, from_status, to_status, change_reason") == [
            (1, None, "Available", "RECEIVED")
        ]
    else:
        with psql.refused("HF002"):
            psql.new_unit(reason=reason, inventory_status=status)


def test_no_status_changes_without_who_and_why(psql: Psql) -> None:
    item_id = psql.new_unit()
    for context in [
        {"reason": "", "user_id": ""},
        {"reason": "MANUAL_HOLD", "user_id": ""},
        {"reason": "", "user_id": SYSTEM_USER},
        {"reason": "MANUAL_HOLD", "user_id": "00000000-0000-7000-8000-00000000dead"},
    ]:
        psql.say(**context)
        with psql.refused("HF001"):
            psql.move(item_id, "Reserved")
    for context in [
        {"reason": "", "user_id": ""},
        {"reason": "RECEIVED", "user_id": ""},
        {"reason": "", "user_id": SYSTEM_USER},
        {"reason": "RECEIVED", "user_id": "00000000-0000-7000-8000-00000000dead"},
    ]:
        psql.say(**context)
        with psql.refused("HF001"):
            psql.execute(
                "INSERT INTO items (serial_number, product_id) VALUES ('unexplained', %s)",
                psql.product,
            )
    assert len(psql.history(item_id, "id")) == 1


def test_an_explanation_ends_with_its_transaction(psql: Psql) -> None:
    item_id = psql.new_unit()
    psql.say("")
    with psql.connection.transaction(force_rollback=True):
        psql.say("MANUAL_HOLD")
    with psql.refused("HF001"):
        psql.move(item_id, "Reserved")


def test_a_reservation_is_not_handed_on_while_it_lasts(psql: Psql) -> None:
    item_id = psql.new_unit("Reserved")
    psql.say("MANUAL_HOLD")
    for change in [
        "reserved_for_id = 'somebody else'",
        "reserved_for_type = 'Invoice'",
        "reserved_by = uuidv7()",
        "reserved_at = now() - interval '1 day'",
    ]:
        with psql.refused("HF002"):
            psql.execute(f"UPDATE items SET {change} WHERE id = %s", item_id)
    psql.execute("UPDATE items SET reservation_expiry = now() WHERE id = %s", item_id)


def test_a_reservation_is_whole_or_not_at_all(psql: Psql) -> None:
    free = psql.new_unit()
    psql.say("MANUAL_HOLD")
    for half in [{"reserved_for_type": None}, {"reserved_for_id": None}]:
        with psql.refused("23514", "ck_items_reservation"):
            psql.move(free, "Reserved", **half)
    with psql.refused("23514", "ck_items_reserved_for_id"):
        psql.move(free, "Reserved", reserved_for_id="")
    with psql.refused("23514", "ck_items_reserved_for_type"):
        psql.move(free, "Reserved", reserved_for_type="Friend")
    with psql.refused("23514", "ck_items_reservation"):
        psql.execute("UPDATE items SET reservation_expiry = now() WHERE id = %s", free)
    with psql.refused("HF002"):
        psql.execute("UPDATE items SET reserved_for_type = 'Manual' WHERE id = %s", free)


def test_a_reservation_leaves_nothing_behind_when_it_ends(psql: Psql) -> None:
    item_id = psql.new_unit("Reserved")
    psql.execute("UPDATE items SET reservation_expiry = now() WHERE id = %s", item_id)
    psql.say("HOLD_RELEASED")
    psql.move(item_id, "Available", reserved_for_id="still somebody")
    assert psql.rows(
        "SELECT reserved_at, reserved_by, reserved_for_type, reserved_for_id, reservation_expiry"
        " FROM items WHERE id = %s",
        item_id,
    ) == [(None, None, None, None, None)]


def test_a_cart_expires_and_an_invoices_reservation_never(psql: Psql) -> None:
    item_id, tomorrow = psql.new_unit(), datetime.now(UTC) + timedelta(days=1)
    psql.say("INVOICE_CREATED")
    with psql.refused("23514", "ck_items_expiry"):
        psql.move(item_id, "Reserved", reserved_for_type="Invoice", reservation_expiry=tomorrow)
    psql.say("SESSION_HOLD")
    with psql.refused("23514", "ck_items_expiry"):
        psql.move(item_id, "Reserved", reserved_for_type="Session")
    psql.move(item_id, "Reserved", reserved_for_type="Session", reservation_expiry=tomorrow)


@pytest.mark.parametrize("status", ["InTransit", "WithCustomer", "InRepair", "Missing"])
def test_only_units_in_stock_are_reserved_or_sold_directly(psql: Psql, status) -> None:
    item_id = psql.new_unit()
    with psql.without("zzz_guard_place_on_update"):
        psql.execute("UPDATE items SET status = %s WHERE id = %s", status, item_id)
    for to, reason in [
        ("Reserved", "INVOICE_CREATED"),
        ("Reserved", "MANUAL_HOLD"),
        ("Sold", "DIRECT_SALE"),
    ]:
        psql.say(reason)
        with psql.refused("HF002"):
            psql.move(item_id, to)


def test_delivering_hands_the_unit_to_the_customer(psql: Psql) -> None:
    item_id = psql.new_unit("Delivered")
    assert psql.value("SELECT status FROM items WHERE id = %s", item_id) == "WithCustomer"


@pytest.mark.parametrize(
    "change",
    [
        "serial_number = 'another'",
        "id = uuidv7()",
        "product_id = uuidv7()",
        "created_at = now() - interval '1 year'",
        "history_length = history_length + 1",
        "history_hash = sha256('x')",
        "status_changed_at = now() - interval '1 year'",
    ],
)
def test_what_a_unit_is_and_where_its_history_ends_never_changes_by_hand(
    psql: Psql, change
) -> None:
    item_id = psql.new_unit()
    with psql.refused("HF004"):
        psql.execute(f"UPDATE items SET {change} WHERE id = %s", item_id)


CORRECT = "UPDATE items SET serial_number = %s WHERE id = %s"


def say_why(psql: Psql, why: str) -> None:
    psql.say()
    psql.execute("SELECT set_config('holdfast.serial_reason', %s, true)", why)


def test_a_serial_number_is_corrected_with_a_reason_and_that_is_kept(psql: Psql) -> None:
    item_id = psql.new_unit(serial_number="wrogn-1")
    say_why(psql, "typed wrong")
    psql.execute(CORRECT, "wrong-1", item_id)
    psql.execute(CORRECT, "right-1", item_id)
    assert psql.rows(
        "SELECT from_serial, to_serial, reason, corrected_by::text FROM serial_corrections"
        " WHERE item_id = %s ORDER BY id",
        item_id,
    ) == [
        ("wrogn-1", "wrong-1", "typed wrong", SYSTEM_USER),
        ("wrong-1", "right-1", "typed wrong", SYSTEM_USER),
    ]
    kept = "SELECT s.words, i.serial_key = serial_key('right-1') FROM item_search s"
    kept += " JOIN items i ON i.id = s.item_id WHERE i.id = %s"
    assert psql.rows(kept, item_id) == [("right-1", True)]
    assert len(psql.history(item_id, "id")) == 1
    say_why(psql, "")
    with psql.refused("HF004"):
        psql.execute(CORRECT, "another", item_id)
    say_why(psql, "why")
    psql.execute("SELECT set_config('holdfast.user_id', '', true)")
    with psql.refused("HF001"):
        psql.execute(CORRECT, "another", item_id)


@pytest.mark.parametrize("status", ["Reserved", "Sold", "Delivered"])
def test_the_serial_number_of_a_unit_with_more_history_is_final(psql: Psql, status) -> None:
    item_id = psql.new_unit(status)
    say_why(psql, "typed wrong")
    with psql.refused("HF004"):
        psql.execute(CORRECT, "another", item_id)


def test_the_serial_number_of_a_unit_that_was_held_once_is_final(psql: Psql) -> None:
    item_id = psql.new_unit("Reserved")
    psql.say("HOLD_RELEASED")
    psql.move(item_id, "Available")
    say_why(psql, "typed wrong")
    with psql.refused("HF004"):
        psql.execute(CORRECT, "another", item_id)


def test_the_serial_number_of_a_unit_on_an_invoice_is_final(psql: Psql) -> None:
    item_id = psql.new_unit()
    psql.add_line(psql.new_invoice(), item_id)
    say_why(psql, "typed wrong")
    with psql.refused("HF004"):
        psql.execute(CORRECT, "another", item_id)


def test_a_correction_and_a_step_are_not_one_statement(psql: Psql) -> None:
    item_id = psql.new_unit()
    psql.say("MANUAL_HOLD")
    psql.execute("SELECT set_config('holdfast.serial_reason', 'why', true)")
    with psql.refused("HF004"):
        psql.move(item_id, "Reserved", serial_number="another")


def test_corrections_are_written_by_the_database_alone_and_stay(psql: Psql) -> None:
    item_id = psql.new_unit(serial_number="once")
    say_why(psql, "typed wrong")
    psql.execute(CORRECT, "twice", item_id)
    for statement in [
        "INSERT INTO serial_corrections (item_id, from_serial, to_serial, reason, corrected_by)"
        f" VALUES ('{item_id}', 'a', 'b', 'c', '{SYSTEM_USER}')",
        "UPDATE serial_corrections SET reason = 'nicer'",
        "DELETE FROM serial_corrections",
        "TRUNCATE serial_corrections",
    ]:
        with psql.refused("HF003"):
            psql.execute(statement)


def test_a_unit_stays_in_the_books(psql: Psql) -> None:
    item_id = psql.new_unit()
    for statement in [f"DELETE FROM items WHERE id = '{item_id}'", "TRUNCATE items CASCADE"]:
        with psql.refused("HF003"):
            psql.execute(statement)


def test_a_statement_of_many_units_writes_one_true_row_for_each(psql: Psql) -> None:
    held = [psql.new_unit() for _ in range(3)]
    for number, item_id in enumerate(held):
        psql.say("MANUAL_HOLD")
        psql.move(item_id, "Reserved", reserved_for_id=f"person {number}")
    free = psql.new_unit()
    everything = [*held, free]
    psql.say("CORRECTION", notes="stock-take")
    psql.execute("UPDATE items SET inventory_status = 'Sold' WHERE id = ANY(%s)", everything)
    for number, item_id in enumerate(held):
        assert psql.history(
            item_id, "seq, from_status, to_status, reference_type, reference_id, notes"
        )[-1] == (3, "Reserved", "Sold", "Manual", f"person {number}", "stock-take")
    assert psql.history(free, "seq, from_status, to_status, reference_type, reference_id")[-1] == (
        2,
        "Available",
        "Sold",
        None,
        None,
    )
    assert_history_is_complete(psql.connection)


def test_one_wrong_unit_stops_the_whole_statement(psql: Psql) -> None:
    right, wrong = psql.new_unit("Reserved"), psql.new_unit("Sold")
    psql.say("HOLD_RELEASED")
    with psql.refused("HF002"):
        psql.execute(
            "UPDATE items SET inventory_status = 'Available' WHERE id = ANY(%s)", [right, wrong]
        )
    assert len(psql.history(right, "id")) == 2


def test_bulk_ways_of_writing_are_no_way_round(psql: Psql) -> None:
    psql.say("RECEIVED", reference_type="Delivery", reference_id="note 7")
    with (
        psql.connection.cursor() as cursor,
        cursor.copy("COPY items (serial_number, product_id) FROM STDIN") as copy,
    ):
        for number in range(50):
            copy.write_row([f"copied {number}", psql.product])
    psql.execute(
        "INSERT INTO items (serial_number, product_id)"
        " SELECT 'selected ' || n, %s FROM generate_series(1, 50) n",
        psql.product,
    )
    assert psql.rows(
        "SELECT count(*), count(DISTINCT item_id), min(reference_id), max(seq)"
        " FROM inventory_status_history WHERE item_id IN (SELECT id FROM items"
        " WHERE product_id = %s)",
        psql.product,
    ) == [(100, 100, "note 7", 1)]
    psql.say("MANUAL_HOLD")
    psql.execute(
        "MERGE INTO items USING (SELECT 'copied 7' AS serial) s ON serial_number = s.serial"
        " WHEN MATCHED THEN UPDATE SET inventory_status = 'Reserved',"
        " reserved_for_type = 'Manual', reserved_for_id = 'merge'"
    )
    merged = psql.value("SELECT id FROM items WHERE serial_number = 'copied 7'")
    assert psql.history(merged, "change_reason, reference_id")[-1] == ("MANUAL_HOLD", "merge")
    assert_history_is_complete(psql.connection)


def test_a_change_says_when_it_happened_and_the_database_when_it_was_written(psql: Psql) -> None:
    item_id = psql.new_unit()
    psql.say("MANUAL_HOLD", change_date="2011-03-04T10:30:00+01:00", notes="from the old books")
    psql.move(item_id, "Reserved")
    (change,) = psql.history(
        item_id, "change_date, notes, created_at BETWEEN now() AND clock_timestamp()"
    )[1:]
    then = datetime(2011, 3, 4, 9, 30, tzinfo=UTC)
    assert change == (then, "from the old books", True)
    assert psql.value("SELECT reserved_at FROM items WHERE id = %s", item_id) == then
    psql.say("HOLD_RELEASED", change_date="2099-01-01T00:00:00Z")
    with psql.refused("23514", "ck_inventory_status_history_past"):
        psql.move(item_id, "Available")


def test_every_change_raises_the_version_by_one_whatever_it_says(psql: Psql) -> None:
    item_id = psql.new_unit()
    psql.execute("UPDATE items SET notes = 'dusty', version = 77 WHERE id = %s", item_id)
    psql.execute("UPDATE items SET notes = 'clean' WHERE id = %s", item_id)
    assert psql.value("SELECT version FROM items WHERE id = %s", item_id) == 3


def test_the_hash_chain_is_what_anyone_can_work_out(psql: Psql) -> None:
    item_id = psql.new_unit("Delivered")
    other = psql.new_unit()
    psql.say("SESSION_HOLD", notes="naïve – “quoted”; two\nlines", request_id="r-1")
    psql.move(other, "Reserved", reserved_for_type="Session", reservation_expiry=datetime.now(UTC))
    assert [len(bytes(digest)) for (digest,) in psql.history(item_id, "hash")] == [32] * 3
    assert psql.history(other, "request_id")[-1] == ("r-1",)
    assert_history_is_complete(psql.connection)


def test_triggers_hold_also_where_ordinary_ones_are_switched_off(servers, database_url) -> None:
    with psycopg.connect(plain_url(database_url)) as connection:
        psql = Psql(connection)
        item_id = psql.new_unit()
        invoice_id = psql.new_invoice("PartiallyPaid")
        with psql.refused("42501"):
            psql.execute("SET session_replication_role = replica")
    database = database_url.rpartition("/")[2]
    with servers.postgres.connect_as_superuser(database) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement, sqlstate in {
            "UPDATE items SET inventory_status = 'Sold'": "HF001",
            "DELETE FROM items": "HF003",
            "UPDATE inventory_status_history SET notes = 'x'": "HF003",
            "DELETE FROM inventory_status_history": "HF003",
            "TRUNCATE inventory_status_history": "HF003",
            "DELETE FROM payments": "HF003",
            "UPDATE payments SET amount = 9": "HF003",
            "TRUNCATE payments": "HF003",
            "DELETE FROM invoice_status_history": "HF003",
            f"INSERT INTO invoice_status_history (invoice_id, to_status, changed_by, change_date)"
            f" VALUES ('{invoice_id}', 'Paid', '{SYSTEM_USER}', now())": "HF003",
            f"INSERT INTO inventory_status_history (item_id, seq, from_status, to_status,"
            f" change_reason, changed_by, change_date, created_at, hash) VALUES ('{item_id}', 2,"
            f" 'Available', 'Sold', 'DIRECT_SALE', '{SYSTEM_USER}', now(), now(), '')": "HF003",
            "UPDATE invoices SET total = total + 1": "HF005",
        }.items():
            with pytest.raises(psycopg.DatabaseError) as refusal:
                connection.execute(statement)
            assert refusal.value.sqlstate == sqlstate, statement
