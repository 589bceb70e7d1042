"""The REST API: each module declares the calls of one noun, `register` puts them together."""

from flask import Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFError, validate_csrf
from wtforms import ValidationError

from app.domain.errors import DatabaseAway, ItemBusy, OutcomeUnknown
from app.queries.accounts.api_tokens import Bearer
from app.services.accounts.api_tokens import record_use
from app.web.api import (
    customers,
    docs,
    invoice_lifecycle,
    invoices,
    item_lifecycle,
    item_lists,
    items,
    products,
    warehouses,
)
from app.web.api.framework.operation import api
from app.web.api.framework.problem_json import render
from app.web.authentication import brings_credentials
from app.web.errors import add_renderer
from app.web.extensions import csrf

NOUNS = (
    item_lifecycle,
    item_lists,
    invoice_lifecycle,
    items,
    products,
    customers,
    warehouses,
    invoices,
    docs,
)
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def register(app: Flask) -> None:
    app.register_blueprint(api.blueprint)
    csrf.exempt(api.blueprint)
    add_renderer(app, "/api/", render)


@api.blueprint.after_request
def note_token_use(response: Response) -> Response:
    """After the answer is made and its transaction over; a failure here is nobody's problem."""
    user = g.get("_login_user")  # not current_user, which would look for one again
    if isinstance(user, Bearer) and not user.use_is_noted:
        try:
            record_use(user.token_id)
        except (ItemBusy, DatabaseAway, OutcomeUnknown) as error:
            current_app.logger.warning("a token's use was not noted: %s", error)
    return response


@api.blueprint.before_request
def check_csrf_token() -> None:
    """A browser's session needs its CSRF token; a bearer token is sent by no page unasked."""
    if request.method in SAFE_METHODS or brings_credentials(request):
        return
    if not current_app.config["WTF_CSRF_ENABLED"]:
        return
    try:
        validate_csrf(request.headers.get("X-CSRFToken"))
    except ValidationError as error:
        raise CSRFError(str(error)) from None
