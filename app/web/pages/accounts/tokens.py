"""API tokens: the list, a new one, revoking one."""

from uuid import UUID

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain.accounts.roles import Permission
from app.domain.accounts.token_scopes import SCOPE_WORDS
from app.domain.errors import InvalidInput
from app.queries.accounts.api_tokens import find_user_by_email, list_tokens
from app.services.accounts.api_tokens import DAYS_MAX, create_token, revoke_token
from app.web.authorization import requires
from app.web.forms.fields import optional_number_field
from app.web.responses import see_other

tokens = Blueprint("tokens", __name__, url_prefix="/admin/tokens")


@tokens.get("")
@requires(Permission.TOKEN_MANAGE)
def index() -> str:
    return page()


@tokens.post("")
@requires(Permission.TOKEN_MANAGE)
def create() -> Response:
    """The answer shows the token, this once; so its form carries no key that would keep it."""
    user_id = find_user_by_email(request.form.get("email", ""))
    if user_id is None:
        raise InvalidInput({"email": "There is no user with this address."})
    made = create_token(
        user_id,
        name=request.form.get("name", ""),
        scopes=request.form.getlist("scopes"),
        days=optional_number_field("days", most=DAYS_MAX, of="days"),
    )
    response = Response(page(made.secret), mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response


@tokens.post("/<uuid:token_id>/revoke")
@requires(Permission.TOKEN_MANAGE)
def revoke(token_id: UUID) -> Response:
    revoke_token(token_id)
    flash("The token is revoked. Programs that use it get 401 from now on.")
    return see_other(url_for(".index"))


def page(secret: str | None = None) -> str:
    return render_template(
        "tokens/index.html", tokens=list_tokens(), scopes=SCOPE_WORDS, secret=secret
    )
