"""Answers refusals as RFC 9457 problem documents under /api."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Response, request
from pydantic.alias_generators import to_camel

from app.domain.errors import InvalidInput
from app.observability.request_id import current_request_id
from app.store_currency import store_currency
from app.web.problem import Problem

CONTENT_TYPE = "application/problem+json"
ERRORS_SAID = 3
#: Where a problem's code is explained.
EXPLAINED_AT = "/api/docs#problem-{code}"
RENAMED = {"request-entity-too-large": "content-too-large"}
TITLES = {
    "unauthorized": "Who are you?",
    "not-found": "Not found",
    "invalid-input": "Some fields are wrong",
    "content-too-large": "The body is too large",
    "unsupported-media-type": "The body is of another type",
    "too-many-requests": "Too many requests",
    "internal-error": "Something went wrong here",
}
DETAILS = {
    "unauthorized": "Send a token that is in force: Authorization: Bearer TOKEN.",
    "content-too-large": "The body is larger than the API takes.",
    "internal-error": "It was not your doing, and it has been written to the store's log.",
    "method-not-allowed": "This address does not take that method.",
    "bad-request": "The request could not be read.",
}


def render(problem: Problem) -> Response:
    code = RENAMED.get(problem.code, problem.code)
    body = {
        "type": EXPLAINED_AT.format(code=code),
        "title": TITLES.get(code, problem.title),
        "status": problem.status,
        "detail": _detail(problem, code),
        "code": code,
        "instance": request.path,
        "requestId": current_request_id(),
        **_facts(problem),
    }
    response = Response(json.dumps(body), problem.status, content_type=CONTENT_TYPE)
    response.headers.extend(dict(problem.headers))
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = _challenge()
    return response


def _challenge() -> str:
    sent = request.headers.get("Authorization", "")
    if sent.lower().startswith("bearer"):
        return 'Bearer realm="holdfast", error="invalid_token"'
    return 'Bearer realm="holdfast"'


def _detail(problem: Problem, code: str) -> str:
    if code != InvalidInput.code:
        return DETAILS.get(code, problem.detail_for_programs)
    errors = list(problem.facts["errors"].items())
    said = [f"{name}: {text}" if name else text for name, text in errors[:ERRORS_SAID]]
    return " ".join([*said, *(["…"] if len(errors) > ERRORS_SAID else [])])


def _facts(problem: Problem) -> dict[str, Any]:
    facts = {name: plain(value) for name, value in problem.facts.items()}
    if problem.code == InvalidInput.code:
        facts["errors"] = [_field_error(*one) for one in problem.facts["errors"].items()]
    return facts


def _field_error(name: str, message: str) -> dict[str, str]:
    parts = getattr(name, "parts", name.split(".") if name else [])
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
    return {"pointer": pointer, "field": name, "message": message}


def plain(value: Any) -> Any:
    """Facts as JSON has them: camelCase names, ids and money as text, times in UTC with Z."""
    if is_dataclass(value) and not isinstance(value, type):
        return {to_camel(one.name): plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return store_currency().plain(value)
    return value if isinstance(value, bool | int | None) else str(value)
