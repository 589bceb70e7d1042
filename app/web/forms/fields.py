"""Reads form fields as the values that services take."""

from collections.abc import Callable
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
VERSION_DIGITS_MAX = 10
NO_ID = "That is no id. Reload the page and try again."


def raw_field(name: str) -> str:
    """What was typed, without space around it, for a service that reads it itself."""
    return request.form.get(name, "").strip()


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
    return _read(name, partial(parse_whole_number, most=most, of=of), request.form.get(name, ""))


def optional_number_field(
    name: str, *, most: int = NUMBER_MAX, of: str | None = None
) -> int | None:
    """A whole number from 1, or None where nothing was typed."""
    return number_field(name, most=most, of=of) if raw_field(name) else None


def version_field() -> int:
    """The version that the page showed."""
    version = request.form.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < VERSION_DIGITS_MAX):
        raise InvalidInput({"version": "Reload the page and change it again."})
    return int(version)


def _read(name: str, read: Callable[[str], Value], typed: str) -> Value:
    try:
        return read(typed)
    except ValueError as error:
        raise InvalidInput({name: str(error)}) from None


def id_field(name: str) -> UUID | None:
    """An id, or None where the form has none."""
    typed = request.form.get(name, "")
    return _id(name, typed) if typed else None


def id_fields(name: str, *, wrong: str = NO_ID) -> list[UUID]:
    """The ids that were ticked; ``wrong`` says what to do about one that is none."""
    return [_id(name, typed, wrong) for typed in request.form.getlist(name)]


def _id(name: str, typed: str, wrong: str = NO_ID) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise InvalidInput({name: wrong}) from None
