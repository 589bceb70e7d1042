"""Refuses malformed HTTP before the application sees it."""

import json
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask
from waitress.utilities import RequestEntityTooLarge

#: A body up to this size is read to its end and thrown away, so that its sender, who is still
#: sending, reads the refusal instead of a broken connection.
DISCARDED_BYTES_MAX = 1024 * 1024 * 1024
API = "/api/"
#: Status -> code, title, detail.
REFUSALS = {
    400: ("bad-request", "That request could not be read", "It is no HTTP as the store reads it."),
    413: ("content-too-large", "Too large", "What was sent is larger than the store takes."),
    431: ("headers-too-large", "Too large", "Its headers are larger than the store takes."),
    501: ("not-implemented", "Not taken", "That transfer coding is not taken."),
}


class Parser(HTTPRequestParser):  # type: ignore[misc]
    to_discard = 0
    expect_continue = False

    def parse_header(self, header_plus: bytes) -> None:
        lines = header_plus.lower().split(b"\r\n")[1:]
        names = {line.partition(b":")[0].strip() for line in lines}
        super().parse_header(header_plus)
        if {b"content-length", b"transfer-encoding"} <= names:
            # Two who read it may take its end to be at different places (RFC 9112, 6.1).
            raise ParsingError("Content-Length and Transfer-Encoding exclude each other")

    def received(self, data: bytes) -> int:
        if self.to_discard:
            taken = min(len(data), self.to_discard)
            self.to_discard -= taken
            self.completed = self.to_discard == 0
            return taken
        waited_for_headers = not self.headers_finished
        consumed: int = super().received(data)
        if self.error is not None and self.expect_continue:
            self.expect_continue = False  # who asked before sending is told now
        elif waited_for_headers and self._sends_too_much():
            self.to_discard = self.content_length
            self.completed = False
        return consumed

    def _sends_too_much(self) -> bool:
        return (
            isinstance(self.error, RequestEntityTooLarge)
            and self.content_length <= DISCARDED_BYTES_MAX
        )


class RefusalTask(ErrorTask):  # type: ignore[misc]
    def execute(self) -> None:
        status = self.request.error.code
        code, title, detail = REFUSALS.get(status, ("refused", "Refused", "Try again."))
        path = str(getattr(self.request, "path", "") or "")
        if path.startswith(API):
            kind = "application/problem+json"
            problem = {"type": f"/api/docs#problem-{code}", "title": title, "status": status}
            body = json.dumps(problem | {"detail": detail, "code": code, "instance": path})
        else:
            kind, body = "text/plain; charset=utf-8", f"{title}: {detail}\n"
        content = body.encode()
        self.status = f"{status} {self.request.error.reason}"
        self.response_headers.append(("Content-Type", kind))
        self.set_close_on_finish()
        self.content_length = len(content)
        self.write(content)


class HttpChannel(HTTPChannel):  # type: ignore[misc]
    parser_class: Any = Parser
    error_task_class: Any = RefusalTask
