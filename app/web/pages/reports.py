"""Daily reports: the list, one with charts, as CSV."""

from datetime import date

from flask import Blueprint, Response, flash, render_template, request, url_for
from werkzeug.exceptions import NotFound as PageNotFound
from werkzeug.wrappers import Response as BaseResponse

from app.database.transactions import without_time_limits
from app.domain.accounts.roles import Permission
from app.domain.errors import InvalidInput
from app.domain.input.dates import RANGE, is_usable, parse_day
from app.domain.reports.daily_report import DayNotReportable, refuse_unless_reportable
from app.domain.text.written_times import written_day
from app.queries.reports.daily_report import find_report, first_day, list_reports, today
from app.services.background.cleanup import BackgroundCleanupService
from app.web.authentication import signed_in_user
from app.web.authorization import requires
from app.web.exports.daily_report import report_csv
from app.web.pages.report_view import changes, compared, hours_chart, stock_shares, top_bars
from app.web.responses import see_other
from app.web.template_filters import store_settings

reports = Blueprint("reports", __name__, url_prefix="/reports")
SHOWN = 31


@reports.get("")
@requires(Permission.REPORT_READ)
def index() -> str:
    before = _day(request.args["before"]) if request.args.get("before") else None
    found = list_reports(SHOWN + 1, before)
    return render_template(
        "reports/index.html",
        reports=found[:SHOWN],
        next_before=found[SHOWN - 1].day if len(found) > SHOWN else None,
        is_later_page=before is not None,
    )


@reports.post("")
@requires(Permission.JOB_RUN)
def create() -> BaseResponse:
    """Its form has no key: a day that is reported twice has the same report."""
    try:
        day = parse_day(request.form.get("day", ""))
    except ValueError as error:
        raise InvalidInput({"day": str(error)}) from None
    with without_time_limits():
        service = BackgroundCleanupService(store_settings().timezone, signed_in_user().id)
        service.run_daily_report(day)
    flash(f"The report of {written_day(day)} is made.")
    return see_other(url_for(".show", day=day))


@reports.get("/<day>")
@requires(Permission.REPORT_READ)
def show(day: str) -> str | tuple[str, int]:
    wanted = _day(day)
    report = find_report(wanted) if is_usable(wanted) else None
    if report is None:
        return render_template("reports/none.html", day=wanted, why=_why_not(wanted)), 404
    figures = report.figures
    return render_template(
        "reports/show.html",
        report=report,
        figures=figures,
        headlines=compared(figures),
        hours=hours_chart(figures),
        shares=stock_shares(figures),
        changes=changes(figures),
        best_sellers=top_bars(figures["bestSellers"], "units"),
    )


@reports.get("/<day>.csv")
@requires(Permission.REPORT_READ)
def download(day: str) -> Response:
    wanted = _day(day)
    report = find_report(wanted) if is_usable(wanted) else None
    if report is None:
        raise PageNotFound
    name = f"holdfast-report-{report.day.isoformat()}.csv"
    return Response(
        report_csv(report.figures),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _day(words: str) -> date:
    """From the address, as the store's own links write it."""
    try:
        found = date.fromisoformat(words)
    except ValueError:
        raise PageNotFound from None
    if found.isoformat() != words:
        raise PageNotFound
    return found


def _why_not(day: date) -> str | None:
    """None for a day that can be reported and merely was not yet."""
    if not is_usable(day):
        return f"Reports are made of days {RANGE}."
    zone = store_settings().timezone
    try:
        refuse_unless_reportable(day, today=today(zone), first_day=first_day(zone))
    except DayNotReportable as refusal:
        return refusal.detail
    return None
