"""Cleans the texts of a request and gathers what is wrong, by field."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from app.domain.errors import InvalidInput
from app.domain.input.text import (
    clean_line,
    clean_optional_line,
    clean_optional_text,
)

Text = TypeVar("Text", str, str | None)


class TextFields:
    """Cleans texts; ``refuse`` raises InvalidInput with every field that was wrong."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def line(self, field: str, typed: str, *, length_max: int) -> str:
        """One line that must be there."""
        return self._clean(field, partial(clean_line, typed, length_max=length_max)) or ""

    def optional_line(self, field: str, typed: str | None, *, length_max: int) -> str | None:
        """One line, or None where nothing was said."""
        return self._clean(field, partial(clean_optional_line, typed, length_max=length_max))

    def optional_text(self, field: str, typed: str | None, *, length_max: int) -> str | None:
        """Some lines, or None where nothing was said."""
        return self._clean(field, partial(clean_optional_text, typed, length_max=length_max))

    def refuse(self) -> None:
        """Raise InvalidInput if anything was wrong."""
        if self.errors:
            raise InvalidInput(self.errors)

    def _clean(self, field: str, clean: Callable[[], str | None]) -> str | None:
        try:
            return clean()
        except ValueError as error:
            self.errors[field] = str(error)
            return None


def cleaned_line(field: str, typed: str, *, length_max: int) -> str:
    """One line that must be there, or InvalidInput."""
    return cleaned(field, partial(clean_line, typed, length_max=length_max))


def cleaned_optional_line(field: str, typed: str | None, *, length_max: int) -> str | None:
    """One line or None, or InvalidInput."""
    return cleaned(field, partial(clean_optional_line, typed, length_max=length_max))


def cleaned_optional_text(field: str, typed: str | None, *, length_max: int) -> str | None:
    """Some lines or None, or InvalidInput."""
    return cleaned(field, partial(clean_optional_text, typed, length_max=length_max))


def cleaned(field: str, clean: Callable[[], Text]) -> Text:
    """What ``clean`` gives, or InvalidInput that names the field."""
    try:
        return clean()
    except ValueError as error:
        raise InvalidInput({field: str(error)}) from None
