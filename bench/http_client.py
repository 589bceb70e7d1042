"""One connection to the store, with one request under way at a time, that costs little."""

import socket

HEADERS_END = b"\r\n\r\n"
RECEIVED_MAX = 1 << 18


class Client:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()
        self.expected = 0

    def send(self, request: bytes) -> None:
        self.received.clear()
        self.expected = 0
        self.socket.sendall(request)

    def receive(self) -> bool:
        """True when the whole answer is there."""
        part = self.socket.recv(RECEIVED_MAX)
        if not part:
            raise ConnectionError(f"closed by the store after {bytes(self.received[:200])!r}")
        self.received += part
        if not self.expected:
            end = self.received.find(HEADERS_END)
            if end < 0:
                return False
            self.expected = end + len(HEADERS_END) + _length(bytes(self.received[:end]))
        return len(self.received) >= self.expected

    def close(self) -> None:
        self.socket.close()

    def ask(self, request: bytes) -> str:
        """Sends it and waits for the whole answer; its status."""
        self.send(request)
        while not self.receive():
            pass
        return self.status

    @property
    def status(self) -> str:
        return self.received[9:12].decode()

    @property
    def head(self) -> str:
        return self.received[: self.received.find(HEADERS_END)].decode()

    @property
    def body(self) -> str:
        return self.received[self.received.find(HEADERS_END) + len(HEADERS_END) :].decode()


def request(head: str, method: str, path: str, headers: str = "", body: str = "") -> bytes:
    """``head`` and ``headers`` are whole lines, each with its end."""
    content = body.encode()
    start = f"{method} {path} HTTP/1.1\r\n{head}{headers}Content-Length: {len(content)}\r\n\r\n"
    return start.encode() + content


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    if at < 0:
        raise ValueError(f"an answer without its length: {head!r}")
    return int(head[at + 15 :].split(b"\r\n", 1)[0])
