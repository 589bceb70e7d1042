"""The strict door: what a request says is read once, by a parser that guesses nothing.

Flask's own reading takes the first of two equal keys, NaN, UTF-16 and any depth of nesting. Here
numbers with a point become Decimal from the first byte; no float is ever made.
"""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.domain.errors import InvalidInput
from app.error_responses import MalformedBody

Model = TypeVar("Model", bound=BaseModel)

BODY_BYTES_MAX = 4 * 1024 * 1024
NESTING_MAX = 32
INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
INTEGER_CHARACTERS_MAX = 20
NUMBER_CHARACTERS_MAX = 64
QUERY_FIELDS_MAX = 50
FIELD_ERRORS_MAX = 100

MESSAGES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "int_type": "Give a whole number.",
    "string_type": "Give a text.",
    "bool_type": "Give true or false.",
    "model_type": "Give an object.",
    "model_attributes_type": "Give an object.",
    "dict_type": "Give an object.",
    "list_type": "Give a list.",
    "greater_than_equal": "Give at least {ge}.",
    "less_than_equal": "Give at most {le}.",
    "string_too_short": "Give at least {min_length} characters.",
    "string_too_long": "Give at most {max_length} characters.",
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
    "literal_error": "Give one of {expected}.",
}


class FieldPath(str):
    """Where a field is, as InvalidInput names it; a caller's own names may have dots in them."""

    parts: tuple[str, ...]

    def __new__(cls, *parts: str | int) -> "FieldPath":
        path = super().__new__(cls, ".".join(str(part) for part in parts))
        path.parts = tuple(str(part) for part in parts)
        return path


def read_body(model: type[Model]) -> Model:
    """The request's JSON object as ``model``. Raises 413, 415, MalformedBody, InvalidInput."""
    raw = _raw_body()
    if not raw and "Content-Type" not in request.headers and not _has_required(model):
        return _checked(model, {})
    _refuse_other_types()
    body = parse_json(raw)
    if not isinstance(body, dict):
        raise InvalidInput({"": "Send a JSON object."})
    return _checked(model, body)


def read_query(model: type[Model]) -> Model:
    """The query parameters as ``model``: each known, given once, in UTF-8."""
    try:
        pairs = parse_qsl(
            request.query_string.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=QUERY_FIELDS_MAX,
        )
    except ValueError:
        raise InvalidInput({"": "The query string is not UTF-8, or has too many fields."}) from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise InvalidInput({name: "Given twice."})
        if "\x00" in name + value:
            raise InvalidInput({name.replace("\x00", ""): "A text holds no NUL."})
        given[name] = value
    return _checked(model, given)


def parse_json(raw: bytes) -> Any:
    """The value that ``raw`` holds, or MalformedBody saying what is wrong with it."""
    try:
        value = json.loads(
            raw.decode("utf-8", errors="strict"),
            object_pairs_hook=_object,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8.") from None
    except RecursionError:
        raise MalformedBody(f"The body is nested deeper than {NESTING_MAX}.") from None
    except json.JSONDecodeError as error:
        raise MalformedBody(f"The body is not JSON: {error}.") from None
    _look_through(value)
    return value


def _raw_body() -> bytes:
    request.max_content_length = BODY_BYTES_MAX
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        # The server has put the chunks together, so the stream ends where the body does.
        request.environ["wsgi.input_terminated"] = True
    raw = request.get_data()
    if len(raw) > BODY_BYTES_MAX:
        raise RequestEntityTooLarge
    return raw


def _refuse_other_types() -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("Send the body as application/json in UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")


def _has_required(model: type[BaseModel]) -> bool:
    return any(field.is_required() for field in model.model_fields.values())


def _checked(model: type[Model], value: dict[str, Any]) -> Model:
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise InvalidInput(
            {FieldPath(*one["loc"]): _message(one) for one in found[:FIELD_ERRORS_MAX]}
        ) from None


def _message(error: ErrorDetails) -> str:
    known = MESSAGES.get(error["type"])
    if known:
        return known.format(**error.get("ctx", {}))
    return error["msg"].removeprefix("Value error, ").rstrip(".") + "."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedBody(f"The key {_printable(twice)} is given twice in one object.")
    return found


def _decimal(text: str) -> Decimal:
    if len(text) > NUMBER_CHARACTERS_MAX:
        raise MalformedBody("The body holds a number of too many digits.")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise MalformedBody("The body holds a number that is out of range.") from None


def _integer(text: str) -> int:
    if len(text) <= INTEGER_CHARACTERS_MAX and INTEGER_MIN <= int(text) <= INTEGER_MAX:
        return int(text)
    raise MalformedBody("The body holds a whole number beyond 64 bits.")


def _no_number(text: str) -> NoReturn:
    raise MalformedBody(f"The body holds {text}, which is no number in JSON.")


def _look_through(value: Any) -> None:
    """Refuse deep nesting, and texts that no database and no other program could hold."""
    left: list[tuple[Any, int]] = [(value, 0)]
    while left:
        one, depth = left.pop()
        if isinstance(one, str):
            _refuse_unstorable(one)
        elif isinstance(one, dict | list):
            if depth == NESTING_MAX:
                raise MalformedBody(f"The body is nested deeper than {NESTING_MAX}.")
            left += [(part, depth + 1) for part in _parts(one)]


def _parts(value: dict[str, Any] | list[Any]) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    else:
        yield from value


def _refuse_unstorable(text: str) -> None:
    if text.isascii():
        if "\x00" in text:
            raise MalformedBody("The body holds a text with NUL in it.")
    elif "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise MalformedBody("The body holds a text with NUL or half a surrogate pair in it.")


def _printable(text: str) -> str:
    return repr(text.encode("ascii", "backslashreplace").decode())
