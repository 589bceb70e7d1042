"""A whole store run as a person runs it: real processes on an instance folder of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.runtime.processes.privileges import before_exec
from app.runtime.servers.ports import free_port

ROOT = Path(__file__).parents[2]
FOREIGN = (
    "DATABASE_URL",
    "DATABASE_REPLICA_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "HOLDFAST_EMBEDDED",
    "DEMO_PASSWORD",
    "NODE_ROLES",
)


def environment(instance: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return inherited | {"INSTANCE_DIR": str(instance), "DEMO": "0"} | more


def command(instance: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(instance, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def until(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Waits for it; the seconds that it took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - start


@dataclass
class Store:
    instance: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        log = (self.instance.parent / "output.txt").open("w+")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.runtime"],
                cwd=ROOT,
                env=environment(self.instance, PORT=str(self.port), **self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=before_exec(None, signal.SIGTERM),
            )
        until(lambda: self.is_announced() or self.process.poll() is not None, 60, "start")
        assert self.process.poll() is None, self.output()

    def output(self) -> str:
        return (self.instance.parent / "output.txt").read_text()

    def is_announced(self) -> bool:
        return "Ctrl-C" in self.output()

    def answers(self, path: str = "/readyz") -> bool:
        with suppress(OSError):
            address = f"http://127.0.0.1:{self.port}{path}"
            return urllib.request.urlopen(address, timeout=5).status == 200
        return False

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def direct(self, word: str) -> list[psutil.Process]:
        """The supervisor's own living children whose command line has this word."""
        found = []
        for each in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):
                if any(word in part for part in each.cmdline()[:4]) and not is_gone(each):
                    found.append(each)
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def is_gone(process: psutil.Process) -> bool:
    """A zombie is gone too: whoever inherited it has merely not yet asked for its status."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
