"""Asks the fork server for web processes."""

import os
import select
import socket
import struct
import sys
import time
from collections.abc import Mapping

from app.runtime.processes.adopted import Adopted
from app.runtime.processes.children import Child

READY, FORK, PID = b"r", b"f", struct.Struct("i")
ANSWER_SECONDS = 5.0
#: At the start of the store, when nothing else could serve either.
LOADING_SECONDS = 60.0


class WarmStart:
    """``child`` is the fork server, to be started and tended like any other."""

    def __init__(self, listener: int, environment: Mapping[str, str]) -> None:
        self.listener = listener
        self.child = Child("fork server", (), environment, before_start=self._connect)
        self._ours: socket.socket | None = None
        self._theirs: socket.socket | None = None
        self._loaded = False

    def fork(self) -> Adopted | None:
        """A new web process; None when the fork server is away or still loading."""
        if self._ours is None or not self._has_loaded(0.0):
            return None
        try:
            self._ours.sendall(FORK)
            (pid,) = PID.unpack(self._ours.recv(PID.size, socket.MSG_WAITALL))
        except (OSError, struct.error):
            # Whatever it forks later would be nobody's.
            self.child.kill()
            return None
        return Adopted(pid)

    def wait_loaded(self) -> None:
        """Ends early when it dies: then web processes load by themselves, and say what is wrong."""
        deadline = time.monotonic() + LOADING_SECONDS
        while self.child.alive and time.monotonic() < deadline and not self._has_loaded(0.1):
            pass

    def _connect(self) -> None:
        self._close()
        self._ours, self._theirs = socket.socketpair()
        self._ours.settimeout(ANSWER_SECONDS)
        self._loaded = False
        control = self._theirs.fileno()
        arguments = (str(control), str(self.listener), str(os.getpid()))
        self.child.command = [sys.executable, "-m", "app.runtime.fork_server", *arguments]
        self.child.descriptors = (control, self.listener)

    def _has_loaded(self, seconds: float) -> bool:
        if self._theirs is not None:
            # The child has its own copy by now; with ours gone, its death ends the connection.
            self._theirs.close()
            self._theirs = None
        if self._ours is None or self._loaded:
            return self._loaded
        if select.select([self._ours], [], [], seconds)[0]:
            self._loaded = self._ours.recv(len(READY)) == READY
        return self._loaded

    def _close(self) -> None:
        for end in (self._ours, self._theirs):
            if end is not None:
                end.close()
