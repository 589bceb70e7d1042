"""Whether workers and scheduler run, in words."""

from datetime import UTC, datetime, timedelta

from app.queries.background.job_runs import scheduler_seen_at
from app.services.background.job_queue import queue_state
from app.web.template_filters import store_settings

SILENT = timedelta(minutes=3)


def stopped_because() -> str | None:
    """None while background work goes on."""
    queue = queue_state(store_settings().redis_url)
    if not queue.answers:
        return "The queue does not answer."
    if queue.workers == 0:
        return "No worker is running."
    seen = scheduler_seen_at()
    if seen is not None and datetime.now(UTC) - seen > SILENT:
        return "The scheduler is not running."
    return None
