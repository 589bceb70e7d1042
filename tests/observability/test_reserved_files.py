"""Figures on a full disk: counted in memory, no process dies of them, and none is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from app.observability import reserved_files
from app.observability.multiprocess import VARIABLE, clear
from app.observability.reserved_files import ReservedDict
from tests.observability.test_multiprocess import ROOT, read
from tests.support.small_disk import fill, small_disk

COUNTING = """
import sys
from app.observability.metrics import REQUESTS, RETRIES
for line in sys.stdin:
    for number in range(int(line)):
        RETRIES.labels("deadlock").inc()
        REQUESTS.labels("GET", f"/route-{number}", "200").inc()
    print("counted", flush=True)
"""


@pytest.fixture
def disk(tmp_path: Path):
    with small_disk(tmp_path / "disk", 1) as folder:
        clear(folder)
        yield folder


@pytest.fixture
def counting(disk: Path):
    """A process that has begun to count while there was room."""
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTING],
        env=os.environ | {VARIABLE: str(disk)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        count(process, 1)
        yield process
        process.stdin.close()


def count(process: subprocess.Popen[str], times: int) -> None:
    process.stdin.write(f"{times}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "counted\n", process.wait(10)


def test_a_full_disk_kills_no_process_that_counts(counting, disk: Path) -> None:
    filling = fill(disk)
    count(counting, 3000)  # more than fit into the room that was reserved
    assert counting.poll() is None
    filling.unlink()
    count(counting, 1)
    assert counting.poll() is None


def test_a_process_that_begins_on_a_full_disk_counts_as_well(disk: Path) -> None:
    fill(disk)
    figures = ReservedDict(str(disk / "counter_1.db"))
    assert figures.in_memory
    for number in range(5000):
        figures.write_value(f"figure {number}", number, 0.0)
    assert figures.read_value("figure 4321")[0] == 4321
    assert not (disk / "counter_1.db").exists()
    figures.close()


def test_figures_go_to_the_file_when_there_is_room_again(disk: Path, monkeypatch) -> None:
    monkeypatch.setattr(reserved_files, "TRY_AGAIN_SECONDS", 0.0)
    filling = fill(disk)
    figures = ReservedDict(str(disk / "counter_1.db"))
    figures.write_value("kept", 1.0, 0.0)
    filling.unlink()
    figures.write_value("kept", 2.0, 0.0)
    assert not figures.in_memory
    figures.write_value("later", 3.0, 0.0)
    figures.close()
    read_back = MmapedDict.read_all_values_from_file(str(disk / "counter_1.db"))
    assert [(key, value) for key, value, *_ in read_back] == [("kept", 2.0), ("later", 3.0)]


def test_a_file_has_no_holes(tmp_path: Path) -> None:
    figures = ReservedDict(str(tmp_path / "counter_1.db"))
    for number in range(5000):
        figures.write_value(f"figure {number}", number, 0.0)
    status = (tmp_path / "counter_1.db").stat()
    assert status.st_blocks * 512 >= status.st_size > 1 << 16
    figures.close()


def test_figures_are_read_and_ended_processes_kept_while_the_disk_is_full(
    counting, disk: Path
) -> None:
    count(counting, 2)
    filling = fill(disk)
    counting.stdin.close()
    counting.wait(30)
    assert read(disk)["retries"] == 3
    filling.unlink()
    assert read(disk)["retries"] == 3
    assert (disk / "counter_0.db").exists()
