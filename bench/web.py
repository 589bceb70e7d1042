"""The web processes that serve a store in earnest, and a token to ask them with."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import IO
from uuid import uuid4

import psycopg
from flask import Flask

from app.runtime.servers.embedded import EmbeddedServers
from app.services.accounts import users
from app.services.accounts.api_tokens import create_token
from app.settings import Settings
from bench.processes import Groups
from bench.store import ROOT, kept_store, process_ids, store

PASSWORD = "bench-password"


@dataclass(frozen=True)
class Web:
    """``groups``: the store's processes, for what they use."""

    app: Flask
    connection: psycopg.Connection
    port: int
    token: str
    email: str
    password: str
    groups: Groups

    @property
    def settings(self) -> Settings:
        settings: Settings = self.app.config["SETTINGS"]
        return settings

    @property
    def head(self) -> str:
        """The headers of every request of an API client."""
        return (
            f"Host: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
            "Content-Type: application/json\r\nAccept: application/json\r\n"
        )


@contextmanager
def served(servers: EmbeddedServers, name: str, units: int) -> Iterator[Web]:
    """A filled store, and as many processes that serve it as `make run` starts."""
    with store(servers, name, units=units) as opened, _serving(servers, name, *opened) as web:
        yield web


@contextmanager
def served_to_readers(servers: EmbeddedServers, units: int) -> Iterator[Web]:
    """The same on the store that others are copied from, which nobody may change."""
    with (
        kept_store(servers, units) as opened,
        _serving(servers, f"filled_{units}", *opened) as web,
    ):
        yield web


@contextmanager
def _serving(
    servers: EmbeddedServers, name: str, app: Flask, connection: psycopg.Connection
) -> Iterator[Web]:
    email = f"{uuid4()}@example.com"  # another one at each run of a store that is kept
    user_id = users.create_user(email, name="Bench", role="admin", password=PASSWORD)
    token = create_token(user_id, name="bench").secret
    log = servers.settings().instance_dir / "log" / f"web-{name}.log"
    with (
        socket.create_server(("127.0.0.1", 0), backlog=512) as listening,
        log.open("wb") as written,
    ):
        children = [_serve(app, listening, written) for _ in range(Settings.web_processes)]
        groups = {
            "web": [child.pid for child in children],
            **process_ids(servers, "PostgreSQL", "Valkey"),
        }
        try:
            port = listening.getsockname()[1]
            _wait_until_all_serve(port)
            yield Web(app, connection, port, token, email, PASSWORD, groups)
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait()


def _serve(app: Flask, listening: socket.socket, log: IO[bytes]) -> subprocess.Popen[bytes]:
    settings: Settings = app.config["SETTINGS"]
    figures = settings.instance_dir / "run" / "metrics"
    figures.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "app.runtime.web", str(listening.fileno())],
        pass_fds=[listening.fileno()],
        cwd=ROOT,
        stdout=log,
        stderr=log,
        env=dict(os.environ)
        | {
            "DATABASE_URL": settings.database_url or "",
            "REDIS_URL": settings.redis_url or "",
            "SECRET_KEY": settings.secret_key or "",
            "INSTANCE_DIR": str(settings.instance_dir),
            "PROMETHEUS_MULTIPROC_DIR": str(figures),
            "LOG_FORMAT": "json",
            "RATE_LIMIT": "100000000 per minute",
            "RATE_LIMIT_ADDRESS": "100000000 per minute",
        },
    )


def _wait_until_all_serve(port: int) -> None:
    """Many connections at once, so that no process that is ready can take all of them."""
    open_ones = [
        HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(4 * Settings.web_processes)
    ]
    for one in open_ones:
        one.request("GET", "/healthz")
    for one in open_ones:
        one.getresponse().read()
        one.close()
