"""A run on a scratch installation whose processes can be killed.

Its web, worker, scheduler and supervisor are the real ones; between them and PostgreSQL stands the
proxy. PostgreSQL runs as in production, and notes when each transaction committed.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.request import urlopen

import psutil
import psycopg
from redis import Redis
from sqlalchemy import make_url

from app.runtime.problems import RuntimeProblem
from app.runtime.servers.ports import LOOPBACK, free_port
from app.runtime.servers.postgres import STORE as DATABASE_USER
from app.runtime.servers.valkey import program as redis_program
from stress.clients.api_user import ApiUser
from stress.clients.client_view import CURRENCY
from stress.environments.environment import Place
from stress.environments.processes import (
    RQ_WORKER,
    WEB,
    backends_of,
    children,
    horses_of,
    postmaster_of,
    schedulers_of,
    server_of,
    supervisor_of,
)
from stress.environments.proxy import Proxy, proxy_to

#: Production's, but for what the checker needs to know.
SERVER_SETTINGS = {"track_commit_timestamp": "on", "synchronous_commit": "on", "fsync": "on"}
#: Nobody is to be turned away for asking often.
NO_RATE_LIMIT = "999999999 per minute"
#: Short, so that a run lives to see holds run out.
HOLD_MINUTES = "1"
FOREIGN = (
    "HOST",
    "DEMO_PASSWORD",
    "PUBLIC_URL",
    "ALERT_URLS",
    "SENTRY_DSN",
    "DATABASE_REPLICA_URL",
    "NODE_ROLES",
)
READY_SECONDS = 90.0
ROOT = Path(__file__).parents[2]


class Orders:
    """The host process and the line to it."""

    def __init__(self, folder: Path, *, keep: bool) -> None:
        command = [sys.executable, "-m", "stress.environments.server_host", str(folder)]
        self.process = subprocess.Popen(
            [*command, "--keep"] if keep else command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C is for the run to hear, which then stops this one in order.
            start_new_session=True,
        )
        self._one_at_a_time = Lock()

    def give(self, word: str, details: Mapping[str, str]) -> dict[str, Any]:
        """Raises RuntimeProblem where it could not be done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self._one_at_a_time:
            self.process.stdin.write(json.dumps({word: dict(details)}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        told: dict[str, Any] = json.loads(line or '{"problem": "its host is gone"}')
        if "problem" in told:
            raise RuntimeProblem(f"the scratch store did not start: {told['problem']}")
        return told

    def end(self) -> None:
        for line in (self.process.stdin, self.process.stdout):
            assert line is not None
            with suppress(BrokenPipeError):
                line.close()
        self.process.wait()


@dataclass
class Clients:
    """What a fault may ask of the clients."""

    copies: int = 1
    """How many times at once, at most, each request is sent."""


@dataclass
class Site:
    """A running store with nothing in it but people. What a fault lays hands on, too."""

    folder: Path
    orders: Orders
    proxy: Proxy
    database_url: str
    """Past the proxy."""
    environment: dict[str, str]
    people: list[ApiUser]
    clients: Clients

    @property
    def web_urls(self) -> list[str]:
        return [f"http://{LOOPBACK}:{self.environment['PORT']}"]

    def connect(self) -> psycopg.Connection[Any]:
        """The owner's own line to PostgreSQL, past the proxy, autocommitting."""
        return psycopg.connect(libpq_url(self.database_url), autocommit=True, connect_timeout=5)

    def serving(self) -> bool:
        """Whether it takes work."""
        trouble = suppress(OSError, HTTPException)
        with trouble, urlopen(f"{self.web_urls[0]}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    @property
    def host(self) -> psutil.Process:
        return psutil.Process(self.orders.process.pid)

    @property
    def supervisor(self) -> psutil.Process:
        """The one that runs now. Raises psutil.NoSuchProcess while another is being started."""
        return supervisor_of(self.host)

    def web_workers(self) -> list[psutil.Process]:
        return self._of_supervisor(WEB)

    def rq_workers(self) -> list[psutil.Process]:
        return self._of_supervisor(RQ_WORKER)

    def horses(self) -> list[psutil.Process]:
        return [horse for worker in self.rq_workers() for horse in horses_of(worker)]

    def schedulers(self) -> list[psutil.Process]:
        return schedulers_of(self.host)

    def start_scheduler(self) -> psutil.Process:
        return psutil.Process(self.orders.give("scheduler", self.environment)["started"])

    def postmaster(self) -> psutil.Process:
        return postmaster_of(self.host)

    def backends(self) -> list[psutil.Process]:
        return backends_of(self.postmaster(), DATABASE_USER)

    @cached_property
    def redis(self) -> Redis:
        return Redis.from_url(self.environment["REDIS_URL"], socket_timeout=5)

    def redis_process(self) -> psutil.Process:
        return server_of(self.host, redis_program().name[:15])

    def _of_supervisor(self, word: str) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return children(self.supervisor, word)
        return []


@contextmanager
def scratch_site(
    instance: Path, *, keep: bool = False, server_settings: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """A site below ``instance``, which is stopped and removed at the end, also after a kill.

    ``server_settings`` go over SERVER_SETTINGS. Raises RuntimeProblem when it does not start.
    """
    instance.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="stress-", dir=instance)).absolute()
    # The database's own user must be able to reach its folder in it.
    folder.chmod(0o711)
    orders = Orders(folder, keep=keep)
    try:
        with _started(folder, orders, SERVER_SETTINGS | dict(server_settings or {})) as site:
            yield site
    finally:
        orders.end()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(folder: Path, orders: Orders, server_settings: dict[str, str]) -> Iterator[Site]:
    servers = orders.give("servers", server_settings)
    url = make_url(servers["database_url"])
    assert url.port is not None
    with proxy_to(LOOPBACK, url.port) as proxy:
        behind = url.set(port=proxy.port).render_as_string(hide_password=False)
        environment = _environment(folder, behind, servers["redis_url"])
        orders.give("store", environment)
        site = Site(folder, orders, proxy, servers["database_url"], environment, [], Clients())
        wait_until_serving(site)
        site.people = make_people(folder.name, environment | {"DATABASE_URL": site.database_url})
        try:
            yield site
        finally:
            site.redis.close()


def _environment(folder: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """Of the store's processes: a store with servers of its own, as in production."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return kept | {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": secrets.token_urlsafe(),
        "INSTANCE_DIR": str(folder / "store"),
        "PORT": str(free_port()),
        "DEMO": "0",
        "HOLDFAST_EMBEDDED": "0",
        "HOLD_MINUTES": HOLD_MINUTES,
        "CURRENCY": CURRENCY.code,
        "RATE_LIMIT": NO_RATE_LIMIT,
        "RATE_LIMIT_ADDRESS": NO_RATE_LIMIT,
    }


def make_people(run: str, environment: Mapping[str, str]) -> list[ApiUser]:
    done = subprocess.run(
        [sys.executable, "-m", "stress.clients.api_users", run],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeProblem(f"no users could be made: {done.stderr.strip().splitlines()[-1:]}")
    return [ApiUser(**person) for person in json.loads(done.stdout)]


def wait_until_serving(site: Place, seconds: float = READY_SECONDS) -> None:
    """Raises RuntimeProblem when it does not serve within this time."""
    deadline = time.monotonic() + seconds
    while not site.serving():
        if time.monotonic() > deadline:
            raise RuntimeProblem(f"the store did not serve within {seconds:.0f} s")
        time.sleep(0.1)


def libpq_url(database_url: str) -> str:
    return database_url.replace("postgresql+psycopg://", "postgresql://", 1)
