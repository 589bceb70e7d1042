from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask

from stress.environments.proxy import Proxy, proxy_to
from tests.conftest import Servers, running_app, settings_for
from tests.support.api_caller import Caller, caller_for
from tests.support.shop import Shop, open_shop


@pytest.fixture(scope="module")
def store(
    servers: Servers, template_database: str, redis_url: str, database_names: Iterator[str]
) -> Iterator[Shop]:
    """One that these tests share; it looks at the database past the proxy."""
    name = next(database_names)
    with open_shop(servers.create_database(name, template_database), redis_url) as shop:
        yield shop
    servers.drop_database(name)


@pytest.fixture(scope="module")
def line(store: Shop) -> Iterator[Proxy]:
    parts = urlsplit(store.url)
    with proxy_to(parts.hostname or "", parts.port or 0) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def app(store: Shop, line: Proxy, redis_url: str) -> Iterator[Flask]:
    """The application whose database is behind the proxy."""
    url = store.app.config["SQLALCHEMY_DATABASE_URI"]
    behind = url.replace(f":{urlsplit(store.url).port}/", f":{line.port}/")
    with running_app(settings_for(behind, redis_url)) as app:
        yield app


@pytest.fixture
def proxy(line: Proxy) -> Proxy:
    line.cuts_made, line.open = 0, True
    return line


@pytest.fixture
def caller(app: Flask, store: Shop, proxy: Proxy) -> Caller:
    """Its token's use is noted already."""
    caller = caller_for(app, store.staff)
    assert caller.get("/api/products").status_code == 200
    return caller
