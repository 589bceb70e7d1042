"""Alerts reach every channel once, after the commit, and wait for a channel that is away."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.database.transactions import db, transactional
from app.services.notifications.alert_channels import AppriseChannel, channels_of
from app.services.notifications.alerts import deliver_alerts, raise_alert
from tests.support.shop import Shop

BASE = "https://store.example.com"


class Listener(ThreadingHTTPServer):
    """Somebody's webhook, which may be out of order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.heard: list[dict] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/hook"


class Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 200:
            self.server.heard.append(said)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def listeners() -> Iterator[list[Listener]]:
    made = [Listener(), Listener()]
    for each in made:
        threading.Thread(target=each.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    for each in made:
        each.shutdown()
        each.server_close()


def due_now(shop: Shop) -> None:
    shop.execute("UPDATE outbox SET next_attempt_at = now() WHERE delivered_at IS NULL")


def test_alerts_go_out_in_one_message_with_links_to_their_pages(
    own_shop: Shop, listeners: list[Listener]
) -> None:
    raise_alert("finding", {"title": "A unit is sold twice", "path": "/inconsistencies"})
    raise_alert("job-failed", {"title": "Cleanup failed", "body": "No space", "path": "/jobs"})
    channels = channels_of([listeners[0].url])
    assert deliver_alerts(channels, BASE) == {"sent": 2, "failed": 0}
    assert deliver_alerts(channels, BASE) == {"sent": 0, "failed": 0}
    (said,) = listeners[0].heard
    assert said["title"] == "Holdfast: 2 alerts"
    assert said["message"] == (
        f"A unit is sold twice\n{BASE}/inconsistencies\n\nCleanup failed\nNo space\n{BASE}/jobs"
    )


def test_what_is_rolled_back_is_not_told(own_shop: Shop) -> None:
    @transactional
    def fail() -> None:
        raise_alert("finding", {"title": "Never was"})
        raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert own_shop.value("SELECT count(*) FROM outbox") == 0


def test_a_channel_that_is_down_gets_it_later_and_the_other_one_not_again(
    own_shop: Shop, listeners: list[Listener]
) -> None:
    well, down = listeners
    down.status = 503
    channels = channels_of([down.url, well.url])
    raise_alert("finding", {"title": "One"})
    assert deliver_alerts(channels, BASE) == {"sent": 0, "failed": 1}
    assert deliver_alerts(channels, BASE) == {"sent": 0, "failed": 0}  # not before its time
    waits = []
    for _ in range(4):
        due_now(own_shop)
        deliver_alerts(channels, BASE)
        waits.append(own_shop.value("SELECT next_attempt_at - now() FROM outbox").total_seconds())
    assert [round(seconds, -1) for seconds in waits] == [60, 120, 240, 480]
    assert own_shop.value("SELECT error FROM outbox") == "the json channel did not take it"
    down.status = 200
    raise_alert("finding", {"title": "Two"})
    due_now(own_shop)
    assert deliver_alerts(channels, BASE) == {"sent": 2, "failed": 0}
    assert [said["title"] for said in well.heard] == ["Holdfast: One", "Holdfast: Two"]
    assert [said["title"] for said in down.heard] == ["Holdfast: 2 alerts"]


def test_several_who_deliver_at_once_send_each_alert_once(
    own_shop: Shop, listeners: list[Listener]
) -> None:
    for number in range(200):
        raise_alert("finding", {"title": f"Alert {number}"})
    channels = channels_of([listeners[0].url])

    def deliver(_: int) -> int:
        with own_shop.app.app_context():
            return deliver_alerts(channels, BASE)["sent"]

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(deliver, range(4))) == 200
    assert {said["title"] for said in listeners[0].heard} == {"Holdfast: 50 alerts"}
    assert len(listeners[0].heard) == 4


def test_a_delivery_that_was_killed_is_made_by_the_next_one(
    own_shop: Shop, listeners: list[Listener]
) -> None:
    class Killed(AppriseChannel):
        def send(self, title: str, body: str) -> str | None:
            raise KeyboardInterrupt

    raise_alert("finding", {"title": "One"})
    with pytest.raises(KeyboardInterrupt):
        deliver_alerts([Killed(listeners[0].url)], BASE)
    due_now(own_shop)
    assert deliver_alerts(channels_of([listeners[0].url]), BASE) == {"sent": 1, "failed": 0}


def test_alerts_of_one_key_are_one(own_shop: Shop) -> None:
    for _ in range(3):
        raise_alert("job-late", {"title": "Late"}, key="the same")
    assert own_shop.value("SELECT count(*) FROM outbox") == 1


def test_without_channels_nothing_piles_up(own_shop: Shop) -> None:
    raise_alert("finding", {"title": "One"})
    assert deliver_alerts([], BASE) == {"sent": 1, "failed": 0}


def test_an_address_that_is_not_understood_is_said_without_its_password(own_shop: Shop) -> None:
    raise_alert("finding", {"title": "One"})
    assert deliver_alerts(channels_of(["nonsense://me:secret@there"]), BASE)["failed"] == 1
    error = own_shop.value("SELECT error FROM outbox")
    assert error == "the nonsense address in ALERT_URLS is not understood"
    assert "secret" not in repr(channels_of(["json://me:secret@there"]))


def test_a_guard_that_fires_is_told_once_an_hour(own_shop: Shop) -> None:
    @transactional
    def forget_the_past() -> None:
        db.session.execute(text("DELETE FROM inventory_status_history"))

    for _ in range(3):
        with pytest.raises(DBAPIError):
            forget_the_past()
    assert own_shop.rows("SELECT topic, payload->>'title' FROM outbox") == [
        ("guard", "A guard of the database fired (HF003)")
    ]


def test_other_errors_of_the_database_are_not_guards(own_shop: Shop) -> None:
    @transactional
    def mistype() -> None:
        db.session.execute(text("SELEKT"))

    with pytest.raises(DBAPIError):
        mistype()
    assert own_shop.value("SELECT count(*) FROM outbox") == 0


def test_an_audit_that_does_not_verify_is_told(own_shop: Shop) -> None:
    runner = own_shop.app.test_cli_runner()
    own_shop.new_units(1)
    assert runner.invoke(args=["audit", "verify"]).exit_code == 0
    assert own_shop.value("SELECT count(*) FROM outbox") == 0
    own_shop.execute("ALTER TABLE items DISABLE TRIGGER keep")
    assert runner.invoke(args=["audit", "verify"]).exit_code == 1
    assert own_shop.value("SELECT payload->>'body' FROM outbox") == "guard-missing: 1"
