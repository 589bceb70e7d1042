"""Ends servers that a killed supervisor left running."""

import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

from app.runtime.problems import RuntimeProblem

WAIT_SECONDS = 20.0


def servers_in(folder: Path, program: str) -> list[psutil.Process]:
    """Running processes of this program whose working folder it is.

    Looked up by folder, never by a number in a pid file: numbers are used again.
    """
    real = str(folder.resolve())
    found = []
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error):
            if (process.info["name"] or "").startswith(program) and process.cwd() == real:
                found.append(process)
    return found


def end_servers_in(folder: Path, program: str, stop_signal: signal.Signals) -> None:
    waiting = servers_in(folder, program)
    if not waiting:
        return
    ours = {process.pid for process in waiting}
    for process in waiting:
        with suppress(psutil.Error):
            # Only the eldest is asked: the others are its own children and follow it.
            if process.ppid() not in ours:
                process.send_signal(stop_signal)
    deadline = time.monotonic() + WAIT_SECONDS
    while servers_in(folder, program):
        if time.monotonic() > deadline:
            raise RuntimeProblem(f"a {program} that does not stop is still using {folder}")
        time.sleep(0.05)
