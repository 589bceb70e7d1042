"""Runs this node's processes: servers, web, worker, scheduler.

What dies is started again.
"""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType

from app.observability.multiprocess import VARIABLE as METRICS_FOLDER
from app.observability.multiprocess import clear
from app.runtime.lock import STORE, InstanceLock
from app.runtime.log_ins import published
from app.runtime.output import say
from app.runtime.problems import RuntimeProblem
from app.runtime.processes.adopted import reap_strangers
from app.runtime.processes.children import Child
from app.runtime.processes.privileges import adopt_orphans, die_with_parent
from app.runtime.servers.embedded import EmbeddedServers
from app.runtime.servers.ports import browser_address, listen
from app.runtime.state import Addresses, check_database, unpublish, with_secrets
from app.runtime.warm_start import WarmStart
from app.settings import NODE_ROLES, Settings

READY_SECONDS = 60.0
#: A store on a full disk can be read.
READY_ANSWERS = ("200", '503 {"status":"unavailable","missing":["disk space"]}')
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    pass


class Supervisor:
    def __init__(self, settings: Settings, *, stop_with_parent: bool = False) -> None:
        self.settings = settings
        self.stop_with_parent = stop_with_parent
        self.address = browser_address(settings.host, settings.port)
        self.servers = EmbeddedServers(settings)
        self.programs: list[Child] = []
        """In the order in which they are stopped."""

    def run(self) -> int:
        self._hear_signals()
        lock = InstanceLock(self.settings.instance_dir)
        if not lock.acquire(STORE, self.address if self._serves_web else ""):
            raise RuntimeProblem(_already_running(lock, self.settings))
        try:
            with suppress(StopRequested), self._listening() as web:
                self._start(web)
                self._say_ready()
                self._watch()
        finally:
            self._stop()
            lock.release()
        return 0

    @property
    def _serves_web(self) -> bool:
        return "web" in self.settings.node_roles

    def _listening(self) -> AbstractContextManager[socket.socket | None]:
        """The address is taken before anything is started."""
        if not self._serves_web:
            return nullcontext()
        return listen(self.settings.host, self.settings.port)

    def _hear_signals(self) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, _request_stop)
        if self.stop_with_parent:
            # Set by the caller's wish only: a store started with `&` outlives its shell.
            die_with_parent(signal.SIGTERM)

    def _start(self, web: socket.socket | None) -> None:
        say("Starting the servers …")
        self.servers.start()
        self.settings = with_secrets(self.servers.settings())
        check_database(self.settings)
        clear(self._metrics_folder)
        self._prepare()
        self._publish()
        environment = self._environment()
        for program in self._background_programs(environment):
            self._start_program(program)
        if web is not None:
            self._start_web(web, environment)
            self._wait_ready()

    def _start_program(self, program: Child) -> None:
        self.programs.append(program)
        program.start()

    def _start_web(self, web: socket.socket, environment: dict[str, str]) -> None:
        warm = WarmStart(web.fileno(), environment) if adopt_orphans() else None
        if warm is not None:
            self._start_program(warm.child)
            warm.wait_loaded()
        for number in range(1, self.settings.web_processes + 1):
            self._start_program(
                Child(
                    f"web process {number}",
                    _python("app.runtime.web", str(web.fileno())),
                    environment,
                    descriptors=(web.fileno(),),
                    launch=warm.fork if warm else None,
                )
            )

    def _prepare(self) -> None:
        """Migrations and the demo store, in a child whose output the person sees as it comes."""
        child = Child("preparation", _python("flask", "prepare"), self._environment())
        self.programs.append(child)
        child.start()
        assert child.process is not None
        status = child.process.wait()
        self.programs.remove(child)
        if status:
            raise RuntimeProblem("the database could not be prepared; the reason stands above")

    def _background_programs(self, environment: dict[str, str]) -> Iterator[Child]:
        if "worker" in self.settings.node_roles:
            yield Child("worker", _python("jobs.worker"), environment)
        if "scheduler" in self.settings.node_roles:
            yield Child("scheduler", _python("jobs.scheduler"), environment)

    def _environment(self) -> dict[str, str]:
        settings = self.settings
        known = {
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "SECRET_KEY": settings.secret_key,
            "DEMO_PASSWORD": settings.demo_password,
            "INSTANCE_DIR": str(settings.instance_dir),
            "HOLDFAST_EMBEDDED": "1" if settings.embedded else "0",
            "DEMO": "1" if settings.demo else "0",
            "FLASK_APP": "wsgi.py",
            METRICS_FOLDER: str(self._metrics_folder),
            # Output of children that nobody reads line by line would otherwise come late.
            "PYTHONUNBUFFERED": "1",
        }
        return dict(os.environ) | {name: value for name, value in known.items() if value}

    @property
    def _metrics_folder(self) -> Path:
        return self.settings.instance_dir / "metrics"

    def _publish(self) -> None:
        settings = self.settings
        addresses = Addresses(os.getpid(), settings.database_url or "", settings.redis_url or "")
        addresses.publish(settings.instance_dir)

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not (answer := self._readiness()).startswith(READY_ANSWERS):
            if time.monotonic() > deadline:
                raise RuntimeProblem(f"the store did not become ready: {answer}")
            self._tend()
            time.sleep(0.1)

    def _readiness(self) -> str:
        host, port = self.address.removeprefix("http://").rsplit(":", 1)
        connection = HTTPConnection(host.strip("[]"), int(port), timeout=5)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return f"{answer.status} {answer.read(500).decode(errors='replace')}"
        except (OSError, HTTPException) as error:
            return f"no answer ({error})"
        finally:
            connection.close()

    def _say_ready(self) -> None:
        where = f" at {self.address}" if self._serves_web else ""
        say(f"\nHoldfast is running{where}\n")
        if self.settings.node_roles != NODE_ROLES:
            say(f"  This node's part: {', '.join(self.settings.node_roles)}")
        if self._serves_web:
            log_ins = published(self.settings.instance_dir)
            say("".join(f"  {line}\n" for line in log_ins.lines(self.settings.demo_password)))
        say("  Ctrl-C stops it.")

    def _watch(self) -> None:
        with _wakeup_on_child_exit() as wakeup:
            while True:
                waiting = self._tend()
                select.select([wakeup], [], [], 0.05 if waiting else 1.0)
                with suppress(BlockingIOError):
                    os.read(wakeup, 4096)

    def _tend(self) -> bool:
        """True while some child is down and waits for its next start."""
        down = False
        self.servers.finish_stops()
        children = [*self.servers.children, *self.programs]
        for child in children:
            if child.restart_if_dead():
                status = child.process.returncode if child.process else "?"
                say(f"The {child.name} ended ({status}) and is started again.")
            down = down or not child.alive
        reap_strangers({child.process.pid for child in children if child.process})
        return down

    def _stop(self) -> None:
        # From here on nothing may interrupt: every process that was started gets stopped.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        say("Stopping …") if self.programs or self.servers.children else None
        unpublish(self.settings.instance_dir)
        for child in self.programs:
            child.ask_to_stop()
        for child in self.programs:
            child.wait_stopped()
        self.servers.stop()


def _already_running(lock: InstanceLock, settings: Settings) -> str:
    holder = lock.holder()
    if holder is None or holder.kind == STORE:
        where = f" at {holder.address}" if holder and holder.address else ""
        return f"already running{where} on the instance folder {settings.instance_dir}"
    return (
        f"a command (process {holder.pid}) is using the instance folder {settings.instance_dir}; "
        "start again when it has finished"
    )


def _request_stop(number: int, frame: FrameType | None) -> None:
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise StopRequested


@contextmanager
def _wakeup_on_child_exit() -> Iterator[int]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(reader)
        os.close(writer)


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]
