"""Metric files whose disk space is reserved before they are written.

prometheus_client maps files with holes into memory: the write that fills a hole on a full disk is
answered by the system with a signal that kills the process. Here the room is reserved first. Where
there is none, the figures are kept in memory, and go back to the file when there is.
"""

import errno
import mmap
import os
import time
from contextlib import suppress
from typing import Any

from prometheus_client import values
from prometheus_client.mmap_dict import _INITIAL_MMAP_SIZE, MmapedDict

TRY_AGAIN_SECONDS = 10.0
ENTRY_BYTES = 64
"""Beside the key: its length, its padding, the value and the time."""


def use_reserved_files() -> None:
    """Before the first figure is made: prometheus_client looks the class up by this name."""
    values.MmapedDict = ReservedDict  # type: ignore[assignment, attr-defined]


class ReservedDict(MmapedDict):
    """Like its base, whose fields it works on, for writing only."""

    def __init__(self, filename: str) -> None:
        self._retry_at: float | None = None
        """While the figures are in memory: when to look for room on the disk again."""
        try:
            reserve(filename, _INITIAL_MMAP_SIZE)
            super().__init__(filename)  # type: ignore[no-untyped-call]
        except OSError:
            self._begin_in_memory(filename)

    @property
    def in_memory(self) -> bool:
        return self._retry_at is not None

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        if self._retry_at is not None and time.monotonic() >= self._retry_at:
            self._go_to_file()
        super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        if self._m is not None:
            self._m.close()
            self._m = None
        if self._f is not None:
            self._f.close()
            self._f = None

    def _init_value(self, key: str) -> None:
        while self._used + len(key.encode()) + ENTRY_BYTES > self._capacity:
            self._grow()
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self) -> None:
        capacity = self._capacity * 2
        if self._f is not None:
            try:
                reserve(self._fname, capacity)
                self._m = mmap.mmap(self._f.fileno(), capacity)
            except OSError:
                self._go_to_memory(capacity)
        else:
            self._go_to_memory(capacity)
        self._capacity = capacity

    def _begin_in_memory(self, filename: str) -> None:
        self._f: Any = None
        self._fname, self._positions = filename, {}
        self._capacity, self._used = _INITIAL_MMAP_SIZE, 8
        self._m: Any = mmap.mmap(-1, self._capacity)
        self._m[:4] = self._used.to_bytes(4, "little")
        self._retry_at = time.monotonic() + TRY_AGAIN_SECONDS

    def _go_to_memory(self, capacity: int) -> None:
        grown = mmap.mmap(-1, capacity)
        grown[: self._capacity] = self._m[:]
        self.close()
        self._m = grown
        self._retry_at = time.monotonic() + TRY_AGAIN_SECONDS

    def _go_to_file(self) -> None:
        self._retry_at = time.monotonic() + TRY_AGAIN_SECONDS
        with suppress(OSError):
            reserve(self._fname, self._capacity)
            file = open(self._fname, "r+b")  # noqa: SIM115 - kept open
            mapped = mmap.mmap(file.fileno(), self._capacity)
            mapped[:] = self._m[:]
            self._m.close()
            self._m, self._f, self._retry_at = mapped, file, None


def reserve(filename: str, size: int) -> None:
    """Make the file this long, all of it on the disk. Raises OSError and leaves none half made."""
    descriptor = os.open(filename, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        if before < size:
            _allocate(descriptor, before, size)
    except OSError:
        # One that is empty could not be read by who adds up.
        os.unlink(filename) if before == 0 else os.ftruncate(descriptor, before)
        raise
    finally:
        os.close(descriptor)


def _allocate(descriptor: int, start: int, end: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, start, end - start)
    elif os.pwrite(descriptor, bytes(end - start), start) < end - start:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
