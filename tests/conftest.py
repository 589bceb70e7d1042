"""One PostgreSQL and one Valkey for the whole run; a database of its own for each test that asks.

Under xdist the controller starts the servers and the workers are told where they are, so that
they outlive every worker; without xdist they start when the first test asks.
"""

import fcntl
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import hypothesis
import psutil
import pytest
import redis
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from psycopg import sql

from app import create_app
from app.database.transactions import db, without_time_limits
from app.runtime.servers.embedded import EmbeddedServers
from app.runtime.servers.postgres import STORE, Postgres
from app.runtime.servers.valkey import Valkey
from app.services.accounts import passwords, users
from app.services.imports.demo.store import load_demo_store
from app.services.reports.daily_report import report_last_days
from app.settings import Settings

pytest_plugins = ["tests.support.fixtures"]

# An example takes as long as it takes: other work on the machine may be slow.
hypothesis.settings.register_profile("holdfast", deadline=None)
hypothesis.settings.load_profile("holdfast")

ROOT = Path(__file__).parents[1]
TEST_INSTANCES = ROOT / "instance" / "test"
TEMPLATE = "holdfast_template"
DEMO_TEMPLATE = "holdfast_demo_template"
DEMO_PASSWORD = "the demo's password"
SERVERS = pytest.StashKey["EmbeddedServers"]()
REDIS_DATABASES = 16
REAL = passwords.hasher
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
LONG_FIRST = ("stress", "scaling", "runtime", "jobs", "bench", "migrations", "browser")


@dataclass(frozen=True)
class Servers:
    """The running servers, as seen from any process of the test run."""

    postgres: Postgres
    valkey: Valkey

    def create_database(self, name: str, template: str = "template1") -> str:
        self._execute(
            "CREATE DATABASE {} OWNER {} TEMPLATE {}",
            *(sql.Identifier(part) for part in (name, STORE, template)),
        )
        return self.postgres.database_url(name)

    def drop_database(self, name: str) -> None:
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", sql.Identifier(name))

    def rename_database(self, name: str, new: str) -> None:
        self._execute("ALTER DATABASE {} RENAME TO {}", sql.Identifier(name), sql.Identifier(new))

    def has_database(self, name: str) -> bool:
        with self.postgres.connect_as_superuser() as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            return connection.execute(query, [name]).fetchone() is not None

    def _execute(self, statement: str, *parts: sql.Composable) -> None:
        with self.postgres.connect_as_superuser() as connection:
            connection.execute(sql.SQL(statement).format(*parts))


def start_servers(config: pytest.Config) -> EmbeddedServers:
    if SERVERS not in config.stash:
        remove_abandoned_instances()
        instance = TEST_INSTANCES / str(os.getpid())
        started = EmbeddedServers(Settings(instance_dir=instance), durable=False)
        # What the checker of the stress command must know, as its scratch store does.
        started.postgres.server_settings = {"track_commit_timestamp": "on"}
        config.stash[SERVERS] = started
        started.start()
    return config.stash[SERVERS]


def remove_abandoned_instances() -> None:
    for folder in TEST_INSTANCES.glob("[0-9]*"):
        if not psutil.pid_exists(int(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no worker is left with one while the other has nothing to do."""
    items.sort(key=lambda item: _place(item.path.relative_to(Path(__file__).parent).parts[0]))


def _place(folder: str) -> int:
    return LONG_FIRST.index(folder) if folder in LONG_FIRST else len(LONG_FIRST)


def pytest_configure_node(node) -> None:
    started = start_servers(node.config)
    node.workerinput["holdfast_servers"] = (
        str(started.postgres.instance),
        started.postgres.port,
        started.valkey.port,
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    if SERVERS in config.stash:
        started = config.stash[SERVERS]
        started.stop()
        shutil.rmtree(started.postgres.instance, ignore_errors=True)
        with suppress(OSError):
            TEST_INSTANCES.rmdir()


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    worker_input = getattr(pytestconfig, "workerinput", None)
    if worker_input is None:
        started = start_servers(pytestconfig)
        return Servers(started.postgres, started.valkey)
    instance, postgres_port, valkey_port = worker_input["holdfast_servers"]
    return Servers(
        Postgres(Path(instance), durable=False, port=postgres_port),
        Valkey(Path(instance), durable=False, port=valkey_port),
    )


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Argon2 with the least work it knows, for the many log-ins that prove nothing about it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "hasher", CHEAP)
        patch.setattr(users, "NOBODYS_HASH", CHEAP.hash("nobody has this password"))
        yield


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's own parameters."""
    monkeypatch.setattr(passwords, "hasher", REAL)
    monkeypatch.setattr(users, "NOBODYS_HASH", passwords.NOBODYS_HASH)


@pytest.fixture(scope="session")
def worker_number(pytestconfig: pytest.Config) -> int:
    """0 without xdist, else 1, 2, …"""
    worker_input = getattr(pytestconfig, "workerinput", {"workerid": "gw-1"})
    return int(worker_input["workerid"].removeprefix("gw")) + 1


@pytest.fixture(scope="session")
def redis_url(servers: Servers, worker_number: int) -> str:
    return servers.valkey.url.removesuffix("/0") + f"/{worker_number % REDIS_DATABASES}"


@pytest.fixture
def empty_redis(redis_url: str) -> str:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    return redis_url


@pytest.fixture(scope="session")
def template_database(servers: Servers, redis_url: str) -> str:
    """The name of a migrated, empty database that others are cloned from."""
    with made_once(servers, TEMPLATE) as url:
        if url:
            migrate(settings_for(url, redis_url))
    return TEMPLATE


@pytest.fixture(scope="session")
def demo_database(servers: Servers, template_database: str, redis_url: str) -> str:
    """The name of a database with the demo store, that others are cloned from."""
    with made_once(servers, DEMO_TEMPLATE, template_database) as url:
        if url:
            with (
                running_app(settings_for(url, redis_url)) as app,
                app.app_context(),
                without_time_limits(),
            ):
                load_demo_store(DEMO_PASSWORD, ZoneInfo("UTC"))
                report_last_days(14, ZoneInfo("UTC"))
    return DEMO_TEMPLATE


@contextmanager
def made_once(servers: Servers, name: str, template: str = "template1") -> Iterator[str | None]:
    """The address of a database to fill, which then has this name; None where it is there."""
    with locked(servers.postgres.instance / f"{name}.lock"):
        if servers.has_database(name):
            yield None
            return
        draft = f"{name}_draft"
        servers.drop_database(draft)
        yield servers.create_database(draft, template)
        servers.rename_database(draft, name)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def settings_for(database_url: str, redis_url: str, instance: Path = TEST_INSTANCES) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        secret_key="only for tests, nothing is kept",
        instance_dir=instance,
        demo=False,
    )


def migrate(settings: Settings) -> None:
    with running_app(settings) as app, app.app_context():
        upgrade(directory=str(ROOT / "migrations"))


@contextmanager
def running_app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.config["TESTING"] = True
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


@pytest.fixture(scope="session")
def database_names(worker_number: int) -> Iterator[str]:
    return (f"test_{worker_number}_{number}" for number in itertools.count())


@pytest.fixture
def database_url(servers: Servers, template_database: str, database_names) -> Iterator[str]:
    """A migrated, empty database for this test alone."""
    name = next(database_names)
    yield servers.create_database(name, template_database)
    servers.drop_database(name)


@pytest.fixture
def empty_database_url(servers: Servers, database_names) -> Iterator[str]:
    """A database without any table: for tests of the migrations."""
    name = next(database_names)
    yield servers.create_database(name)
    servers.drop_database(name)


@pytest.fixture(scope="session")
def shared_database_url(servers: Servers, template_database: str, database_names) -> Iterator[str]:
    """A migrated database that this worker's tests read from and nobody writes to."""
    name = next(database_names)
    yield servers.create_database(name, template_database)
    servers.drop_database(name)


@pytest.fixture
def settings(database_url: str, empty_redis: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, empty_redis, tmp_path / "instance")


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    with running_app(settings) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
