"""A proxy before PostgreSQL that cuts a connection at a chosen moment."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from stress.environments.proxied_connection import ProxiedConnection


@dataclass(frozen=True, eq=False)
class Cut:
    """Where the line breaks: at the first statement with ``words`` in it.

    Before it reaches the server; or ``sent``, without a look at what the server does with it; or
    ``done``, when the server has answered, which the client never hears. ``made`` tells when.
    ``passing`` such statements go by before.
    """

    words: bytes
    sent: bool = False
    done: bool = False
    passing: Iterator[int] = field(default_factory=lambda: iter(()))
    made: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """``port`` on 127.0.0.1 leads to ``server``, while ``open``.

    ``delay_seconds`` holds up whatever a client says; ``cut_after_bytes`` is about how much passes
    on a line before it breaks, None for any amount. ``cuts_made``, ``held`` and ``delayed`` count
    what struck.
    """

    def __init__(self, server: tuple[str, int], listener: socket.socket) -> None:
        self.server, self.listener = server, listener
        self.open = True
        self.delay_seconds = 0.0
        self.cut_after_bytes: int | None = None
        self.cuts_made = self.held = self.delayed = 0
        self._way = threading.Event()
        self._way.set()
        self._armed: list[Cut] = []
        self._lines: set[ProxiedConnection] = set()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def arm(self, words: bytes, *, sent: bool = False, done: bool = False, passing: int = 0) -> Cut:
        """Cut the next line that says ``words``, once; the first ``passing`` times let it be."""
        cut = Cut(words, sent, done, iter(range(passing)))
        with self._lock:
            self._armed.append(cut)
        return cut

    def disarm(self, cut: Cut) -> None:
        with self._lock, suppress(ValueError):
            self._armed.remove(cut)

    def take(self, statement: bytes) -> Cut | None:
        """The cut that this statement is the moment for."""
        if not self._armed:
            return None
        with self._lock:
            for cut in self._armed:
                if cut.words in statement and next(cut.passing, None) is None:
                    self._armed.remove(cut)
                    self.cuts_made += 1
                    return cut
        return None

    def bytes_until_cut(self) -> int | None:
        """How much may pass on one line before it breaks; other lines break elsewhere."""
        if self.cut_after_bytes is None:
            return None
        return random.randint(self.cut_after_bytes // 2, self.cut_after_bytes * 2)

    def count_cut(self) -> None:
        with self._lock:
            self.cuts_made += 1

    def wait_for_delay(self) -> None:
        if self.delay_seconds:
            with self._lock:
                self.delayed += 1
            time.sleep(self.delay_seconds)

    def open_hole(self) -> None:
        """Let nothing through, in either direction, on any line, and tell nobody."""
        self._way.clear()

    def fill_hole(self) -> None:
        """What was held up goes on its way, as TCP would send it again."""
        self._way.set()

    def wait_for_way(self) -> None:
        if not self._way.is_set():
            with self._lock:
                self.held += 1
            self._way.wait()

    def close_all(self) -> None:
        """Cut every line and let no new one in."""
        self.open = False
        self.cut_lines()

    def cut_lines(self) -> int:
        """Cut every line; how many there were."""
        with self._lock:
            lines = list(self._lines)
            self.cuts_made += len(lines)
        for line in lines:
            line.cut()
        return len(lines)

    def forget(self, line: ProxiedConnection) -> None:
        with self._lock:
            self._lines.discard(line)

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if not self.open:
                client.close()
                continue
            line = ProxiedConnection(self, client)
            with self._lock:
                self._lines.add(line)
            threading.Thread(target=line.run, daemon=True).start()


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy((host, port), listener)
        thread = threading.Thread(target=proxy.accept, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            proxy.close_all()
            proxy.fill_hole()
