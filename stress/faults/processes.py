"""Faults of the store's processes: killed or stopped."""

import signal
import time
from contextlib import suppress
from random import Random
from typing import ClassVar

import psutil
from redis import RedisError

from app.domain.background.schedule import JobName
from app.services.background.job_queue import notify_workers
from stress.faults.fault import InjectionResult, NoTarget, find
from stress.faults.target import Target

IN_TRANSACTION = """SELECT pid, xact_start FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'holdfast'
        AND state = 'idle in transaction'"""
STILL_SECONDS = 0.05
#: The second is past what the database grants a transaction that idles.
STOPPED_SECONDS = (0.5, 6.5)
REQUEST_RUN = """INSERT INTO job_runs (job, slot, status, origin, started_at)
    VALUES ('check', clock_timestamp(), 'queued', 'request', NULL)
    ON CONFLICT DO NOTHING RETURNING id"""
#: A run that is waiting already is taken up at the next tick of the scheduler.
JOB_SECONDS = 12.0


class KillWebWorker:
    name: ClassVar[str] = "kill-web-worker"
    blows_max: ClassVar[int] = 6

    def inject(self, target: Target, random: Random) -> InjectionResult:
        return kill("web process", random.choice(find(target.web_workers, "a web process")))


class KillWebMaster:
    """The supervisor, and with it all that it started."""

    name: ClassVar[str] = "kill-web-master"
    blows_max: ClassVar[int] = 1

    def inject(self, target: Target, random: Random) -> InjectionResult:
        return kill("supervisor", target.supervisor)


class KillRqWorker:
    """In the midst of a job: the worker, the process that does the job, or both."""

    name: ClassVar[str] = "kill-rq-worker"
    blows_max: ClassVar[int] = 2

    def inject(self, target: Target, random: Random) -> InjectionResult:
        worker = random.choice(find(target.rq_workers, "a worker"))
        request_check(target)
        horses = find(target.horses, "a job's process", JOB_SECONDS)
        victims = random.choice((horses[:1], [worker], [*horses[:1], worker]))
        return kill("worker or its job", *victims)


class StopProcess:
    """SIGSTOP inside a transaction, and SIGCONT when others have long gone on."""

    name: ClassVar[str] = "stop-process"
    blows_max: ClassVar[int] = 2

    def inject(self, target: Target, random: Random) -> InjectionResult:
        process = random.choice(find(target.web_workers, "a web process"))
        find(lambda: stopped_in_transaction(target, process), "an open transaction")
        seconds = random.choice(STOPPED_SECONDS)
        try:
            time.sleep(seconds)
        finally:
            go_on(process)
        return InjectionResult(f"web process {process.pid} for {seconds} s")


def kill(what: str, *processes: psutil.Process) -> InjectionResult:
    killed = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
            killed.append(str(process.pid))
    if not killed:
        raise NoTarget(what)
    return InjectionResult(f"{what} {', '.join(killed)}")


def request_check(target: Target) -> None:
    """Have the store look for inconsistencies, which takes a moment; once if it is to already."""
    with target.connect() as connection:
        row = connection.execute(REQUEST_RUN).fetchone()
    if row is not None:
        with suppress(RedisError):
            notify_workers(target.redis, [(row[0], JobName.CHECK)])


def stopped_in_transaction(target: Target, process: psutil.Process) -> bool:
    """Stops it; lets it go on again if none of its transactions stands open now."""
    try:
        process.suspend()
    except psutil.NoSuchProcess:
        raise NoTarget("web process") from None
    idles = False
    try:
        idles = transaction_idles(target)
    finally:
        if not idles:  # also when the database is down just now
            go_on(process)
    return idles


def transaction_idles(target: Target) -> bool:
    with target.connect() as connection:
        first = set(connection.execute(IN_TRANSACTION).fetchall())
        # Others' transactions pass; one that idles on is the stopped process's.
        time.sleep(STILL_SECONDS if first else 0)
        return bool(first & set(connection.execute(IN_TRANSACTION).fetchall()))


def go_on(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGCONT)
