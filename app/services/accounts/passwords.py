"""Hashes and checks passwords outside of transactions, a few at a time.

One takes a tenth of a second of a processor and 64 MiB, so they wait for each other here, on
threads of lower priority, instead of slowing down everything else.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass, field
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.database.transactions import db, inside_transaction
from app.domain.errors import InvalidInput, LogInBusy

CHARACTERS_MIN = 8
CHARACTERS_MAX = 1000
#: Requests of one process that may wait for their hash: fewer than it has threads, so that
#: the rest of the store is served meanwhile.
WAITING_MAX = 4
WAIT_SECONDS_MAX = 5.0
#: Of the threads that hash, on Linux, where each thread has a priority of its own.
NICENESS = 2
#: No password has it: what a user has who may not log in.
NO_PASSWORD = "!"

R = TypeVar("R")

hasher = PasswordHasher()
#: Checked when there is no such user, so that the answer takes as long.
NOBODYS_HASH = hasher.hash("nobody has this password")


@dataclass
class Places:
    """Where hashes are made: ``at_once`` of them, while ``waiting_max`` more may wait."""

    at_once: int
    waiting_max: int = WAITING_MAX
    seconds_max: float = WAIT_SECONDS_MAX
    taken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.threads = ThreadPoolExecutor(self.at_once, "password", _lower_priority)

    def work(self, job: Callable[[], R]) -> R:
        """Raises LogInBusy when too many wait already, or it took too long."""
        with self.lock:
            if self.taken >= self.at_once + self.waiting_max:
                raise LogInBusy
            self.taken += 1
        future = self.threads.submit(job)
        future.add_done_callback(lambda _: self._leave())
        try:
            return future.result(self.seconds_max)
        except WaitedTooLong:
            future.cancel()
            raise LogInBusy from None

    def _leave(self) -> None:
        with self.lock:
            self.taken -= 1


class _Process:
    """The places of this process: threads do not survive a fork."""

    def __init__(self) -> None:
        self.at_once = os.cpu_count() or 1
        self.pid = 0
        self.places: Places | None = None
        self.lock = threading.Lock()

    def get(self) -> Places:
        with self.lock:
            if self.places is None or self.pid != os.getpid():
                self.places, self.pid = Places(self.at_once), os.getpid()
            return self.places


_process = _Process()


def share_processors(processes: int) -> None:
    """So many processes hash: all together they use no more processors than there are."""
    _process.at_once = max(1, (os.cpu_count() or 1) // processes)


@dataclass(frozen=True)
class NewPassword:
    """``hashed`` is None when ``errors`` says why it cannot be one."""

    hashed: str | None
    errors: dict[str, str]

    def required(self) -> str:
        if self.hashed is None:
            raise InvalidInput(self.errors)
        return self.hashed


def new_password(password: str) -> NewPassword:
    """Raises LogInBusy. Never call it inside a transaction, which would wait for it."""
    if errors := password_errors(password):
        return NewPassword(None, errors)
    return NewPassword(_work(lambda: hasher.hash(password)), {})


def matches(password_hash: str, password: str) -> bool:
    """Raises LogInBusy. Never call it inside a transaction, which would wait for it."""
    if len(password) > CHARACTERS_MAX:
        return False
    return _work(lambda: _verify(password_hash, password))


def outdated(password_hash: str) -> bool:
    """Whether it was made with weaker parameters than new ones are."""
    return hasher.check_needs_rehash(password_hash)


def password_errors(password: str) -> dict[str, str]:
    if "\x00" in password:
        return {"password": "Use printable characters."}
    if len(password) < CHARACTERS_MIN:
        return {"password": f"Use at least {CHARACTERS_MIN} characters."}
    if len(password) > CHARACTERS_MAX:
        return {"password": f"Use at most {CHARACTERS_MAX} characters."}
    return {}


def _verify(password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _work(job: Callable[[], R]) -> R:
    if inside_transaction():
        raise RuntimeError("A password is hashed inside a transaction: hash it before.")
    # Nobody keeps a connection from the others while waiting for this.
    db.session.close()
    return _process.get().work(job)


def _lower_priority() -> None:
    if sys.platform.startswith("linux"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
