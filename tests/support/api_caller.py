"""A program that calls the API with a token."""

import itertools
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from werkzeug.test import TestResponse

from app.services.accounts.api_tokens import create_token

LIFECYCLE = "/api/inventory/lifecycle"
_numbers = itertools.count(1)


@dataclass
class Caller:
    app: Flask
    token: str
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        # A test may have an application context open, whose user a request would share.
        client = self.app.test_client()
        return Context().run(client.open, path, method=method, headers=headers, **more)

    def get(self, path: str) -> TestResponse:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", path, body, headers=named)

    def ok(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.send(method, path, body)
        assert answer.status_code == status, answer.text
        return answer.json

    def new_sku(self, price: str | None = "10.00") -> str:
        sku = f"CUP{next(_numbers)}"
        self.ok("POST", "/api/products", {"sku": sku, "name": "Cup", "price": price}, 201)
        return sku

    def new_units(self, quantity: int, sku: str | None = None) -> list[str]:
        body = {"sku": sku or self.new_sku(), "quantity": quantity}
        return [unit["id"] for unit in self.ok("POST", "/api/items", body, 201)["items"]]

    def new_invoice(self, item_ids: Sequence[str], **more: Any) -> dict[str, Any]:
        body = {
            "customer": {"name": "Regular customer"},
            "items": [{"itemId": item_id, "unitPrice": "10.00"} for item_id in item_ids],
            **more,
        }
        return self.ok("POST", "/api/invoices", body, 201)

    def hold(self, item_ids: Sequence[str], session_id: str | None = None) -> str:
        session_id = session_id or f"cart-{uuid4()}"
        body = {"itemIds": list(item_ids), "sessionId": session_id}
        self.ok("POST", f"{LIFECYCLE}/reserve", body)
        return session_id


def caller_for(app: Flask, user_id: UUID, *scopes: str, days: int | None = None) -> Caller:
    with app.app_context():
        made = create_token(user_id, name="a test", scopes=scopes or None, days=days)
    return Caller(app, made.secret)


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem that an answer is, which must be this one."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    body = answer.get_json(force=True)
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert (body["status"], body["code"]) == (status, code), body
    return body
