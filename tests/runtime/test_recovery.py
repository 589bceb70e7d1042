"""How soon the store is back after each blow, and what it says meanwhile, with nobody's help."""

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from time import time
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener
from uuid import UUID

import psutil
import psycopg
import pytest

from stress.environments.probe import Probe
from stress.environments.processes import horses_of
from tests.support.browser import TOKEN
from tests.support.running_store import Store, command, is_gone, until

pytestmark = pytest.mark.proof

DATABASE_SECONDS, WEB_SECONDS, JOB_SECONDS = 5, 1, 120
EMAIL, PASSWORD = "admin@example.com", "correct horse battery"
AT_WORK = """SELECT 1 FROM pg_locks
    WHERE relation = 'inconsistencies'::regclass AND NOT granted"""
REQUEST = """INSERT INTO job_runs (job, slot, status, origin, started_at)
    VALUES ('check', clock_timestamp(), 'queued', 'request', NULL) RETURNING id"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("store") / "instance")
    store.start()
    yield store
    store.stop()


@pytest.fixture(scope="module")
def probe(store: Store) -> Probe:
    flask = ("-m", "flask")
    made = ("user", "create", EMAIL, "--name", "Ada", "--role", "admin", "--password", PASSWORD)
    assert command(store.instance, *flask, *made).returncode == 0
    token = command(store.instance, *flask, "token", "create", EMAIL, "--name", "probe")
    return Probe([address(store)], token.stdout.strip())


@pytest.fixture
def note(record_property, request) -> Any:
    def note(seconds: float | None) -> float:
        """The figure goes into the test's report, and with -s on the screen."""
        assert seconds is not None, "it did not come back"
        record_property("seconds", round(seconds, 2))
        print(f"{request.node.name}: {seconds:.2f} s")
        return seconds

    return note


@pytest.fixture
def database(store: Store) -> Iterator[psycopg.Connection]:
    with connect(store) as connection:
        yield connection


def connect(store: Store) -> psycopg.Connection:
    state = json.loads((store.instance / "run" / "state.json").read_text())
    return psycopg.connect(state["database_url"].replace("+psycopg", ""), autocommit=True)


def kill_all_of(process: psutil.Process) -> None:
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            each.kill()


def within(seconds: float) -> float:
    """The promise is for a machine that is the store's: others' work stretches the time."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def test_after_a_kill_of_postgresql(store: Store, probe: Probe, note):
    assert probe.serves()
    (postmaster,) = store.direct("bin/postgres")
    webs = store.direct("app.runtime.web")
    kill_all_of(postmaster)
    assert note(probe.seconds_until_serving(time())) <= within(DATABASE_SECONDS)
    assert store.direct("app.runtime.web") == webs


def test_after_a_kill_of_one_backend(store: Store, probe: Probe, note):
    (postmaster,) = store.direct("bin/postgres")
    with connect(store) as connection:
        psutil.Process(connection.info.backend_pid).kill()
        # All sessions end, so a write that comes through is one after the recovery.
        until(lambda: not psutil.pid_exists(connection.info.backend_pid), 5, "its end")
        assert note(probe.seconds_until_serving(time())) <= within(DATABASE_SECONDS)
    assert store.direct("bin/postgres") == [postmaster]


def test_after_a_kill_of_a_web_process(store: Store, probe: Probe, note):
    store.direct("app.runtime.web")[0].kill()
    assert note(probe.seconds_until_serving(time())) <= within(WEB_SECONDS)
    until(lambda: len(store.direct("app.runtime.web")) == 2, 20, "the other")


def test_after_a_kill_of_every_web_process_who_waits_is_served(store: Store, note):
    for _ in range(3):
        until(lambda: len(store.direct("app.runtime.web")) == 2, 20, "both")
        for web in store.direct("app.runtime.web"):
            web.kill()
        began = time()
        assert ask(store, "GET", "/readyz")[0].status == 200
        assert note(time() - began) <= within(WEB_SECONDS)


def test_web_processes_outlive_the_fork_server_and_do_not_need_it(store: Store, probe: Probe, note):
    until(lambda: len(store.direct("app.runtime.web")) == 2, 20, "both")
    webs = store.direct("app.runtime.web")
    store.direct("app.runtime.fork_server")[0].kill()
    until(lambda: store.output().count("The fork server ended") == 1, 5, "its end")
    assert store.direct("app.runtime.web") == webs
    for web in webs:
        web.kill()
    # It loads, as they do now.
    assert note(probe.seconds_until_serving(time())) <= within(10)
    until(lambda: len(store.direct("app.runtime.web")) == 2, 20, "both")


def test_nothing_that_ended_stays_a_zombie(store: Store):
    children = psutil.Process(store.process.pid).children
    until(lambda: not any(is_gone(each) for each in children()), 5, "all asked for how they ended")


def test_after_a_kill_of_the_queue(store: Store, probe: Probe, note):
    (queue,) = store.direct("valkey-server")
    queue.kill()
    assert note(probe.seconds_until_serving(time())) <= within(WEB_SECONDS)


def test_after_a_kill_of_the_supervisor_and_its_next_start(store: Store, probe: Probe, note):
    family = store.processes()
    store.kill()
    until(lambda: all(is_gone(each) for each in family), 10, "an end of all processes")
    began = time()
    store.start()
    assert note(probe.seconds_until_serving(began)) < within(30)


@pytest.mark.parametrize("victim", ["the job", "the worker", "both", "the database"])
def test_a_job_that_lost_its_process_is_taken_up(
    store: Store, database: psycopg.Connection, victim: str, note
):
    (worker,) = store.direct("jobs.worker")
    with job_in_the_midst(store, database) as run_id:
        (horse,) = horses_of(worker)
        (postmaster,) = store.direct("bin/postgres")
        doomed = {"the job": [horse], "the worker": [worker], "both": [horse, worker]}
        for process in doomed.get(victim, [postmaster]):
            kill_all_of(process)
        began = time()
    until(lambda: status(store, run_id) == "succeeded", JOB_SECONDS, "another attempt")
    note(time() - began)
    with connect(store) as connection:
        query = "SELECT attempts FROM job_runs WHERE id = %s"
        assert connection.execute(query, [run_id]).fetchone() == (2,)


@contextmanager
def job_in_the_midst(store: Store, database: psycopg.Connection) -> Iterator[UUID]:
    """A check that waits for a table which somebody has locked."""
    with closing(connect(store)) as other:
        other.execute("BEGIN; LOCK TABLE inconsistencies IN ACCESS EXCLUSIVE MODE")
        (run_id,) = database.execute(REQUEST).fetchone()
        until(lambda: database.execute(AT_WORK).fetchone(), 30, "the job at work")
        yield run_id


def status(store: Store, run_id: UUID) -> str | None:
    try:
        with connect(store) as connection:
            query = "SELECT status FROM job_runs WHERE id = %s"
            return connection.execute(query, [run_id]).fetchone()[0]
    except psycopg.OperationalError:
        return None


@contextmanager
def database_away(store: Store) -> Iterator[None]:
    """PostgreSQL is killed and does not find its data, so no start succeeds."""
    data = store.instance / "postgres"
    elsewhere = data.rename(store.instance / "elsewhere")
    try:
        (postmaster,) = store.direct("bin/postgres")
        kill_all_of(postmaster)
        yield
    finally:
        elsewhere.rename(data)


def address(store: Store) -> str:
    return f"http://127.0.0.1:{store.port}"


def signed_in(store: Store) -> OpenerDirector:
    browser = build_opener(HTTPCookieProcessor())
    form = browser.open(f"{address(store)}/login").read().decode()
    fields = {"csrf_token": TOKEN.search(form).group(1), "email": EMAIL, "password": PASSWORD}
    browser.open(f"{address(store)}/login", urlencode(fields).encode())
    return browser


def ask(store: Store, method: str, path: str, body: str | None = None, **headers: str):
    connection = HTTPConnection("127.0.0.1", store.port, timeout=15)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def test_while_the_database_is_away_it_says_so_and_then_works_on(store: Store, probe: Probe, note):
    webs = store.direct("app.runtime.web")
    bearer = {"Authorization": f"Bearer {probe.token}", "Content-Type": "application/json"}
    browser = signed_in(store)
    with database_away(store):
        for method, body in (("GET", None), ("POST", '{"name": "Away"}')):
            answer, text = ask(store, method, "/api/customers", body, **bearer)
            assert (answer.status, answer.getheader("Retry-After")) == (503, "5"), text
            assert json.loads(text)["code"] == "database-away"
        with pytest.raises(HTTPError) as refused:
            browser.open(f"{address(store)}/inventory")
        page, text = refused.value, refused.value.read().decode()
        assert (page.status, page.headers["Retry-After"]) == (503, "5"), text
        assert "The database is away" in text
        assert 'http-equiv="refresh"' in text
        assert ask(store, "GET", "/healthz")[0].status == 200
        ready, text = ask(store, "GET", "/readyz")
        assert (ready.status, json.loads(text)["missing"]) == (503, ["database"])
        began = time()
    # As long as the supervisor had given PostgreSQL until its next start, and that.
    assert note(probe.seconds_until_serving(began)) < within(15)
    assert store.direct("app.runtime.web") == webs
    assert browser.open(f"{address(store)}/inventory").status == 200


def test_no_blow_left_a_stack_trace(store: Store):
    assert "Traceback" not in store.output()
