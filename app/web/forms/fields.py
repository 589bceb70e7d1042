"""Reads form fields as the values that services take."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import TypeVar
from uuid import UUID

from flask import request

from app.domain.errors import InvalidInput
from app.domain.input.numbers import parse_whole_number
from app.domain.input.text import clean_line, clean_text
from app.store_currency import store_currency

Value = TypeVar("Value")

TEXT_LENGTH_MAX = 2000
SEARCH_LENGTH_MAX = 200
NUMBER_MAX = 10**9


def text_field(name: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
    """One line or several as it is to be kept, "" for nothing; InvalidInput says what is wrong."""
    typed = request.form.get(name, "")
    return _read(name, partial(clean_text, length_max=length_max), typed)


def search_words(name: str = "q") -> str:
    """What is looked for, from the address."""
    typed = request.args.get(name, "")
    return _read(name, partial(clean_line, length_max=SEARCH_LENGTH_MAX, length_min=0), typed)


def money_field(name: str) -> Decimal | None:
    """An amount, or None where nothing was typed."""
    typed = text_field(name)
    return _read(name, store_currency().read, typed) if typed else None


def number_field(name: str, *, most: int = NUMBER_MAX, of: str | None = None) -> int:
    """A whole number from 1; ``of`` says what is counted, such as minutes."""
    return whole_number(name, request.form.get(name, ""), most=most, of=of)


def optional_number_field(
    name: str, *, most: int = NUMBER_MAX, of: str | None = None
) -> int | None:
    """A whole number from 1, or None where nothing was typed."""
    typed = request.form.get(name, "").strip()
    return number_field(name, most=most, of=of) if typed else None


def whole_number(name: str, typed: str, *, most: int, of: str | None = None) -> int:
    """What was typed into the field ``name``, as a whole number from 1."""
    return _read(name, partial(parse_whole_number, most=most, of=of), typed)


def _read(name: str, read: Callable[[str], Value], typed: str) -> Value:
    try:
        return read(typed)
    except ValueError as error:
        raise InvalidInput({name: str(error)}) from None


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
