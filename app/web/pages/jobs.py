"""Background jobs: schedule, runs, running one now."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, request, url_for
from werkzeug.wrappers import Response

from app.domain.accounts.roles import Permission
from app.domain.background.schedule import TIMETABLE, JobName
from app.domain.errors import NotFound
from app.queries.background.job_runs import (
    JobRun,
    list_runs,
    recent_alerts,
    standings,
    waiting_alerts,
)
from app.services.background.job_queue import try_notify_workers
from app.services.background.job_runs import request_run
from app.web.authentication import signed_in_user
from app.web.authorization import requires
from app.web.pages.background_status import stopped_because
from app.web.responses import page_or_fragment, see_other
from app.web.template_filters import store_settings

jobs = Blueprint("jobs", __name__, url_prefix="/jobs")

#: What came of it, in a few words.
OUTCOMES: dict[JobName, Callable[[dict[str, Any]], str]] = {
    JobName.CLEANUP: lambda result: f"{result['released']:,} units freed",
    JobName.CHECK: lambda result: f"{result['found']:,} found, {result['opened']:,} new",
    JobName.REPORT: lambda result: result.get("skipped") or f"Report of {result['day']}",
    JobName.AUDIT: lambda result: (
        f"{result['historyRows']:,} rows hold" if result["ok"] else "History does not verify"
    ),
    JobName.ALERTS: lambda result: f"{result['sent']:,} sent, {result['failed']:,} not yet",
}


@jobs.get("")
@requires(Permission.JOB_READ)
def index() -> str:
    zone, now = store_settings().timezone, datetime.now(UTC)
    found = standings()
    waiting, trouble = waiting_alerts()
    return page_or_fragment(
        "jobs/index.html",
        "jobs/_board.html",
        standings=found,
        next_due={each.job.name: each.job.schedule.next_due(now, zone) for each in found},
        is_busy=any(each.active for each in found if each.job.name != JobName.ALERTS),
        runs=list_runs(request.args.get("cursor")),
        is_later_page="cursor" in request.args,
        outcome=outcome,
        zone=zone.key,
        stopped=stopped_because(),
        alerts=recent_alerts(),
        alerts_waiting=waiting,
        alerts_trouble=trouble,
        has_channels=bool(store_settings().alert_urls),
    )


@jobs.post("/<job>/run")
@requires(Permission.JOB_RUN)
def run(job: str) -> Response:
    """Its form has no key: a wish that waits already is not made twice, and waking a worker must
    follow the commit."""
    if job not in TIMETABLE:
        raise NotFound("job", [job], by="name")
    run_id = request_run(job, signed_in_user().id)
    title = TIMETABLE[JobName(job)].title
    if try_notify_workers(store_settings().redis_url, run_id, JobName(job)):
        flash(f"{title} is asked for.")
    else:
        flash(f"{title} will run when background work goes on again; it is stopped now.")
    return see_other(url_for(".index"))


def outcome(run: JobRun) -> str:
    if not run.result:
        return ""
    try:
        return OUTCOMES[run.job](run.result)
    except KeyError:  # of an earlier version
        return ""
