import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil

from app.runtime.processes.children import Child
from tests.support.running_store import ROOT, is_gone, until

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)",
]


def test_a_dead_child_is_started_again_after_a_short_wait() -> None:
    child = Child("sleeper", SLEEP)
    child.start()
    first = child.process
    first.kill()
    first.wait()
    assert child.restart_if_dead()
    assert until(lambda: child.restart_if_dead() or child.alive, 2, "start") < 1
    assert child.process.pid != first.pid
    child.stop()


def is_replaced(child: Child, before: subprocess.Popen[bytes]) -> bool:
    return child.restart_if_dead() or child.process is not before


def test_a_child_that_dies_again_and_again_is_given_more_time() -> None:
    child = Child("failure", [sys.executable, "-S", "-c", ""])
    child.start()
    waits = []
    for _ in range(3):
        child.process.wait()
        assert child.restart_if_dead()
        waits.append(until(partial(is_replaced, child, child.process), 5, "start"))
    child.process.wait()
    assert waits == sorted(waits)
    assert waits[-1] > 1


def test_a_child_that_is_killed_again_and_again_is_back_at_once() -> None:
    child = Child("sleeper", SLEEP)
    child.start()
    for _ in range(4):
        child.process.kill()
        child.process.wait()
        assert child.restart_if_dead()
        assert until(partial(is_replaced, child, child.process), 5, "start") < 1
    child.stop()


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    child = Child("stubborn", STUBBORN, stop_seconds=0.2, log=tmp_path / "log")
    child.start()
    until(lambda: (tmp_path / "log").read_text(), 5, "its first line")
    child.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_a_child_has_a_session_of_its_own() -> None:
    child = Child("sleeper", SLEEP)
    child.start()
    assert os.getsid(child.process.pid) == child.process.pid != os.getsid(0)
    child.stop()


def test_a_watcher_ends_a_child_whose_parent_is_gone() -> None:
    """What replaces PR_SET_PDEATHSIG where there is none."""
    with subprocess.Popen(SLEEP) as orphan:
        script = (
            "import os, subprocess, sys\n"
            "command = [sys.executable, '-m', 'app.runtime.processes.watcher']\n"
            f"subprocess.Popen([*command, str(os.getpid()), '{orphan.pid}', '9'])\n"
            "import time; time.sleep(1)\n"
        )
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
        until(lambda: is_gone(psutil.Process(orphan.pid)), 60, "end of the orphan")
