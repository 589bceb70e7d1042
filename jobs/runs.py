"""What the queue calls: one run, by its id."""

from uuid import UUID

from app.database import unhurried
from app.domain.timetable import JobName
from app.services import job_runs
from jobs import alerts, audit, check, cleanup, report
from jobs.application import application

ACTS: dict[JobName, job_runs.Act] = {
    JobName.CLEANUP: cleanup.run,
    JobName.CHECK: check.run,
    JobName.REPORT: report.run,
    JobName.AUDIT: audit.run,
    JobName.ALERTS: alerts.run,
}


def perform(run_id: str) -> None:
    """Carries out the run if it is still to be done."""
    with application().app_context(), unhurried():
        job_runs.perform(UUID(run_id), ACTS)
