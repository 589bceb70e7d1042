"""Processes that others forked, and the rest that ends below the supervisor."""

import os
import signal
import subprocess
import sys

import pytest

from app.runtime.processes.adopted import Adopted, reap_strangers

ASLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]


def forked(status: int | None = None) -> int:
    """A child that nobody's Popen knows of; it ends with a status, or waits to be killed."""
    pid = os.fork()
    if pid == 0:
        if status is None:
            signal.pause()
        os._exit(status or 0)
    return pid


def test_it_says_how_it_ended_each_time_it_is_asked() -> None:
    process = Adopted(forked(3))
    assert process.wait(10) == process.poll() == process.returncode == 3


def test_it_can_be_killed_and_waited_for() -> None:
    process = Adopted(forked())
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)
    process.kill()
    assert process.wait(10) == -signal.SIGKILL
    process.send_signal(signal.SIGTERM)  # to nobody


def test_strangers_are_reaped_and_ours_are_left_to_who_waits_for_them() -> None:
    ours, stranger = forked(1), forked(2)
    os.waitid(os.P_PID, stranger, os.WEXITED | os.WNOWAIT)
    os.waitid(os.P_PID, ours, os.WEXITED | os.WNOWAIT)
    assert Adopted(ours).wait(10) == 1
    reap_strangers(set())
    with pytest.raises(ChildProcessError):
        os.waitpid(stranger, os.WNOHANG)
    with subprocess.Popen(ASLEEP) as living:
        reap_strangers(set())
        assert living.poll() is None
        living.kill()
