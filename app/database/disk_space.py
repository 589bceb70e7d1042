"""Checks that the embedded database's disk has room for another write.

PostgreSQL stops altogether when it cannot write its log, and then nothing can be read either. So
no transaction is begun when the room gets short, and what is left serves the readers.
"""

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Two files of PostgreSQL's log: the one at work, and one for what goes on by itself.
FREE_BYTES_MIN = 32 * 1024 * 1024
LOOKED_AT_EVERY_SECONDS = 0.5
logger = logging.getLogger(__name__)


@dataclass
class DiskSpace:
    """``folders``: where the store's data lies; none when it is on another machine."""

    folders: Sequence[Path]
    free_bytes_min: int = FREE_BYTES_MIN
    _is_short: bool = field(default=False, init=False)
    _look_at: float = field(default=0.0, init=False)

    def is_short(self) -> bool:
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOKED_AT_EVERY_SECONDS
            short = any(_free(folder) < self.free_bytes_min for folder in self.folders)
            if short is not self._is_short:
                logger.warning(
                    "changes are %s", "refused: no space left" if short else "taken again"
                )
            self._is_short = short
        return self._is_short


def _free(folder: Path) -> float:
    """Bytes for who is not root, as the database is not."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return float("inf")  # not there, or not to be asked: the database will say
    return float(found.f_bavail * found.f_frsize)


def of_embedded_store(instance: Path) -> DiskSpace:
    return DiskSpace((instance, instance / "postgres"))
