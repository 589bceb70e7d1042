"""What an error tracker gets to hear, and what it does not."""

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import run
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
#: A store with a route that fails and one that refuses.
STORE = """
import os, sys
from dataclasses import replace
from sqlalchemy import text
from app.observability import sentry as error_tracking
from app import create_app
from app.web.authorization import requires
from app.database.transactions import db
from app.domain.errors import ItemBusy
from app.domain.accounts.roles import Permission
from app.settings import Settings
from tests.conftest import settings_for

known = settings_for(sys.argv[1], "redis://127.0.0.1:1/0")
app = create_app(replace(known, sentry_dsn=os.environ.get("SENTRY_DSN")))
app.config["PROPAGATE_EXCEPTIONS"] = False

def fail(name):
    secret = "somebody@example.com"
    db.session.execute(text("SELECT CAST(:value AS uuid)"), {"value": secret})

def refuse():
    raise ItemBusy

app.add_url_rule("/fail/<name>", view_func=requires(Permission.PUBLIC)(fail))
app.add_url_rule("/refuse", view_func=requires(Permission.PUBLIC)(refuse))
client = app.test_client()
headers = {"X-Request-ID": "till-1", "Authorization": "Bearer hunter2", "Cookie": "holdfast=abc"}
assert client.get("/refuse").status_code == 409
assert client.get("/fail/jane?email=jane@example.com", headers=headers).status_code == 500
error_tracking.deliver()
"""


@dataclass
class Tracker:
    """A real HTTP server that takes what the client sends."""

    port: int = 0
    events: list[dict] = field(default_factory=list)

    @property
    def dsn(self) -> str:
        return f"http://key@127.0.0.1:{self.port}/1"


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    heard = Tracker()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            lines = [json.loads(line) for line in body.splitlines() if line]
            heard.events += [
                content
                for header, content in zip(lines[1::2], lines[2::2], strict=True)
                if header["type"] == "event"
            ]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard.port = server.server_port
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield heard
        server.shutdown()
        thread.join()


def fail_once(database_url: str, **environment: str) -> None:
    inherited = {"PATH": "", "PYTHONPATH": str(ROOT)}
    ran = run(
        [sys.executable, "-c", STORE, database_url],
        env=inherited | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "unexpected error on GET /fail/jane" in ran.stderr


def test_an_unexpected_error_is_reported_and_nothing_of_people(
    tracker: Tracker, shared_database_url: str
) -> None:
    fail_once(shared_database_url, SENTRY_DSN=tracker.dsn)
    (event,) = tracker.events
    assert event["transaction"] == "/fail/<name>"
    assert event["tags"] == {"request_id": "till-1", "sqlstate": "22P02"}
    assert event["exception"]["values"][-1]["type"] == "DataError"
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert "dispatch_request" in {frame["function"] for frame in frames}
    said = json.dumps(event)
    for private in ("jane", "somebody@", "hunter2", "holdfast=abc"):
        assert private not in said, event


def test_without_a_dsn_nothing_is_loaded_or_sent(
    tracker: Tracker, shared_database_url: str
) -> None:
    fail_once(shared_database_url)
    assert tracker.events == []
    code = "import sys, app.observability.sentry, app; assert 'sentry_sdk' not in sys.modules"
    assert run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
