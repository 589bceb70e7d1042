from datetime import datetime, timedelta

from app.domain.daily_report import DayNotReportable
from app.services.background_cleanup import BackgroundCleanupService
from app.services.daily_report import announce
from app.services.job_runs import Result
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
