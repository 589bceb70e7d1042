"""Servers and stores for benchmarks; everything lies in a folder that is removed afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.database import db
from app.models.user import SYSTEM_USER_ID
from app.runtime.embedded import EmbeddedServers
from app.settings import Settings

ROOT = Path(__file__).parents[1]
PRODUCTS = 400
WORDS = ("red", "blue", "green", "small", "glass", "paper", "heart", "bird", "star", "lamp")
BATCH = 50_000


@contextmanager
def bench_servers() -> Iterator[tuple[EmbeddedServers, Path]]:
    instance = ROOT / "instance" / f"bench-{os.getpid()}"
    servers = EmbeddedServers(Settings(instance_dir=instance, demo=False))
    try:
        servers.start()
        yield servers, instance
    finally:
        servers.stop()


@contextmanager
def store(servers: EmbeddedServers, name: str) -> Iterator[tuple[Flask, psycopg.Connection]]:
    """A migrated store in a database of its own, and a plain connection to that."""
    assert servers.postgres
    with servers.postgres.connect_as_superuser() as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER holdfast")
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


def fill(connection: psycopg.Connection, units: int) -> None:
    """``units`` units of 400 products: of ten, six are free, one is held, three are sold."""
    add_products(connection)
    for first in range(0, units, BATCH):
        with connection.transaction():
            explain(connection, "RECEIVED")
            connection.execute(
                """INSERT INTO items (serial_number, product_id)
                SELECT p.sku || '-' || lpad(g::text, 7, '0'), p.id
                FROM generate_series(%s::int, %s::int) g
                JOIN products p ON p.sku = 'P' || g %% %s""",
                [first, min(first + BATCH, units) - 1, PRODUCTS],
            )
    for reason, change, which in (
        (
            "MANUAL_HOLD",
            "inventory_status = 'Reserved', reserved_for_type = 'Manual',"
            " reserved_for_id = 'bench'",
            "right(serial_number, 1) IN ('0', '1', '2', '3')",
        ),
        ("INVOICE_PAID", "inventory_status = 'Sold'", "right(serial_number, 1) IN ('1', '2', '3')"),
    ):
        with connection.transaction():
            explain(connection, reason)
            connection.execute(f"UPDATE items SET {change} WHERE {which}")
    connection.execute("VACUUM ANALYZE")


def add_products(connection: psycopg.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO products (sku, name, price) VALUES (%s, %s, 2.50)",
            [
                (
                    f"P{number}",
                    " ".join(WORDS[number * step % len(WORDS)] for step in (1, 4, 7)).upper(),
                )
                for number in range(PRODUCTS)
            ],
        )


def explain(connection: psycopg.Connection, reason: str) -> None:
    """Tell the database who changes units and why, as the services do."""
    connection.execute(
        """SELECT set_config('holdfast.user_id', %s, true),
            set_config('holdfast.reason', %s, true)""",
        [str(SYSTEM_USER_ID), reason],
    )
