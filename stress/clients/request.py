"""The request of an operation and the HTTP connection it is sent on."""

import json
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from stress.clients.api_user import ApiUser
from stress.clients.operation import Attempt

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class OperationRequest:
    """One intention. Every sending of it is the same, byte for byte."""

    tag: str
    client: int
    action: str
    method: str
    path: str
    body: dict[str, Any]
    person: ApiUser

    @property
    def keyed(self) -> bool:
        """Whether the store does it once, however often it is sent."""
        return self.method == "POST"

    @property
    def content(self) -> bytes:
        return json.dumps(self.body, sort_keys=True).encode() if self.body else b""

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.person.token}", "X-Request-ID": self.tag}
        if self.body:
            headers["Content-Type"] = "application/json"
        if self.keyed:
            headers["Idempotency-Key"] = self.tag
        return headers


class HttpConnection:
    """A connection that is kept alive, and made anew when it broke. For one thread at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.connection = HTTPConnection(
            parts.hostname or "", parts.port or 80, timeout=TIMEOUT_SECONDS
        )

    def send(self, request: OperationRequest) -> Attempt:
        """Send it once. Whatever is not a whole answer is none."""
        sent_at = time.time()
        try:
            self.connection.request(request.method, request.path, request.content, request.headers)
            return _answered(sent_at, self.connection.getresponse())
        except (OSError, HTTPException, ValueError) as error:
            self.connection.close()
            return Attempt(
                sent_at, time.time(), None, None, error=f"{type(error).__name__}: {error}"
            )

    def close(self) -> None:
        self.connection.close()


def _answered(sent_at: float, response: HTTPResponse) -> Attempt:
    """Raises OSError, HTTPException, ValueError for an answer that breaks off or is no JSON."""
    content = response.read()
    return Attempt(
        sent_at,
        time.time(),
        response.status,
        json.loads(content) if content else None,
        replayed=response.headers.get("Idempotency-Replayed") == "true",
    )
