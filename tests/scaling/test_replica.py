"""Reads that may be a moment old, from a real streaming replica whose replay is held and let go."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from app.database.transactions import REPLICA, db
from app.services.accounts import users
from app.web.replica_routes import MAY_LAG, NotARead, refuse_all_but_reads
from tests.scaling.conftest import LAG_SECONDS_MAX, node
from tests.scaling.streaming import Streaming
from tests.support.api_caller import LIFECYCLE, Caller, caller_for
from tests.support.browser import PASSWORD, Browser
from tests.support.shop import Shop
from tests.support.waiting import until

pytestmark = pytest.mark.proof


DEAD_REDIS = "redis://127.0.0.1:1/0"


@contextmanager
def statements_of(app: Flask, bind: str | None) -> Iterator[list[str]]:
    """What this application sends to one of its two databases meanwhile."""
    sent: list[str] = []

    def note(connection, cursor, statement, *rest) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engines[bind]
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def stock_of(caller: Caller, sku: str) -> dict[UUID, str]:
    page = caller.ok("GET", f"{LIFECYCLE}/items/status?sku={sku}&limit=500")
    return {UUID(item["id"]): item["inventoryStatus"] for item in page["items"]}


def reads_replica(caller: Caller) -> bool:
    with statements_of(caller.app, REPLICA) as sent:
        stock_of(caller, "NONE")
    return any("FROM items" in statement for statement in sent)


def settled(caller: Caller) -> Caller:
    """Once the replica answers it: its own token's making is no longer a write of a moment ago."""
    until(lambda: reads_replica(caller), "reads from the replica")
    return caller


@pytest.fixture
def caller(app: Flask, shop: Shop) -> Caller:
    return settled(caller_for(app, shop.staff))


@pytest.fixture
def held(pair: Streaming) -> Iterator[Callable[[], None]]:
    """Holds the replica's replay until the test ends."""
    yield pair.pause
    pair.resume()


def test_a_list_shows_what_the_replica_has(shop: Shop, caller: Caller, held) -> None:
    (item_id,) = shop.new_units(1, sku := shop.new_sku())
    settled_on(caller, sku, {item_id: "Available"})
    held()
    shop.hold([item_id], "cart-1")
    assert stock_of(caller, sku) == {item_id: "Available"}


def settled_on(caller: Caller, sku: str, stock: dict[UUID, str]) -> None:
    until(lambda: reads_replica(caller) and stock_of(caller, sku) == stock, "on the replica")


def test_a_write_decides_on_what_the_primary_has(shop: Shop, caller: Caller, held) -> None:
    (item_id,) = shop.new_units(1, sku := shop.new_sku())
    settled_on(caller, sku, {item_id: "Available"})
    held()
    shop.new_paid_invoice([item_id])
    assert stock_of(caller, sku) == {item_id: "Available"}
    wish = {"itemIds": [str(item_id)], "sessionId": "cart-2"}
    refusal = caller.post(f"{LIFECYCLE}/reserve", wish)
    assert (refusal.status_code, refusal.json["code"]) == (409, "items-not-available")
    assert refusal.json["items"][0]["inventoryStatus"] == "Sold"


def test_what_a_form_decides_on_is_read_from_the_primary(shop: Shop, caller: Caller, held) -> None:
    (item_id,) = shop.new_units(1, sku := shop.new_sku())
    settled_on(caller, sku, {item_id: "Available"})
    held()
    shop.hold([item_id], "cart-3")
    assert stock_of(caller, sku) == {item_id: "Available"}
    assert caller.ok("GET", f"/api/items/{item_id}")["inventoryStatus"] == "Reserved"


def test_who_has_written_reads_it_on_every_node(
    shop: Shop, caller: Caller, pair: Streaming, empty_redis: str, held
) -> None:
    (item_id,) = shop.new_units(1, sku := shop.new_sku())
    colleague = settled(caller_for(caller.app, shop.colleague))
    with node(pair, empty_redis) as other_app:
        elsewhere = settled(Caller(other_app, caller.token))
        settled_on(caller, sku, {item_id: "Available"})
        held()
        caller.ok("POST", f"{LIFECYCLE}/reserve", wish_for(item_id))
        assert stock_of(caller, sku) == {item_id: "Reserved"}
        assert stock_of(elsewhere, sku) == {item_id: "Reserved"}
    assert stock_of(colleague, sku) == {item_id: "Available"}


def wish_for(item_id: UUID) -> dict[str, object]:
    return {"itemIds": [str(item_id)], "sessionId": f"cart-{item_id}"}


def test_who_has_written_comes_back_to_the_replica(shop: Shop, caller: Caller) -> None:
    (item_id,) = shop.new_units(1)
    caller.ok("POST", f"{LIFECYCLE}/reserve", wish_for(item_id))
    assert not reads_replica(caller)
    settled(caller)


def test_a_replica_that_lags_is_not_asked(shop: Shop, caller: Caller, held) -> None:
    sku = shop.new_sku()
    settled_on(caller, sku, {})
    held()
    (item_id,) = shop.new_units(1, sku)
    assert stock_of(caller, sku) == {}
    until(lambda: stock_of(caller, sku) == {item_id: "Available"}, "the primary's answer")
    assert not reads_replica(caller)


def test_a_quiet_primary_makes_no_late_replica(caller: Caller) -> None:
    """Nothing is written for longer than the replica may lag."""
    quiet_until = time.monotonic() + LAG_SECONDS_MAX + 1
    until(lambda: time.monotonic() > quiet_until, "a quiet time")
    settled(caller)


def test_reads_go_on_without_the_replica(
    shop: Shop, caller: Caller, pair: Streaming, caplog: pytest.LogCaptureFixture
) -> None:
    (item_id,) = shop.new_units(1, sku := shop.new_sku())
    settled_on(caller, sku, {item_id: "Available"})
    pair.kill_replica()
    try:
        assert stock_of(caller, sku) == {item_id: "Available"}
        assert "the replica failed" in caplog.text
    finally:
        pair.start_replica()
    settled(caller)


def test_without_the_queue_server_nobody_reads_from_the_replica(
    shop: Shop, pair: Streaming
) -> None:
    with node(pair, DEAD_REDIS) as app:
        caller = caller_for(app, shop.staff)
        assert not reads_replica(caller)
        assert not reads_replica(caller)


def test_a_connection_to_the_replica_is_read_only_whatever_it_is_connected_to(
    app: Flask, pair: Streaming
) -> None:
    with app.app_context(), db.engines[REPLICA].connect() as connection:
        assert connection.scalar(text("SHOW default_transaction_read_only")) == "on"
        with pytest.raises(DBAPIError, match="read-only transaction"):
            connection.execute(text("UPDATE products SET name = 'x'"))


def paths(shop: Shop) -> dict[str, str]:
    """An address for each route that may lag."""
    (item_id,) = shop.new_units(1)
    invoice_id = shop.new_invoice([item_id])
    rules = {rule.endpoint: rule.rule for rule in shop.app.url_map.iter_rules()}
    ids = {"<uuid:invoice_id>": str(invoice_id), "<day>": "2026-01-01"}
    return {endpoint: filled(rules[endpoint], ids) for endpoint in MAY_LAG}


def filled(rule: str, ids: dict[str, str]) -> str:
    for placeholder, value in ids.items():
        rule = rule.replace(placeholder, value)
    return rule


def test_every_route_that_may_lag_works_on_the_replica(
    app: Flask, shop: Shop, pair: Streaming, caplog: pytest.LogCaptureFixture
) -> None:
    users.set_password(shop.admin, PASSWORD)
    browser = Browser(app, "admin@example.com")
    browser.log_in()
    found = paths(shop)
    pair.wait_caught_up()
    settled(caller_for(app, shop.admin))
    caplog.set_level(logging.WARNING)
    for path in found.values():
        with statements_of(app, REPLICA) as sent:
            response = browser.get(path)
        # No day has been reported yet, which is an answer, too.
        assert response.status_code == (404 if "2026" in path else 200), path
        assert sent, path
    assert "the replica failed" not in caplog.text


def test_a_refused_form_shows_its_page_as_it_is_now(
    app: Flask, shop: Shop, pair: Streaming, caller: Caller, held
) -> None:
    users.set_password(shop.colleague, PASSWORD)
    browser = Browser(app, "colleague@example.com")
    browser.log_in()
    (item_id,) = shop.new_units(1, sku := shop.new_sku())
    settled_on(caller, sku, {item_id: "Available"})
    settled(caller_for(app, shop.colleague))
    browser.get(f"/inventory?sku={sku}")
    held()
    shop.new_paid_invoice([item_id])
    assert "Sold" not in rows_of(browser.get(f"/inventory?sku={sku}").text)
    refused = browser.post(f"/inventory/{item_id}/hold", reserved_for_id="Ana")
    assert refused.status_code == 409
    assert "Sold" in rows_of(refused.text)


def rows_of(page: str) -> str:
    return page.split("<tbody")[1].split("</tbody>")[0]


def test_a_route_that_changes_something_cannot_be_among_those_that_may_lag() -> None:
    app = Flask("writing", static_folder=None)

    def view() -> str:
        return "read"

    for endpoint in MAY_LAG:
        app.add_url_rule(f"/{endpoint}", endpoint, view)
    refuse_all_but_reads(app)
    app.add_url_rule("/write", MAY_LAG[0], view, methods=["POST"])
    with pytest.raises(NotARead, match=MAY_LAG[0]):
        refuse_all_but_reads(app)
