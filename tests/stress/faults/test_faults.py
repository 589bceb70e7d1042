"""Each fault really strikes: what it is for has died, was cut, stood still or was emptied."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from random import Random
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import psycopg
import pytest

from stress.environments.probe import Probe
from stress.environments.scratch import Site, scratch_site
from stress.faults import FAULTS
from stress.faults.fault import NoTarget
from tests.conftest import TEST_INSTANCES
from tests.support.running_store import is_gone, until

pytestmark = pytest.mark.proof

SERVING_SECONDS = 30
TURNS_MAX = 5
LOCKED = """WITH free AS MATERIALIZED (SELECT id FROM items FOR UPDATE SKIP LOCKED)
    SELECT count(*) FROM items WHERE id NOT IN (SELECT id FROM free)"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with scratch_site(TEST_INSTANCES) as site, traffic(site):
        yield site


@pytest.fixture(scope="module")
def probe(site: Site) -> Probe:
    return Probe(site.web_urls, site.people[0].token)


@pytest.fixture(autouse=True)
def whole(site: Site, probe: Probe) -> Iterator[None]:
    """Each test finds a store that serves, and leaves one that comes back by itself."""
    yield
    assert probe.seconds_until_serving(time.time()) is not None
    until(lambda: len(site.web_workers()) == 2 and site.rq_workers(), SERVING_SECONDS, "all back")


@contextmanager
def traffic(site: Site) -> Iterator[None]:
    """Three clerks who receive goods all the time, whatever they are answered."""
    ended = threading.Event()
    product = {"sku": "MUG", "name": "Mug", "price": "10.00"}
    assert post(site, "/api/products", product) == 201
    threads = [
        threading.Thread(target=receive_until, args=(site, ended), daemon=True) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    yield
    ended.set()
    for thread in threads:
        thread.join()


def receive_until(site: Site, ended: threading.Event) -> None:
    while not ended.is_set():
        post(site, "/api/items", {"sku": "MUG", "quantity": 1})


def post(site: Site, path: str, body: dict[str, object]) -> int | None:
    headers = {
        "Authorization": f"Bearer {site.people[-1].token}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid4()),
    }
    connection = HTTPConnection(urlsplit(site.web_urls[0]).netloc, timeout=15)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("POST", path, json.dumps(body), headers)
        return connection.getresponse().status
    return None


def inject(name: str, site: Site, seed: int = 1) -> str:
    return FAULTS[name].inject(site, Random(seed)).what


def inject_when_it_can(name: str, site: Site, seed: int) -> str:
    """What the blow before has left behind may have to be taken up first."""
    for _ in range(TURNS_MAX):
        with suppress(NoTarget):
            return inject(name, site, seed)
    raise AssertionError(f"{name} found nothing to strike in {TURNS_MAX} turns")


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and not is_gone(psutil.Process(pid))


def pids(processes: list[psutil.Process]) -> set[int]:
    return {process.pid for process in processes}


def test_kill_web_worker_ends_one_of_two(site: Site):
    before = site.web_workers()
    inject("kill-web-worker", site)
    until(lambda: [is_gone(each) for each in before].count(True) == 1, 5, "its end")


def test_kill_web_master_ends_all_that_it_started(site: Site):
    before = [site.supervisor, *site.web_workers(), *site.rq_workers()]
    inject("kill-web-master", site)
    until(lambda: all(is_gone(each) for each in before), 5, "their end")
    until(lambda: site.serving(), SERVING_SECONDS, "another supervisor")
    assert pids([site.supervisor, *site.web_workers()]).isdisjoint(pids(before))


@pytest.mark.parametrize("seed", range(3))
def test_kill_rq_worker_strikes_in_the_midst_of_a_job(site: Site, seed: int):
    (worker,) = site.rq_workers()
    struck = inject_when_it_can("kill-rq-worker", site, seed)
    killed = {int(pid) for pid in struck.removeprefix("worker or its job ").split(", ")}
    assert killed
    until(lambda: killed.isdisjoint(filter(lives, killed)), 5, "their end")
    assert is_gone(worker) == (worker.pid in killed)


def test_stop_process_stands_still_inside_a_transaction(site: Site):
    workers = site.web_workers()
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.is_set():
            if any(each.status() == psutil.STATUS_STOPPED for each in workers):
                stopped.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    inject("stop-process", site)
    watcher.join(1)
    assert stopped.is_set()
    assert all(each.status() != psutil.STATUS_STOPPED for each in workers)


def test_stop_process_leaves_nobody_stopped_when_it_cannot_look(site: Site):
    site.postmaster().suspend()
    try:
        with pytest.raises(psycopg.OperationalError):
            inject("stop-process", site)
    finally:
        site.postmaster().resume()
    assert all(each.status() != psutil.STATUS_STOPPED for each in site.web_workers())


def test_kill_backend_makes_postgresql_end_all_sessions(site: Site):
    postmaster = site.postmaster()
    with site.connect() as connection:
        mine = connection.info.backend_pid
        inject("kill-backend", site)
        until(lambda: not psutil.pid_exists(mine), 5, "the end of a bystander")
    assert site.postmaster() == postmaster


def test_kill_postgres_ends_the_postmaster_too(site: Site):
    before = site.postmaster()
    family = [before, *before.children()]
    inject("kill-postgres", site)
    until(lambda: all(is_gone(each) for each in family), 5, "their end")
    until(lambda: site.serving(), SERVING_SECONDS, "another PostgreSQL")
    assert site.postmaster() != before


def test_terminate_backend_ends_sessions_of_the_store_only(site: Site):
    with site.connect() as connection:
        struck = inject("terminate-backend", site)
        assert int(struck.split()[0]) >= 1
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("name", ["cut-before-commit", "cut-after-commit", "cut-every-kb"])
def test_a_cut_cuts(site: Site, name: str):
    before = site.proxy.cuts_made
    inject(name, site)
    assert site.proxy.cuts_made > before


def test_delay_200ms_holds_up_what_is_said(site: Site):
    before = site.proxy.delayed
    inject("delay-200ms", site)
    assert site.proxy.delayed > before
    assert site.proxy.delay_seconds == 0


@pytest.mark.parametrize("seed", range(2))
def test_black_hole_swallows_what_is_said(site: Site, seed: int):
    before = site.proxy.held
    inject("black-hole", site, seed)
    assert site.proxy.held > before


def test_kill_redis_brings_another_that_knows_nothing(site: Site):
    before = site.redis_process()
    site.redis.set("remembered", "yes")
    inject("kill-redis", site)
    assert is_gone(before)
    assert site.redis.get("remembered") is None


@pytest.mark.parametrize(("name", "count"), [("two-schedulers", 2), ("four-schedulers", 4)])
def test_more_schedulers_keep_the_timetable_once(site: Site, name: str, count: int):
    assert inject(name, site) == f"{count} schedulers"
    until(lambda: len(site.schedulers()) == 1, 10, "the end of the others")
    with site.connect() as connection:
        query = "SELECT job, slot FROM job_runs GROUP BY job, slot HAVING count(*) > 1"
        assert connection.execute(query).fetchall() == []


def test_duplicate_requests_asks_the_clients_to_repeat_themselves(site: Site):
    seen = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            seen.add(site.clients.copies)

    watcher = threading.Thread(target=watch)
    watcher.start()
    inject("duplicate-requests", site)
    ended.set()
    watcher.join()
    assert seen == {1, 4}
    assert site.clients.copies == 1


def test_hold_lock_keeps_others_from_what_is_in_demand(site: Site):
    waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = 'psql'"
    striking = threading.Thread(target=inject, args=("hold-lock-10s", site))
    striking.start()
    with site.connect() as connection:
        until(lambda: connection.execute(waiting).fetchall(), 5, "psql")
        until(lambda: connection.execute(LOCKED).fetchone() == (20,), 5, "the locks")
    striking.join()


def test_add_column_changes_a_table_while_it_is_used(site: Site):
    columns = """SELECT attrelid::regclass::text, attname FROM pg_attribute
        WHERE attname LIKE 'stress%'"""
    seen = []
    striking = threading.Thread(target=inject, args=("add-column", site))
    striking.start()
    with site.connect() as connection:
        until(lambda: seen.extend(connection.execute(columns)) or seen, 10, "the column")
        striking.join()
        assert connection.execute(columns).fetchall() == []
