from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import Servers
from tests.support.psql import Psql
from tests.support.shop import plain_url


@pytest.fixture(scope="session")
def guarded_database_url(
    servers: Servers, template_database: str, database_names: Iterator[str]
) -> Iterator[str]:
    """One migrated database for all guards: their tests roll back."""
    name = next(database_names)
    yield plain_url(servers.create_database(name, template_database))
    servers.drop_database(name)


@pytest.fixture
def psql(guarded_database_url: str) -> Iterator[Psql]:
    """The database's owner in a transaction that ends with nothing done."""
    with psycopg.connect(guarded_database_url) as connection:
        yield Psql(connection)
        connection.rollback()
