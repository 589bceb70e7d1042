from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from app.cli.prepare import prepare_demo
from app.database.transactions import without_time_limits
from app.services.imports.demo import store
from app.services.imports.demo.store import is_empty, load_demo_store
from tests.support.invariants import WRONG
from tests.support.retail_files import DEMO_SLICE
from tests.support.shop import plain_url

PASSWORD = "a password for the demo"
LARGEST_BYTES = 300_000


@pytest.fixture
def rows(app, settings):
    with (
        app.app_context(),
        psycopg.connect(plain_url(settings.database_url), autocommit=True) as connection,
    ):
        yield lambda query: connection.execute(query).fetchall()


def load(timezone="UTC"):
    with without_time_limits():
        return load_demo_store(PASSWORD, ZoneInfo(timezone))


def test_the_demo_store_shows_every_kind_of_invoice_and_hold(rows):
    load()
    assert {status for (status,) in rows("SELECT DISTINCT status FROM invoices")} == {
        "Open",
        "PartiallyPaid",
        "Paid",
        "Delivered",
        "Cancelled",
    }
    assert {status for (status,) in rows("SELECT DISTINCT inventory_status FROM items")} == {
        "Available",
        "Reserved",
        "Sold",
        "Delivered",
    }
    holds = """SELECT reserved_for_type, reservation_expiry - clock_timestamp() FROM items
        WHERE reserved_for_type IN ('Session', 'Manual') AND reservation_expiry IS NOT NULL"""
    found = rows(holds)
    assert {kind for kind, _ in found} == {"Session", "Manual"}
    assert min(left for _, left in found) < timedelta(minutes=5)
    assert max(left for _, left in found) > timedelta(days=1)
    for rule, query in WRONG.items():
        assert rows(query) == [], rule


def test_the_demo_store_ends_just_now_and_holds_no_long_reservations(rows):
    load("America/New_York")
    ((first, last, oldest),) = rows(
        """SELECT (SELECT min(created_at) FROM invoices), (SELECT max(created_at) FROM invoices),
            (SELECT min(reserved_at) FROM items)"""
    )
    now = datetime.now(UTC)
    assert timedelta(0) <= now - last < timedelta(minutes=5)
    assert timedelta(weeks=5) < now - first < timedelta(weeks=6)
    assert now - oldest < timedelta(days=7)


def test_the_next_start_changes_nothing(rows, settings):
    assert set(prepare_demo(settings, PASSWORD).values()) == {True}
    state = """SELECT (SELECT count(*) FROM inventory_status_history),
        (SELECT sum(version) FROM items), (SELECT count(*) FROM users)"""
    before = rows(state)
    assert set(prepare_demo(settings, PASSWORD).values()) == {True}
    assert rows(state) == before


def test_a_store_with_anything_in_it_gets_no_demo(rows, settings):
    assert is_empty()
    rows("INSERT INTO products (sku, name) VALUES ('MUG', 'Mug') RETURNING id")
    assert not is_empty()
    prepare_demo(settings, PASSWORD)
    assert rows("SELECT count(*) FROM invoices") == [(0,)]


def test_a_demo_that_fails_half_way_leaves_an_empty_store(rows, monkeypatch):
    def fail(people):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_hold_some", fail)
    with pytest.raises(KeyboardInterrupt):
        load()
    assert is_empty()


def test_the_slice_is_small():
    assert DEMO_SLICE.stat().st_size < LARGEST_BYTES
