"""Faults of PostgreSQL: killed, locked, changed by hand."""

import os
import subprocess
import time
from contextlib import suppress
from random import Random
from typing import ClassVar, LiteralString

import psutil
from psycopg import OperationalError, sql

from app.runtime.servers.postgres import programs_folder
from stress.faults.fault import InjectionResult, NoTarget, find
from stress.faults.processes import kill
from stress.faults.target import Target

TERMINATE: LiteralString = """SELECT pg_terminate_backend(pid) FROM (
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'holdfast'
    ORDER BY state = 'idle', random() LIMIT %s) victim"""
LOCK = """BEGIN;
SELECT id FROM items ORDER BY updated_at DESC LIMIT 20 FOR UPDATE SKIP LOCKED;
SELECT pg_sleep({seconds});
ROLLBACK;"""
LOCK_SECONDS = 10
COLUMN_TABLES = ("items", "invoices", "payments")
COLUMN_KEPT_SECONDS = 1.0
MIGRATION_SECONDS = 30.0


class KillBackend:
    """One server process; PostgreSQL then ends all others and recovers by itself."""

    name: ClassVar[str] = "kill-backend"
    blows_max: ClassVar[int] = 2

    def inject(self, target: Target, random: Random) -> InjectionResult:
        return kill("backend", random.choice(find(target.backends, "a backend")))


class KillPostgres:
    """The postmaster and every process of its."""

    name: ClassVar[str] = "kill-postgres"
    blows_max: ClassVar[int] = 1

    def inject(self, target: Target, random: Random) -> InjectionResult:
        postmaster = target.postmaster()
        try:
            family = [postmaster, *postmaster.children(recursive=True)]
        except psutil.NoSuchProcess:
            raise NoTarget("PostgreSQL") from None
        return kill("PostgreSQL", *family)


class TerminateBackend:
    name: ClassVar[str] = "terminate-backend"
    blows_max: ClassVar[int] = 20

    def inject(self, target: Target, random: Random) -> InjectionResult:
        with target.connect() as connection:
            ended = connection.execute(TERMINATE, [random.randint(1, 3)]).rowcount
        if not ended:
            raise NoTarget("a session")
        return InjectionResult(f"{ended} sessions")


class HoldLock:
    """Somebody in psql locks what is in demand and goes for a coffee."""

    name: ClassVar[str] = "hold-lock-10s"
    blows_max: ClassVar[int] = 1

    def inject(self, target: Target, random: Random) -> InjectionResult:
        done = psql(target, LOCK.format(seconds=LOCK_SECONDS))
        items = done.stdout.split()
        if not items:
            raise NoTarget(f"items ({done.stderr.strip()})")
        return InjectionResult(f"{len(items)} items")


class AddColumn:
    """As a careful migration does it: a short wait for the lock, and again."""

    name: ClassVar[str] = "add-column"
    blows_max: ClassVar[int] = 2

    def inject(self, target: Target, random: Random) -> InjectionResult:
        table = sql.Identifier(random.choice(COLUMN_TABLES))
        name = sql.Identifier(f"stress_{random.randrange(10**6)}")
        add = "ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} text DEFAULT 'new'"
        drop = "ALTER TABLE {} DROP COLUMN IF EXISTS {}"
        try:
            migrate(target, sql.SQL(add).format(table, name))
            time.sleep(COLUMN_KEPT_SECONDS)
        finally:
            migrate(target, sql.SQL(drop).format(table, name))
        return InjectionResult(f"a column of {table.as_string()}")


def migrate(target: Target, statement: sql.Composed) -> None:
    """Until it is done, also while PostgreSQL comes and goes."""

    def done() -> bool:
        with suppress(OperationalError), target.connect() as connection:
            connection.execute("SET lock_timeout = '500ms'")
            connection.execute(statement)
            return True
        return False

    find(done, "the table's lock", MIGRATION_SECONDS)


def psql(target: Target, script: str) -> subprocess.CompletedProcess[str]:
    """With the shipped client, as a person would."""
    with target.connect() as connection:
        address = connection.info
        command = [
            *(str(programs_folder() / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1"),
            *("-h", address.host, "-p", str(address.port), "-U", address.user, address.dbname),
        ]
        password = {"PGPASSWORD": address.password}
    return subprocess.run(
        command,
        env=dict(os.environ) | password,
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
