"""Probes whether the store serves: readiness and a real write."""

import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit
from uuid import uuid4

POLL_SECONDS = 0.02
ANSWER_SECONDS = 5.0
#: After that it counts as not coming back by itself.
SERVING_SECONDS_MAX = 120.0
WRITE = "/api/customers"


class Probe:
    """Asks ``addresses`` (``http://host:port``) until one serves, as a browser in front of several
    web nodes would. ``token`` may make customers."""

    def __init__(self, addresses: Sequence[str], token: str) -> None:
        self.addresses = addresses
        self.token = token
        self._numbers = itertools.count(1)

    def seconds_until_serving(
        self, since: float, stopping: Callable[[], bool] = lambda: False
    ) -> float | None:
        """From ``since`` (time.time()); None if it does not come back, or nobody waits for it."""
        while not self.serves():
            if stopping() or time.time() - since > SERVING_SECONDS_MAX:
                return None
            time.sleep(POLL_SECONDS)
        return max(0.0, time.time() - since)

    def serves(self) -> bool:
        return any(
            self._is_ready(host) and self._writes(host) for host in map(_host, self.addresses)
        )

    def _is_ready(self, host: str) -> bool:
        return self._status(host, "GET", "/readyz") == 200

    def _writes(self, host: str) -> bool:
        body = f'{{"name": "Probe {next(self._numbers)}"}}'
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid4()),
        }
        return self._status(host, "POST", WRITE, body, headers) == 201

    def _status(
        self,
        host: str,
        method: str,
        path: str,
        body: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> int | None:
        """None when no whole answer came."""
        connection = HTTPConnection(host, timeout=ANSWER_SECONDS)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        return None


def _host(address: str) -> str:
    return urlsplit(address).netloc
