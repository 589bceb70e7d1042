"""Keeps a form that was sent after the log-in ran out.

Nothing of it is carried out. It is put back into its page, and a person presses the button again.
"""

import json
import re

from flask import render_template, request, session, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.web.forms.page_replay import (
    CSRF_FIELD,
    SentForm,
    came_from,
    comes_from_this_site,
    is_secret,
    page_again,
    page_of_form,
    sent_form,
    typed_values,
)
from app.web.problem import Problem
from app.web.responses import headers_for, is_safe_path, return_path

KEPT_FIELD = "kept"
KEPT_LENGTH_MAX = 8 * 1024 * 1024
#: No form has these: NUL, and halves of surrogate pairs, which JSON can hold and UTF-8 cannot.
UNREADABLE = re.compile("[\x00\ud800-\udfff]")
LOG_IN, LOG_OUT = "/login", "/logout"
NOT_SENT = Problem(
    200,
    "not-sent",
    "Not sent yet",
    "Your log-in had run out, so nothing was done. Check what is in the form, then press again.",
)


def log_in_url(page: str | None, *, ran_out: bool) -> str:
    """Where a stranger logs in, to go on to ``page``."""
    page = (page or "/").removesuffix("?")
    wanted = page if is_safe_path(page) and page != "/" else None
    return url_for("sessions.new", next=wanted, ended=1 if ran_out else None)


def log_in_ran_out() -> bool:
    """Whether somebody was logged in here before, as far as it shows."""
    page = came_from()
    return "_user_id" in session or bool(page and page.partition("?")[0] != LOG_IN)


def log_in_page_with_form() -> Response | None:
    """The log-in page that keeps the form of this request; None where there is nothing to keep."""
    form, page = sent_form(), page_of_form()
    if request.path == LOG_OUT or not page or not comes_from_this_site():
        return None
    body = render_template(
        "sessions/new.html",
        next=page,
        ended=True,
        kept=as_text(form),
        log_in_page=log_in_url(page, ran_out=True),
    )
    return headers_for(body, 401, Cache_Control="no-store")


def page_with_unsent_form() -> Response | None:
    """After the log-in: the page with the form as it was typed; None if none was kept."""
    form = from_text(request.form.get(KEPT_FIELD, ""))
    if form is None:
        return None
    page = return_path("/", "next")
    body = page_again(NOT_SENT, page, form) or render_template(
        "errors/unsent.html", problem=NOT_SENT, page=page, typed_fields=typed_values(form.fields)
    )
    return headers_for(body, 200, Cache_Control="no-store")


def as_text(form: SentForm) -> str:
    """The form without what must not be kept; only its path if it is very large."""
    fields = [
        (name, value)
        for name, value in form.fields.items(multi=True)
        if name != CSRF_FIELD and not is_secret(name)
    ]
    if sum(len(name) + len(value) for name, value in fields) > KEPT_LENGTH_MAX:
        fields = []
    return json.dumps({"path": form.path, "fields": fields}, ensure_ascii=False)


def from_text(text: str) -> SentForm | None:
    """None for anything that as_text() did not make."""
    try:
        kept = json.loads(text)
        path, fields = kept["path"], [(name, value) for name, value in kept["fields"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    texts = [path, *(part for pair in fields for part in pair)]
    if not all(isinstance(part, str) and not UNREADABLE.search(part) for part in texts):
        return None
    return SentForm(path, MultiDict(fields)) if is_safe_path(path) else None
