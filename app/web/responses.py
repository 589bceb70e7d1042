"""Answers with a page, or the fragment that HTMX asked for."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, make_response, redirect, render_template, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from app.web.extensions import htmx


def register(app: Flask) -> None:
    app.before_request(refuse_unreadable_text)
    app.after_request(vary_and_revalidate)


def refuse_unreadable_text() -> None:
    """PostgreSQL has no NUL in a text, and nobody types one. The API reads by itself."""
    if request.path.startswith("/api/"):
        return
    for values in (*request.args.listvalues(), *request.form.listvalues()):
        if any("\x00" in value for value in values):
            raise BadRequest


def page_or_fragment(page: str, fragment: str, /, **context: Any) -> str:
    """``fragment`` must be what ``page`` includes."""
    if wants_fragment():
        return render_template(fragment, is_fragment=True, **context)
    return render_template(page, is_fragment=False, **context)


def wants_fragment() -> bool:
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def see_other(url: str) -> BaseResponse:
    """After a change: the browser, and HTMX, fetch the page as it is now."""
    return redirect(url, code=303)


def return_path(default: str, field: str = "return_to") -> str:
    """Where a form says it came from, or wants to go on to, if that lies on this site."""
    asked = request.values.get(field)
    return asked if asked and is_safe_path(asked) else default


def is_safe_path(target: str) -> bool:
    """Whether ``target`` is a path on this site, in every browser's reading of it."""
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        return False
    if any(ord(character) < 33 or character == "\\" for character in target):
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc


def vary_and_revalidate(response: BaseResponse) -> BaseResponse:
    if response.mimetype == "text/html":
        response.vary.add("HX-Request")
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def headers_for(body: str, status: int, **headers: str) -> BaseResponse:
    response = make_response(body, status)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response
