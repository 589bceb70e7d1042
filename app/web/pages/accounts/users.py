"""Users: the list, a new one, roles, switching off."""

from uuid import UUID

from flask import Blueprint, flash, g, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain.accounts.roles import Permission, Role
from app.domain.errors import Refusal
from app.queries.accounts.users import get_user, list_users
from app.queries.reservations.user_holds import holds_of_user
from app.services.accounts import users as accounts
from app.services.accounts.passwords import NewPassword, new_password
from app.services.inventory.user_deactivation import switch_off
from app.web.authentication import signed_in_user
from app.web.authorization import requires
from app.web.forms.fields import optional_number_field, text_field
from app.web.responses import see_other

users = Blueprint("users", __name__, url_prefix="/admin/users")

SWITCHED_OFF = "They are logged out and cannot log in any more."


@users.before_request
def hash_password() -> None:
    """A form counts once by being one transaction, in which no password may be hashed."""
    if request.method == "POST" and "password" in request.form:
        # Spaces at its ends are part of a password.
        g.new_password = new_password(request.form["password"])


@users.get("")
@requires(Permission.USER_MANAGE)
def index() -> str:
    return render_template(
        "users/index.html",
        users=list_users(signed_in_user().id),
        roles=[(role.value, role.value) for role in Role],
    )


@users.post("")
@requires(Permission.USER_MANAGE)
def create() -> Response:
    name = text_field("name")
    accounts.add_user(text_field("email"), name=name, role=text_field("role"), password=_password())
    flash(f"{name} can log in now.")
    return _back()


@users.post("/<uuid:user_id>/role")
@requires(Permission.USER_MANAGE)
def set_role(user_id: UUID) -> Response:
    _refuse_oneself(user_id, "role")
    accounts.set_role(user_id, text_field("role"))
    flash("The role is changed.")
    return _back()


@users.post("/<uuid:user_id>/active")
@requires(Permission.USER_MANAGE)
def set_active(user_id: UUID) -> Response:
    _refuse_oneself(user_id, "log-in")
    if text_field("active") == "1":
        accounts.set_active(user_id, active=True)
        flash("They can log in again.")
        return _back()
    switch_off(user_id, signed_in_user().id, holds_seen=0)
    flash(SWITCHED_OFF)
    return _back()


@users.get("/<uuid:user_id>/switch-off")
@requires(Permission.USER_MANAGE)
def ask_to_switch_off(user_id: UUID) -> str | Response:
    """What follows, and what they hold. Nobody switches themselves off."""
    if user_id == signed_in_user().id:
        return _back()
    user, holds = get_user(user_id, signed_in_user().id), holds_of_user(user_id)
    return render_template("users/switch_off.html", user=user, holds=holds)


@users.post("/<uuid:user_id>/switch-off")
@requires(Permission.USER_MANAGE)
def switch_user_off(user_id: UUID) -> Response:
    _refuse_oneself(user_id, "log-in")
    released = switch_off(
        user_id,
        signed_in_user().id,
        holds_seen=optional_number_field("holds") or 0,
        release=text_field("release") == "1",
    )
    count = "1 unit is" if len(released) == 1 else f"{len(released)} units are"
    flash(f"{SWITCHED_OFF} {count} free now." if released else SWITCHED_OFF)
    return _back()


@users.post("/<uuid:user_id>/password")
@requires(Permission.USER_MANAGE)
def set_password(user_id: UUID) -> Response:
    accounts.replace_password(user_id, _password())
    flash("The password is set, and every session of theirs has ended.")
    return _back()


def _password() -> NewPassword:
    given: NewPassword = g.get("new_password") or new_password("")
    return given


def _refuse_oneself(user_id: UUID, what: str) -> None:
    if user_id == signed_in_user().id:
        raise Refusal(f"You cannot take away your own {what}. Ask another admin.")


def _back() -> Response:
    return see_other(url_for("users.index"))
