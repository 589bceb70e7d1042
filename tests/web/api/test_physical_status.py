"""Where a unit is, by the API: the code, the words, and what stays as it was."""

import itertools

import pytest

from app.domain.inventory.item_lifecycle import InventoryStatus, PhysicalStatus
from app.domain.inventory.physical_status import right_way

LIFECYCLE = "/api/inventory/lifecycle"


def say(caller, item_id: str, place: str, answer: int = 200):
    version = caller.ok("GET", f"/api/items/{item_id}")["version"]
    body = {"version": version, "status": place}
    return caller.ok("PATCH", f"/api/items/{item_id}", body, answer)


def unit_of(staff, status: str) -> str:
    (unit,) = staff.new_units(1)
    if status == "Available":
        return unit
    line = {"itemId": unit, "unitPrice": "10.00"}
    body = {"customer": {"name": "Ana"}, "items": [line], "directSale": status != "Reserved"}
    invoice = staff.ok("POST", "/api/invoices", body, 201)
    if status == "Delivered":
        staff.ok("POST", f"{LIFECYCLE}/mark-delivered", {"invoiceId": invoice["id"]})
    return unit


@pytest.mark.parametrize(
    ("status", "place"), list(itertools.product(InventoryStatus, PhysicalStatus))
)
def test_a_place_is_taken_or_refused_with_what_to_do(staff, status, place) -> None:
    unit = unit_of(staff, status)
    before = staff.ok("GET", f"/api/items/{unit}")
    instead = right_way(status, place)
    if instead is None or place == before["status"]:
        edited = say(staff, unit, place)
        assert edited["status"] == place
        assert bool(edited["warnings"]) == (status == "Reserved" and place != "InStock")
        return
    problem = say(staff, unit, place, 409)
    assert problem["code"] == "invalid-transition"
    assert instead in problem["detail"]
    assert staff.ok("GET", f"/api/items/{unit}") == before


def test_a_missing_reserved_unit_stops_its_payment_until_it_is_found(staff) -> None:
    (unit,) = staff.new_units(1)
    body = {"customer": {"name": "Ana"}, "items": [{"itemId": unit, "unitPrice": "10.00"}]}
    invoice = staff.ok("POST", "/api/invoices", body, 201)
    edited = say(staff, unit, "Missing")
    assert edited["warnings"] == [
        f"{edited['serialNumber']} is missing, and it is promised to invoice {invoice['number']}. "
        "The invoice cannot be paid in full until the unit is in stock again, an admin gives the "
        "invoice another unit, or it is cancelled."
    ]
    pay, path = {"amount": "10.00", "method": "Card"}, f"/api/invoices/{invoice['id']}"
    problem = staff.ok("POST", f"{path}/payments", pay, 409)
    assert problem["code"] == "invalid-transition"
    assert "is Reserved and missing" in problem["detail"]
    transition = f"{LIFECYCLE}/invoice/{invoice['id']}/transition"
    assert staff.ok("POST", transition, {"status": "Paid"}, 409)["code"] == "invalid-transition"
    assert staff.ok("GET", path)["paid"] == "0.00"
    say(staff, unit, "InStock")
    staff.ok("POST", f"{path}/payments", pay, 201)


def test_a_carts_missing_unit_is_told_as_missing(staff) -> None:
    (unit,) = staff.new_units(1)
    staff.ok("POST", f"{LIFECYCLE}/reserve", {"itemIds": [unit], "sessionId": "till-7"})
    say(staff, unit, "Missing")
    line = {"itemId": unit, "unitPrice": "10.00"}
    body = {"customer": {"name": "Ana"}, "items": [line], "sessionId": "till-7"}
    problem = staff.ok("POST", "/api/invoices", body, 409)
    assert problem["code"] == "items-not-available"
    assert problem["items"][0]["status"] == "Missing"
    assert "Missing" in problem["detail"]
