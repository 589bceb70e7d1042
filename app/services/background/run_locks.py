"""Advisory locks that live as long as the process that took them: PostgreSQL frees them, and so
tells everybody, when a worker is killed. No heartbeat can be late, and none is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.database.transactions import db, sqlstate
from app.domain.background.schedule import JobName

RUN_LOCKS = 0x484F4C44
JOB_LOCKS = 0x484F4C45
LOCK_NOT_AVAILABLE = "55P03"
#: A machine that vanishes says no farewell; its locks are free after about fifty seconds.
KEEPALIVE = """SELECT set_config('tcp_keepalives_idle', '20', false),
    set_config('tcp_keepalives_interval', '10', false),
    set_config('tcp_keepalives_count', '3', false)"""


@dataclass(frozen=True)
class RunLocks:
    connection: Connection

    def take_run(self, run_id: UUID) -> bool:
        """Whether this process is now the one that carries out the run."""
        return self._take(RUN_LOCKS, str(run_id))

    def take_job(self, job: JobName) -> bool:
        """Whether no other run of the job is at work; waits for as long as for any lock."""
        return self._take(JOB_LOCKS, job)

    def _take(self, kind: int, name: str) -> bool:
        try:
            self.connection.execute(
                text("SELECT pg_advisory_lock(:kind, hashtext(:name))"),
                {"kind": kind, "name": name},
            )
        except DBAPIError as error:
            if sqlstate(error) == LOCK_NOT_AVAILABLE:
                return False
            raise
        return True


@contextmanager
def run_locks() -> Iterator[RunLocks]:
    """A connection of its own, outside every transaction; closing it frees its locks."""
    with db.engine.connect() as pooled:
        connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
        # Back in the pool it would keep its locks.
        connection.detach()
        connection.execute(text(KEEPALIVE))
        yield RunLocks(connection)
