"""The folder where the processes share their metrics.

prometheus_client names it by this variable, which the supervisor sets before it starts them.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from prometheus_client.mmap_dict import MmapedDict

from app.observability.reserved_files import ReservedDict

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
#: In place of a process's id.
FOLDED = "0"


def shared_folder() -> Path | None:
    """None when this process keeps its figures to itself."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def clear(folder: Path) -> None:
    """For the supervisor, before anything else runs: counters begin anew with the store."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)


def fold_ended_processes(folder: Path) -> None:
    """Add what ended processes have counted to one file; drop what they were just then.

    Each job runs in a process of its own: without this there would be files without end. Whoever
    is killed in the middle may leave something counted twice, and nothing worse.
    """
    with _alone(folder) as alone:
        if not alone:
            return
        for file in sorted(folder.glob("*.db")):
            kind, process = file.stem.rpartition("_")[::2]
            if process == FOLDED or _lives(process, file):
                continue
            if kind.startswith("gauge") or _add(file, folder / f"{kind}_{FOLDED}.db"):
                file.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """False when another process is at it, or the disk has no room for the lock."""
    with ExitStack() as stack:
        try:
            lock = stack.enter_context((folder / "fold.lock").open("a"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


def _lives(process: str, file: Path) -> bool:
    with suppress(psutil.Error, ValueError, OSError):
        found = psutil.Process(int(process))
        # Another process may have the number by now: it is younger than the file.
        return found.status() != psutil.STATUS_ZOMBIE and not _is_younger(found, file)
    return False


def _is_younger(process: psutil.Process, file: Path) -> bool:
    return process.create_time() > file.stat().st_mtime + 1


def _add(file: Path, total: Path) -> bool:
    """False when the disk has no room for the sums: the file stays then."""
    sums: Any = ReservedDict(str(total))
    if sums.in_memory:
        return False
    read: Any = MmapedDict.read_all_values_from_file
    try:
        for key, value, _, _ in read(str(file)):
            sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
        return not sums.in_memory
    finally:
        sums.close()
