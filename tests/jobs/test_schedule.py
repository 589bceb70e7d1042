import json
import zlib
from datetime import UTC, datetime

import pytest
import redis
from rq.job import Job
from rq.serializers import JSONSerializer

from jobs import schedule
from jobs.queue import queue


@pytest.fixture
def connection(empty_redis: str):
    with redis.Redis.from_url(empty_redis) as connection:
        yield connection


def scheduler(connection: redis.Redis) -> schedule.StoreScheduler:
    made = schedule.StoreScheduler(connection)
    made.add_timetable()
    for job in made.get_jobs():
        job.next_enqueue_time = datetime(2026, 1, 5, 12, 15, tzinfo=UTC)
    return made


def test_cleanup_runs_at_every_quarter_of_an_hour(connection: redis.Redis) -> None:
    made = schedule.StoreScheduler(connection)
    made.add_timetable()
    (job,) = [job for job in made.get_jobs() if job.name == "cleanup"]
    assert job.next_enqueue_time.minute % 15 == 0
    assert not job.should_run()


def test_two_schedulers_put_a_tick_on_the_queue_once(connection: redis.Redis) -> None:
    for each in (scheduler(connection), scheduler(connection)):
        each.enqueue_jobs()
    assert queue(connection).count == len(schedule.TIMETABLE)


def test_what_is_put_on_the_queue_is_json(connection: redis.Redis) -> None:
    scheduler(connection).enqueue_jobs()
    (identifier, *_) = queue(connection).job_ids
    stored = zlib.decompress(connection.hget(f"rq:job:{identifier}", "data"))
    assert json.loads(stored)[0] == "jobs.cleanup.run"
    assert Job.fetch(identifier, connection, serializer=JSONSerializer).timeout == 600
