"""GET /api/invoices/numbers: what no invoice has."""

import pytest

from tests.support.waiting import until

PATH = "/api/invoices/numbers"


def test_a_new_invoice_is_answered_with_its_number(staff) -> None:
    (unit,) = staff.new_units(1)
    invoice = staff.new_invoice([unit])
    assert invoice["number"].isdigit()
    assert staff.ok("GET", f"/api/invoices/{invoice['id']}")["number"] == invoice["number"]


def test_a_refused_invoice_uses_up_no_number_and_a_lost_one_is_listed(staff, store) -> None:
    (unit,) = staff.new_units(1)
    first = int(staff.new_invoice([unit])["number"])
    body = {"customer": {"name": "Ana"}, "items": [{"itemId": unit}]}
    assert staff.ok("POST", "/api/invoices", body, 409)["code"] == "items-not-available"
    assert int(staff.new_invoice(staff.new_units(1))["number"]) == first + 1
    lost = store.value("SELECT nextval('invoice_numbers')")
    assert int(staff.new_invoice(staff.new_units(1))["number"]) == lost + 1

    def listed() -> bool:
        found = staff.ok("GET", f"{PATH}?void=true&limit=1")["items"]
        return bool(found) and found[0]["number"] == str(lost)

    until(listed, "the lost number")
    (told,) = staff.ok("GET", f"{PATH}?void=true&limit=1")["items"]
    assert told.keys() == {"number", "drawnAfter", "drawnBefore"}
    assert told["drawnAfter"] <= told["drawnBefore"]


@pytest.mark.parametrize("query", ["?void=false", "?void=true&cursor=x", "?void=1"])
def test_only_void_numbers_can_be_asked_for(staff, query) -> None:
    assert staff.ok("GET", f"{PATH}{query}", status=422)["code"] == "invalid-input"
