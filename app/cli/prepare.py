"""`flask prepare`: what the supervisor runs before the first page is served."""

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade

from app.database import unhurried
from app.services.daily_report import report_last_days
from app.services.demo_store import is_empty, load_demo_store
from app.services.demo_users import renew_demo_passwords
from app.settings import Settings

DAYS_REPORTED = 14


@click.command("prepare", hidden=True)
@with_appcontext
def prepare() -> None:
    """Bring the database to this program's schema, and the demo store into an empty one."""
    upgrade()
    settings: Settings = current_app.config["SETTINGS"]
    if settings.demo and settings.demo_password:
        prepare_demo(settings, settings.demo_password)


def prepare_demo(settings: Settings, password: str) -> None:
    with unhurried():
        if not is_empty():
            renew_demo_passwords(password)
            return
        click.echo("Loading the demo store …")
        load_demo_store(password, settings.timezone)
        report_last_days(DAYS_REPORTED, settings.timezone)
