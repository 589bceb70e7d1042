"""Lets pages ask again, or forms be sent again, after an outage.

A form carries the key under which it counts once (idempotency.py), so sending it again is safe even
when nobody can say whether it was saved. It is never sent without a press of the button. A password
is not in the page: it is typed once more.
"""

from dataclasses import dataclass

from flask import request

from app.domain.errors import DatabaseAway, NoSpace, OutcomeUnknown
from app.web.forms.idempotency import FIELD
from app.web.forms.page_replay import comes_from_this_site, is_secret


@dataclass(frozen=True)
class FormAgain:
    """``fields``: as they came, in their order; ``secrets`` are names of those to type again."""

    path: str
    fields: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]


def retries_by_itself(code: str) -> bool:
    """Whether the page may simply be fetched once more."""
    return code == DatabaseAway.code and request.method in ("GET", "HEAD")


def resubmittable_form(code: str) -> FormAgain | None:
    """The form that was sent, for another try; None where it might then count twice."""
    if request.method != "POST" or not comes_from_this_site():
        return None
    nothing_done = code in (DatabaseAway.code, NoSpace.code)
    if not nothing_done and not (code == OutcomeUnknown.code and FIELD in request.form):
        return None
    fields = tuple(pair for pair in request.form.items(multi=True) if not is_secret(pair[0]))
    secrets = tuple(name for name in request.form if is_secret(name))
    return FormAgain(request.full_path.rstrip("?"), fields, secrets)
