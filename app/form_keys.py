"""A form counts once, however often its button is pressed.

Every form carries a key that was made when it was rendered (templates/macros/forms.html). What a
view does with it and what it answers are one transaction with the claim of that key.
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Response, current_app, make_response, request
from flask_login import current_user

from app.authorization import permission_of
from app.domain.roles import Permission
from app.services.idempotency import Answer, once

FIELD = "idempotency_key"
KEY_LENGTH_MAX = 255
NOT_FINGERPRINTED = {FIELD, "csrf_token"}
KEPT_HEADERS = ("Content-Type", "Location", "HX-")

View = Callable[..., Any]


class Refused(Exception):
    """An answer that a view gave instead of raising; it takes back what was done."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def register(app: Flask) -> None:
    """After all blueprints. The API has a header for it, and strangers have no keys."""
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith("api."):
            continue
        if permission_of(app, rule.endpoint) is not Permission.PUBLIC:
            view: View = app.view_functions[rule.endpoint]
            app.view_functions[rule.endpoint] = counted_once(view)


def counted_once(view: View) -> View:
    @wraps(view)
    def respond(**values: Any) -> Any:
        key = request.form.get(FIELD, "") if request.method == "POST" else ""
        if not (1 <= len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable()):
            return view(**values)
        try:
            answer = once(current_user.id, key, fingerprint(), lambda: _act(view, values))
        except Refused as refused:
            return refused.response
        return _response(answer)

    return respond


def fingerprint() -> bytes:
    """Of everything in the form but its keys."""
    said = sorted(
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in NOT_FINGERPRINTED
    )
    # Keyed, since a form may hold a password and a plain hash of that could be guessed at.
    key = str(current_app.config["SECRET_KEY"]).encode()
    said_here = repr((request.method, request.path, said)).encode()
    return hmac.digest(key, said_here, hashlib.sha256)


def _act(view: View, values: dict[str, Any]) -> Answer:
    response = make_response(view(**values))
    if response.status_code >= 400:
        raise Refused(response)
    headers = {
        name: value for name, value in response.headers.items() if name.startswith(KEPT_HEADERS)
    }
    return Answer(response.status_code, headers, response.get_data(as_text=True))


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, dict(answer.headers))
    if answer.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
