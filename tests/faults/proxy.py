"""A proxy between the application and PostgreSQL that cuts the line at a chosen moment.

It reads just enough of the protocol to see statements go by: a message is a byte for its kind
(none before the start-up is over), four bytes for its length, and the rest.
Source: https://www.postgresql.org/docs/18/protocol-message-formats.html
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104
#: A query as one message, and the first message of a query in steps.
STATEMENTS = (b"Q", b"P")
READY = b"Z\x00\x00\x00\x05"
CHUNK = 65_536


@dataclass(frozen=True)
class Cut:
    """Where the line breaks: at the first statement with ``words`` in it.

    Before it reaches the server; or ``sent``, without a look at what the server does with it; or
    ``done``, when the server has answered, which the client never hears.
    """

    words: bytes
    sent: bool = False
    done: bool = False


@dataclass
class Proxy:
    """``port`` on 127.0.0.1 leads to ``server``, while ``open``."""

    server: tuple[str, int]
    listener: socket.socket
    open: bool = True
    cuts_made: int = 0
    _armed: Cut | None = None
    _lines: list["Line"] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def arm(self, words: bytes, *, sent: bool = False, done: bool = False) -> None:
        """Cut the next line that says ``words``, once."""
        with self._lock:
            self._armed = Cut(words, sent, done)

    def take(self, statement: bytes) -> Cut | None:
        """The cut that this statement is the moment for."""
        with self._lock:
            if self._armed is None or self._armed.words not in statement:
                return None
            cut, self._armed = self._armed, None
            self.cuts_made += 1
            return cut

    def close_all(self) -> None:
        """Cut every line and let no new one in."""
        self.open = False
        for line in self._lines:
            line.cut()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if not self.open:
                client.close()
                continue
            line = Line(self, client, socket.create_connection(self.server))
            self._lines.append(line)
            line.start()


class Line:
    """One client's connection."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, server
        self.deaf = False  # what the server says is not passed on, but waited for

    def start(self) -> None:
        for work in (self.pass_on_statements, self.pass_on_answers):
            threading.Thread(target=work, daemon=True).start()

    def cut(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def pass_on_statements(self) -> None:
        try:
            for message in messages(self.client):
                cut = self.proxy.take(message) if message[:1] in STATEMENTS else None
                if cut and not (cut.sent or cut.done):
                    break
                self.deaf = self.deaf or cut is not None
                self.server.sendall(message)
                if cut and cut.sent:
                    break
        except OSError:
            pass
        self.cut()

    def pass_on_answers(self) -> None:
        try:
            while said := self.server.recv(CHUNK):
                if not self.deaf:
                    self.client.sendall(said)
                elif READY in said:
                    break
        except OSError:
            pass
        self.cut()


def messages(client: socket.socket) -> Iterator[bytes]:
    """What the client says, message by message, as it was sent."""
    started = False
    while True:
        kind = read(client, 1) if started else b""
        length = read(client, 4)
        body = read(client, struct.unpack("!I", length)[0] - 4)
        if not started:
            started = struct.unpack("!I", body[:4])[0] not in (SSL_REQUEST, GSS_REQUEST)
        yield kind + length + body


def read(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = connection.recv(count - len(found))
        if not more:
            raise ConnectionResetError
        found += more
    return found


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy((host, port), listener)
        thread = threading.Thread(target=proxy.accept, daemon=True)
        thread.start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        proxy.close_all()
