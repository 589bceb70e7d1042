"""Figures of several processes, dead and alive, as one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from app.observability.multiprocess import VARIABLE, clear, fold_ended_processes

ROOT = Path(__file__).parents[2]
COUNTING = """
import sys
from app.observability.metrics import RETRIES, REQUEST_SECONDS, WEB_PROCESSES
RETRIES.labels("deadlock").inc(3)
for seconds in (0.004, 0.3):
    REQUEST_SECONDS.labels("GET", "/").observe(seconds)
WEB_PROCESSES.set(1)
print("counted", flush=True)
sys.stdin.read()
"""


@contextmanager
def counting_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTING],
        env=os.environ | {VARIABLE: str(folder)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "counted\n"
        yield process
        process.stdin.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    clear(tmp_path / "metrics")
    return tmp_path / "metrics"


def read(folder: Path) -> dict[str, float]:
    fold_ended_processes(folder)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    families = text_string_to_metric_families(generate_latest(registry).decode())
    found = [sample for family in families for sample in family.samples]
    return {
        "retries": next((s.value for s in found if s.labels.get("cause") == "deadlock"), 0),
        "requests": next((s.value for s in found if s.name == "holdfast_request_seconds_count"), 0),
        "quick": next((s.value for s in found if s.labels.get("le") == "0.005"), 0),
        "processes": next((s.value for s in found if s.name == "holdfast_web_processes"), 0),
    }


def test_what_processes_count_adds_up_and_who_is_killed_is_not_forgotten(folder: Path) -> None:
    with counting_process(folder) as first, counting_process(folder):
        both = {"retries": 6, "requests": 4, "quick": 2, "processes": 2}
        assert read(folder) == both
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert read(folder) == both | {"processes": 1}
        assert read(folder) == both | {"processes": 1}
    assert read(folder) == both | {"processes": 0}


def test_ended_processes_leave_no_files_behind(folder: Path) -> None:
    for _ in range(3):
        with counting_process(folder):
            pass
        fold_ended_processes(folder)
    assert {file.name for file in folder.iterdir()} == {
        "counter_0.db",
        "histogram_0.db",
        "fold.lock",
    }
    assert read(folder) == {"retries": 9, "requests": 6, "quick": 3, "processes": 0}


def test_a_store_that_starts_begins_anew(folder: Path) -> None:
    with counting_process(folder):
        pass
    clear(folder)
    assert read(folder) == {"retries": 0, "requests": 0, "quick": 0, "processes": 0}
