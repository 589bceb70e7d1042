"""Strict parsing of JSON bodies and query strings.

Flask's own reading takes the first of two equal keys, NaN, UTF-16 and any depth of nesting. Here
numbers with a point become Decimal from the first byte; no float is ever made.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import RequestEntityTooLarge

from app.domain.errors import InvalidInput
from app.web.errors import MalformedBody, WrongMediaType

Model = TypeVar("Model", bound=BaseModel)

BODY_BYTES_MAX = 4 * 1024 * 1024
NESTING_MAX = 32
INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
INTEGER_CHARACTERS_MAX = 20
NUMBER_CHARACTERS_MAX = 64
QUERY_FIELDS_MAX = 50
FIELD_ERRORS_MAX = 100
GZIP_MAGIC = b"\x1f\x8b"

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
    "string_too_short": "Use at least {min_length:,} {characters}.",
    "string_too_long": "Use at most {max_length:,} characters.",
    "too_short": "Give at least {min_length:,} of the {items}.",
    "too_long": "Give at most {max_length:,} {items}.",
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
            raise InvalidInput({FieldPath(name): "Leave out U+0000 NULL, and try again."})
        given[name] = value
    return _checked(model, given)


def parse_json(raw: bytes) -> Any:
    """The value that ``raw`` holds.

    Raises MalformedBody for what is no JSON, InvalidInput for what no field can hold.
    """
    _refuse_other_encodings(raw)
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
        raise WrongMediaType(f"Send the body as application/json in UTF-8, {_sent_as()}.")
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise WrongMediaType(
            "Send the body as it is, not compressed: this store reads no Content-Encoding "
            f"such as {encoding[:40]}."
        )


def _sent_as() -> str:
    sent = request.headers.get("Content-Type", "")
    return f"not as {sent[:80]}" if sent else "with a Content-Type that says so"


def _refuse_other_encodings(raw: bytes) -> None:
    if raw.startswith(GZIP_MAGIC):
        raise MalformedBody("The body is compressed with gzip. Send it as it is.")
    if raw.startswith(codecs.BOM_UTF8):
        raise MalformedBody("The body begins with a byte order mark. Leave it out.")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in raw[:4]:
        raise MalformedBody("The body is in UTF-16 or UTF-32. Send it in UTF-8.")


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
        context = error.get("ctx", {})
        one = context.get("min_length") == 1
        return known.format(
            **context, items=_items(error), characters="character" if one else "characters"
        )
    return error["msg"].removeprefix("Value error, ").rstrip(".") + "."


def _items(error: ErrorDetails) -> str:
    """What a list holds, by its name: itemIds are item ids."""
    name = str(error["loc"][-1]) if error["loc"] else "fields"
    return re.sub("([A-Z])", lambda found: " " + found[1].lower(), name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedBody(f"The key {_printable(twice)} is given twice in one object.")
    return found


@dataclass(frozen=True)
class _Unusable:
    """Valid JSON that no field can hold; ``why`` is told with where it stands."""

    why: str


def _decimal(text: str) -> Decimal | _Unusable:
    if len(text) > NUMBER_CHARACTERS_MAX:
        return _Unusable(f"Give a number of at most {NUMBER_CHARACTERS_MAX} characters.")
    try:
        return Decimal(text)
    except InvalidOperation:
        return _Unusable("Give a number with a smaller exponent.")


def _integer(text: str) -> int | _Unusable:
    if len(text) <= INTEGER_CHARACTERS_MAX and INTEGER_MIN <= int(text) <= INTEGER_MAX:
        return int(text)
    return _Unusable(
        f"This number is out of range: whole numbers are read from {INTEGER_MIN} to {INTEGER_MAX}."
    )


def _no_number(text: str) -> NoReturn:
    raise MalformedBody(f"The body holds {text}, which is no number in JSON.")


#: The parent's place and the key or position in it; none for the body itself.
_Place = tuple["_Place | None", str | int]


def _look_through(value: Any) -> None:
    """Refuse deep nesting, and texts and numbers that no field could hold."""
    errors: dict[str, str] = {}
    left: list[tuple[Any, int, _Place | None]] = [(value, 0, None)]
    while left:
        one, depth, place = left.pop()
        if isinstance(one, str):
            if why := _why_unusable(one):
                errors[_path(place)] = why
        elif isinstance(one, _Unusable):
            errors[_path(place)] = one.why
        elif isinstance(one, dict | list):
            if depth == NESTING_MAX:
                raise MalformedBody(f"The body is nested deeper than {NESTING_MAX}.")
            left += [(part, depth + 1, (place, key)) for key, part in _parts(one)]
    if errors:
        raise InvalidInput(dict(list(reversed(errors.items()))[:FIELD_ERRORS_MAX]))


def _parts(value: dict[str, Any] | list[Any]) -> Iterator[tuple[str | int, Any]]:
    """Keys are looked through as well as values."""
    if isinstance(value, dict):
        yield from value.items()
        yield from ((key, key) for key in value)
    else:
        yield from enumerate(value)


def _path(place: _Place | None) -> FieldPath:
    parts: list[str | int] = []
    while place is not None:
        place, part = place
        parts.append(part)
    return FieldPath(*reversed(parts))


def _why_unusable(text: str) -> str | None:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise MalformedBody("The body holds a text with half a surrogate pair in it.")
    if "\x00" in text:
        return f"Character {text.index(chr(0)) + 1} is U+0000 NULL, which cannot be used here."
    return None


def _printable(text: str) -> str:
    return repr(text.encode("ascii", "backslashreplace").decode())
