"""The API's documentation: OpenAPI for programs, a page for people."""

import json
from functools import cache
from typing import Any

from flask import Response, render_template
from flask_login import current_user

from app.domain.accounts.roles import Permission
from app.domain.accounts.token_scopes import SCOPE_WORDS
from app.domain.currency import Currency
from app.store_currency import store_currency
from app.web.api.framework.openapi import document
from app.web.api.framework.operation import api
from app.web.api.framework.problem_codes import EXPLANATIONS
from app.web.authorization import requires


@cache
def openapi(currency: Currency) -> dict[str, Any]:
    """The document of a store with this currency."""
    return document(api.operations)


@cache
def openapi_text(currency: Currency) -> str:
    return json.dumps(openapi(currency))


@api.blueprint.get("/openapi.json")
@requires(Permission.PUBLIC)
def openapi_json() -> Response:
    return Response(openapi_text(store_currency()), content_type="application/json")


@api.blueprint.get("/docs")
@requires(Permission.PUBLIC)
def docs() -> str:
    return render_template(
        "api/docs.html",
        layout="base.html" if current_user.is_authenticated else "bare.html",
        openapi=openapi(store_currency()),
        currency=store_currency(),
        explanations=EXPLANATIONS,
        scopes=SCOPE_WORDS,
    )
