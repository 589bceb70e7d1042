"""What was typed into a form, as the values that services take."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from flask import request

from app.domain.errors import InvalidInput
from app.services.new_invoice import money

TEXT_LENGTH_MAX = 2000
SEARCH_LENGTH_MAX = 200
NUMBER_LENGTH_MAX = 9


def text_field(name: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
    """A text without the spaces around it; InvalidInput when it is too long or unprintable."""
    return _text(name, request.form.get(name, ""), length_max)


def search_words(name: str = "q") -> str:
    """What is looked for, from the address."""
    return _text(name, request.args.get(name, ""), SEARCH_LENGTH_MAX)


def money_field(name: str) -> Decimal | None:
    """An amount, or None where nothing was typed."""
    return money(name, text_field(name, length_max=40))


def number_field(name: str) -> int:
    """A whole number."""
    found = optional_number_field(name)
    if found is None:
        raise InvalidInput({name: "Enter a whole number."})
    return found


def optional_number_field(name: str) -> int | None:
    """A whole number, or None where nothing was typed."""
    typed = text_field(name)
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= NUMBER_LENGTH_MAX):
        raise InvalidInput({name: "Enter a whole number."})
    return int(typed)


def id_field(name: str) -> UUID | None:
    """An id, or None where the form has none."""
    typed = request.form.get(name, "")
    return _id(name, typed) if typed else None


def id_fields(name: str) -> Sequence[UUID]:
    """The ids that were ticked."""
    return [_id(name, typed) for typed in request.form.getlist(name)]


def _id(name: str, typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise InvalidInput({name: "That is no id. Reload the page and try again."}) from None


def _text(name: str, typed: str, length_max: int) -> str:
    if len(typed) > length_max:
        raise InvalidInput({name: f"Use at most {length_max} characters."})
    if "\x00" in typed:
        raise InvalidInput({name: "Use printable characters."})
    return typed.strip()
