"""Runs of background jobs for the jobs page: current, past, and due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.background.schedule import TIMETABLE, Job, JobName
from app.domain.errors import InvalidInput
from app.queries.paging import Page, decode_cursor, encode_cursor

LIST = "job runs"
SHOWN = 30
ALERTS_SHOWN = 10
ACTIVE = ("queued", "running", "abandoned")


@dataclass(frozen=True)
class JobRun:
    """Times are aware, in UTC. ``origin``: timetable, request (a person's wish) or direct."""

    id: UUID
    job: JobName
    slot: datetime
    status: str
    origin: str
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    progress: str | None
    result: Any
    error: str | None
    started_by: str | None

    @property
    def title(self) -> str:
        return TIMETABLE[self.job].title

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def duration(self) -> timedelta | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at


@dataclass(frozen=True)
class Alert:
    """``path`` is the page of the store that it is about."""

    topic: str
    title: str | None
    body: str | None
    path: str
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True)
class JobStatus:
    """A job's run that waits or goes on, and the last one that ended."""

    job: Job
    active: JobRun | None
    last: JobRun | None


def standings() -> list[JobStatus]:
    """One for each job of the timetable, in its order."""
    rows = db.session.execute(_STANDINGS, {"jobs": list(TIMETABLE)}).all()
    found = {(run.job, run.is_active): run for run in map(_run, rows)}
    return [
        JobStatus(job, found.get((name, True)), found.get((name, False)))
        for name, job in TIMETABLE.items()
    ]


def list_runs(cursor: str | None = None, limit: int = SHOWN) -> Page[JobRun]:
    """The latest first."""
    before = decode_cursor(cursor, of=LIST)[0] if cursor else None
    if before and not is_uuid(before):
        raise InvalidInput(
            {"cursor": "This is not a place in the list. Start from the first page."}
        )
    rows = db.session.execute(_LIST, {"before": before, "limit": limit + 1}).all()
    runs = [_run(row) for row in rows[:limit]]
    return Page(runs, encode_cursor(str(runs[-1].id), of=LIST) if len(rows) > limit else None)


def scheduler_seen_at() -> datetime | None:
    """The last slot that a scheduler put there; there is one every minute."""
    seen: datetime | None = db.session.scalar(
        text("SELECT max(slot) FROM job_runs WHERE origin = 'timetable'")
    )
    return seen


def recent_alerts(limit: int = ALERTS_SHOWN) -> list[Alert]:
    """The latest first."""
    rows = db.session.execute(
        text("""SELECT topic, payload->>'title' AS title, payload->>'body' AS body,
                coalesce(payload->>'path', '/') AS path, created_at, delivered_at
            FROM outbox ORDER BY id DESC LIMIT :limit"""),
        {"limit": limit},
    )
    return [Alert(**row._mapping) for row in rows]


def waiting_alerts() -> tuple[int, str | None]:
    """How many alerts wait to be sent, and why the oldest of them does."""
    row = db.session.execute(
        text("""SELECT count(*), (array_agg(error ORDER BY id))[1] FROM outbox
            WHERE delivered_at IS NULL""")
    ).one()
    return row[0], row[1]


def is_uuid(words: str) -> bool:
    try:
        return str(UUID(words)) == words
    except ValueError:
        return False


def _run(row: Any) -> JobRun:
    return JobRun(**{**row._mapping, "job": JobName(row.job)})


_SELECT = """
    SELECT r.id, r.job, r.slot, r.status, r.origin, r.queued_at, r.started_at, r.finished_at,
        r.attempts, r.progress, r.result, r.error, u.name AS started_by
    FROM {runs} r LEFT JOIN users u ON u.id = r.started_by
"""
_STANDINGS = text(
    _SELECT.format(
        runs="""(SELECT found.* FROM unnest(CAST(:jobs AS text[])) AS j (job)
            CROSS JOIN LATERAL (
                (SELECT * FROM job_runs WHERE job_runs.job = j.job AND finished_at IS NULL
                ORDER BY queued_at DESC LIMIT 1)
                UNION ALL
                (SELECT * FROM job_runs WHERE job_runs.job = j.job AND finished_at IS NOT NULL
                ORDER BY slot DESC LIMIT 1)) found)"""
    )
)
_LIST = text(
    _SELECT.format(runs="job_runs")
    + """WHERE CAST(:before AS uuid) IS NULL OR r.id < :before
    ORDER BY r.id DESC LIMIT :limit"""
)
