"""`flask cleanup`, `flask check`: background work, now."""

import json

import click
from flask.cli import with_appcontext

from app.database import unhurried
from app.services.background_cleanup import BackgroundCleanupService


@click.command("cleanup")
@with_appcontext
def cleanup() -> None:
    """Free the units whose hold has run out; prints one JSON object."""
    with unhurried():
        click.echo(json.dumps(BackgroundCleanupService().run_cleanup_now()))


@click.command("check")
@with_appcontext
def check() -> None:
    """Look for inconsistencies; prints one JSON object."""
    click.echo(json.dumps(BackgroundCleanupService().run_consistency_check()))
