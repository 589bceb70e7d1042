"""Carries out one run by its id; called by the queue."""

import logging
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from app.database.transactions import without_time_limits
from app.domain.background.schedule import JobName
from app.domain.errors import DatabaseAway, ItemBusy, OutcomeUnknown
from app.services.background import job_runs
from jobs import (
    consistency_check,
    daily_report,
    deliver_alerts,
    history_audit,
    release_expired_holds,
)
from jobs.application import application

DATABASE_TROUBLE = (SQLAlchemyError, DatabaseAway, ItemBusy, OutcomeUnknown)
logger = logging.getLogger(__name__)

ACTS: dict[JobName, job_runs.Act] = {
    JobName.CLEANUP: release_expired_holds.run,
    JobName.CHECK: consistency_check.run,
    JobName.REPORT: daily_report.run,
    JobName.AUDIT: history_audit.run,
    JobName.ALERTS: deliver_alerts.run,
}


def perform(run_id: str) -> None:
    """Carries out the run if it is still to be done."""
    with application().app_context(), without_time_limits():
        try:
            job_runs.perform(UUID(run_id), ACTS)
        except DATABASE_TROUBLE as error:
            # The scheduler tells a worker of it again.
            logger.warning("a run waits for the database: %s", type(error).__name__)
