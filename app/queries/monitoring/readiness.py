"""Checks that the database answers and has the expected tables."""

from functools import cache
from pathlib import Path

import psycopg
from alembic.script import ScriptDirectory

from app.database.transactions import db

MIGRATIONS = Path(__file__).parents[3] / "migrations"
CONNECT_SECONDS = 3


class OtherSchema(Exception):
    """One line: which schema the database has, and what to do."""


def database_revision() -> str | None:
    """The migration that the database stands at; None before the first.

    Asked over a new connection: a server that is about to stop goes on answering over old ones.
    """
    url = db.engine.url.set(drivername="postgresql")
    with psycopg.connect(
        url.render_as_string(hide_password=False), connect_timeout=CONNECT_SECONDS, autocommit=True
    ) as connection:
        table = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if table == (None,):
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else None


def refuse_newer_schema() -> None:
    """Raises OtherSchema when the database was made by a later program than this."""
    found = database_revision()
    if found is not None and found not in known_revisions():
        raise OtherSchema(
            f"the database's schema is {found}, made by a newer Holdfast; this one knows up to"
            f" {newest_revision()}: run the newer one, or restore a backup"
        )


def refuse_other_schema() -> None:
    """Raises OtherSchema unless the database is at this program's own migration."""
    refuse_newer_schema()
    found, needed = database_revision(), newest_revision()
    if found != needed:
        raise OtherSchema(
            f"the database's schema is {found or 'empty'}, and this program needs {needed}:"
            " start the store, which brings it up to date, or run .venv/bin/flask db upgrade"
        )


@cache
def known_revisions() -> set[str]:
    scripts = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return {script.revision for script in scripts}


@cache
def newest_revision() -> str | None:
    """The last migration that this program brings."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()
