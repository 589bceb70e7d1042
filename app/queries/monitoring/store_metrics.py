"""Store-wide gauges for `/metrics`."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from app.database.transactions import db
from app.domain.background.schedule import TIMETABLE, JobName
from app.domain.consistency.kinds import InconsistencyKind
from app.domain.inventory.item_lifecycle import InventoryStatus


@dataclass(frozen=True)
class StoreGauges:
    """Ages in seconds; infinite where a thing has never been.

    ``waiting_runs`` and ``seconds_since_success`` are by job, ``open_findings`` by kind, ``units``
    by status. ``alerts`` are those that were not sent yet.
    """

    units: Mapping[str, int]
    open_findings: Mapping[str, int]
    waiting_runs: Mapping[str, int]
    oldest_waiting_run: float
    seconds_since_success: Mapping[str, float]
    seconds_since_good_audit: float
    alerts: int
    oldest_alert: float


def store_gauges() -> StoreGauges:
    waiting = db.session.execute(_WAITING).all()
    since = {row.job: row for row in db.session.execute(_SINCE, {"jobs": list(TIMETABLE)})}
    alerts = db.session.execute(_ALERTS).one()
    audit = since[JobName.AUDIT].good_audit
    return StoreGauges(
        units=_counts(list(InventoryStatus), _UNITS),
        open_findings=_counts(list(InconsistencyKind), _FINDINGS),
        waiting_runs=dict.fromkeys(TIMETABLE, 0) | {row.job: row.runs for row in waiting},
        oldest_waiting_run=max((row.age for row in waiting), default=0.0),
        seconds_since_success={job: _age(row.success) for job, row in since.items()},
        seconds_since_good_audit=_age(audit),
        alerts=alerts.waiting,
        oldest_alert=alerts.age,
    )


def _counts(names: list[str], query: str) -> dict[str, int]:
    found = {row[0]: row[1] for row in db.session.execute(text(query))}
    return {str(name): int(found.get(name, 0)) for name in names}


def _age(seconds: float | None) -> float:
    return float("inf") if seconds is None else seconds


_UNITS = "SELECT inventory_status, sum(quantity) FROM stock_tallies GROUP BY 1"
_FINDINGS = "SELECT kind, count(*) FROM inconsistencies WHERE resolved_at IS NULL GROUP BY 1"
_WAITING = text(
    """SELECT job, count(*) AS runs,
        CAST(extract(epoch FROM clock_timestamp() - min(queued_at)) AS float8) AS age
    FROM job_runs WHERE finished_at IS NULL AND status IN ('queued', 'abandoned') GROUP BY job"""
)
_SINCE = text(
    """SELECT j.job, CAST(extract(epoch FROM clock_timestamp() - run.at) AS float8) AS success,
        CAST(extract(epoch FROM clock_timestamp() - audit.at) AS float8) AS good_audit
    FROM unnest(CAST(:jobs AS text[])) AS j (job)
    LEFT JOIN LATERAL (SELECT finished_at AS at FROM job_runs
        WHERE job_runs.job = j.job AND status = 'succeeded'
        ORDER BY slot DESC LIMIT 1) run ON true
    LEFT JOIN LATERAL (SELECT finished_at AS at FROM job_runs
        WHERE j.job = 'audit' AND job_runs.job = j.job AND status = 'succeeded'
            AND result->>'ok' = 'true'
        ORDER BY slot DESC LIMIT 1) audit ON true"""
)
_ALERTS = text(
    """SELECT count(*) AS waiting,
        CAST(coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) AS float8) AS age
    FROM outbox WHERE delivered_at IS NULL"""
)
