"""Builds OpenAPI 3.1 from the declared operations."""

from collections.abc import Iterable
from typing import Any

from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from app.domain.accounts.token_scopes import PERMISSION_SCOPES
from app.web.api.framework.field_types import Input
from app.web.api.framework.operation import KEY_HEADER, KEY_LENGTH_MAX, KEY_PATTERN, Link, Operation
from app.web.api.framework.problem_codes import EXPLANATIONS, statuses_of
from app.web.api.framework.problem_json import CONTENT_TYPE

REF = "#/components/schemas/{model}"
DESCRIPTION = """\
Every unit on the shelf is a row, and no unit is ever sold twice. The guide is `docs/api.md`.

Lists are read page by page: give `nextCursor` as `cursor` until it is null. A POST with an
`Idempotency-Key` may be sent again: it answers as it did the first time and does nothing twice.
Refusals are `application/problem+json` with a `code` that programs can rely on.
"""
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457; further members depend on the code.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "instance": {"type": "string"},
        "requestId": {
            "type": "string",
            "description": "X-Request-ID of the answer; it is in the store's log as well.",
        },
        "ids": {"type": "array", "items": {"type": "string"}},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "field", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer (RFC 6901)."},
                    "field": {"type": "string", "description": "The same, with dots."},
                    "message": {"type": "string"},
                },
            },
        },
        "items": {"type": "array", "items": {"$ref": REF.format(model="RefusedItem")}},
    },
}
REFUSED_ITEM = {
    "type": "object",
    "title": "RefusedItem",
    "required": ["id", "serialNumber", "inventoryStatus", "status", "holder"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "serialNumber": {"type": "string"},
        "inventoryStatus": {"type": "string"},
        "status": {"type": "string"},
        "holder": {
            "anyOf": [
                {"type": "null"},
                {
                    "type": "object",
                    "required": ["type", "id", "label", "user", "since", "until", "releasableBy"],
                },
            ]
        },
        "alternatives": {
            "type": "array",
            "maxItems": 3,
            "items": {"type": "object", "required": ["id", "serialNumber"]},
        },
    },
}


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document, as JSON has it."""
    operations = list(operations)
    paths: dict[str, dict[str, Any]] = {}
    schemas = _schemas(operations)
    for call in operations:
        path = "/api/" + "/".join(_segment(part) for part in call.path.strip("/").split("/"))
        paths.setdefault(path, {})[call.method.lower()] = _operation(call, schemas)
    for query in {call.query.__name__ for call in operations}:
        schemas.pop(query, None)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Holdfast", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"session": [], "csrf": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM, "RefusedItem": REFUSED_ITEM},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "holdfast"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
            },
        },
    }


def _segment(part: str) -> str:
    return "{" + to_camel(part[1:-1]) + "}" if part.startswith("{") else part


def _schemas(operations: list[Operation]) -> dict[str, Any]:
    read: dict[type[Any], Any] = {call.query: "validation" for call in operations}
    read |= {call.body: "validation" for call in operations if call.body}
    written: dict[type[Any], Any] = {call.answer: "serialization" for call in operations}
    _, found = models_json_schema([*read.items(), *written.items()], ref_template=REF)
    definitions: dict[str, Any] = found["$defs"]
    return definitions


def _operation(call: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": call.name,
        "tags": [call.path.strip("/").split("/")[0]],
        "summary": call.summary.splitlines()[0],
        "description": _who_may(call),
        "parameters": [*_path_parameters(call), *_query_parameters(call.query, schemas)],
        "responses": _responses(call),
    }
    if call.method == "POST":
        described["parameters"].append(_KEY_PARAMETER)
    if call.body:
        described["requestBody"] = {
            "required": not {"required", "oneOf"}.isdisjoint(schemas[call.body.__name__]),
            "content": {"application/json": {"schema": _ref(call.body.__name__)}},
        }
    return described


def _who_may(call: Operation) -> str:
    scope = PERMISSION_SCOPES[call.permission]
    return f"Needs the permission `{call.permission}`, of a token the scope `{scope}`."


_KEY_PARAMETER = {
    "name": KEY_HEADER,
    "in": "header",
    "description": "Sent again with the same body, the first answer comes again.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": KEY_LENGTH_MAX,
        "pattern": KEY_PATTERN,
    },
}


def _path_parameters(call: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": to_camel(name),
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
        }
        for name in call.path_ids
    ]


def _query_parameters(query: type[Input], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    properties: dict[str, Any] = schemas[query.__name__].get("properties", {})
    required = schemas[query.__name__].get("required", [])
    return [
        _query_parameter(name, dict(schema), is_required=name in required)
        for name, schema in properties.items()
    ]


def _query_parameter(name: str, schema: dict[str, Any], *, is_required: bool) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "in": "query", "required": is_required}
    if text := schema.pop("description", None):
        described["description"] = text
    schema.pop("title", None)
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    if kinds:
        schema = dict(kinds[0]) if len(kinds) == 1 else {"anyOf": kinds}
    if schema.get("type") == "array":
        described |= {"style": "form", "explode": False}
    return {**described, "schema": schema}


def _responses(call: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {
        "description": "Done." if call.method != "GET" else "Found.",
        "content": {"application/json": {"schema": _ref(call.answer.__name__)}},
    }
    if call.links:
        success["links"] = {name: _link(link) for name, link in call.links.items()}
    problems = {
        str(status): _problem_response(codes) for status, codes in statuses_of(call).items()
    }
    return {str(call.status): success, **problems}


def _link(link: Link) -> dict[str, Any]:
    parameters = {to_camel(name): value for name, value in link.parameters.items()}
    described = {"operationId": link.operation, "parameters": parameters}
    return described | ({"requestBody": dict(link.body)} if link.body else {})


def _problem_response(codes: list[str]) -> dict[str, Any]:
    narrowed = {"properties": {"code": {"enum": codes}}}
    words = " ".join(f"`{code}`: {EXPLANATIONS[code]}" for code in codes)
    schema = {"allOf": [_ref("Problem"), narrowed]}
    return {"description": words, "content": {CONTENT_TYPE: {"schema": schema}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": REF.format(model=name)}
