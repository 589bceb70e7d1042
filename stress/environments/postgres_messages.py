"""Parses messages of the PostgreSQL protocol.

A message is a byte for its kind (none before the start-up is over), four bytes for its length,
and the rest. Source: https://www.postgresql.org/docs/18/protocol-message-formats.html
"""

import struct
from collections.abc import Iterator

#: A query as one message, and the first message of a query in steps, prepared before or not.
STATEMENTS = (b"Q", b"P", b"B")
#: The server has answered and waits.
READY = b"Z\x00\x00\x00\x05"
LENGTH_BYTES = 4
SSL_REQUEST, GSS_REQUEST = 80877103, 80877104


class Messages:
    """Cuts a stream of bytes into messages, just as they were sent."""

    def __init__(self) -> None:
        self._rest = b""
        self._started = False

    def feed(self, said: bytes) -> Iterator[bytes]:
        """Those that are complete with these bytes."""
        self._rest += said
        while message := self._first():
            self._rest = self._rest[len(message) :]
            if not self._started:
                code = struct.unpack("!I", message[4:8])[0]
                self._started = code not in (SSL_REQUEST, GSS_REQUEST)
            yield message

    def _first(self) -> bytes:
        kind_bytes = 1 if self._started else 0
        head = self._rest[kind_bytes : kind_bytes + LENGTH_BYTES]
        if len(head) < LENGTH_BYTES:
            return b""
        end = kind_bytes + int(struct.unpack("!I", head)[0])
        return self._rest[:end] if len(self._rest) >= end else b""
