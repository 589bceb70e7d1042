"""Whether the database is there and has the tables that this program expects."""

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.database import db

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def database_revision() -> str | None:
    """The migration that the database stands at; None before the first."""
    if db.session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


@cache
def newest_revision() -> str | None:
    """The last migration that this program brings."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()
