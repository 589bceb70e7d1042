"""Shows the page of a refused form again, with what was typed."""

from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from flask import Response, current_app, g, request
from flask_wtf.csrf import generate_csrf
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.urls import iri_to_uri

from app.domain.errors import ExportsBusy, InvalidInput, NotFound, NotPermitted, Refusal
from app.web.authorization import check_permission
from app.web.extensions import htmx
from app.web.forms.idempotency import FIELD
from app.web.problem import Problem
from app.web.responses import is_safe_path, return_path

#: What belongs to a form's request and not to the page that it was on.
POST_ONLY_ENVIRON = {
    "wsgi.input",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "HTTP_HX_REQUEST",
    "werkzeug.request",
}
CSRF_FIELD = "csrf_token"
#: Fields that no person fills in.
HIDDEN_FIELDS = {
    CSRF_FIELD,
    FIELD,
    "return_to",
    "next",
    "kept",
    "version",
    "preview",
    "action",
    "active",
    "type",
    "holder_id",
    "item_id",
    "item_ids",
    "product_id",
    "customer_id",
    "invoice_id",
    "direct_sale",
    "cart_id",
    "tab",
    "q",
}
#: What a page showed before anything was typed goes along in fields that begin with this.
SHOWN = "shown"


@dataclass(frozen=True)
class SentForm:
    """``path`` is where it goes. What is in it came from a browser."""

    path: str
    fields: MultiDict[str, str]


def sent_form() -> SentForm:
    """The form of this request; empty where it is too large to be read."""
    try:
        return SentForm(request.path, request.form)
    except RequestEntityTooLarge:
        return SentForm(request.path, MultiDict())


def comes_from_this_site() -> bool:
    """False if the browser says that another site sent the form; what it holds is not shown."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    sender = request.headers.get("Origin") or request.referrer
    own_sender = not sender or _split(sender).netloc == request.host
    return site in ("same-origin", "none") and own_sender


def page_of_form() -> str | None:
    """The path of the page that the form of this request was on."""
    try:
        return return_path("") or came_from()
    except RequestEntityTooLarge:
        return came_from()


def came_from() -> str | None:
    """The path of the page that this request was sent from, if it is ours."""
    referrer = htmx.current_url if htmx else request.referrer
    if not referrer:
        return None
    parts = _split(referrer)
    if parts.netloc != request.host:
        return None
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return path if is_safe_path(path) else None


def _split(address: str) -> SplitResult:
    """The parts of an address that a browser sent; all of them empty if it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def page_again(problem: Problem, page: str | None, form: SentForm) -> str | None:
    """``page`` as it is now, with ``problem`` on it; None if that cannot be told."""
    if not page or getattr(g, "problem", None) is not None:
        return None
    generate_csrf()  # in the session of this request; the page's own is not kept
    g.problem, g.typed, g.typed_for = problem, form.fields, form.path
    body = _render(page)
    if body and typed_values(form.fields) and f'action="{escape(form.path)}"' not in body:
        # The thing has moved on and has no such form any more.
        g.shows_typed = True
        body = _render(page)
    return body


def typed_values(fields: MultiDict[str, str]) -> list[tuple[str, str]]:
    """What a person typed or chose, with words for its field; never a password."""
    return [
        (_words(name), value)
        for name, value in fields.items(multi=True)
        if value.strip() and not _is_hidden(name) and not is_secret(name)
    ]


def _is_hidden(name: str) -> bool:
    return name in HIDDEN_FIELDS or name.startswith(SHOWN)


def is_secret(name: str) -> bool:
    return "password" in name.lower()


def _words(name: str) -> str:
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced.replace("_", " ").replace("-", " ").strip().capitalize()


def _render(path: str) -> str | None:
    try:
        with current_app.request_context(_environ_for(path)):
            if request.endpoint is None:
                return None
            check_permission()
            return _text_of(current_app.make_response(current_app.dispatch_request()))
    except (HTTPException, ExportsBusy, InvalidInput, NotFound, NotPermitted, Refusal):
        return None


def _text_of(answer: Response) -> str | None:
    """The text of a page; None for a refusal, and for what is no page, such as an export."""
    try:
        is_page = answer.status_code == 200 and answer.mimetype == "text/html"
        return answer.get_data(as_text=True) if is_page else None
    finally:
        answer.close()


def _environ_for(path: str) -> dict[str, Any]:
    # As a server hands it over: PATH_INFO without percent signs, the rest in ASCII.
    address = iri_to_uri(path)
    parts = urlsplit(address)
    kept = {key: value for key, value in request.environ.items() if key not in POST_ONLY_ENVIRON}
    return {
        **kept,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1"),
        "QUERY_STRING": parts.query,
        "REQUEST_URI": address,
        "RAW_URI": address,
    }
