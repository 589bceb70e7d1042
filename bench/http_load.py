"""`python -m bench.http_load`: requests over kept connections, as cheaply as Python can send them.

The bytes of all requests are made before the clock starts, so that nearly all that the machine does
meanwhile is the store's work. Order: `port`, `clients`, `seconds`, `head` (of each request, without
its length), `requests` ([method, path, extra headers, body]), `warm_up` (of them, one each client).
"""

import itertools
import json
import select
import sys
import time
from collections import Counter
from collections.abc import Iterator

from bench.http_client import Client, request

SAMPLES_MAX = 3


class Asker(Client):
    """A client that knows what it asked for, and since when it waits for that."""

    asked = b""
    began = 0.0

    def ask_for(self, following: bytes) -> None:
        self.asked, self.began = following, time.perf_counter()
        self.send(following)


class Load:
    """All clients in one loop: each sends its next request when it has its answer."""

    def __init__(self, clients: list[Asker], requests: Iterator[bytes], seconds: float) -> None:
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

    def _send_next(self, client: Asker) -> bool:
        if time.perf_counter() - self.began >= self.seconds:
            return False
        following = next(self.requests, None)
        if following is None:
            return False
        client.ask_for(following)
        return True

    def _answered(self, client: Asker) -> bool:
        """False when the unit was locked just then, and the client asks again at once."""
        if client.status == "409" and b'"item-busy"' in client.received:
            self.outcomes["busy"] += 1
            client.send(client.asked)
            return False
        self.times.append(time.perf_counter() - client.began)
        self.outcomes[client.status] += 1
        if not client.status.startswith("2") and len(self.samples) < SAMPLES_MAX:
            self.samples.append(client.body[:500])
        return True


def main() -> None:
    order = json.loads(sys.stdin.readline())
    requests = iter([request(order["head"], *each) for each in order["requests"]])
    clients = [Asker(order["port"]) for _ in range(order["clients"])]
    if order.get("warm_up", True):
        for client, first in zip(clients, itertools.islice(requests, len(clients)), strict=False):
            client.ask(first)
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
