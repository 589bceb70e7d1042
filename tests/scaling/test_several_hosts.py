"""Two web nodes, a worker node, a database node and a replica: a network namespace each.

One store for the file, used in the order of the tests.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from stress.clients.api_user import ApiUser
from stress.clients.operation import Attempt
from stress.clients.request import HttpConnection, OperationRequest
from stress.environments.scratch import libpq_url, make_people
from tests.scaling.across import run
from tests.scaling.hosts import why_not
from tests.scaling.store import Node, Store, store_on_hosts
from tests.support.running_store import environment, until

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(bool(why_not()), reason=str(why_not())),
]
#: Longer than a client of the API should wait for anything.
ANSWER_SECONDS_MAX = 15
QUICK_SECONDS = 0.5
STORM_SECONDS = 30
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with store_on_hosts(tmp_path_factory.mktemp("hosts")) as store:
        yield store


@pytest.fixture(scope="module")
def admin(store: Store) -> ApiUser:
    instance = store.nodes["worker"].folder / "people"
    return make_people("hosts", environment(instance, **store.settings))[-1]


def test_nothing_is_sold_twice_or_lost_when_hosts_are_cut_off_and_killed(
    store: Store, tmp_path: Path
) -> None:
    """The storm needs an empty store, so it comes first."""
    status, endured = run(store, tmp_path, seconds=STORM_SECONDS, clients=6, seed=11)
    assert status == 0, (tmp_path / "result.json").read_text()
    assert {"cut web2", "cut database"} <= {each.name for each in endured}


def request(admin: ApiUser, path: str, body: dict[str, object]) -> OperationRequest:
    return OperationRequest(f"hosts-{next(_numbers)}", 1, "", "POST", path, body, admin)


def product(admin: ApiUser) -> OperationRequest:
    return request(admin, "/api/products", {"sku": f"CUP{next(_numbers)}", "name": "Cup"})


def send(node: Node, wish: OperationRequest) -> Attempt:
    line = HttpConnection(node.url)
    try:
        return line.send(wish)
    finally:
        line.close()


def serves(node: Node, admin: ApiUser) -> bool:
    return send(node, product(admin)).status == 201


def test_nodes_share_one_store(store: Store, admin: ApiUser) -> None:
    one, other = store.web
    sku = send(one, product(admin)).answer["sku"]
    received = send(other, request(admin, "/api/items", {"sku": sku, "quantity": 1})).answer
    wish = {"itemIds": [received["items"][0]["id"]], "sessionId": "a cart"}
    taken = send(one, request(admin, "/api/inventory/lifecycle/reserve", wish))
    assert taken.status == 200
    wish["sessionId"] = "another cart"
    refused = send(other, request(admin, "/api/inventory/lifecycle/reserve", wish))
    assert (refused.status, refused.answer["code"]) == (409, "items-not-available")


def test_work_that_the_web_asks_for_is_done_on_the_worker_node(store: Store) -> None:
    url = libpq_url(store.settings["DATABASE_URL"])
    with psycopg.connect(url, autocommit=True) as connection:
        (run_id,) = connection.execute(
            "INSERT INTO job_runs (job, slot, status, origin, started_at)"
            " VALUES ('cleanup', now(), 'queued', 'request', NULL) RETURNING id"
        ).fetchone()
        query = "SELECT status = 'succeeded' FROM job_runs WHERE id = %s"
        until(lambda: connection.execute(query, [run_id]).fetchone()[0], 40, "the cleanup")


def test_what_a_killed_node_was_asked_for_the_other_one_knows(store: Store, admin: ApiUser) -> None:
    one, other = store.web
    wish = product(admin)
    first = send(one, wish)
    one.kill()
    again = send(other, wish)
    assert (again.status, again.answer, again.replayed) == (201, first.answer, True)
    assert send(one, product(admin)).status is None
    one.start()
    until(one.is_ready, 30, "the killed node")
    assert serves(one, admin)


def test_a_node_that_is_cut_off_comes_back_by_itself(store: Store, admin: ApiUser) -> None:
    one, other = store.web
    supervisor = one.process.pid
    one.host.cut()
    try:
        until(lambda: serves(other, admin), 10, "the other node")
        assert not one.is_ready()
    finally:
        one.host.mend()
    until(lambda: one.is_ready() and serves(one, admin), 15, "the node that was cut off")
    assert one.process.pid == supervisor


def test_a_database_that_is_cut_off_is_said_to_be_away_and_comes_back(
    store: Store, admin: ApiUser
) -> None:
    assert all(serves(node, admin) for node in store.web)
    store.hosts["database"].cut()
    try:
        for node in store.web:
            began = time.monotonic()
            answer = send(node, product(admin))
            assert time.monotonic() - began < ANSWER_SECONDS_MAX
            assert (answer.status, answer.answer["code"]) == (503, "database-away")
    finally:
        store.hosts["database"].mend()
    for node in store.web:
        until(lambda node=node: serves(node, admin), 15, "the database's return")


def lists(node: Node, admin: ApiUser) -> bool:
    listing = OperationRequest("", 1, "", "GET", "/api/products", {}, admin)
    return send(node, listing).status == 200


def reads_replica(node: Node, admin: ApiUser) -> bool:
    """As the node itself says when it begins and ends to."""
    return lists(node, admin) and node.output().rfind("go to the replica") > node.output().rfind(
        "go to the primary"
    )


def test_reads_go_on_when_the_replica_is_cut_off(store: Store, admin: ApiUser) -> None:
    one = store.web[0]
    until(lambda: reads_replica(one, admin), 20, "reads from the replica")
    store.hosts["replica"].cut()
    try:
        assert all(lists(one, admin) for _ in range(20))
        assert not reads_replica(one, admin)
        until(lambda: seconds_of(lambda: lists(one, admin)) < QUICK_SECONDS, 20, "a quick list")
    finally:
        store.hosts["replica"].mend()
    until(lambda: reads_replica(one, admin), 60, "reads from the replica again")


def seconds_of(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began
