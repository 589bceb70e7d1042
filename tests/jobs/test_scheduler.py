"""Schedulers and workers as processes: each slot once, whatever is killed or away."""

import json
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
import redis
from rq.job import Job
from rq.serializers import JSONSerializer

from app.domain.background.schedule import TIMETABLE, JobName
from app.runtime.processes.privileges import before_exec
from app.services.background import job_runs
from app.services.background.job_queue import notify_workers, queue, queue_state
from jobs.scheduler import StoreScheduler
from tests.conftest import ROOT
from tests.support.running_store import until
from tests.support.shop import Shop

NOWHERE = "redis://127.0.0.1:1/0"
#: Contract: what a killed worker had is taken up within two minutes; it takes seconds.
TAKEN_UP_SECONDS = 60


@pytest.fixture
def connection(empty_redis: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(empty_redis) as connection:
        yield connection


@pytest.fixture
def start(own_shop: Shop, empty_redis: str) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts `python -m MODULE` on the shop, and stops it at the end."""
    started: list[subprocess.Popen] = []

    def run(module: str, **more: str) -> subprocess.Popen:
        environment = os.environ | {
            "DATABASE_URL": own_shop.url,
            "REDIS_URL": empty_redis,
            "SECRET_KEY": "only for tests, nothing is kept",
            "DEMO": "0",
            **more,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=environment,
            preexec_fn=before_exec(None, signal.SIGTERM),
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def somebody_at(shop: Shop, item_id) -> Iterator[None]:
    """Keeps the cleanup waiting: not for the unit, which it passes over, but for the totals."""
    with shop.connection.transaction():
        shop.execute("LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE")
        yield


def statuses(shop: Shop, job: str) -> list[str]:
    query = "SELECT status FROM job_runs WHERE job = %s ORDER BY queued_at"
    return [status for (status,) in shop.rows(query, job)]


def test_what_is_put_on_the_queue_is_json_and_only_once(
    own_shop: Shop, connection: redis.Redis
) -> None:
    run_id = job_runs.request_run("cleanup", own_shop.manager)
    for _ in range(3):
        notify_workers(connection, [(run_id, JobName.CLEANUP)])
    (identifier,) = queue(connection).job_ids
    stored = zlib.decompress(connection.hget(f"rq:job:{identifier}", "data"))
    assert json.loads(stored) == ["jobs.perform.perform", None, [str(run_id)], {}]
    job = Job.fetch(identifier, connection, serializer=JSONSerializer)
    assert job.timeout == TIMETABLE[JobName.CLEANUP].seconds_max


def test_a_queue_that_is_away_is_said_to_be(connection: redis.Redis, empty_redis: str) -> None:
    assert queue_state(empty_redis).answers
    assert queue_state(empty_redis).workers == 0
    assert not queue_state(NOWHERE).answers


def test_schedulers_and_workers_do_each_slot_once(own_shop: Shop, start) -> None:
    item_ids = own_shop.new_units(3)
    own_shop.hold(item_ids, "cart")
    own_shop.expire(item_ids)
    for module in ("jobs.scheduler", "jobs.scheduler", "jobs.worker", "jobs.worker"):
        start(module)
    until(
        lambda: own_shop.value(
            "SELECT count(DISTINCT job) = 5 AND bool_and(finished_at IS NOT NULL) FROM job_runs"
        ),
        120,
        "every job",
    )
    assert (
        own_shop.value("SELECT max(n) FROM (SELECT count(*) n FROM job_runs GROUP BY job, slot)")
        == 1
    )
    assert own_shop.rows(
        "SELECT DISTINCT status, attempts, origin FROM job_runs WHERE job <> 'alerts'"
    ) == [("succeeded", 1, "timetable")]
    assert own_shop.statuses(item_ids) == ["Available"] * 3
    assert [own_shop.reasons(item_id)[-1] for item_id in item_ids] == ["RESERVATION_EXPIRED"] * 3
    result = own_shop.value("SELECT result FROM job_runs WHERE job = 'cleanup'")
    assert result["released"] == 3


def test_a_killed_workers_job_is_finished_by_the_next_worker_and_nothing_done_twice(
    own_shop: Shop, start
) -> None:
    item_ids = own_shop.new_units(5)
    own_shop.hold(item_ids, "cart")
    own_shop.expire(item_ids)
    job_runs.request_run("cleanup", own_shop.manager)
    with somebody_at(own_shop, item_ids[0]):
        worker = start("jobs.worker")
        start("jobs.scheduler")
        until(lambda: statuses(own_shop, "cleanup")[:1] == ["running"], 90, "running")
        # It has freed the units and is half-way.
        until(lambda: own_shop.statuses(item_ids) == ["Available"] * 5, 90, "freed")
        family = [worker.pid, *(child.pid for child in psutil.Process(worker.pid).children(True))]
        for pid in family:
            os.kill(pid, signal.SIGKILL)
        worker.wait()
    seconds = until(
        lambda: statuses(own_shop, "cleanup")[0] == "abandoned", TAKEN_UP_SECONDS, "noticed"
    )
    start("jobs.worker")
    seconds += until(
        lambda: statuses(own_shop, "cleanup")[0] == "succeeded", TAKEN_UP_SECONDS, "taken up"
    )
    assert seconds < TAKEN_UP_SECONDS
    assert own_shop.row(
        "SELECT attempts, error FROM job_runs WHERE job = 'cleanup' AND origin = 'request'"
    ) == (2, None)
    for item_id in item_ids:
        assert own_shop.reasons(item_id).count("RESERVATION_EXPIRED") == 1


def test_without_the_queue_the_timetable_is_kept_and_alerts_still_go_out(
    own_shop: Shop, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.scheduler.application", lambda: own_shop.app)
    monkeypatch.setattr("jobs.application.application", lambda: own_shop.app)
    settings = own_shop.app.config["SETTINGS"]
    with redis.Redis.from_url(NOWHERE) as nowhere:
        scheduler = StoreScheduler(nowhere, settings)
        scheduler.register_birth()
        scheduler.enqueue_jobs()
        scheduler.heartbeat()
        scheduler.register_death()
    assert statuses(own_shop, "cleanup") == ["queued"]
    assert statuses(own_shop, "alerts") == ["succeeded"]
    # The queue is back, and empty: everything that waits is put there.
    StoreScheduler(connection, settings).enqueue_jobs()
    assert queue(connection).count == 4
