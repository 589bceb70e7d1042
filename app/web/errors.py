"""Maps exceptions to problems and renders them as page, fragment or JSON.

An exception becomes a Problem once; renderers only choose its shape. Never a stack trace.
"""

from collections.abc import Callable
from typing import cast

from flask import Flask, current_app, g, redirect, render_template, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException, UnsupportedMediaType
from werkzeug.wrappers import Response

from app.database.transactions import DISK_FULL, connection_lost, disk_is_full, sqlstate
from app.domain.errors import (
    DatabaseAway,
    ExportsBusy,
    IdempotencyInProgress,
    IdempotencyMismatch,
    InvalidInput,
    ItemBusy,
    LogInBusy,
    LogInDelayed,
    NoSpace,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    Refusal,
)
from app.observability.metrics import REFUSALS
from app.web.extensions import htmx, login_manager
from app.web.forms.page_replay import (
    came_from,
    comes_from_this_site,
    page_again,
    page_of_form,
    sent_form,
    typed_values,
)
from app.web.forms.resubmission import resubmittable_form, retries_by_itself
from app.web.forms.unsent_forms import log_in_page_with_form, log_in_ran_out, log_in_url
from app.web.problem import Problem as Problem
from app.web.request_log import PROBLEM_CODE
from app.web.responses import headers_for

DATABASE_RETRY_SECONDS = 5
SPACE_RETRY_SECONDS = 30
#: Refusals of a form that are told on the page that it was on.
SHOWN_ON_PAGE = (400, 403, 404, 409, 422, 429)
#: What a browser's own words leave open.
EXPLANATIONS = {
    400: ("That request could not be read", "Something in it is malformed. Go back and try again."),
    401: ("Please log in", "This needs a log-in."),
    403: ("Not allowed", "Your role may not do this."),
    404: ("Not found", "There is nothing at this address."),
    405: ("Not allowed this way", "This address does not take that kind of request."),
    413: (
        "Too large",
        "What was sent is larger than the store takes, so nothing was done. "
        "Go back: what you typed is still there. Send it in parts.",
    ),
    429: ("Too many attempts", "Wait a few minutes, then try again."),
}


class WrongMediaType(UnsupportedMediaType):
    """Sent in another form than the store reads; the description says which."""


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
    ExportsBusy,
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
    record_problem(problem)
    if problem.status >= 500:
        _forget_user()
    for prefix, render in current_app.extensions["problem_renderers"]:
        if request.path.startswith(prefix):
            rendered: Response = render(problem)
            return rendered
    response = render_fragment(problem) if htmx else render_page(problem)
    response.headers.extend(dict(problem.headers))
    return response


def record_problem(problem: Problem) -> None:
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
            return Problem(
                422,
                exception.code,
                "This form was sent before",
                exception.detail,
                exception=exception,
            )
        case OutcomeUnknown():
            return Problem(
                503,
                exception.code,
                "It is not certain that this was saved",
                exception.detail,
                headers={"Retry-After": "1"},
                exception=exception,
            )
        case ExportsBusy():
            wait = {"Retry-After": str(exception.wait_seconds)}
            return Problem(
                429, exception.code, "Please wait a moment", exception.detail, headers=wait
            )
        case LogInBusy() | LogInDelayed():
            facts = {"errors": {"password": exception.detail}}
            wait = {"Retry-After": str(exception.wait_seconds)}
            return Problem(
                429, exception.code, "Please wait a moment", exception.detail, facts, wait
            )
        case DatabaseAway() | OperationalError() if lacks_space(exception):
            return Problem(
                503,
                NoSpace.code,
                "No space left",
                NoSpace.detail,
                headers={"Retry-After": str(SPACE_RETRY_SECONDS)},
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
                "Not sent: this page belongs to an earlier log-in",
                "Nothing was done. Check what is in the form, then press again.",
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


def lacks_space(error: DatabaseAway | OperationalError) -> bool:
    """Also when the database is away for it: PostgreSQL stops when it cannot write its log."""
    if isinstance(error, OperationalError) and sqlstate(error) == DISK_FULL:
        return True
    return isinstance(error, NoSpace) or disk_is_full()


def http_problem(exception: HTTPException) -> Problem:
    status = exception.code or 500
    title, detail = EXPLANATIONS.get(status, (exception.name, "Go back and try again."))
    # Werkzeug's own descriptions are written for programmers; ours are set on the exception.
    ours = status == 403 or isinstance(exception, MalformedBody | WrongMediaType)
    own = exception.description if ours else None
    headers = {"Allow": ", ".join(sorted(exception.valid_methods or []))} if status == 405 else {}  # type: ignore[attr-defined]
    return Problem(
        status, exception.name.lower().replace(" ", "-"), title, own or detail, headers=headers
    )


def render_page(problem: Problem) -> Response:
    if problem.status == 401:
        return log_in_first()
    before = replay_form_page(problem)
    return headers_for(before or error_page(problem), problem.status)


def render_fragment(problem: Problem) -> Response:
    """The page as it is now with the refusal on it; where it cannot be told, the refusal alone."""
    if problem.status == 401:
        return log_in_first()
    before = replay_form_page(problem)
    if before is not None:
        return headers_for(
            before,
            problem.status,
            HX_Retarget="#main",
            HX_Reselect="#main",
            HX_Reswap="outerHTML",
        )
    body = render_template("errors/_refusal.html", problem=problem, refused_on=came_from())
    return headers_for(body, problem.status, HX_Retarget="#alerts", HX_Reswap="innerHTML")


def log_in_first() -> Response:
    """The log-in page, or for HTMX the way there; a form that was sent is kept meanwhile."""
    if request.method not in ("GET", "HEAD"):
        return log_in_page_with_form() or redirect(log_in_url(None, ran_out=log_in_ran_out()))
    if htmx:
        return headers_for("", 401, HX_Redirect=log_in_url(came_from(), ran_out=True))
    return redirect(log_in_url(request.full_path, ran_out=log_in_ran_out()))


def error_page(problem: Problem) -> str:
    # Without a database there is no user to draw the menu for.
    layout = "base.html" if problem.status < 500 and _user_is_known() else "bare.html"
    sent = request.method == "POST" and comes_from_this_site()
    return render_template(
        "errors/show.html",
        problem=problem,
        layout=layout,
        retry_seconds=DATABASE_RETRY_SECONDS if retries_by_itself(problem.code) else None,
        resubmittable_form=resubmittable_form(problem.code),
        typed_fields=typed_values(sent_form().fields) if sent else [],
        page=page_of_form() if sent else None,
    )


def replay_form_page(problem: Problem) -> str | None:
    """The page that the request came from, with ``problem`` on it; None if that cannot be told."""
    of_a_form = request.method == "POST" and problem.status in SHOWN_ON_PAGE
    if not (of_a_form or problem.status in (409, 422)) or not comes_from_this_site():
        return None
    body = page_again(problem, page_of_form(), sent_form())
    if body is None:
        g.problem = None
    return body


def _forget_user() -> None:
    # The database cannot say who it is, and a page must not ask it again.
    g._login_user = login_manager.anonymous_user()


def _user_is_known() -> bool:
    try:
        return bool(current_user.is_authenticated)
    except SQLAlchemyError:
        return False
