"""Rates of recent activity and the last runs of jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db

JOBS = ("cleanup", "check", "report")


@dataclass(frozen=True)
class Rates:
    """Changes of status in the last sixty minutes, from the maintained totals per minute."""

    received_last_hour: int
    reserved_last_hour: int
    released_last_hour: int
    sold_last_hour: int
    delivered_last_hour: int


@dataclass(frozen=True)
class LastJobRun:
    """Times are aware, in UTC; ``finished_at`` is None while it runs."""

    id: UUID
    status: str
    started_at: datetime
    finished_at: datetime | None
    result: Any
    error: str | None


def rates() -> Rates:
    """One statement over an index on the minute."""
    row = db.session.execute(
        text(
            """
            SELECT {} FROM transition_tallies
            WHERE minute > clock_timestamp() - interval '1 hour'""".format(", ".join(_SUMS))
        )
    ).one()
    return Rates(**{name: int(value) for name, value in row._mapping.items()})


def _sum(name: str, which: str) -> str:
    return f"coalesce(sum(quantity) FILTER (WHERE {which}), 0) AS {name}_last_hour"


_SUMS = (
    _sum("received", "to_status = 'Available' AND from_status IS NULL"),
    _sum("reserved", "to_status = 'Reserved'"),
    _sum("released", "to_status = 'Available' AND from_status = 'Reserved'"),
    _sum("sold", "to_status = 'Sold'"),
    _sum("delivered", "to_status = 'Delivered'"),
)


def last_runs() -> Mapping[str, LastJobRun | None]:
    """The newest run of each job that was begun; None for one that never ran."""
    rows = db.session.execute(
        text("""
            SELECT j.job, r.* FROM unnest(CAST(:jobs AS text[])) AS j (job)
            CROSS JOIN LATERAL (
                SELECT id, status, started_at, finished_at, result, error FROM job_runs
                WHERE job_runs.job = j.job AND started_at IS NOT NULL
                ORDER BY slot DESC LIMIT 1) r"""),
        {"jobs": list(JOBS)},
    )
    found = {}
    for row in rows:
        values = dict(row._mapping)
        job = values.pop("job")
        found[job] = LastJobRun(**values)
    return {job: found.get(job) for job in JOBS}
