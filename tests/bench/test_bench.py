"""The benchmarks run, and what they say of each other's figures is so."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.processes import cpu_seconds, memory_megabytes
from bench.table import Row, percentile, print_table

ROOT = Path(__file__).parents[2]
SMALL = ["--units", "2000", "--clients", "2", "--sizes", "1", "--seconds", "0.5"]


@pytest.fixture(scope="module")
def figures() -> Iterator[dict[str, dict[str, Any]]]:
    """A small run of the parts that need the store's own processes, by what was measured."""
    instance = ROOT / "instance" / "test" / f"bench-{os.getpid()}"
    told = instance / "told.json"
    ask = [*SMALL, "--only", "http", "contention", "--instance", str(instance)]
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "bench", *ask, "--json", str(told)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        yield {row["what"]: row for row in json.loads(told.read_text())}
    finally:
        shutil.rmtree(instance, ignore_errors=True)


def test_holds_are_measured_in_three_ways_with_what_they_cost(figures: Any) -> None:
    for way in ("raw SQL", "service", "HTTP"):
        found = figures[f"hold  1 a call,  2 clients: {way}"]["figures"]
        assert found["operations"] > 0
        assert found["p50_ms"] <= found["p95_ms"] <= found["p99_ms"]
        assert found["cpu_ms"]["PostgreSQL"] > 0
        assert found["memory_mb"]["PostgreSQL"] > 0
    assert found["outcomes"].keys() == {"200"}
    assert found["cpu_ms"]["web"] > 0


def test_two_hundred_who_want_a_hundred_units_get_a_hundred(figures: Any) -> None:
    race = figures["200 clients want 100 units"]
    assert race["met"], race


def test_deadlocks_are_counted(figures: Any) -> None:
    counted = [row["figures"]["deadlocks"] for what, row in figures.items() if "deadlock" in what]
    assert counted == [0, 0]


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile(range(1, 201), percent) for percent in (50, 95, 99, 100)] == [
        100,
        190,
        198,
        200,
    ]


def test_a_group_is_counted_with_its_children_that_have_ended() -> None:
    before = cpu_seconds({"tests": [os.getpid()]})["tests"]
    subprocess.run([sys.executable, "-c", "sum(range(10_000_000))"], check=True)
    assert cpu_seconds({"tests": [os.getpid()]})["tests"] - before > 0.05
    assert memory_megabytes({"tests": [os.getpid()]})["tests"] > 10


def test_a_target_that_is_missed_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([Row("a", "1 s", "1", "at least 2", False), Row("b", "3 s", "3", "2", True)])
    missed, met = capsys.readouterr().out.splitlines()
    assert missed.endswith("at least 2  MISSED")
    assert met.endswith("2  met")
