"""Log-in and log-out."""

from flask import Blueprint, current_app, g, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_login import current_user
from werkzeug.wrappers import Response

from app.domain.accounts.roles import Permission
from app.domain.errors import InvalidInput
from app.queries.accounts.users import find_signed_in_user, has_users
from app.runtime.log_ins import FIRST_USER
from app.services.accounts import users
from app.services.accounts.login_delays import LogInDelays
from app.web.authentication import sign_in, sign_out
from app.web.authorization import requires
from app.web.forms.unsent_forms import page_with_unsent_form
from app.web.responses import return_path, see_other

HAS_USERS = "store_has_users"
sessions = Blueprint("sessions", __name__)

DELAYS = "login_delays"


@sessions.record_once
def make_delays(state: BlueprintSetupState) -> None:
    state.app.extensions[DELAYS] = LogInDelays(state.app.config["SETTINGS"].redis_url)


@sessions.get("/login")
@requires(Permission.PUBLIC)
def new() -> str | Response:
    if current_user.is_authenticated and "problem" not in g:
        return see_other(return_path("/", "next"))
    first_user = None if _has_users() else FIRST_USER
    return render_template(
        "sessions/new.html",
        next=return_path("/", "next"),
        ended="ended" in request.args,
        first_user=first_user,
    )


def _has_users() -> bool:
    """Asked until there is one: a user may be switched off, but none is ever deleted."""
    known = current_app.extensions
    known[HAS_USERS] = known.get(HAS_USERS) or has_users()
    return bool(known[HAS_USERS])


@sessions.post("/login")
@requires(Permission.PUBLIC)
def create() -> Response:
    delays: LogInDelays = current_app.extensions[DELAYS]
    email, password = request.form.get("email", ""), request.form.get("password", "")
    attempt = delays.begin(email, request.remote_addr or "")
    try:
        user_id = users.check_password(email, password)
    except Exception:
        delays.not_judged(attempt)
        raise
    delays.failed(attempt) if user_id is None else delays.succeeded(attempt)
    user = find_signed_in_user(user_id) if user_id else None
    if user is None:
        raise InvalidInput({"password": "This e-mail address and password do not belong together."})
    sign_in(user)
    return page_with_unsent_form() or see_other(return_path("/", "next"))


@sessions.post("/logout")
@requires(Permission.SIGNED_IN)
def destroy() -> Response:
    sign_out()
    return see_other(url_for(".new"))
