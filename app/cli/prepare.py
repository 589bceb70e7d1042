"""`flask prepare`: what the supervisor runs before the first page is served."""

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade

from app.database.transactions import without_time_limits
from app.queries.accounts.users import has_users
from app.queries.monitoring.readiness import OtherSchema, refuse_newer_schema
from app.runtime.log_ins import LogIns
from app.services.imports.demo.store import is_empty, load_demo_store
from app.services.imports.demo.users import demo_has_ended, demo_log_ins
from app.services.invoices.amount_decimals import AmountsDoNotFit, refuse_other_decimals
from app.services.reports.daily_report import report_last_days
from app.settings import Settings
from app.store_currency import store_currency

DAYS_REPORTED = 14


@click.command("prepare", hidden=True)
@with_appcontext
def prepare() -> None:
    """Bring the database to this program's schema, and the demo store into an empty one."""
    try:
        refuse_newer_schema()
    except OtherSchema as problem:
        raise SystemExit(f"Holdfast: {problem}") from None
    upgrade()
    settings: Settings = current_app.config["SETTINGS"]
    try:
        with without_time_limits():
            refuse_other_decimals(store_currency())
    except AmountsDoNotFit as refusal:
        raise click.ClickException(str(refusal)) from None
    demo: dict[str, bool] = {}
    if settings.demo and settings.demo_password:
        demo = prepare_demo(settings, settings.demo_password)
    LogIns(demo=demo, has_users=has_users()).publish(settings.instance_dir)


def prepare_demo(settings: Settings, password: str) -> dict[str, bool]:
    """The demo users who may log in, and whether they do so with this password."""
    if demo_has_ended():
        return {}
    with without_time_limits():
        if is_empty():
            click.echo("Loading the demo store …")
            load_demo_store(password, settings.timezone)
            report_last_days(DAYS_REPORTED, settings.timezone)
    return demo_log_ins(password)
