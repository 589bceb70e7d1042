"""Logs and counts every request, and gives it an id."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, g, request
from werkzeug.wrappers import Response

from app.database.pool_metrics import PoolWatch
from app.database.transactions import db
from app.observability.logs import event_log
from app.observability.multiprocess import shared_folder
from app.observability.query_timing import QueryTime, measured
from app.observability.request_id import HEADER, accepted_or_new, current_request_id, working_on
from app.observability.request_metrics import note_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ENVIRON_HEADER = "HTTP_" + HEADER.upper().replace("-", "_")
#: Left in the WSGI environment by what runs within.
ROUTE = "holdfast.route"
USER_ID = "holdfast.user_id"
PROBLEM_CODE = "holdfast.problem_code"
#: Asked for without end, and worth a line only when they fail.
QUIET_ROUTES = {"/healthz", "/readyz", "/metrics", "/static/<path:filename>"}
NO_ROUTE = "(none)"
#: Whatever else a client may send as its method is one of a kind, or the figures had no end.
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def register(app: Flask) -> None:
    app.wsgi_app = RequestLog(app.wsgi_app)  # type: ignore[method-assign]
    app.jinja_env.globals["request_id"] = current_request_id
    app.after_request(note_route_and_user)
    if shared_folder() is not None:
        watch = PoolWatch()
        app.before_request(lambda: watch.ensure(db.engine))


def note_route_and_user(response: Response) -> Response:
    """The rule, not the path: there are as many paths as there are units."""
    rule = request.url_rule
    if rule is not None:
        request.environ[ROUTE] = rule.rule
    user = g.get("_login_user")  # not current_user, which would look for one
    if user is not None and user.is_authenticated:
        request.environ[USER_ID] = user.id
    return response


class RequestLog:
    """WSGI middleware: outside of Flask, so that nothing which goes wrong in there escapes it."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = accepted_or_new(environ.get(ENVIRON_HEADER))
        began, answered = perf_counter(), "500"

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[..., object]:
            nonlocal answered
            answered = status[:3]
            headers.append((HEADER, request_id))
            return start_response(status, headers, *rest)

        with working_on(request_id), measured() as query_time:
            try:
                return self.application(environ, start)
            finally:
                note(environ, request_id, answered, perf_counter() - began, query_time)


def note(
    environ: WSGIEnvironment, request_id: str, status: str, seconds: float, query_time: QueryTime
) -> None:
    """Times are until the answer is made; a long download still goes out after that."""
    method = environ["REQUEST_METHOD"]
    method = method if method in METHODS else "other"
    route = environ.get(ROUTE, NO_ROUTE)
    note_request(method, route, status, seconds, query_time)
    if route in QUIET_ROUTES and status < "400":
        return
    facts = {
        "request_id": request_id,
        "method": method,
        "route": route,
        "status": int(status),
        "ms": round(seconds * 1000, 1),
        "queries": query_time.queries,
        "query_ms": round(query_time.seconds * 1000, 1),
    }
    if (user_id := environ.get(USER_ID)) is not None:
        facts["user_id"] = str(user_id)
    if (code := environ.get(PROBLEM_CODE)) is not None:
        facts["code"] = code
    if status < "500":
        event_log.info("request", **facts)
    else:
        event_log.error("request", **facts)
