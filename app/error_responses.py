"""What went wrong, told to whoever asked: a page, a fragment for HTMX, or whatever `/api` adds.

An exception becomes a Problem once; renderers only choose its shape. Never a stack trace.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Response

from app.authorization import check_permission
from app.database import connection_lost
from app.domain.errors import (
    DatabaseAway,
    IdempotencyInProgress,
    IdempotencyMismatch,
    InvalidInput,
    ItemBusy,
    LogInBusy,
    LogInDelayed,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    Refusal,
    VersionConflict,
)
from app.extensions import htmx, login_manager
from app.metrics.instruments import REFUSALS
from app.request_log import PROBLEM_CODE
from app.responses import headers_for, is_safe_path, return_path
from app.sending_again import asks_again, form_again

DATABASE_RETRY_SECONDS = 5
#: What belongs to a form's request and not to the page that it was on.
OF_THE_POST = {
    "wsgi.input",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "HTTP_HX_REQUEST",
    "werkzeug.request",
}
#: What a browser's own words leave open.
EXPLANATIONS = {
    400: ("That request could not be read", "Something in it is malformed. Go back and try again."),
    401: ("Please log in", "This needs a log-in."),
    403: ("Not allowed", "Your role may not do this."),
    404: ("Not found", "There is nothing at this address."),
    405: ("Not allowed this way", "This address does not take that kind of request."),
    413: ("Too large", "What was sent is larger than the store takes."),
    429: ("Too many attempts", "Wait a few minutes, then try again."),
}


@dataclass(frozen=True)
class Problem:
    """Everything a renderer needs; ``facts`` is what helps to mend it."""

    status: int
    code: str
    title: str
    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    exception: Exception | None = None


class MalformedBody(BadRequest):
    """Not JSON that everybody reads alike; the description says why."""

    name = "Invalid JSON"


Renderer = Callable[[Problem], Response]

HANDLED: tuple[type[Exception], ...] = (
    Refusal,
    NotPermitted,
    NotFound,
    InvalidInput,
    IdempotencyMismatch,
    DatabaseAway,
    OutcomeUnknown,
    LogInBusy,
    LogInDelayed,
    OperationalError,
    InterfaceError,
    PoolTimeout,
    CSRFError,
    HTTPException,
)


def register(app: Flask) -> None:
    app.extensions["problem_renderers"] = []
    for exception in HANDLED:
        app.register_error_handler(exception, answer)
    app.register_error_handler(InternalError, answer_internal)
    app.register_error_handler(Exception, answer_unexpected)


def add_renderer(app: Flask, path_prefix: str, render: Renderer) -> None:
    """Have problems under ``path_prefix`` (such as ``/api/``) rendered by ``render``."""
    app.extensions["problem_renderers"].append((path_prefix, render))


def answer(exception: Exception) -> Response:
    if isinstance(exception, HTTPException) and exception.response is not None:
        return cast("Response", exception.response)  # a redirect that Werkzeug made
    problem = problem_of(exception)
    note_problem(problem)
    if problem.status >= 500:
        _forget_user()
    for prefix, render in current_app.extensions["problem_renderers"]:
        if request.path.startswith(prefix):
            rendered: Response = render(problem)
            return rendered
    response = render_fragment(problem) if htmx else render_page(problem)
    response.headers.extend(dict(problem.headers))
    return response


def note_problem(problem: Problem) -> None:
    request.environ[PROBLEM_CODE] = problem.code
    REFUSALS.labels(problem.code, problem.status).inc()


def answer_internal(exception: InternalError) -> Response:
    """PostgreSQL counts a transaction that idled for too long among its internal errors."""
    return answer(DatabaseAway()) if connection_lost(exception) else answer_unexpected(exception)


def answer_unexpected(exception: Exception) -> Response:
    if current_app.config.get("PROPAGATE_EXCEPTIONS") or current_app.testing:
        raise exception
    current_app.logger.exception("unexpected error on %s %s", request.method, request.path)
    return answer(exception)


def problem_of(exception: Exception) -> Problem:
    """The one table from exceptions to HTTP."""
    match exception:
        case Refusal():
            passing = isinstance(exception, ItemBusy | IdempotencyInProgress)
            headers = {"Retry-After": "1"} if passing else {}
            return Problem(
                409,
                exception.code,
                exception.title,
                exception.detail,
                exception.facts(),
                headers,
                exception,
            )
        case NotPermitted():
            return Problem(
                403, exception.code, "Not allowed", exception.detail, exception=exception
            )
        case NotFound():
            return Problem(
                404, exception.code, "Not found", exception.detail, {"ids": exception.ids}
            )
        case InvalidInput():
            facts = {"errors": exception.errors}
            return Problem(422, exception.code, "Please check the form", exception.detail, facts)
        case IdempotencyMismatch():
            return Problem(422, exception.code, "This was sent before", exception.detail)
        case OutcomeUnknown():
            return Problem(
                503,
                exception.code,
                "It is not certain that this was saved",
                exception.detail,
                headers={"Retry-After": "1"},
            )
        case LogInBusy() | LogInDelayed():
            facts = {"errors": {"password": exception.detail}}
            wait = {"Retry-After": str(exception.wait_seconds)}
            return Problem(
                429, exception.code, "Please wait a moment", exception.detail, facts, wait
            )
        case DatabaseAway() | OperationalError() | InterfaceError() | PoolTimeout():
            return Problem(
                503,
                DatabaseAway.code,
                "The database is away",
                DatabaseAway.detail,
                headers={"Retry-After": str(DATABASE_RETRY_SECONDS)},
            )
        case CSRFError():
            return Problem(
                400,
                "csrf",
                "This page has been open for too long",
                "It belongs to an earlier log-in. Reload the page and do it again.",
            )
        case HTTPException():
            return http_problem(exception)
        case _:
            return Problem(
                500,
                "internal-error",
                "Something went wrong here",
                "It was not your doing, and it has been written to the store's log.",
            )


def http_problem(exception: HTTPException) -> Problem:
    status = exception.code or 500
    title, detail = EXPLANATIONS.get(status, (exception.name, "Go back and try again."))
    # Werkzeug's own descriptions are written for programmers; ours are set on the exception.
    ours = status == 403 or isinstance(exception, MalformedBody)
    own = exception.description if ours else None
    headers = {"Allow": ", ".join(sorted(exception.valid_methods or []))} if status == 405 else {}  # type: ignore[attr-defined]
    return Problem(
        status, exception.name.lower().replace(" ", "-"), title, own or detail, headers=headers
    )


def render_page(problem: Problem) -> Response:
    if problem.status == 401:
        return redirect(login_url(request.full_path if request.method == "GET" else "/"))
    if problem.status in (409, 422, 429) or isinstance(problem.exception, NotPermitted):
        before = page_as_it_was(problem)
        if before is not None:
            return headers_for(before, problem.status)
    return headers_for(error_page(problem), problem.status)


def render_fragment(problem: Problem) -> Response:
    """HTMX puts a refusal above the page, which stays; a form comes back with its messages."""
    if problem.status == 401:
        return headers_for("", 401, HX_Redirect=login_url(came_from() or "/"))
    # Somebody changed the thing meanwhile: show it as it is now, with what was typed.
    if problem.status == 422 or problem.code == VersionConflict.code:
        before = page_as_it_was(problem)
        if before is not None:
            return headers_for(
                before,
                problem.status,
                HX_Retarget="#main",
                HX_Reselect="#main",
                HX_Reswap="outerHTML",
            )
    body = render_template("errors/_refusal.html", problem=problem)
    return headers_for(body, problem.status, HX_Retarget="#alerts", HX_Reswap="innerHTML")


def error_page(problem: Problem) -> str:
    # Without a database there is no user to draw the menu for.
    layout = "base.html" if problem.status < 500 and _user_is_known() else "bare.html"
    return render_template(
        "errors/page.html",
        problem=problem,
        layout=layout,
        retry_seconds=DATABASE_RETRY_SECONDS if asks_again(problem.code) else None,
        form_again=form_again(problem.code),
    )


def page_as_it_was(problem: Problem) -> str | None:
    """The page that the form was on, with ``problem`` on it; None if that cannot be told."""
    path = return_path("") or came_from()
    if not path or getattr(g, "problem", None) is not None:
        return None
    g.problem, g.typed, g.typed_for = problem, request.form, request.path
    environ = _environ_for(path)
    try:
        with current_app.request_context(environ):
            if request.endpoint is None:
                return None
            check_permission()
            body = current_app.make_response(current_app.dispatch_request())
            return body.get_data(as_text=True) if body.status_code == 200 else None
    except (HTTPException, NotFound):
        return None


def _environ_for(path: str) -> dict[str, Any]:
    parts = urlsplit(path)
    kept = {key: value for key, value in request.environ.items() if key not in OF_THE_POST}
    return {
        **kept,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "REQUEST_URI": path,
        "RAW_URI": path,
    }


def came_from() -> str | None:
    """The path of the page that this request was sent from, if it is ours."""
    referrer = htmx.current_url if htmx else request.referrer
    if not referrer:
        return None
    parts = urlsplit(referrer)
    if parts.netloc != request.host:
        return None
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return path if is_safe_path(path) else None


def login_url(path: str) -> str:
    path = path.removesuffix("?")
    return url_for("sessions.new", next=path if is_safe_path(path) and path != "/" else None)


def _forget_user() -> None:
    # The database cannot say who it is, and a page must not ask it again.
    g._login_user = login_manager.anonymous_user()


def _user_is_known() -> bool:
    try:
        return bool(current_user.is_authenticated)
    except SQLAlchemyError:
        return False
