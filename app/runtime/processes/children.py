"""A child process that is started, stopped, and restarted when it dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.runtime.problems import RuntimeProblem
from app.runtime.processes.adopted import Adopted
from app.runtime.processes.privileges import LINUX, Identity, before_exec

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 10.0
STEADY_SECONDS = 20.0
LOG_BYTES_MAX = 20_000_000
OF_ANY_PROGRAM = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
CANNOT_CHANGE_USER = (
    "PostgreSQL refuses to run as root, and this system does not let it run as another user "
    "below a folder closed to that one: start as an ordinary user, or move the checkout to an "
    "open folder such as /srv"
)


@dataclass
class Child:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    stop_seconds: float = 10.0
    identity: Identity | None = None
    log: Path | None = None
    descriptors: tuple[int, ...] = ()
    before_start: Callable[[], None] | None = None
    """Clears away what a killed predecessor left; runs before every start."""

    launch: Callable[[], Adopted | None] | None = None
    """A quicker way to start it; ``command`` is run when there is none at the moment."""

    process: subprocess.Popen[bytes] | Adopted | None = field(default=None, init=False)
    _watcher: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _due_at: float | None = field(default=None, init=False)
    _delay: float = field(default=FIRST_DELAY_SECONDS, init=False)

    def start(self) -> None:
        """Call from the main thread only: Linux ties the child's life to the starting thread."""
        if self.before_start is not None:
            self.before_start()
        self.process = (self.launch() if self.launch else None) or self._spawn()
        self._started_at = time.monotonic()
        if not LINUX:
            self._watcher = _watch(self.process.pid, self.death_signal)

    def _spawn(self) -> subprocess.Popen[bytes]:
        output = _log_file(self.log) if self.log else None
        try:
            return subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=self.descriptors,
                # A session of its own: Ctrl-C reaches the supervisor only, which stops in order.
                start_new_session=True,
                preexec_fn=before_exec(self.identity, self.death_signal),
            )
        except subprocess.SubprocessError:
            raise RuntimeProblem(CANNOT_CHANGE_USER) from None
        finally:
            if output is not None:
                os.close(output)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def _was_killed(self) -> bool:
        # From outside, for want of memory or by hand: it did nothing wrong, and is wanted back.
        return self.process is not None and self.process.returncode == -signal.SIGKILL

    def restart_if_dead(self) -> bool:
        """Starts it again, some time after it died. True when it has just been found dead."""
        if self.alive:
            return False
        now = time.monotonic()
        if self._due_at is None:
            if now - self._started_at > STEADY_SECONDS or self._was_killed:
                self._delay = FIRST_DELAY_SECONDS
            self._due_at = now + self._delay
            self._delay = min(self._delay * 4, LONGEST_DELAY_SECONDS)
            return True
        if now >= self._due_at:
            self._due_at = None
            self.start()
        return False

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()

    def wait_stopped(self) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.wait()

    def stop(self) -> None:
        self.ask_to_stop()
        self.wait_stopped()


def server_environment() -> dict[str, str]:
    """For servers that are not ours: nothing that a person set for the store, secrets above all."""
    inherited = {name: os.environ[name] for name in OF_ANY_PROGRAM if name in os.environ}
    return inherited | {"LC_ALL": "C", "TZ": "UTC"}


def _log_file(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_suffix(".1.log"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def log_tail(path: Path, lines: int = 5) -> str:
    with suppress(OSError):
        return " | ".join(path.read_text(errors="replace").splitlines()[-lines:])
    return ""


def _watch(pid: int, death_signal: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "app.runtime.processes.watcher"]
    return subprocess.Popen(
        [*command, str(os.getpid()), str(pid), str(int(death_signal))],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
