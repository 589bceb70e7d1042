"""The RQ queue: tells workers that a run waits in the database.

It crosses the network, so never call it inside a transaction. JSON only: no pickle is ever loaded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

from redis import Redis, RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from app.domain.background.schedule import TIMETABLE, JobName

NAME = "holdfast"
PERFORM = "jobs.perform.perform"
NOWHERE = "redis://127.0.0.1:1/0"
CONNECT_SECONDS = 2
ANSWER_SECONDS = 5
FAILURE_KEPT_SECONDS = 3600


@dataclass(frozen=True)
class QueueState:
    """``workers`` counts those that gave a sign of life lately, ``jobs`` what waits for one."""

    answers: bool
    workers: int = 0
    jobs: int = 0


def connect(redis_url: str | None, *, answer_seconds: float | None = ANSWER_SECONDS) -> Redis:
    """A worker waits for its next job, so it passes no limit for the answer."""
    return Redis.from_url(
        redis_url or NOWHERE,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=answer_seconds,
        health_check_interval=30,
    )


def queue(connection: Redis) -> Queue:
    return Queue(NAME, connection=connection, serializer=JSONSerializer)


def notify_workers(connection: Redis, runs: Iterable[tuple[UUID, JobName]]) -> None:
    """Ask a worker for each run that is not on the queue yet. Once too often does no harm."""
    jobs = queue(connection)
    there = {identifier.partition("_")[0] for identifier in jobs.job_ids}
    for run_id, job in runs:
        if str(run_id) not in there:
            jobs.enqueue(
                PERFORM,
                str(run_id),
                job_id=f"{run_id}_{uuid4().hex[:8]}",
                job_timeout=TIMETABLE[job].seconds_max,
                result_ttl=0,
                failure_ttl=FAILURE_KEPT_SECONDS,
            )


def try_notify_workers(redis_url: str | None, run_id: UUID, job: JobName) -> bool:
    """False when the queue is away; the scheduler sees to the run when it is back."""
    try:
        with connect(redis_url) as connection:
            notify_workers(connection, [(run_id, job)])
    except RedisError:
        return False
    return True


def queue_state(redis_url: str | None) -> QueueState:
    """Whether the queue answers, and who works on it."""
    try:
        with connect(redis_url, answer_seconds=CONNECT_SECONDS) as connection:
            names: set[bytes] = connection.smembers("rq:workers")
            workers = int(connection.exists(*names)) if names else 0
            return QueueState(True, workers, queue(connection).count)
    except RedisError:
        return QueueState(False)
