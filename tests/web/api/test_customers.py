"""Customers by the API: one for each e-mail address."""

from uuid import uuid4

import pytest


def test_a_known_address_is_refused_with_who_has_it(staff) -> None:
    address = f"{uuid4().hex}@example.com"
    made = staff.ok("POST", "/api/customers", {"name": "Ana", "email": f" {address}"}, 201)
    assert made["email"] == address
    body = {"name": "Bob", "email": address.upper()}
    problem = staff.ok("POST", "/api/customers", body, 409)
    assert problem["code"] == "duplicate"
    assert problem["existing"] == {"id": made["id"], "name": "Ana"}
    assert problem["detail"].startswith("The customer Ana has")


def test_an_invoice_for_a_known_address_is_made_out_to_who_has_it(staff) -> None:
    address = f"{uuid4().hex}@example.com"
    made = staff.ok("POST", "/api/customers", {"name": "Ana", "email": address}, 201)
    customer = {"name": "Somebody else", "email": f"{address.upper()} "}
    invoice = staff.new_invoice(staff.new_units(1), customer=customer)
    assert invoice["customer"]["id"] == made["id"]
    assert invoice["customer"]["name"] == "Ana"


@pytest.mark.parametrize("email", ["ana", "a b@example.com", "a@b@c", "ana\u200b@example.com", 7])
def test_what_is_no_address_is_refused_at_its_field(staff, email) -> None:
    body = {"name": "Ana", "email": email}
    problem = staff.ok("POST", "/api/customers", body, 422)
    assert list(problem["errors"]) == ["email"] or "email" in str(problem["errors"])
