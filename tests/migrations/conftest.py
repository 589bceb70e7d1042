from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from flask_migrate import upgrade

from tests.conftest import ROOT, running_app, settings_for
from tests.support.shop import plain_url

MIGRATIONS = Path(ROOT) / "migrations"


@pytest.fixture
def migrate_to(empty_database_url: str, redis_url: str) -> Iterator[Callable[[str], None]]:
    """Migrates this test's own database, which begins with nothing in it."""
    with (
        running_app(settings_for(empty_database_url, redis_url)) as app,
        app.app_context(),
    ):
        yield lambda revision: upgrade(directory=str(MIGRATIONS), revision=revision)


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[psycopg.Connection]:
    """The same database as its owner, autocommitting."""
    with psycopg.connect(plain_url(empty_database_url), autocommit=True) as connection:
        yield connection
