from datetime import datetime, timedelta

from app.domain.reports.daily_report import DayNotReportable
from app.services.background.cleanup import BackgroundCleanupService
from app.services.background.job_runs import Result
from app.services.reports.daily_report import announce
from jobs.application import settings


def run(slot: datetime) -> Result:
    """Sums up the day before the slot's, in the store's zone; a store of today has none."""
    day = slot.astimezone(settings().timezone).date() - timedelta(days=1)
    try:
        figures = BackgroundCleanupService(settings().timezone).run_daily_report(day)
    except DayNotReportable as refusal:
        return {"day": day.isoformat(), "skipped": refusal.detail}
    if settings().alert_daily_report:
        announce(figures)
    return {"day": day.isoformat()}
