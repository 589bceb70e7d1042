"""A run on a remote store: only faults by SQL.

Its database must be there for such runs and nothing else, which its name says.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import psycopg
from redis import Redis

from app.runtime.problems import RuntimeProblem
from stress.clients.api_user import ApiUser
from stress.environments.proxy import Proxy
from stress.environments.scratch import Clients, libpq_url, make_people

DATABASE_PREFIX = "holdfast_stress"
#: Faults that need nothing but a connection to the database, or the clients themselves.
FAULTS = ("terminate-backend", "hold-lock-10s", "add-column", "duplicate-requests")
ELSEWHERE = "this process is on another host"


@dataclass
class OutsideSite:
    """As stress/environments/scratch.py's, without hands on the store's processes."""

    folder: Path
    addresses: Sequence[str]
    database_url: str
    environment: Mapping[str, str]
    people: list[ApiUser]
    clients: Clients = field(default_factory=Clients)

    @property
    def web_urls(self) -> list[str]:
        """Those that serve first: one of them may be down for good."""
        return sorted(self.addresses, key=lambda address: not _serves(address))

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(libpq_url(self.database_url), autocommit=True, connect_timeout=5)

    def serving(self) -> bool:
        return any(_serves(address) for address in self.addresses)

    @property
    def proxy(self) -> Proxy:
        raise RuntimeProblem("there is no proxy in front of a database elsewhere")

    @property
    def redis(self) -> Redis:
        raise RuntimeProblem("the queue of a store elsewhere is left alone")

    @property
    def supervisor(self) -> psutil.Process:
        raise psutil.NoSuchProcess(0, msg=ELSEWHERE)

    def redis_process(self) -> psutil.Process:
        raise psutil.NoSuchProcess(0, msg=ELSEWHERE)

    def postmaster(self) -> psutil.Process:
        raise psutil.NoSuchProcess(0, msg=ELSEWHERE)

    def start_scheduler(self) -> psutil.Process:
        raise psutil.NoSuchProcess(0, msg=ELSEWHERE)

    def web_workers(self) -> list[psutil.Process]:
        return []

    rq_workers = horses = schedulers = backends = web_workers


def outside_site(
    addresses: Sequence[str], database_url: str, run: str, folder: Path
) -> OutsideSite:
    """Raises RuntimeProblem for a database that is not one for such runs, or was used for one."""
    try:
        with psycopg.connect(libpq_url(database_url), connect_timeout=5) as connection:
            _refuse_others(connection)
    except psycopg.Error as error:
        raise RuntimeProblem(f"the database does not answer: {error}") from None
    environment = dict(os.environ) | {"DATABASE_URL": database_url}
    return OutsideSite(folder, addresses, database_url, environment, make_people(run, environment))


def _refuse_others(connection: psycopg.Connection[Any]) -> None:
    name = connection.info.dbname
    if not name.startswith(DATABASE_PREFIX):
        raise RuntimeProblem(
            f"the database {name} is left alone: a run takes one whose name begins with"
            f" {DATABASE_PREFIX}"
        )
    if connection.execute("SELECT 1 FROM items LIMIT 1").fetchone():
        raise RuntimeProblem(f"the database {name} has units already: make an empty one for a run")
    if connection.execute("SHOW track_commit_timestamp").fetchone() != ("on",):
        raise RuntimeProblem(
            "the database does not note when transactions commit, which the checker must know:"
            " set track_commit_timestamp = on and start it again"
        )


def _serves(address: str) -> bool:
    with suppress(OSError, HTTPException), urlopen(f"{address}/readyz", timeout=5) as answer:
        return bool(answer.status == 200)
    return False
