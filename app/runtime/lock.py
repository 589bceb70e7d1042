"""Locks an instance folder for one owner; the lock ends with its process."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from app.runtime.processes.privileges import close_to_others

STORE = "store"
COMMAND = "command"


@dataclass(frozen=True)
class LockOwner:
    pid: int
    kind: str
    address: str = ""


class InstanceLock:
    def __init__(self, instance: Path) -> None:
        self.path = instance / "holdfast.lock"
        self._file: IO[str] | None = None

    def acquire(self, kind: str, address: str = "") -> bool:
        """False when another process holds it: ask `holder` which."""
        close_to_others(self.path.parent)
        # Opened without truncation: the content belongs to whoever holds the lock.
        file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        file.truncate()
        json.dump(asdict(LockOwner(os.getpid(), kind, address)), file)
        file.flush()
        self._file = file
        return True

    def holder(self) -> LockOwner | None:
        """Meaningful while the lock is held; None in the moment before its holder has signed."""
        try:
            return LockOwner(**json.loads(self.path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
