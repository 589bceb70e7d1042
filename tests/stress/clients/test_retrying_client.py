"""A client asks with the same key until it knows, and never does a thing twice by asking."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Event, Thread
from typing import Any

import pytest

from stress.clients.api_user import ApiUser
from stress.clients.request import OperationRequest
from stress.clients.retrying_client import PASSING_ATTEMPTS_MAX, Sender

SILENCE = (None, {})
DONE = (201, {"id": "x"})
REPLAYED = (201, {"id": "x", "replayed": True})
REFUSED = (409, {"code": "items-not-available"})
BUSY = (409, {"code": "item-busy"})
UNCERTAIN = (503, {"code": "outcome-unknown"})
HALF = (200, None)


@dataclass
class Store:
    """Answers as it is told, one after the other, then always as the last time."""

    answers: list[tuple[int | None, Any]] = field(default_factory=list)
    asked: list[tuple[str, str | None, bytes]] = field(default_factory=list)
    url: str = ""

    def next(self) -> tuple[int | None, Any]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            store.asked.append((self.path, self.headers["Idempotency-Key"], content))
            status, body = store.next()
            if status is None:
                self.close_connection = True
                return
            said = b'{"items": [' if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said) + (body is None)))
            if isinstance(body, dict) and body.get("replayed"):
                self.send_header("Idempotency-Replayed", "true")
            self.end_headers()
            self.wfile.write(said)
            self.close_connection = body is None

        do_PATCH = do_POST  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield store
    server.shutdown()
    thread.join()
    server.server_close()


class Insisting(Random):
    """Chance that leaves nothing unasked, waits for nothing, and sends as often as it may."""

    def random(self) -> float:
        return 0.5

    def uniform(self, a: float, b: float) -> float:
        return a

    def randint(self, a: int, b: int) -> int:
        return b


def request(method: str = "POST") -> OperationRequest:
    return OperationRequest(
        "7-1-1", 1, "pay", method, "/x", {"amount": "1.00"}, ApiUser("u", "staff", "t")
    )


def carried_out(store: Store, *answers: tuple[int | None, Any], method: str = "POST", copies=1):
    store.answers = list(answers)
    sender = Sender([store.url], Insisting(1), Event(), lambda: copies)
    try:
        return sender.carry_out(request(method))
    finally:
        sender.close()


@pytest.mark.parametrize("trouble", [SILENCE, UNCERTAIN, HALF, BUSY])
def test_it_asks_again_with_the_same_key_and_body(store: Store, trouble):
    operation = carried_out(store, trouble, trouble, REPLAYED)
    assert operation.outcome == "ok"
    assert [attempt.replayed for attempt in operation.attempts] == [False, False, True]
    assert len(set(store.asked)) == 1
    assert len(store.asked) == 3


def test_an_answer_that_breaks_off_is_none(store: Store):
    first, _ = carried_out(store, HALF, DONE).attempts
    assert (first.status, first.answer) == (None, None)
    assert "IncompleteRead" in first.error


def test_a_refusal_after_silence_ends_the_asking_and_proves_nothing(store: Store):
    operation = carried_out(store, SILENCE, REFUSED)
    assert (operation.outcome, len(operation.attempts)) == ("unknown", 2)


def test_what_is_put_off_again_and_again_is_given_up(store: Store):
    operation = carried_out(store, BUSY)
    assert (operation.outcome, operation.code) == ("refused", "item-busy")
    assert len(operation.attempts) == PASSING_ATTEMPTS_MAX


def test_what_no_key_stands_for_is_not_sent_again(store: Store):
    operation = carried_out(store, SILENCE, DONE, method="PATCH")
    assert (operation.outcome, len(operation.attempts)) == ("unknown", 1)


def test_copies_go_out_at_once_and_are_one_operation(store: Store):
    operation = carried_out(store, DONE, copies=4)
    assert len(operation.attempts) == len(store.asked) == 4
    assert len(set(store.asked)) == 1
