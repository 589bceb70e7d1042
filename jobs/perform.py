"""Carries out one run by its id; called by the queue."""

import logging
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from app.database.transactions import without_time_limits
from app.domain.background.schedule import JobName
from app.domain.errors import DatabaseAway, ItemBusy, OutcomeUnknown
from app.services.background import job_runs
from jobs import consistency_check as check
from jobs import daily_report as report
from jobs import deliver_alerts as alerts
from jobs import history_audit as audit
from jobs import release_expired_holds as cleanup
from jobs.application import application

DATABASE_TROUBLE = (SQLAlchemyError, DatabaseAway, ItemBusy, OutcomeUnknown)
logger = logging.getLogger(__name__)

ACTS: dict[JobName, job_runs.Act] = {
    JobName.CLEANUP: cleanup.run,
    JobName.CHECK: check.run,
    JobName.REPORT: report.run,
    JobName.AUDIT: audit.run,
    JobName.ALERTS: alerts.run,
}


def perform(run_id: str) -> None:
    """Carries out the run if it is still to be done."""
    with application().app_context(), without_time_limits():
        try:
            job_runs.perform(UUID(run_id), ACTS)
        except DATABASE_TROUBLE as error:
            # The scheduler tells a worker of it again.
            logger.warning("a run waits for the database: %s", type(error).__name__)
