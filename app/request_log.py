"""What surrounds every request: its id, and one line about it when it is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from app.request_ids import HEADER, accepted_or_new, current_request_id, working_on

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ENVIRON_HEADER = "HTTP_" + HEADER.upper().replace("-", "_")


def register(app: Flask) -> None:
    app.wsgi_app = RequestLog(app.wsgi_app)  # type: ignore[method-assign]
    app.jinja_env.globals["request_id"] = current_request_id


class RequestLog:
    """WSGI middleware: outside of Flask, so that nothing which goes wrong in there escapes it."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = accepted_or_new(environ.get(ENVIRON_HEADER))

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[..., object]:
            headers.append((HEADER, request_id))
            return start_response(status, headers, *rest)

        with working_on(request_id):
            return self.application(environ, start)
