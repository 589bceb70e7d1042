"""Optional fields: null means not given, as does an empty text.

The JSON schemas say the same.
"""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import Strict
from pydantic.fields import FieldInfo

Schema = dict[str, Any]

NULL = {"type": "null"}
BLANK = r"^\s*$"
#: Keywords of a JSON schema that are said of the field and not of one kind of value.
ANNOTATIONS = ("title", "default", "description", "examples")


class KeepsEmpty:
    """Marks an optional text where an empty one says something of its own."""


def optional_fields(fields: Mapping[str, FieldInfo]) -> dict[str, bool]:
    """Names in JSON of the fields that may be left out -> whether a blank text counts as that."""
    return {
        field.alias or name: _is_text(field)
        for name, field in fields.items()
        if not field.is_required()
    }


def _is_text(field: FieldInfo) -> bool:
    """Words of a list are no text: theirs is a schema of their own."""
    for kind in get_args(field.annotation) or (field.annotation,):
        arguments = get_args(kind) or (kind,)
        marks = [*arguments[1:], *field.metadata]
        if arguments[0] is str and Strict() in marks:
            return not any(isinstance(mark, KeepsEmpty) for mark in marks)
    return False


def without_what_is_not_given(
    given: dict[str, Any], optional: Mapping[str, bool]
) -> dict[str, Any]:
    """Without the optional fields that are null, or blank."""
    left_out = [
        name
        for name, value in given.items()
        if name in optional
        and (value is None or (isinstance(value, str) and optional[name] and not value.strip()))
    ]
    if not left_out:
        return given
    return {name: value for name, value in given.items() if name not in left_out}


def describe_optional(schema: Schema, optional: Mapping[str, bool]) -> None:
    """Say in a model's JSON schema that these fields may be null, and which may be blank."""
    for name, is_text in optional.items():
        described = schema["properties"][name]
        kinds = described.pop("anyOf", None) or [
            {word: described.pop(word) for word in list(described) if word not in ANNOTATIONS}
        ]
        blank = [{"type": "string", "pattern": BLANK}] if is_text else []
        described["anyOf"] = [*(kind for kind in kinds if kind != NULL), *blank, NULL]


def _given(name: str, schema: Schema) -> Schema:
    if _may_be_blank(name, schema):
        return {"type": "string", "pattern": r"\S"}
    return {"not": NULL}


def _not_given(name: str, schema: Schema) -> Schema:
    blank = {"type": "string", "pattern": BLANK}
    return {"anyOf": [blank, NULL]} if _may_be_blank(name, schema) else NULL


def _may_be_blank(name: str, schema: Schema) -> bool:
    kinds = schema["properties"][name].get("anyOf", [])
    return any("pattern" in kind and kind.get("type") == "string" for kind in kinds)


def one_of(schema: Schema, *choices: tuple[list[str], list[str]]) -> None:
    """Say in a model's JSON schema: in each choice the first fields are given, the others not."""
    schema["oneOf"] = [
        {
            "required": wanted,
            "properties": {
                **{name: _given(name, schema) for name in wanted},
                **{name: _not_given(name, schema) for name in others},
            },
        }
        for wanted, others in choices
    ]
