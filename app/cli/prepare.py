"""`flask prepare`: what the supervisor runs before the first page is served."""

import click
from flask.cli import with_appcontext
from flask_migrate import upgrade


@click.command("prepare", hidden=True)
@with_appcontext
def prepare() -> None:
    """Bring the database to this program's schema."""
    upgrade()
