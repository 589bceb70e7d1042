"""What a page offers while the database is away: it asks again by itself, or sends again on demand.

A form carries the key under which it counts once (form_keys.py), so sending it again is safe even
when nobody can say whether it was saved. It is never sent without a press of the button.
"""

from dataclasses import dataclass

from flask import request

from app.domain.errors import DatabaseAway, OutcomeUnknown
from app.form_keys import FIELD


@dataclass(frozen=True)
class FormAgain:
    """``fields``: as they came, in their order."""

    path: str
    fields: tuple[tuple[str, str], ...]


def asks_again(code: str) -> bool:
    """Whether the page may simply be fetched once more."""
    return code == DatabaseAway.code and request.method in ("GET", "HEAD")


def form_again(code: str) -> FormAgain | None:
    """The form that was sent, for another try; None where a key does not guard it."""
    if code not in (DatabaseAway.code, OutcomeUnknown.code) or FIELD not in request.form:
        return None
    if any("password" in name for name in request.form):
        return None  # which no page may show
    return FormAgain(request.full_path.rstrip("?"), tuple(request.form.items(multi=True)))
