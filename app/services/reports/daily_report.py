"""Makes and stores a day's report."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb
from sqlalchemy import text

from app.database.transactions import db, transactional
from app.domain.reports.daily_report import HEADLINES, MONEY_HEADLINES, refuse_unless_reportable
from app.domain.text.written_times import written_day
from app.queries.reports.daily_report import figures_of, first_day, today
from app.services.notifications.alerts import raise_alert
from app.store_currency import written


@transactional
def make_report(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Work out a day's figures and keep them; a day reported again has the same.

    Raises DayNotReportable for a day that is not over, or before the store existed.
    """
    refuse_unless_reportable(day, today=today(zone), first_day=first_day(zone))
    figures = figures_of(day, zone)
    db.session.execute(
        text("""INSERT INTO daily_reports (day, figures) VALUES (:day, :figures)
            ON CONFLICT (day) DO UPDATE SET figures = excluded.figures,
                created_at = excluded.created_at
            WHERE daily_reports.figures <> excluded.figures"""),
        {"day": day, "figures": Jsonb(figures)},
    )
    return figures


@transactional
def report_last_days(days: int, zone: ZoneInfo) -> None:
    """The reports of up to so many days before today: for a store that brings its past along."""
    last, first = today(zone), first_day(zone)
    for back in range(days, 0, -1):
        if (day := last - timedelta(days=back)) >= first:
            make_report(day, zone)


def announce(figures: dict[str, Any]) -> None:
    """Send the day's headlines to the alert channels, once."""
    day, headlines = figures["day"], figures["headlines"]
    amounts = {name: written(Decimal(headlines[name])) for name in MONEY_HEADLINES}
    said = headlines | amounts
    lines = [f"{label}: {said[name]}" for name, label in HEADLINES.items()]
    payload = {
        "title": f"Report of {written_day(date.fromisoformat(day))}",
        "body": "\n".join(lines),
        "path": f"/reports/{day}",
    }
    raise_alert("daily-report", payload, key=f"daily-report:{day}")
