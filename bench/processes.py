"""What a group of processes has used: CPU seconds so far, and memory now."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import psutil

#: Name of a group -> the process ids at the roots of its trees.
Groups = Mapping[str, Sequence[int]]


def cpu_seconds(groups: Groups) -> dict[str, float]:
    """User and system time of each group, with the children that have ended meanwhile."""
    return {name: sum(map(_cpu_seconds, _trees(roots))) for name, roots in groups.items()}


def memory_megabytes(groups: Groups) -> dict[str, float]:
    """What each group holds; what its processes share is counted once."""
    return {name: sum(map(_memory_bytes, _trees(roots))) / 2**20 for name, roots in groups.items()}


def _trees(roots: Sequence[int]) -> Iterator[psutil.Process]:
    for root in roots:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(root)
            yield process
            yield from process.children(recursive=True)


def _cpu_seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return times.user + times.system + times.children_user + times.children_system
    return 0.0


def _memory_bytes(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        held = process.memory_full_info()
        return getattr(held, "pss", held.rss)
    return 0.0
