"""The line to the database breaks: nothing is done twice, nothing is lost, nobody is lied to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from stress.environments.proxy import Proxy
from tests.support.api_caller import LIFECYCLE, Caller, caller_for, problem
from tests.support.invariants import assert_invariants
from tests.support.shop import Shop


@dataclass(frozen=True)
class Act:
    """A request, and how often what it asks for was done."""

    request: Callable[[Caller], tuple[str, dict[str, Any]]]
    count: str
    status: int


def hold(caller: Caller) -> tuple[str, dict[str, Any]]:
    return f"{LIFECYCLE}/reserve", {"itemIds": caller.new_units(2), "sessionId": "cart"}


def invoice(caller: Caller) -> tuple[str, dict[str, Any]]:
    lines = [{"itemId": unit, "unitPrice": "10.00"} for unit in caller.new_units(2)]
    return "/api/invoices", {"customer": {"name": "V"}, "items": lines}


def payment(caller: Caller) -> tuple[str, dict[str, Any]]:
    made = caller.new_invoice(caller.new_units(2))
    return f"/api/invoices/{made['id']}/payments", {"amount": "20.00", "method": "Card"}


def receipt(caller: Caller) -> tuple[str, dict[str, Any]]:
    return "/api/items", {"sku": caller.new_sku(), "quantity": 1}


HELD = "SELECT count(*) / 2 FROM inventory_status_history WHERE change_reason = 'SESSION_HOLD'"
ACTS = {
    "hold": Act(hold, HELD, 200),
    "invoice": Act(invoice, "SELECT count(*) FROM invoices", 201),
    "payment": Act(payment, "SELECT count(*) FROM payments", 201),
    "receipt": Act(receipt, "SELECT count(*) FROM items", 201),
}
COMMIT = b"COMMIT\0"  # begin says READ COMMITTED, which is another thing


@pytest.fixture(params=ACTS.values(), ids=ACTS.keys())
def act(request) -> Act:
    return request.param


@dataclass
class Sending:
    """One request with a key, sent as often as is asked for."""

    act: Act
    caller: Caller
    store: Shop

    def __post_init__(self) -> None:
        self.path, self.body = self.act.request(self.caller)
        self.key = str(uuid4())
        self.before = self.store.value(self.act.count)

    def send(self):
        return self.caller.post(self.path, self.body, Idempotency_Key=self.key)

    @property
    def effects(self) -> int:
        return self.store.value(self.act.count) - self.before


@pytest.fixture
def sending(act: Act, caller: Caller, store: Shop) -> Sending:
    return Sending(act, caller, store)


def assert_done_once(sending: Sending, answer, *, replayed: bool) -> None:
    assert answer.status_code == sending.act.status, answer.text
    assert ("Idempotency-Replayed" in answer.headers) == replayed
    again = sending.send()
    assert again.data == answer.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert sending.effects == 1
    assert_invariants(sending.store.connection)


def test_cut_before_commit_reaches_the_server_nothing_is_done(sending: Sending, proxy: Proxy):
    proxy.arm(COMMIT)
    answer = sending.send()
    problem(answer, 503, "outcome-unknown")
    assert answer.headers["Retry-After"] == "1"
    assert proxy.cuts_made == 1
    assert sending.effects == 0
    assert_done_once(sending, sending.send(), replayed=False)


def test_cut_before_the_answer_to_commit_it_is_done(sending: Sending, proxy: Proxy):
    proxy.arm(COMMIT, done=True)
    problem(sending.send(), 503, "outcome-unknown")
    assert proxy.cuts_made == 1
    assert sending.effects == 1
    assert_done_once(sending, sending.send(), replayed=True)


def test_cut_while_the_server_commits_the_key_finds_out(sending: Sending, proxy: Proxy):
    proxy.arm(COMMIT, sent=True)
    problem(sending.send(), 503, "outcome-unknown")
    answer = sending.send()
    assert_done_once(sending, answer, replayed="Idempotency-Replayed" in answer.headers)


@pytest.mark.parametrize("done", [False, True], ids=["before it", "after it"])
@pytest.mark.parametrize(
    "words",
    [b"INSERT INTO idempotency_keys", b"UPDATE idempotency_keys"],
    ids=["at the first statement", "at the last statement"],
)
def test_cut_earlier_it_is_tried_again_unseen(
    sending: Sending, proxy: Proxy, words: bytes, done: bool
):
    proxy.arm(words, done=done)
    answer = sending.send()
    assert proxy.cuts_made == 1
    assert_done_once(sending, answer, replayed=False)


def test_without_a_key_the_answer_is_just_as_honest(caller: Caller, proxy: Proxy, store: Shop):
    for done, effects in ((False, 0), (True, 1)):
        proxy.arm(COMMIT, done=done)
        name = f"V {uuid4()}"
        problem(caller.post("/api/customers", {"name": name}), 503, "outcome-unknown")
        query = "SELECT count(*) FROM customers WHERE name = %s"
        assert store.value(query, name) == effects


def test_a_line_that_broke_between_two_requests_is_not_noticed(caller: Caller, proxy: Proxy):
    proxy.close_all()
    proxy.open = True
    assert caller.get("/api/products").status_code == 200


def test_a_read_that_breaks_off_may_be_asked_again(caller: Caller, proxy: Proxy):
    proxy.arm(b"FROM products")
    answer = caller.get("/api/products")
    problem(answer, 503, "database-away")
    assert answer.headers["Retry-After"] == "5"
    assert caller.get("/api/products").status_code == 200


def test_while_the_database_is_away_it_says_so_and_then_works_on(sending: Sending, proxy: Proxy):
    proxy.close_all()
    for _ in range(2):
        problem(sending.send(), 503, "database-away")
    proxy.open = True
    assert_done_once(sending, sending.send(), replayed=False)


def test_what_is_noted_of_a_token_costs_nobody_an_answer(caller: Caller, proxy: Proxy, store: Shop):
    fresh = caller_for(caller.app, store.staff)
    proxy.arm(COMMIT)
    assert fresh.get("/api/products").status_code == 200
    assert proxy.cuts_made == 1
