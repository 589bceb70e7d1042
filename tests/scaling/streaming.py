"""A primary and its streaming replica: two real servers, the second made by pg_basebackup."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.runtime.processes.children import Child
from app.runtime.processes.privileges import before_exec, database_identity
from app.runtime.servers.ports import LOOPBACK, free_port
from app.runtime.servers.postgres import SUPERUSER, Postgres, programs_folder
from app.runtime.servers.secret_files import secret
from tests.support.waiting import until


@dataclass
class Streaming:
    """``replica_child`` is the replica's process, for tests that stop it."""

    primary: Postgres
    replica: Postgres
    replica_child: Child

    def pause(self) -> None:
        """From here on the replica receives what the primary writes, and shows none of it."""
        with self.replica.connect_as_superuser() as connection:
            connection.execute("SELECT pg_wal_replay_pause()")

            def is_paused() -> bool:
                query = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
                return connection.execute(query).fetchone()[0]

            until(is_paused, "paused")

    def resume(self) -> None:
        with self.replica.connect_as_superuser() as connection:
            connection.execute("SELECT pg_wal_replay_resume()")
        self.wait_caught_up()

    def wait_caught_up(self) -> None:
        with self.primary.connect_as_superuser() as connection:
            written = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()[0]
        with self.replica.connect_as_superuser() as connection:

            def caught_up() -> bool:
                query = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
                return connection.execute(query, [written]).fetchone()[0]

            until(caught_up, "caught up")

    def kill_replica(self) -> None:
        self.replica_child.process.kill()
        self.replica_child.process.wait()

    def start_replica(self) -> None:
        self.replica_child.start()
        self.replica.wait_ready(self.replica_child)

    def connections_to_replica(self) -> int:
        with self.replica.connect_as_superuser() as connection:
            query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holdfast'"
            return connection.execute(query).fetchone()[0]


@contextmanager
def streaming(folder: Path) -> Iterator[Streaming]:
    primary = Postgres(folder / "primary", durable=False)
    children = [primary.child()]
    try:
        children[0].start()
        primary.wait_ready(children[0])
        primary.ensure_store()
        replica = copy_of(primary, folder / "replica")
        children.append(replica.child())
        pair = Streaming(primary, replica, children[1])
        pair.start_replica()
        yield pair
    finally:
        for child in reversed(children):
            child.stop()


def copy_of(primary: Postgres, instance: Path, host: str = LOOPBACK) -> Postgres:
    """A standby's files, made as the user who will run it, with the primary's passwords.

    ``host``: where the primary is, as the standby sees it.
    """
    identity = database_identity(primary.data)
    instance.mkdir()
    if identity is not None:
        os.chown(instance, identity.uid, identity.gid)
    password = secret(primary.instance / "secrets" / f"postgres-{SUPERUSER}")
    subprocess.run(
        [
            str(programs_folder() / "pg_basebackup"),
            f"--pgdata={instance / 'postgres'}",
            f"--dbname=host={host} port={primary.port} user={SUPERUSER}",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        ],
        env={**os.environ, "PGPASSWORD": password},
        check=True,
        preexec_fn=before_exec(identity, signal.SIGKILL),
    )
    shutil.copytree(primary.instance / "secrets", instance / "secrets")
    return Postgres(instance, durable=False, port=free_port())


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute(query).fetchall()
