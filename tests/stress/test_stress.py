"""The command as a person runs it: real processes on an instance folder of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from app.runtime.processes.privileges import before_exec
from tests.support.running_store import ROOT, environment, until

SECONDS = 40
START_SECONDS = 120


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "instance"
    folder.mkdir()
    yield folder
    left = processes_of(folder)
    for each in left:
        with suppress(psutil.Error):
            each.kill()
    assert left == []
    assert list(folder.iterdir()) == []


def processes_of(instance: Path) -> list[psutil.Process]:
    """Whatever runs in, on or for this folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            told = " ".join([*process.cmdline(), process.environ().get("INSTANCE_DIR", "")])
            if str(instance) in told and process.pid != os.getpid():
                found.append(process)
    return found


def started(instance: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "stress", *arguments],
        cwd=ROOT,
        env=environment(instance),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before_exec(None, signal.SIGTERM),
    )


def at_work(log: Path) -> bool:
    return log.exists() and len(log.read_text().splitlines()) > 20


@pytest.mark.proof
def test_under_every_fault_nothing_is_lost_and_nothing_sold_twice(instance: Path, tmp_path: Path):
    result = tmp_path / "result.json"
    arguments = ("--seconds", str(SECONDS), "--clients", "6", "--json", str(result))
    run = started(instance, *arguments)
    said, progress = run.communicate(timeout=600)
    assert run.returncode == 0, said + progress
    assert "HOLDS: " in said
    found = json.loads(result.read_text())
    assert found["holds"]
    assert sum(each["violated"] for each in found["invariants"]) == 0
    assert found["outcomes"]["ok"] > 50
    assert found["outcomes"]["refused"] > 10
    assert sum(each["blows"] > 0 for each in found["faults"]) >= 4
    assert "faults, the last " in progress


def test_ctrl_c_ends_it_early_and_what_was_done_is_proved(instance: Path, tmp_path: Path):
    log = tmp_path / "log.jsonl"
    run = started(instance, "--seconds", "3600", "--faults", "none", "--log", str(log))
    until(lambda: at_work(log), START_SECONDS, "work")
    run.send_signal(signal.SIGINT)
    said, progress = run.communicate(timeout=120)
    assert run.returncode == 0, said + progress
    assert "HOLDS: " in said


@pytest.mark.proof
def test_killed_it_leaves_nothing_behind(instance: Path, tmp_path: Path):
    log = tmp_path / "log.jsonl"
    run = started(instance, "--seconds", "3600", "--faults", "none", "--log", str(log))
    until(lambda: at_work(log), START_SECONDS, "work")
    run.kill()
    run.communicate()
    until(lambda: not processes_of(instance), 60, "the end of all that it started")
    until(lambda: not list(instance.iterdir()), 10, "the end of its folder")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--faults", "earthquake"], "earthquake: one or more of kill-web-worker"),
        (["--web", "http://127.0.0.1:1"], "--web goes with DATABASE_URL"),
    ],
)
def test_what_it_cannot_do_it_says(instance: Path, arguments: list[str], said: str):
    run = started(instance, *arguments)
    _, complaint = run.communicate(timeout=60)
    assert run.returncode == 2
    assert said in complaint
