"""The transaction: what commits, what is tried again, and what nobody can know."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from app import create_app
from app.database.transactions import (
    PendingChanges,
    allow_time_for,
    db,
    sqlstate,
    transactional,
    without_time_limits,
)
from app.domain.errors import DatabaseAway, InvalidInput, ItemBusy, OutcomeUnknown
from app.models import Customer
from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.conftest import settings_for
from tests.support.shop import Shop, open_shop, own_shop, plain_url, shared_shop, shop
from tests.support.waiting import until, until_blocked, until_somebody_waits

__all__ = ["own_shop", "shared_shop", "shop"]


def add_customer(name: str) -> None:
    db.session.execute(text("INSERT INTO customers (name) VALUES (:name)"), {"name": name})


def customers(shop: Shop, name: str) -> int:
    return shop.value("SELECT count(*) FROM customers WHERE name = %s", name)


def backend_pid() -> int:
    return db.session.scalar(text("SELECT pg_backend_pid()"))


def terminate(shop: Shop, pid: int) -> None:
    shop.execute("SELECT pg_terminate_backend(%s)", pid)
    until(
        lambda: shop.rows("SELECT FROM pg_stat_activity WHERE pid = %s", pid) == [],
        "backend gone",
    )


@contextmanager
def lock_timeout(milliseconds: int) -> Iterator[None]:
    """Every connection of the application waits only so long from here on."""

    def shorten(connection: psycopg.Connection, _record: object) -> None:
        connection.execute(f"SET lock_timeout = {milliseconds}")
        connection.commit()

    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", shorten)
    yield
    event.remove(db.engine, "connect", shorten)
    db.session.remove()
    db.engine.dispose()


def test_the_outermost_call_commits_and_inner_ones_join_it(shop: Shop) -> None:
    seen = []

    @transactional
    def inner() -> int:
        add_customer("joined")
        seen.append(customers(shop, "joined"))
        return backend_pid()

    @transactional
    def outer() -> list[int]:
        return [inner(), inner()]

    first, second = outer()
    assert first == second
    assert seen == [0, 0]
    assert customers(shop, "joined") == 2


@pytest.mark.parametrize("error", [InvalidInput({"x": "y"}), ValueError("ours"), KeyboardInterrupt])
def test_whatever_goes_wrong_nothing_is_done_and_nothing_is_tried_again(shop: Shop, error) -> None:
    tries = []

    @transactional
    def inner() -> None:
        tries.append(1)
        raise error

    @transactional
    def outer() -> None:
        add_customer("refused")
        inner()

    with pytest.raises(error if isinstance(error, type) else type(error)):
        outer()
    assert len(tries) == 1
    assert customers(shop, "refused") == 0
    transactional(add_customer)("afterwards")
    assert customers(shop, "afterwards") >= 1


def test_pending_changes_from_elsewhere_are_refused(shop: Shop) -> None:
    db.session.add(Customer(name="smuggled", tier="standard"))
    with pytest.raises(PendingChanges):
        transactional(add_customer)("official")
    db.session.rollback()
    customer = db.session.query(Customer).first()
    customer.name = "renamed in passing"
    with pytest.raises(PendingChanges):
        transactional(add_customer)("official")
    db.session.rollback()
    assert customers(shop, "smuggled") == customers(shop, "official") == 0
    assert customers(shop, "renamed in passing") == 0


def test_what_was_read_before_stays_readable_and_the_session_usable(shop: Shop) -> None:
    customer = db.session.query(Customer).first()
    transactional(add_customer)("meanwhile")
    assert customer.name
    assert db.session.scalar(text("SELECT 1")) == 1
    with pytest.raises(InvalidInput):
        InventoryLifecycleService().release_items([], shop.staff)
    assert db.session.scalar(text("SELECT count(*) FROM customers WHERE name = 'meanwhile'")) == 1


def test_objects_added_inside_are_flushed_and_committed(shop: Shop) -> None:
    @transactional
    def add() -> Customer:
        customer = Customer(name="as an object", tier="standard")
        db.session.add(customer)
        return customer

    assert add().id
    assert customers(shop, "as an object") == 1


def test_a_serialization_failure_is_tried_again_from_the_start(shop: Shop) -> None:
    attempts = []

    @transactional
    def rename() -> None:
        db.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        db.session.execute(text("SELECT 1 FROM customers LIMIT 1"))
        attempts.append(backend_pid())
        if len(attempts) < 3:
            shop.execute("UPDATE customers SET email = name WHERE id = %s", shop.customer)
        db.session.execute(
            text("UPDATE customers SET email = 'serial' WHERE id = :id"), {"id": shop.customer}
        )

    rename()
    assert len(attempts) == 3
    assert shop.value("SELECT email FROM customers WHERE id = %s", shop.customer) == "serial"


def test_who_never_gets_through_is_told_that_the_unit_is_busy(shop: Shop) -> None:
    attempts = []

    @transactional
    def rename() -> None:
        db.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        db.session.execute(text("SELECT 1 FROM customers LIMIT 1"))
        attempts.append(1)
        shop.execute("UPDATE customers SET email = name WHERE id = %s", shop.customer)
        db.session.execute(
            text("UPDATE customers SET email = 'never' WHERE id = :id"), {"id": shop.customer}
        )

    with pytest.raises(ItemBusy):
        rename()
    assert len(attempts) == 5


def test_the_victim_of_a_deadlock_is_tried_again(servers, database_url, redis_url) -> None:
    database = database_url.rpartition("/")[2]
    with servers.postgres.connect_as_superuser() as superuser:
        superuser.execute(f"ALTER DATABASE {database} SET deadlock_timeout = '20ms'")
    with (
        open_shop(database_url, redis_url) as shop,
        shop.app.app_context(),
        servers.postgres.connect_as_superuser(database) as rival,
        ThreadPoolExecutor(1) as pool,
    ):
        # Who waits longer before it looks for deadlocks never finds itself to be the victim.
        rival.execute("SET deadlock_timeout = '1min'")
        first, second = shop.new_units(2)
        lock = "SELECT FROM items WHERE id = %s FOR UPDATE"
        attempts = []

        def take_the_first() -> None:
            rival.execute(lock, [first])
            rival.commit()

        @transactional
        def lock_both() -> None:
            attempts.append(1)
            here = text("SELECT FROM items WHERE id = :id FOR UPDATE")
            db.session.execute(here, {"id": first})
            if len(attempts) == 1:
                rival.autocommit = False
                rival.execute(lock, [second])
                waiting.append(pool.submit(take_the_first))
                until_blocked(shop.url, rival.info.backend_pid)
            db.session.execute(here, {"id": second})

        waiting = []
        lock_both()
        waiting[0].result(10)
    assert len(attempts) == 2


def test_a_lock_held_by_another_is_waited_for_twice_and_then_busy(own_shop: Shop) -> None:
    ids = own_shop.new_units(1)
    with lock_timeout(150), own_shop.connection.transaction():
        own_shop.execute("SELECT FROM items WHERE id = %s FOR UPDATE", ids[0])
        began = time.monotonic()
        with pytest.raises(ItemBusy) as refused:
            own_shop.hold(ids, "cart")
        waited = time.monotonic() - began
    assert refused.value.code == "item-busy"
    assert waited >= 0.3
    assert own_shop.reasons(ids[0]) == ["RECEIVED"]
    own_shop.hold(ids, "cart")


def test_a_lock_that_is_let_go_in_time_is_no_refusal(own_shop: Shop) -> None:
    ids = own_shop.new_units(1)
    with ThreadPoolExecutor(1) as pool, lock_timeout(2000):
        with own_shop.connection.transaction():
            own_shop.execute("SELECT FROM items WHERE id = %s FOR UPDATE", ids[0])

            def hold() -> None:
                with own_shop.app.app_context():
                    own_shop.hold(ids, "cart")

            held = pool.submit(hold)
            until_somebody_waits(own_shop.url)
        held.result(10)
    assert own_shop.statuses(ids) == ["Reserved"]


def test_work_whose_connection_dies_before_commit_is_done_once_on_a_new_one(shop: Shop) -> None:
    pids = []

    @transactional
    def add() -> None:
        add_customer("survivor")
        pids.append(backend_pid())
        if len(pids) == 1:
            terminate(shop, pids[0])
        add_customer("survivor")

    add()
    assert len(set(pids)) == 2
    assert customers(shop, "survivor") == 2


def test_a_connection_that_died_while_idle_is_replaced(shop: Shop) -> None:
    pid = transactional(backend_pid)()
    terminate(shop, pid)
    assert transactional(backend_pid)() != pid


def test_a_connection_that_dies_every_time_is_the_database_away(shop: Shop) -> None:
    attempts = []

    @transactional
    def add() -> None:
        add_customer("unlucky")
        attempts.append(1)
        terminate(shop, backend_pid())
        add_customer("unlucky")

    with pytest.raises(DatabaseAway):
        add()
    assert len(attempts) == 3
    assert customers(shop, "unlucky") == 0


def test_a_connection_that_idled_too_long_in_a_transaction_is_replaced(shop: Shop) -> None:
    attempts = []

    @transactional
    def add() -> None:
        add_customer("sleepy")
        attempts.append(1)
        if len(attempts) == 1:
            pid = backend_pid()
            db.session.execute(text("SET idle_in_transaction_session_timeout = 1"))
            until(
                lambda: shop.rows("SELECT FROM pg_stat_activity WHERE pid = %s", pid) == [],
                "backend gone",
            )
        add_customer("sleepy")

    add()
    assert len(attempts) == 2
    assert customers(shop, "sleepy") == 2


def test_a_refusal_stays_a_refusal_though_the_connection_died_meanwhile(shop: Shop) -> None:
    @transactional
    def refuse() -> None:
        add_customer("refused on a dead line")
        terminate(shop, backend_pid())
        raise InvalidInput({"x": "y"})

    for _ in range(3):
        with pytest.raises(InvalidInput):
            refuse()
    transactional(add_customer)("on a new line")
    assert customers(shop, "refused on a dead line") == 0
    assert customers(shop, "on a new line") == 1


def test_no_database_at_all_is_the_database_away(redis_url: str) -> None:
    nowhere = "postgresql+psycopg://nobody:x@127.0.0.1:1/nothing"
    app = create_app(settings_for(nowhere, redis_url))
    with app.app_context(), pytest.raises(DatabaseAway):
        transactional(add_customer)("nobody")


def test_a_connection_that_dies_during_commit_leaves_the_outcome_unknown(own_shop: Shop) -> None:
    # A deferred trigger runs inside COMMIT, and this one ends its own backend there.
    own_shop.execute("""
        CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'""")
    own_shop.execute("""
        CREATE CONSTRAINT TRIGGER die AFTER INSERT ON customers DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.name = 'doomed') EXECUTE FUNCTION die()""")
    attempts = []

    @transactional
    def add(name: str) -> None:
        attempts.append(name)
        add_customer(name)

    with pytest.raises(OutcomeUnknown):
        add("doomed")
    assert attempts == ["doomed"]
    add("next")
    assert customers(own_shop, "next") == 1


def test_a_lock_timeout_during_commit_is_tried_again(own_shop: Shop) -> None:
    """The check of an invoice's sums locks the invoice while it commits."""
    own_shop.execute("""
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM FROM invoices FOR UPDATE; RETURN NULL; END'""")
    own_shop.execute("""
        CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON customers DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait()""")
    own_shop.new_invoice(own_shop.new_units(1))
    with lock_timeout(100):
        with own_shop.connection.transaction():
            own_shop.execute("SELECT FROM invoices FOR UPDATE")
            with pytest.raises(ItemBusy):
                transactional(add_customer)("patient")
        assert customers(own_shop, "patient") == 0
        transactional(add_customer)("patient")
    assert customers(own_shop, "patient") == 1


def test_a_statement_that_takes_too_long_is_not_tried_again(shop: Shop) -> None:
    attempts = []

    @transactional
    def dawdle() -> None:
        attempts.append(1)
        db.session.execute(text("SET LOCAL statement_timeout = 20"))
        db.session.execute(text("SELECT pg_sleep(10)"))

    with pytest.raises(DatabaseAway):
        dawdle()
    assert len(attempts) == 1


def test_a_guards_refusal_is_a_fault_of_ours_and_not_tried_again(shop: Shop) -> None:
    attempts = []

    @transactional
    def cheat() -> None:
        attempts.append(1)
        db.session.execute(text("DELETE FROM inventory_status_history"))

    with pytest.raises(DBAPIError) as fault:
        cheat()
    assert sqlstate(fault.value) == "HF003"
    assert len(attempts) == 1


def test_requests_are_hurried_and_jobs_are_not(shop: Shop) -> None:
    names = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"]
    query = "SELECT " + ", ".join(
        f"current_setting('{name}')" for name in [*names, "transaction_timeout", "TimeZone"]
    )

    @transactional
    def limits() -> tuple[str, ...]:
        return tuple(db.session.execute(text(query)).one())

    assert limits() == ("2s", "5s", "5s", "10s", "UTC")
    with without_time_limits():
        assert limits() == ("30s", "0", "1min", "0", "UTC")
    assert limits() == ("2s", "5s", "5s", "10s", "UTC")


def test_hold_minutes_reach_the_database(shop: Shop) -> None:
    @transactional
    def hold_minutes() -> str:
        return db.session.scalar(text("SELECT current_setting('holdfast.hold_minutes')"))

    assert hold_minutes() == "15"


def test_more_callers_than_connections_wait_for_one(own_shop: Shop) -> None:
    """The pool lends 20; whoever comes later gets one when it is given back."""

    @transactional
    def look() -> int:
        return db.session.scalar(text("SELECT 1 FROM pg_sleep(0.01)"))

    def in_a_thread(_number: int) -> int:
        with own_shop.app.app_context():
            return look()

    with ThreadPoolExecutor(40) as pool:
        assert sum(pool.map(in_a_thread, range(40))) == 40


def test_a_lost_row_lock_is_never_left_behind(own_shop: Shop, database_url: str) -> None:
    ids = own_shop.new_units(1)
    with pytest.raises(InvalidInput):
        transactional(lambda: (own_shop.hold(ids, "cart"), own_shop.hold([], "cart")))()
    with psycopg.connect(plain_url(database_url)) as connection:
        connection.execute("SELECT FROM items WHERE id = %s FOR UPDATE NOWAIT", ids)
    assert own_shop.statuses(ids) == ["Available"]


def limits() -> tuple[str, str]:
    return (
        db.session.scalar(text("SHOW statement_timeout")),
        db.session.scalar(text("SHOW transaction_timeout")),
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(1000, ("5s", "10s")), (1001, ("1min", "90s")), (10_000, ("1min", "90s"))],
)
def test_a_change_of_many_rows_has_more_time(shop: Shop, rows: int, expected: tuple[str, str]):
    @transactional
    def change() -> tuple[str, str]:
        allow_time_for(rows)
        return limits()

    assert change() == expected
    assert limits() == ("5s", "10s")


def test_a_change_of_many_rows_outlasts_the_timer_that_ran_before(shop: Shop):
    @transactional
    def change() -> int:
        for limit in ("0", "300ms"):
            db.session.execute(text(f"SET LOCAL transaction_timeout = '{limit}'"))
        allow_time_for(10_000)
        db.session.execute(text("SELECT pg_sleep(0.5)"))
        return 1

    assert change() == 1
