"""A browser without script: it logs in, opens pages and sends the forms that are on them."""

import re
import secrets
from collections.abc import Callable
from contextvars import Context
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from app.queries.accounts.users import find_signed_in_user
from app.services.accounts import users
from tests.support.shop import Shop

PASSWORD = "correct horse battery"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
HTMX = {"HX-Request": "true"}


class Browser:
    def __init__(self, app: Flask, email: str = "") -> None:
        self.client = app.test_client()
        self.email = email
        self.csrf_token = ""
        self.page = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        response = self.open("GET", path, headers=headers)
        if found := TOKEN.search(response.text):
            self.csrf_token, self.page = found.group(1), path
        return response

    def post(self, path: str, *, htmx: bool = False, **fields: object) -> TestResponse:
        """Sends a form as it stands on the page that was opened last."""
        form = {"csrf_token": self.csrf_token, "return_to": self.page, **fields}
        return self.open("POST", path, data=form, headers=HTMX if htmx else {})

    def open(self, method: str, path: str, **more: Any) -> TestResponse:
        # The tests have an application context open, whose user and token a request would share.
        return Context().run(self.client.open, path, method=method, buffered=True, **more)

    def sign_in(self, user_id: UUID) -> None:
        """What a log-in and a look at the inventory leave in this browser, without the requests."""
        user = find_signed_in_user(user_id)
        with self.client.session_transaction() as session:
            session.update({"_user_id": user.get_id(), "_fresh": True})
            session["csrf_token"] = secrets.token_hex(20)
            signer = URLSafeTimedSerializer(self.client.application.secret_key, "wtf-csrf-token")
            self.csrf_token = signer.dumps(session["csrf_token"])
        self.page = "/inventory"

    def log_in(self, password: str = PASSWORD, **fields: str) -> TestResponse:
        self.get("/login")
        return self.post("/login", email=self.email, password=password, **fields)


def alert(response: TestResponse) -> str:
    """The words of the refusal on a page, without its tags."""
    found = re.search(r'role="alert"[^>]*>(.*?)(?:</main>|\Z)', response.text, re.S)
    return " ".join(unescape(re.sub("<[^>]+>", " ", found.group(1))).split()) if found else ""


def path_of(response: TestResponse) -> str:
    parts = urlsplit(response.headers.get("Location", ""))
    return parts.path + (f"?{parts.query}" if parts.query else "")


@pytest.fixture
def as_role(shop: Shop) -> Callable[[str], Browser]:
    """A signed-in browser: stranger, staff, colleague, manager or admin."""

    def browser(role: str) -> Browser:
        if role == "stranger":
            return Browser(shop.app)
        user_id: UUID = getattr(shop, role)
        users.set_password(user_id, PASSWORD)
        signed_in = Browser(shop.app, f"{role}@example.com")
        signed_in.sign_in(user_id)
        return signed_in

    return browser
