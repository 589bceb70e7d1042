"""One connection through the proxy, with a thread for each direction."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from stress.environments.postgres_messages import READY, STATEMENTS, Messages

if TYPE_CHECKING:
    from stress.environments.proxy import Cut, Proxy

CHUNK = 65_536
CONNECT_SECONDS = 5.0


class ProxiedConnection:
    def __init__(self, proxy: Proxy, client: socket.socket) -> None:
        self.proxy, self.client = proxy, client
        self.server = socket.socket()
        self._cut: Cut | None = None  # what the server answers is not passed on, but waited for
        self._bytes_left: int | None = None

    def run(self) -> None:
        try:
            self.server.settimeout(CONNECT_SECONDS)
            self.server.connect(self.proxy.server)
        except OSError:
            self.cut()  # a server that is away refuses
            return
        self.server.settimeout(None)
        for end in (self.client, self.server):
            with suppress(OSError):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self._pass_on_answers, daemon=True).start()
        self._pass_on_statements()

    def cut(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.proxy.forget(self)

    def _pass_on_statements(self) -> None:
        messages = Messages()
        with suppress(OSError):
            while said := self.client.recv(CHUNK):
                self.proxy.wait_for_delay()
                if not self._say(messages, said):
                    break
        self._end()

    def _say(self, messages: Messages, said: bytes) -> bool:
        """Whether the line holds."""
        ready = []
        for message in messages.feed(said):
            cut = self.proxy.take(message) if message[:1] in STATEMENTS else None
            self._cut = self._cut or cut
            if cut and not (cut.sent or cut.done):
                return False
            ready.append(message)
            if cut and cut.sent:
                self._send(self.server, b"".join(ready))
                return False
        self._send(self.server, b"".join(ready))
        return True

    def _pass_on_answers(self) -> None:
        tail = b""
        with suppress(OSError):
            while said := self.server.recv(CHUNK):
                if self._cut is None:
                    self._send(self.client, said)
                elif READY in (tail := tail[-len(READY) :] + said):
                    break
        self._end()

    def _end(self) -> None:
        self.cut()
        if self._cut is not None:
            self._cut.made.set()

    def _send(self, end: socket.socket, said: bytes) -> None:
        self.proxy.wait_for_way()
        left = self._allowance(len(said))
        end.sendall(said[:left])
        if left < len(said):
            self.proxy.count_cut()
            raise ConnectionAbortedError

    def _allowance(self, wanted: int) -> int:
        """How many of these bytes may pass before the line breaks in the midst of them."""
        if self.proxy.cut_after_bytes is None:
            self._bytes_left = None
            return wanted
        if self._bytes_left is None:
            self._bytes_left = self.proxy.bytes_until_cut()
        left = max(0, self._bytes_left or 0)
        self._bytes_left = left - wanted
        return left
