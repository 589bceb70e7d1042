"""What a fault may act on in a scratch store (stress/environments/scratch.py)."""

from collections.abc import Mapping
from typing import Any, Protocol

import psutil
import psycopg
from redis import Redis

from stress.environments.proxy import Proxy


class Copies(Protocol):
    copies: int
    """How many times at once, at most, the clients send each request."""


class Target(Protocol):
    @property
    def proxy(self) -> Proxy:
        """Between the store and PostgreSQL."""
        ...

    @property
    def clients(self) -> Copies: ...

    @property
    def environment(self) -> Mapping[str, str]:
        """Of the store's processes."""
        ...

    def connect(self) -> psycopg.Connection[Any]:
        """The owner's own line, past the proxy, autocommitting."""
        ...

    @property
    def redis(self) -> Redis: ...

    def redis_process(self) -> psutil.Process: ...

    @property
    def supervisor(self) -> psutil.Process:
        """The one that runs now; the site starts another when it dies."""
        ...

    def web_workers(self) -> list[psutil.Process]: ...

    def rq_workers(self) -> list[psutil.Process]: ...

    def horses(self) -> list[psutil.Process]:
        """The processes in which RQ's workers do their jobs."""
        ...

    def schedulers(self) -> list[psutil.Process]: ...

    def start_scheduler(self) -> psutil.Process:
        """One more, beside the supervisor's."""
        ...

    def postmaster(self) -> psutil.Process: ...

    def backends(self) -> list[psutil.Process]:
        """PostgreSQL's processes that serve the store's connections."""
        ...
