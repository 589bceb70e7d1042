"""PATCH /api/items/ID with a serialNumber."""

from uuid import uuid4

import pytest

from app.services.accounts.api_tokens import create_token
from tests.support.api_caller import Caller


def new_unit(staff) -> dict:
    body = {"sku": staff.new_sku(), "serialNumbers": [f"TYPO-{uuid4().hex[:8]}"]}
    return staff.ok("POST", "/api/items", body, 201)["items"][0]


def correction(**changes) -> dict:
    right = f"RIGHT-{uuid4().hex[:8]}"
    return {"version": 1, "serialNumber": right, "reason": "Misread"} | changes


def test_an_admin_corrects_it_together_with_other_changes(staff, admin) -> None:
    unit = new_unit(staff)
    body = correction(condition="Used")
    edited = admin.ok("PATCH", f"/api/items/{unit['id']}", body)
    assert (edited["serialNumber"], edited["condition"]) == (body["serialNumber"], "Used")
    found = staff.ok("GET", f"/api/inventory/lifecycle/items/status?q={body['serialNumber']}")
    assert [each["id"] for each in found["items"]] == [unit["id"]]


@pytest.mark.parametrize("role", ["staff", "manager"])
def test_nobody_else_does(staff, request, role) -> None:
    unit = new_unit(staff)
    caller = request.getfixturevalue(role)
    problem = caller.ok("PATCH", f"/api/items/{unit['id']}", correction(condition="Used"), 403)
    assert problem["code"] == "forbidden"
    assert staff.ok("GET", f"/api/items/{unit['id']}") == unit


def test_a_token_without_the_scope_admin_does_not(staff, store) -> None:
    unit = new_unit(staff)
    with store.app.app_context():
        token = create_token(store.admin, name="Stock only", scopes=["inventory", "read"])
    caller = Caller(store.app, token.secret)
    assert caller.ok("PATCH", f"/api/items/{unit['id']}", correction(), 403)["status"] == 403


def test_what_is_missing_known_or_too_late_is_refused_and_nothing_is_changed(staff, admin) -> None:
    unit, other = new_unit(staff), new_unit(staff)
    path = f"/api/items/{unit['id']}"
    for body, status, code in [
        (correction(reason=None), 422, "invalid-input"),
        ({"version": 1, "reason": "Alone"}, 422, "invalid-input"),
        (correction(serialNumber=other["serialNumber"].lower()), 409, "duplicate"),
        (correction(version=7), 409, "version-conflict"),
    ]:
        assert admin.ok("PATCH", path, body, status)["code"] == code
    assert staff.ok("GET", path) == unit
    staff.new_invoice([unit["id"]])
    problem = admin.ok("PATCH", path, correction(version=2, condition="Used"), 409)
    assert problem["code"] == "invalid-transition"
    assert staff.ok("GET", path)["condition"] == "New"
