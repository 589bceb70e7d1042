"""`python -m bench.http_load`: requests over kept connections, as cheaply as Python can send them.

The bytes of all requests are made before the clock starts, so that nearly all that the machine does
meanwhile is the store's work. Order: `port`, `clients`, `seconds`, `head` (of each request, without
its length), `requests` ([method, path, extra headers, body]), `warm_up` (of them, one each client).
"""

import itertools
import json
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator

HEADERS_END = b"\r\n\r\n"
SAMPLES_MAX = 3
RECEIVED_MAX = 1 << 18


class Client:
    """One connection, with one request under way at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()
        self.expected = 0
        self.request = b""
        self.began = 0.0

    def send(self, request: bytes) -> None:
        self.request = request
        self.began = time.perf_counter()
        self.send_again()

    def send_again(self) -> None:
        self.received.clear()
        self.expected = 0
        self.socket.sendall(self.request)

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

    @property
    def status(self) -> str:
        return self.received[9:12].decode()

    @property
    def body(self) -> str:
        return self.received[self.received.find(HEADERS_END) + 4 :].decode()


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    if at < 0:
        raise ValueError(f"an answer without its length: {head!r}")
    return int(head[at + 15 :].split(b"\r\n", 1)[0])


def request(head: str, method: str, path: str, headers: str, body: str) -> bytes:
    content = body.encode()
    start = f"{method} {path} HTTP/1.1\r\n{head}{headers}Content-Length: {len(content)}\r\n\r\n"
    return start.encode() + content


class Load:
    """All clients in one loop: each sends its next request when it has its answer."""

    def __init__(self, clients: list[Client], requests: Iterator[bytes], seconds: float) -> None:
        self.requests = requests
        self.seconds = seconds
        self.clients = {client.socket.fileno(): client for client in clients}
        self.times: list[float] = []
        self.outcomes: Counter[str] = Counter()
        self.samples: list[str] = []

    def run(self) -> float:
        """Seconds until the last answer was there."""
        waiting = select.poll()
        self.began = time.perf_counter()
        busy = 0
        for number, client in self.clients.items():
            if self._send_next(client):
                waiting.register(number, select.POLLIN)
                busy += 1
        while busy:
            for number, _ in waiting.poll():
                client = self.clients[number]
                if not client.receive() or not self._answered(client):
                    continue
                if not self._send_next(client):
                    waiting.unregister(number)
                    busy -= 1
        return time.perf_counter() - self.began

    def _send_next(self, client: Client) -> bool:
        if time.perf_counter() - self.began >= self.seconds:
            return False
        following = next(self.requests, None)
        if following is None:
            return False
        client.send(following)
        return True

    def _answered(self, client: Client) -> bool:
        """False when the unit was locked just then, and the client asks again at once."""
        if client.status == "409" and b'"item-busy"' in client.received:
            self.outcomes["busy"] += 1
            client.send_again()
            return False
        self.times.append(time.perf_counter() - client.began)
        self.outcomes[client.status] += 1
        if not client.status.startswith("2") and len(self.samples) < SAMPLES_MAX:
            self.samples.append(client.body[:500])
        return True


def main() -> None:
    order = json.loads(sys.stdin.readline())
    requests = iter([request(order["head"], *each) for each in order["requests"]])
    clients = [Client(order["port"]) for _ in range(order["clients"])]
    if order.get("warm_up", True):
        for client, first in zip(clients, itertools.islice(requests, len(clients)), strict=False):
            client.send(first)
            while not client.receive():
                pass
    load = Load(clients, requests, order["seconds"])
    print("ready", flush=True)
    sys.stdin.readline()
    before = time.process_time()
    seconds = load.run()
    answer = {
        "times": load.times,
        "seconds": seconds,
        "cpu_seconds": time.process_time() - before,
        "outcomes": load.outcomes,
        "samples": load.samples,
    }
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
