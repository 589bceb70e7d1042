"""The API's invoice says what is still to be paid and what is to be given back."""


def test_a_cancelled_invoice_says_what_is_due_and_a_live_one_what_is_to_be_paid(
    staff, manager
) -> None:
    invoice = staff.new_invoice(staff.new_units(2))
    path = f"/api/invoices/{invoice['id']}"
    pay = {"amount": "14.00", "method": "Cash"}
    live = staff.ok("POST", f"{path}/payments", pay, 201)["invoice"]
    assert (live["balance"], live["credited"], live["refundDue"]) == ("6.00", "0.00", "0.00")
    transition = f"/api/inventory/lifecycle/invoice/{invoice['id']}/transition"
    cancelled = manager.ok("POST", transition, {"status": "Cancelled"})
    said = (cancelled["total"], cancelled["paid"], cancelled["balance"])
    assert said == ("20.00", "14.00", "0.00")
    assert (cancelled["credited"], cancelled["refundDue"]) == ("0.00", "14.00")
    assert staff.ok("GET", path) == cancelled
