"""Damaged files of the queue are set aside, and it starts empty."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from app.runtime.processes.children import Child
from app.runtime.servers.damaged_files import KEPT, set_aside
from app.runtime.servers.valkey import Valkey

FILL = 200


@pytest.fixture
def valkey(tmp_path: Path):
    """One that was killed with something in it."""
    valkey = Valkey(tmp_path / "instance")
    child = started(valkey)
    with client(valkey) as queue:
        for number in range(FILL):
            queue.set(f"key {number}", "value " * 10)
        queue.config_set("appendfsync", "always")
        queue.set("last", "1")
    kill(child)
    return valkey


def started(valkey: Valkey) -> Child:
    child = valkey.child()
    child.start()
    valkey.wait_ready(child)
    return child


def kill(child: Child) -> None:
    child.process.kill()
    child.process.wait()


def client(valkey: Valkey) -> redis.Redis:
    return redis.Redis.from_url(valkey.url)


def keys(valkey: Valkey) -> int:
    with client(valkey) as queue:
        return queue.dbsize()


def log_file(valkey: Valkey) -> Path:
    (found,) = valkey.data.glob("appendonlydir/*.incr.aof")
    return found


def flip_byte(valkey: Valkey) -> None:
    content = bytearray(log_file(valkey).read_bytes())
    content[content.index(b"*3", len(content) // 2)] ^= 0xFF
    log_file(valkey).write_bytes(content)


def manifest(valkey: Valkey) -> Path:
    (found,) = valkey.data.glob("appendonlydir/*.manifest")
    return found


def make_foreign(valkey: Valkey) -> None:
    log_file(valkey).write_bytes(b"PK\x03\x04 this is something else entirely " * 100)


def damage_base(valkey: Valkey) -> None:
    (base,) = valkey.data.glob("appendonlydir/*.base.*")
    base.write_bytes(base.read_bytes()[:20] + b"\0" * 60)


def replace_folder(valkey: Valkey) -> None:
    shutil.rmtree(valkey.data / "appendonlydir")
    (valkey.data / "appendonlydir").write_text("a file")


def append_zeros(valkey: Valkey) -> None:
    with log_file(valkey).open("ab") as file:
        file.write(b"\0" * 4096)


DAMAGES: dict[str, Callable[[Valkey], object]] = {
    "a tail of zeros": append_zeros,
    "a byte flipped in the middle": flip_byte,
    "a foreign file": make_foreign,
    "a damaged base file": damage_base,
    "an emptied manifest": lambda valkey: manifest(valkey).write_text(""),
    "a damaged manifest": lambda valkey: manifest(valkey).write_bytes(b"file \xff\0 type z"),
    "a manifest of files that are gone": lambda valkey: log_file(valkey).unlink(),
    "a file in place of the folder": replace_folder,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_queue_is_set_aside_and_starts_empty(
    valkey: Valkey, damage: Callable[[Valkey], object], capfd
) -> None:
    damage(valkey)
    child = started(valkey)
    assert keys(valkey) == 0
    (aside,) = valkey.instance.glob("valkey.damaged-*")
    assert any(aside.iterdir())
    (line,) = [line for line in capfd.readouterr().out.splitlines() if "damaged" in line]
    assert str(aside) in line
    child.stop()


@pytest.mark.parametrize("left", [0.5, 0.0], ids=["cut off", "empty"])
def test_a_file_that_ends_early_is_read_as_far_as_it_goes(valkey: Valkey, left: float) -> None:
    content = log_file(valkey).read_bytes()
    log_file(valkey).write_bytes(content[: int(len(content) * left) - 3 if left else 0])
    child = started(valkey)
    assert keys(valkey) < FILL
    assert list(valkey.instance.glob("valkey.damaged-*")) == []
    child.stop()


def test_damage_found_when_it_is_started_again_is_set_aside_as_well(valkey: Valkey, capfd) -> None:
    child = started(valkey)
    append_zeros(valkey)
    kill(child)
    while not list(valkey.instance.glob("valkey.damaged-*")):
        child.restart_if_dead()
    valkey.wait_ready(child)
    assert keys(valkey) == 0
    child.stop()


def test_a_whole_queue_is_kept(valkey: Valkey) -> None:
    for _ in range(2):
        child = started(valkey)
        assert keys(valkey) == FILL + 1
        kill(child)
    assert list(valkey.instance.glob("valkey.damaged-*")) == []


def test_a_few_of_those_set_aside_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "valkey"
    for number in range(KEPT + 2):
        folder.mkdir()
        (folder / "number").write_text(str(number))
        set_aside(folder)
    kept = sorted(tmp_path.glob("valkey.damaged-*"))
    assert [(each / "number").read_text() for each in kept] == ["2", "3", "4"]
