"""Runs of jobs: due, carried out once, recorded, requeued when abandoned.

The database is the truth of what is to be done and what was done; the queue only wakes workers.
A run's row is unique for its job and slot, so that it does not matter how many schedulers put it
there; a lock that dies with its process (run_locks.py) tells a running run from an abandoned one.
"""

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.database.transactions import after_commit, connection_lost, db, transactional
from app.domain.background.schedule import TIMETABLE, JobName
from app.domain.errors import DatabaseAway, InvalidInput, OutcomeUnknown, Refusal
from app.domain.text.written_times import written_moment
from app.observability import sentry
from app.observability.job_metrics import record_run_metrics
from app.observability.logs import event_log
from app.observability.request_id import current_request_id, working_on
from app.services.background.run_locks import RUN_LOCKS, run_locks
from app.services.notifications.alerts import raise_alert

ATTEMPTS_MAX = 3
LATE = timedelta(minutes=5)
ERROR_LENGTH_MAX = 500
STOPPED = "It was stopped before it was finished."
KEPT_DAYS = 90

Result = dict[str, Any]
Act = Callable[[datetime], Result]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """``slot`` is when it was due, or asked for.

    What it writes to history goes by ``request_id``: the asking request's, or the run's own.
    """

    id: UUID
    job: JobName
    slot: datetime
    attempt: int
    request_id: str


_current: ContextVar[Run | None] = ContextVar("the run that is going on", default=None)


# What is to be done


@transactional
def enqueue_due_runs(zone: ZoneInfo, now: datetime | None = None) -> None:
    """Have a run waiting for each job's last due slot, unless it was done already.

    So a missed slot is caught up, the last one only: one run tidies what several would have.
    ``now`` is the database's clock unless given.
    """
    _one_at_a_time("holdfast.enqueue_due_runs")
    when: datetime = now or db.session.scalar(text("SELECT clock_timestamp()"))
    _alert_missed_schedule(when)
    for job in TIMETABLE.values():
        _put_due_run(job.name, job.schedule.last_due(when, zone))


@transactional
def request_run(job: str, user_id: UUID) -> UUID:
    """A person wants it now; if it waits already, that is the run. Raises InvalidInput."""
    if job not in TIMETABLE:
        raise InvalidInput({"job": f"One of {', '.join(TIMETABLE)}."})
    _one_at_a_time("holdfast.request_run")
    waiting: UUID | None = db.session.scalar(
        text("""SELECT id FROM job_runs WHERE job = :job
            AND status IN ('queued', 'running', 'abandoned') AND finished_at IS NULL
            ORDER BY queued_at LIMIT 1"""),
        {"job": job},
    )
    return waiting or _insert(JobName(job), "request", user_id)


@transactional
def requeue_abandoned_runs() -> list[UUID]:
    """Note whose process is gone; they wait for another one, ATTEMPTS_MAX times in all."""
    ids = db.session.scalars(
        text("""WITH running AS MATERIALIZED (SELECT id FROM job_runs WHERE status = 'running')
            SELECT id FROM running WHERE pg_try_advisory_xact_lock(:kind, hashtext(id::text))"""),
        {"kind": RUN_LOCKS},
    ).all()
    rows = db.session.execute(
        text("""UPDATE job_runs SET error = :error, progress = NULL,
                status = CASE WHEN origin = 'direct' OR attempts >= :most
                    THEN 'failed' ELSE 'abandoned' END,
                finished_at = CASE WHEN origin = 'direct' OR attempts >= :most
                    THEN clock_timestamp() END
            WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'running'
            RETURNING id, job, status"""),
        {"ids": list(ids), "error": STOPPED, "most": ATTEMPTS_MAX},
    )
    given_up = rows.all()
    for row in given_up:
        after_commit(partial(record_run_metrics, JobName(row.job), row.status))
        if row.status == "failed":
            _alert_failure(row.id, JobName(row.job), STOPPED)
    return [row.id for row in given_up]


@transactional
def waiting_runs() -> list[tuple[UUID, JobName]]:
    """What a worker is to be told of, the oldest first; who waits for long is told to people."""
    rows = db.session.execute(
        text("""SELECT id, job, slot, status = 'queued'
                AND queued_at < clock_timestamp() - :late AS is_late
            FROM job_runs WHERE finished_at IS NULL AND status IN ('queued', 'abandoned')
            ORDER BY queued_at"""),
        {"late": LATE},
    ).all()
    for row in rows:
        if row.is_late:
            title = f"{TIMETABLE[JobName(row.job)].title} did not run"
            body = f"It has been waiting since {written_moment(row.slot)}; no worker takes it."
            _alert("job-late", title, body, f"job-late:{row.id}")
    return [(row.id, JobName(row.job)) for row in rows]


# Doing it


def perform(run_id: UUID, acts: Mapping[JobName, Act]) -> bool:
    """Carry out a waiting run, here and once. False when another has it or has done it."""
    job: str | None = db.session.scalar(
        text("SELECT job FROM job_runs WHERE id = :id AND finished_at IS NULL"), {"id": run_id}
    )
    db.session.close()
    if job is None:
        return False
    with run_locks() as locks:
        if not (locks.take_run(run_id) and locks.take_job(JobName(job))):
            return False
        run = _claim(run_id)
        if run is None:
            return False
        try:
            _carry_out(run, acts[run.job])
        except Exception as error:
            if _database_gone(error):
                logger.warning("%s of %s waits for the database", run.job, run.slot)
            else:
                logger.exception("%s of %s failed", run.job, run.slot)
            sentry.deliver()  # a job's process ends without a farewell
        else:
            event_log.info("run", job=run.job, request_id=run.request_id)
    return True


def record_run(job: JobName, act: Callable[[], Result], user_id: UUID | None = None) -> Result:
    """Do ``act`` as the run that is going on, or record it as a run of its own.

    So whoever does background work, a worker, the API or a command, it is in the list of runs.
    """
    if _current.get() is not None:
        return act()
    run_id: UUID = db.session.scalar(text("SELECT uuidv7()"))
    db.session.close()
    with run_locks() as locks:
        locks.take_run(run_id)
        _insert(job, "direct", user_id, run_id)
        run = _claim(run_id)
        assert run is not None
        return _carry_out(run, lambda slot: act())


@transactional
def note_progress(words: str) -> None:
    """Say on the page how far the run is that is going on here; nothing outside of one."""
    run = _current.get()
    if run is not None:
        db.session.execute(
            text("UPDATE job_runs SET progress = :words WHERE id = :id AND status = 'running'"),
            {"id": run.id, "words": words},
        )


def words_of(error: BaseException) -> str:
    """One line for people: no stack, no statement."""
    source = error.orig if isinstance(error, DBAPIError) and error.orig else error
    said = str(getattr(source, "detail", None) or source).strip()
    return (said.splitlines() or [type(error).__name__])[0][:ERROR_LENGTH_MAX]


@transactional
def forget_old_runs() -> None:
    """Keep KEPT_DAYS of runs and of sent alerts."""
    for table, column in (("job_runs", "finished_at"), ("outbox", "delivered_at")):
        db.session.execute(
            text(f"""DELETE FROM {table}
                WHERE {column} < clock_timestamp() - make_interval(days => :days)"""),
            {"days": KEPT_DAYS},
        )


def _carry_out(run: Run, act: Act) -> Result:
    token = _current.set(run)
    try:
        with working_on(run.request_id):
            result = act(run.slot)
    except BaseException as error:
        # Its lock went with the database, so it is taken up again as any abandoned run.
        if not _database_gone(error):
            _finish(run, None, error)
        raise
    finally:
        _current.reset(token)
    _finish(run, result, None)
    return result


def _database_gone(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        return connection_lost(error)
    return isinstance(error, DatabaseAway | OutcomeUnknown)


@transactional
def _claim(run_id: UUID) -> Run | None:
    """The caller holds the run's lock, so a row that is running has lost its process."""
    row = db.session.execute(
        text("""UPDATE job_runs SET status = 'running', started_at = clock_timestamp(),
                attempts = attempts + 1, error = NULL, progress = NULL
            WHERE id = :id AND finished_at IS NULL AND attempts < :most
            RETURNING id, job, slot, attempts,
                coalesce(request_id, 'job-' || id) AS request_id"""),
        {"id": run_id, "most": ATTEMPTS_MAX},
    ).one_or_none()
    if row is None:
        return None
    return Run(row.id, JobName(row.job), row.slot, row.attempts, row.request_id)


@transactional
def _finish(run: Run, result: Result | None, error: BaseException | None) -> None:
    """Only the attempt that was begun last has the last word."""
    status = "succeeded" if error is None else "failed"
    ended = db.session.execute(
        text("""UPDATE job_runs SET status = :status, finished_at = clock_timestamp(),
                result = :result, error = :error, progress = NULL
            WHERE id = :id AND attempts = :attempt AND finished_at IS NULL
            RETURNING CAST(extract(epoch FROM finished_at - started_at) AS float8)"""),
        {
            "id": run.id,
            "attempt": run.attempt,
            "status": status,
            "result": None if result is None else Jsonb(result),
            "error": None if error is None else words_of(error),
        },
    ).first()
    if ended:
        after_commit(partial(record_run_metrics, run.job, status, ended[0]))
    # A refusal is about what was asked for; whoever asked has been told.
    if ended and error is not None and not isinstance(error, Refusal):
        _alert_failure(run.id, run.job, words_of(error))
    if run.job == JobName.ALERTS:
        _forget_idle_deliveries(run)


def _forget_idle_deliveries(run: Run) -> None:
    """1,440 runs a day that found nothing to send would bury all others."""
    db.session.execute(
        text("""DELETE FROM job_runs WHERE job = :job AND status = 'succeeded' AND slot < :slot
            AND result = '{"sent": 0, "failed": 0}'"""),
        {"job": run.job, "slot": run.slot},
    )


@transactional
def _insert(job: JobName, origin: str, user_id: UUID | None, run_id: UUID | None = None) -> UUID:
    made: UUID = db.session.scalar(
        text("""INSERT INTO job_runs
                (id, job, slot, status, origin, started_at, started_by, request_id)
            VALUES (coalesce(CAST(:id AS uuid), uuidv7()), :job, clock_timestamp(), 'queued',
                :origin, NULL, :user_id, :request_id) RETURNING id"""),
        {
            "id": run_id,
            "job": job,
            "origin": origin,
            "user_id": user_id,
            "request_id": current_request_id() or None,
        },
    )
    return made


def _put_due_run(job: JobName, slot: datetime) -> None:
    where = {"job": job, "slot": slot}
    known = db.session.scalar(
        text("""SELECT true FROM job_runs WHERE job = :job AND origin = 'timetable'
            AND slot >= :slot LIMIT 1"""),
        where,
    )
    if known:
        return
    # One that still waits is due for this slot, too.
    moved = db.session.execute(
        text("""UPDATE job_runs SET slot = :slot WHERE job = :job AND origin = 'timetable'
            AND status IN ('queued', 'abandoned') AND finished_at IS NULL RETURNING id"""),
        where,
    ).first()
    if moved is None:
        db.session.execute(
            text("""INSERT INTO job_runs (job, slot, status, started_at)
                VALUES (:job, :slot, 'queued', NULL) ON CONFLICT (job, slot) DO NOTHING"""),
            where,
        )


def _alert_missed_schedule(now: datetime) -> None:
    last: datetime | None = db.session.scalar(
        text("SELECT max(slot) FROM job_runs WHERE origin = 'timetable'")
    )
    if last is not None and now - last > LATE:
        _alert(
            "background-stopped",
            "Background work was stopped",
            f"Nothing ran from {written_moment(last)} to {written_moment(now)};"
            " what is due is caught up now.",
            f"background-stopped:{last:%Y%m%dT%H%M}",
        )


def _alert_failure(run_id: UUID, job: JobName, error: str) -> None:
    _alert("job-failed", f"{TIMETABLE[job].title} failed", error, f"job-failed:{run_id}")


def _alert(topic: str, title: str, body: str, key: str) -> None:
    raise_alert(topic, {"title": title, "body": body, "path": "/jobs"}, key=key)


def _one_at_a_time(name: str) -> None:
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
