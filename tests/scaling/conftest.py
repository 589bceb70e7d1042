from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask

from tests.conftest import migrate, running_app, settings_for
from tests.scaling.streaming import Streaming, streaming
from tests.support.shop import Shop, open_shop

LAG_SECONDS_MAX = 3


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Streaming]:
    """A primary with the store's tables, and its replica."""
    with streaming(tmp_path_factory.mktemp("streaming")) as pair:
        migrate(settings_for(pair.primary.url, redis_url))
        yield pair


@pytest.fixture(scope="module")
def shop(pair: Streaming, redis_url: str) -> Iterator[Shop]:
    """It knows nothing of the replica."""
    with open_shop(pair.primary.url, redis_url) as shop, shop.app.app_context():
        yield shop


@pytest.fixture
def app(pair: Streaming, shop: Shop, empty_redis: str) -> Iterator[Flask]:
    """The application with a replica, to which nobody has written lately."""
    with node(pair, empty_redis) as app:
        yield app


@contextmanager
def node(pair: Streaming, redis_url: str) -> Iterator[Flask]:
    settings = replace(
        settings_for(pair.primary.url, redis_url),
        database_replica_url=pair.replica.url,
        database_replica_lag_seconds=LAG_SECONDS_MAX,
    )
    with running_app(settings) as app:
        yield app
