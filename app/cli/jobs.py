"""`flask cleanup`, `flask check`, `flask report`: background work, now."""

import json
from datetime import date, timedelta

import click
from flask import current_app
from flask.cli import with_appcontext

from app.cli.day import DAY
from app.database.transactions import without_time_limits
from app.domain.reports.daily_report import DayNotReportable
from app.queries.reports.daily_report import today
from app.services.background.cleanup import BackgroundCleanupService


@click.command("cleanup")
@with_appcontext
def cleanup() -> None:
    """Free the units whose hold has run out; prints one JSON object."""
    with without_time_limits():
        click.echo(json.dumps(BackgroundCleanupService().run_cleanup_now()))


@click.command("check")
@with_appcontext
def check() -> None:
    """Look for inconsistencies; prints one JSON object."""
    click.echo(json.dumps(BackgroundCleanupService().run_consistency_check()))


@click.command("report")
@click.option("--date", "day", type=DAY, help="A day that is over; else yesterday.")
@with_appcontext
def report(day: date | None) -> None:
    """Make a day's report; prints one JSON object."""
    zone = current_app.config["SETTINGS"].timezone
    with without_time_limits():
        wanted = day or today(zone) - timedelta(days=1)
        try:
            figures = BackgroundCleanupService(zone).run_daily_report(wanted)
        except DayNotReportable as refusal:
            raise click.ClickException(refusal.detail) from None
        click.echo(json.dumps(figures))
