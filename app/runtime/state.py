"""Addresses of the running servers, or of ones started for a command."""

import atexit
import fcntl
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

import psycopg

from app.runtime.lock import COMMAND, InstanceLock
from app.runtime.problems import RuntimeProblem
from app.runtime.servers.embedded import EmbeddedServers
from app.runtime.servers.postgres import VERSION
from app.runtime.servers.secret_files import secret, write_private
from app.settings import Settings

START_SECONDS = 180.0
RECOVERY_SECONDS = 60.0
# What PostgreSQL says of itself while it is on its way: no reason to give up.
RECOVERING = re.compile("the database system is (starting up|not yet accepting|in recovery)")
# `flask COMMAND` loads the app before it knows the command; these need none of its servers.
COMMANDS_WITHOUT_SERVERS = {"routes", "stress", "--help", "--version"}
NOWHERE = Settings(
    database_url="postgresql+psycopg://127.0.0.1:1/nowhere",
    redis_url="redis://127.0.0.1:1/0",
    secret_key="not a secret: nothing is served with it",
)


@dataclass(frozen=True)
class Addresses:
    """What the holder of the instance folder tells the commands beside it."""

    pid: int
    database_url: str
    redis_url: str

    def publish(self, instance: Path) -> None:
        write_private(_file(instance), json.dumps(asdict(self)))


def unpublish(instance: Path) -> None:
    _file(instance).unlink(missing_ok=True)


def published(instance: Path, pid: int) -> Addresses | None:
    """None until this holder has published: an older file is a killed store's."""
    try:
        addresses = Addresses(**json.loads(_file(instance).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return addresses if addresses.pid == pid else None


def with_secrets(settings: Settings) -> Settings:
    """Fills in what is generated once and kept in the instance folder."""
    secrets = settings.instance_dir / "secrets"
    return replace(
        settings,
        secret_key=settings.secret_key or secret(secrets / "secret-key"),
        demo_password=settings.demo_password or _demo_password(settings),
    )


def _demo_password(settings: Settings) -> str | None:
    return secret(settings.instance_dir / "demo-password") if settings.demo else None


def resolve(settings: Settings) -> Settings:
    """The settings with all addresses and secrets, for the rest of this process's life.

    Servers that it had to start are stopped when the process ends, also by SIGTERM or SIGINT.
    Raises RuntimeProblem, one clear line, when the database is away or of the wrong version.
    """
    context = servers(settings)
    complete = context.__enter__()
    atexit.register(context.__exit__, None, None, None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    return complete


@contextmanager
def servers(settings: Settings) -> Iterator[Settings]:
    """The settings with the addresses of servers that answer while the context lasts."""
    if settings.database_url and settings.redis_url:
        complete = with_secrets(settings)
        check_database(complete)
        yield complete
        return
    lock = InstanceLock(settings.instance_dir)
    guests = _SharedServers(settings.instance_dir)
    while not lock.acquire(COMMAND):
        addresses = _await_addresses(lock, settings.instance_dir)
        if addresses is not None:
            with guests.as_guest():
                yield _complete(settings, addresses)
            return
    try:
        with _started(settings) as complete:
            Addresses(os.getpid(), complete.database_url or "", complete.redis_url or "").publish(
                settings.instance_dir
            )
            yield complete
            guests.wait_until_gone()
    finally:
        unpublish(settings.instance_dir)
        lock.release()


def _complete(settings: Settings, addresses: Addresses) -> Settings:
    complete = with_secrets(
        replace(
            settings,
            database_url=settings.database_url or addresses.database_url,
            redis_url=settings.redis_url or addresses.redis_url,
        )
    )
    check_database(complete)
    return complete


@contextmanager
def _started(settings: Settings) -> Iterator[Settings]:
    embedded = EmbeddedServers(settings)
    try:
        embedded.start()
        complete = with_secrets(embedded.settings())
        check_database(complete)
        yield complete
    finally:
        embedded.stop()


def _await_addresses(lock: InstanceLock, instance: Path) -> Addresses | None:
    """Of whoever holds the lock; None when it has let go of it meanwhile."""
    deadline = time.monotonic() + START_SECONDS
    told = False
    while time.monotonic() < deadline:
        holder = lock.holder()
        if holder is not None and (addresses := published(instance, holder.pid)) is not None:
            return addresses
        if lock.acquire(COMMAND):
            lock.release()
            return None
        if not told and time.monotonic() > deadline - START_SECONDS + 1:
            print("Waiting for the store to start …", file=sys.stderr)
            told = True
        time.sleep(0.1)
    raise RuntimeProblem(f"the store in {instance} is held by a process that does not start")


def needs_servers(arguments: Sequence[str]) -> bool:
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return bool(own) and not COMMANDS_WITHOUT_SERVERS.intersection(own)


def without_servers(settings: Settings) -> Settings:
    """Complete enough to build the app and look at it."""
    return replace(
        settings,
        database_url=settings.database_url or NOWHERE.database_url,
        redis_url=settings.redis_url or NOWHERE.redis_url,
        secret_key=settings.secret_key or NOWHERE.secret_key,
    )


def started_here(settings: Settings) -> bool:
    """Whether this process runs the servers for its own time, so nobody else has migrated."""
    return published(settings.instance_dir, os.getpid()) is not None


def check_database(settings: Settings) -> None:
    url = (settings.database_url or "").replace("postgresql+psycopg://", "postgresql://", 1)
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            with psycopg.connect(url, connect_timeout=5) as connection:
                found = connection.info.server_version // 10000
            break
        except psycopg.Error as error:
            if not RECOVERING.search(str(error)) or time.monotonic() > deadline:
                raise RuntimeProblem(
                    f"the database does not answer: {_first_line(error)}"
                ) from None
        time.sleep(0.2)
    if found < VERSION:
        raise RuntimeProblem(f"the database is PostgreSQL {found}; Holdfast needs {VERSION}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class _SharedServers:
    """Commands that use another command's servers: their host stops the servers after the last."""

    def __init__(self, instance: Path) -> None:
        self.path = instance / "run" / "guests.lock"

    def _open(self) -> IO[bytes]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.path.open("ab")

    @contextmanager
    def as_guest(self) -> Iterator[None]:
        with self._open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def wait_until_gone(self) -> None:
        with self._open() as file, suppress(KeyboardInterrupt):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Waiting for another command to finish …", file=sys.stderr)
                fcntl.flock(file, fcntl.LOCK_EX)


def _file(instance: Path) -> Path:
    return instance / "run" / "state.json"
