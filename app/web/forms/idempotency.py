"""Carries out a form once, however often it is sent.

Every form carries a key that was made when it was rendered (templates/macros/forms.html). What a
view does with it and what it answers are one transaction with the claim of that key.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from flask import Flask, Response, current_app, flash, make_response, request, session
from flask_login import current_user

from app.domain.accounts.roles import Permission
from app.domain.errors import IdempotencyMismatch
from app.queries.page_names import name_of_page
from app.services.idempotency.keys import StoredResponse, run_once
from app.web.authorization import permission_of

FIELD = "idempotency_key"
KEY_LENGTH_MAX = 255
NOT_FINGERPRINTED = {FIELD, "csrf_token"}
KEPT_HEADERS = ("Content-Type", "Location", "HX-")
#: Where the notices that a view gave are kept beside its headers; it is never sent.
NOTICES = "Notices"
FLASHES = "_flashes"
#: A second press within this time is a double click, and sees what the first one would have seen.
DOUBLE_CLICK = timedelta(seconds=10)

View = Callable[..., Any]


class RefusedForm(Exception):
    """An answer that a view gave instead of raising; it takes back what was done."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass(frozen=True)
class MadeBefore:
    """What a form did when it was sent the first time; ``name`` is that of the page at ``path``."""

    at: datetime
    notices: Sequence[str]
    path: str | None
    name: str | None


def register(app: Flask) -> None:
    """After all blueprints. The API has a header for it, and strangers have no keys."""
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith("api."):
            continue
        if permission_of(app, rule.endpoint) is not Permission.PUBLIC:
            view: View = app.view_functions[rule.endpoint]
            app.view_functions[rule.endpoint] = idempotent(view)


def idempotent(view: View) -> View:
    @wraps(view)
    def respond(**values: Any) -> Any:
        key = request.form.get(FIELD, "") if request.method == "POST" else ""
        if not (1 <= len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable()):
            return view(**values)
        notices_before = list(session.get(FLASHES, ()))
        try:
            answer = run_once(
                current_user.id, stored_key(key), fingerprint(), lambda: _act(view, values)
            )
        except RefusedForm as refused:
            _restore_notices(notices_before)
            return refused.response
        except Exception:
            _restore_notices(notices_before)
            raise
        if answer.replayed_from and "Location" in answer.headers:
            _say_that_it_was_done(answer.replayed_from, answer.headers)
        return _response(answer)

    return respond


def stored_key(key: str) -> str:
    """One key is another on another path, and never one that a program gives to the API."""
    return "form\n" + hashlib.sha256(f"{request.path}\n{key}".encode()).hexdigest()


def made_before(exception: Exception | None) -> MadeBefore | None:
    """For a page: what came of the form that is sent again with other values."""
    if not isinstance(exception, IdempotencyMismatch) or exception.first is None:
        return None
    first = exception.first
    path = first.headers.get("Location")
    return MadeBefore(first.at, _notices(first.headers), path, name_of_page(path) if path else None)


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


def _act(view: View, values: dict[str, Any]) -> StoredResponse:
    before = list(session.get(FLASHES, ()))
    response = make_response(view(**values))
    if response.status_code >= 400:
        raise RefusedForm(response)
    headers = {
        name: value for name, value in response.headers.items() if name.startswith(KEPT_HEADERS)
    }
    given = session.get(FLASHES, ())[len(before) :]
    if given:
        headers[NOTICES] = json.dumps([words for _, words in given])
    return StoredResponse(response.status_code, headers, response.get_data(as_text=True))


def _response(answer: StoredResponse) -> Response:
    headers = {name: value for name, value in answer.headers.items() if name != NOTICES}
    response = Response(answer.body, answer.status, headers)
    if answer.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _notices(headers: Mapping[str, str]) -> list[str]:
    found: list[str] = json.loads(headers.get(NOTICES, "[]"))
    return found


def _restore_notices(before: list[Any]) -> None:
    """What was not done is not told."""
    if session.get(FLASHES, []) != before:
        session[FLASHES] = before


def _say_that_it_was_done(at: datetime, headers: Mapping[str, str]) -> None:
    if datetime.now(UTC) - at > DOUBLE_CLICK:
        flash("This was sent before and is done. It was not done a second time.")
    for words in _notices(headers):
        flash(words)
