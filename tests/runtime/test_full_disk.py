"""The whole store on a disk that runs full."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.runtime.test_recovery import EMAIL, PASSWORD, address, ask, connect, signed_in
from tests.support.running_store import Store, command, until
from tests.support.small_disk import fill, small_disk

pytestmark = pytest.mark.proof
MEGABYTES = 400
WRITE_LOG = """SELECT pg_logical_emit_message(false, 'filling', repeat('a', 1000000))
    FROM generate_series(1, 400)"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with small_disk(tmp_path_factory.mktemp("disk"), MEGABYTES) as folder:
        yield folder


@pytest.fixture(scope="module")
def store(disk: Path) -> Iterator[Store]:
    store = Store(disk / "instance")
    store.start()
    yield store
    store.stop()


@pytest.fixture(scope="module")
def bearer(store: Store) -> dict[str, str]:
    flask = ("-m", "flask")
    made = ("user", "create", EMAIL, "--name", "Ada", "--role", "admin", "--password", PASSWORD)
    assert command(store.instance, *flask, *made).returncode == 0
    token = command(store.instance, *flask, "token", "create", EMAIL, "--name", "disk")
    return {
        "Authorization": f"Bearer {token.stdout.strip()}",
        "Content-Type": "application/json",
    }


def test_it_can_be_read_and_works_on_by_itself_when_there_is_room(
    store: Store, disk: Path, bearer: dict[str, str]
) -> None:
    webs = store.direct("app.runtime.web")
    filling = fill(disk)
    until(lambda: ask(store, "GET", "/readyz")[0].status == 503, 5, "the disk found full")
    for number in range(200):
        assert ask(store, "GET", "/api/customers", None, **bearer)[0].status == 200
        assert ask(store, "GET", f"/nowhere/{number}")[0].status == 404
    assert ask(store, "GET", "/metrics")[0].status == 200
    refused, text = ask(store, "POST", "/api/customers", '{"name": "Full"}', **bearer)
    assert (refused.status, '"code": "no-space"' in text) == (503, True)
    assert signed_in(store).open(f"{address(store)}/inventory").geturl().endswith("/inventory")
    assert store.direct("app.runtime.web") == webs
    filling.unlink()
    until(lambda: writes(store, bearer), 5, "a change")
    assert store.direct("app.runtime.web") == webs


def test_a_database_that_could_not_write_its_log_comes_back_by_itself(
    store: Store, disk: Path, bearer: dict[str, str]
) -> None:
    filling = fill(disk)
    with pytest.raises(psycopg.OperationalError), connect(store) as connection:
        connection.execute(WRITE_LOG)
    until(lambda: "database" in ask(store, "GET", "/readyz")[1], 10, "an end of the database")
    refused, text = ask(store, "GET", "/api/customers", None, **bearer)
    assert (refused.status, '"code": "no-space"' in text) == (503, True)
    assert "no space left" in text
    filling.unlink()
    until(lambda: writes(store, bearer), 60, "a change")


def writes(store: Store, bearer: dict[str, str]) -> bool:
    body = f'{{"name": "Room {time.monotonic()}"}}'
    return ask(store, "POST", "/api/customers", body, **bearer)[0].status == 201
