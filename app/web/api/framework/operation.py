"""Declares an API operation: reading, permission, answer, documentation."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from flask import Blueprint, Response, request

from app.database.transactions import transactional
from app.domain.accounts.roles import Permission
from app.domain.errors import InvalidInput, NotFound
from app.services.idempotency.keys import StoredResponse, run_once
from app.web.api.framework.canonical_json import canonical
from app.web.api.framework.field_types import UUID_TEXT, Input, NoQuery
from app.web.api.framework.request_parsing import parse_json, read_body, read_query
from app.web.api.responses import Output
from app.web.authentication import signed_in_user
from app.web.authorization import requires

View = TypeVar("View", bound=Callable[..., Output])

KEY_HEADER = "Idempotency-Key"
KEY_LENGTH_MAX = 255
#: Printable ASCII; HTTP takes spaces off both ends.
KEY_PATTERN = "^[!-~]([ -~]*[!-~])?$"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Link:
    """Where an answer leads: parameters and body of another operation, as runtime expressions."""

    operation: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """``path`` is below /api; each ``{name_id}`` in it is the id of a ``name``.

    ``refusals`` are the codes of its 409s. ``location`` is the new thing's path for a 201.
    """

    name: str
    method: str
    path: str
    permission: Permission
    answer: type[Output]
    status: int
    body: type[Input] | None
    query: type[Input]
    refusals: tuple[str, ...]
    finds: bool
    location: str | None
    links: Mapping[str, Link]
    summary: str

    @property
    def path_ids(self) -> list[str]:
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


@dataclass
class Api:
    """The blueprint and everything that is declared on it."""

    blueprint: Blueprint
    operations: list[Operation] = field(default_factory=list)


api = Api(Blueprint("api", __name__, url_prefix="/api"))


def operation(
    method: str,
    path: str,
    permission: Permission,
    answer: type[Output],
    *,
    status: int = 200,
    body: type[Input] | None = None,
    query: type[Input] = NoQuery,
    refusals: tuple[str, ...] = (),
    finds: bool = False,
    location: str | None = None,
    links: Mapping[str, Link] | None = None,
) -> Callable[[View], View]:
    """Declare a call. The view gets the path's ids, ``body`` and ``query``, checked.

    ``finds``: it answers 404 for ids that are not in its path as well. Changes are one transaction
    with their answer, except DELETE, which works in batches.
    """

    def declare(view: View) -> View:
        declared = Operation(
            name=view.__name__,
            method=method,
            path=path,
            permission=permission,
            answer=answer,
            status=status,
            body=body,
            query=query,
            refusals=refusals,
            finds=finds,
            location=location,
            links=links or {},
            summary=(view.__doc__ or "").strip(),
        )
        api.operations.append(declared)

        @wraps(view)
        def respond(**path_values: str) -> Response:
            return _respond(declared, view, path_values)

        api.blueprint.add_url_rule(
            path.replace("{", "<").replace("}", ">"),
            endpoint=view.__name__,
            view_func=requires(permission)(respond),
            methods=[method],
        )
        return view

    return declare


def _respond(call: Operation, view: Callable[..., Output], path_values: dict[str, str]) -> Response:
    arguments: dict[str, Any] = {}
    given_query = read_query(call.query)
    if call.query is not NoQuery:
        arguments["query"] = given_query
    if call.body is not None:
        arguments["body"] = read_body(call.body)
    for name, value in path_values.items():
        arguments[name] = _path_id(name, value)

    def act() -> StoredResponse:
        return _answer(call, view(**arguments))

    if call.method == "GET" or call.method == "DELETE":
        return _response(act())
    key = _idempotency_key() if call.method == "POST" else None
    if key is None:
        return _response(transactional(act)())
    return _response(run_once(signed_in_user().id, key, _fingerprint(call), act))


def _path_id(name: str, value: str) -> UUID:
    if not UUID_TEXT.fullmatch(value):
        raise NotFound(name.removesuffix("_id"), [value])
    return UUID(value)


def _answer(call: Operation, shape: Output) -> StoredResponse:
    headers = dict(JSON)
    if call.location:
        headers["Location"] = call.location.format(id=shape.id)  # type: ignore[attr-defined]
    return StoredResponse(call.status, headers, shape.model_dump_json(by_alias=True))


def _response(answer: StoredResponse) -> Response:
    response = Response(answer.body, answer.status, dict(answer.headers))
    if answer.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _idempotency_key() -> str | None:
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return None
    if len(key) > KEY_LENGTH_MAX or not re.fullmatch(KEY_PATTERN, key):
        raise InvalidInput({KEY_HEADER: f"Give 1 to {KEY_LENGTH_MAX} printable ASCII characters."})
    return key


def _fingerprint(call: Operation) -> bytes:
    raw = request.get_data() if call.body is not None else b""
    value = canonical(parse_json(raw)) if raw else ""
    said = f"{request.method}\n{request.path}\n{value}"
    return hashlib.sha256(said.encode()).digest()
