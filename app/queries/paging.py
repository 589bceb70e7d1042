"""Paging by cursor: after the last row seen, never by offset."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.domain.errors import InvalidInput

T = TypeVar("T")

LIMIT_DEFAULT = 50
LIMIT_MAX = 500


@dataclass(frozen=True)
class Page(Generic[T]):
    """``next_cursor`` is opaque, and None on the last page.

    ``unknown`` are serial numbers of a pasted list that there are not.
    """

    items: list[T]
    next_cursor: str | None = None
    unknown: tuple[str, ...] = ()


def encode_cursor(*place: str, of: str = "") -> str:
    """The sort values of the last row, as a text that fits a URL; ``of`` names the list."""
    said = [of, *place] if of else place
    return urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, length: int = 1, *, of: str = "") -> list[str]:
    """The sort values in ``cursor``. Raises InvalidInput if it is none of the list ``of``."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(urlsafe_b64decode(padded.encode("ascii")))
        json.dumps(place, ensure_ascii=False).encode()  # no half of a surrogate pair
    except (ValueError, RecursionError):
        place = None
    if _is_place(place):
        named, values = (place[:1] == [of], place[1:]) if of else (True, place)
        # Only as we wrote it: base64 could be written in other ways, and read past what it is not.
        if named and len(values) == length and encode_cursor(*values, of=of) == cursor:
            return list(values)
    raise InvalidInput({"cursor": "This is not a place in the list. Start from the first page."})


def _is_place(place: object) -> bool:
    return isinstance(place, list) and all(
        isinstance(part, str) and "\x00" not in part for part in place
    )


def escape_like(words: str) -> str:
    """``words`` with nothing in it that LIKE takes for a wildcard."""
    return words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_").replace("\x00", "")
