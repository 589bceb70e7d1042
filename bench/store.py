"""Servers and stores for benchmarks; everything lies in one folder below the instance folder.

What is large is built once and kept there as a template, so that a second run begins at once.
"""

import fcntl
import hashlib
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.database.transactions import db
from app.models.user import SYSTEM_USER_ID
from app.runtime.servers.embedded import EmbeddedServers
from app.settings import Settings
from bench import large_store
from bench.large_store import fill_with_history
from bench.processes import Groups
from bench.table import Row

ROOT = Path(__file__).parents[1]
INSTANCE = ROOT / "instance" / "bench"
KEPT_DAYS = 3


@contextmanager
def bench_servers(
    instance: Path = INSTANCE, server_settings: Mapping[str, str] | None = None
) -> Iterator[EmbeddedServers]:
    """PostgreSQL and Valkey as the store runs them, durable; SystemExit when a run goes on.

    ``server_settings`` are PostgreSQL's, to try them out.
    """
    instance.mkdir(parents=True, exist_ok=True)
    with (instance / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"another benchmark is running on {instance}") from None
        servers = EmbeddedServers(Settings(instance_dir=instance, demo=False))
        assert servers.postgres
        servers.postgres.server_settings = server_settings or {}
        try:
            servers.start()
            with _superuser(servers) as connection:
                connection.execute("GRANT pg_checkpoint TO holdfast")
            yield servers
        finally:
            servers.stop()


@contextmanager
def store(
    servers: EmbeddedServers, name: str, *, units: int = 0
) -> Iterator[tuple[Flask, psycopg.Connection]]:
    """A migrated store in a database of its own, and a plain connection to that.

    With ``units`` it is filled as ``large_store`` does it. It is dropped afterwards.
    """
    _make_database(servers, name, template(servers, units) if units else "template1")
    try:
        with _opened(servers, name) as opened:
            yield opened
    finally:
        _drop_database(servers, name)


@contextmanager
def kept_store(servers: EmbeddedServers, units: int) -> Iterator[tuple[Flask, psycopg.Connection]]:
    """The template itself, for who changes no unit and no invoice in it."""
    with _opened(servers, template(servers, units)) as opened:
        yield opened


def template(servers: EmbeddedServers, units: int) -> str:
    """The database of so many units that others are copied from; made when it is not there."""
    name, kept = f"filled_{units}", _fingerprint()
    with _superuser(servers) as connection:
        found = connection.execute(
            """SELECT shobj_description(oid, 'pg_database') FROM pg_database
            WHERE datname = %s""",
            [name],
        ).fetchone()
    if found == (kept,):
        return name
    _make_database(servers, name, "template1")
    with _opened(servers, name), _superuser(servers, name) as connection:
        fill_with_history(connection, units)
    with _superuser(servers) as connection:  # only now is it whole
        connection.execute(f"COMMENT ON DATABASE {name} IS '{kept}'")
    return name


def _fingerprint() -> str:
    """Of how a store is filled, and roughly when: its reservations are found to be long in a week.

    Not of the schema: who opens it brings that up to date.
    """
    content = hashlib.sha256(Path(large_store.__file__).read_bytes()).hexdigest()
    return f"{content} {datetime.now(UTC).toordinal() // KEPT_DAYS}"


def _make_database(servers: EmbeddedServers, name: str, copied: str) -> None:
    _drop_database(servers, name)
    with _superuser(servers) as connection:
        connection.execute(
            f"CREATE DATABASE {name} OWNER holdfast TEMPLATE {copied} STRATEGY FILE_COPY"
        )


def _drop_database(servers: EmbeddedServers, name: str) -> None:
    with _superuser(servers) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _superuser(servers: EmbeddedServers, database: str = "postgres") -> psycopg.Connection:
    assert servers.postgres
    return servers.postgres.connect_as_superuser(database)


@contextmanager
def _opened(servers: EmbeddedServers, name: str) -> Iterator[tuple[Flask, psycopg.Connection]]:
    assert servers.postgres
    url = servers.postgres.database_url(name)
    settings = replace(servers.settings(), database_url=url, secret_key="bench bench bench")
    app = create_app(settings)
    app.config.update(WTF_CSRF_ENABLED=False)
    with (
        app.app_context(),
        psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection,
    ):
        upgrade(directory=str(ROOT / "migrations"))
        yield app, connection
        db.session.remove()
        db.engine.dispose()


def process_ids(servers: EmbeddedServers, *names: str) -> Groups:
    """Of the servers themselves, or of what stands for them."""
    return {
        child.name: [child.process.pid]
        for child in servers.children
        if child.name in names and child.process
    }


def free_units(connection: psycopg.Connection) -> list[UUID]:
    """Units from all over the store, in an order that is the same every time."""
    rows = connection.execute(
        """SELECT id FROM items WHERE inventory_status = 'Available' AND status = 'InStock'
        ORDER BY id"""
    )
    free = [item_id for (item_id,) in rows]
    random.Random(0).shuffle(free)
    return free


def deadlocks(connection: psycopg.Connection, when: str) -> Row:
    """How often there was one (40P01). Ends all other connections: only then is the count whole."""
    connection.execute(
        """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND backend_type = 'client backend'"""
    )
    (count,) = connection.execute(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    return Row(f"deadlocks: {when}", "", str(count), "none", count == 0, {"deadlocks": count})


def explain(connection: psycopg.Connection, reason: str) -> None:
    """Tell the database who changes units and why, as the services do."""
    connection.execute(
        """SELECT set_config('holdfast.user_id', %s, true),
            set_config('holdfast.reason', %s, true)""",
        [str(SYSTEM_USER_ID), reason],
    )
