import itertools
from decimal import Decimal

import pytest

from app.domain.inventory.item_lifecycle import CORRECTIONS
from app.domain.invoices.invoice_lifecycle import (
    AWAITING_PAYMENT,
    EXPECTED_ITEM_STATUS,
    INVOICE_TRANSITIONS,
    InvoiceStatus,
    status_for_payments,
)

ALLOWED = {
    ("Open", "PartiallyPaid"),
    ("Open", "Paid"),
    ("Open", "Cancelled"),
    ("PartiallyPaid", "Paid"),
    ("PartiallyPaid", "Cancelled"),
    ("Paid", "Delivered"),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(InvoiceStatus, InvoiceStatus)))
def test_an_invoice_goes_only_where_the_contract_says(before, after) -> None:
    assert (after in INVOICE_TRANSITIONS[before]) == ((before, after) in ALLOWED)


def test_only_invoices_that_await_payment_can_be_cancelled() -> None:
    cancellable = {before for before, after in ALLOWED if after == "Cancelled"}
    assert cancellable == AWAITING_PAYMENT


def test_each_status_of_an_invoice_asks_for_one_status_of_its_units() -> None:
    assert EXPECTED_ITEM_STATUS == {
        "Open": "Reserved",
        "PartiallyPaid": "Reserved",
        "Paid": "Sold",
        "Delivered": "Delivered",
        "Cancelled": "Available",
    }


def test_whatever_an_invoice_does_its_units_can_follow() -> None:
    steps = {
        (EXPECTED_ITEM_STATUS[before], EXPECTED_ITEM_STATUS[after]) for before, after in ALLOWED
    }
    assert {(before, after) for before, after in steps if before != after} <= CORRECTIONS


@pytest.mark.parametrize(
    ("total", "paid", "status"),
    [
        ("10.00", "0.00", "Open"),
        ("10.00", "0.01", "PartiallyPaid"),
        ("10.00", "9.99", "PartiallyPaid"),
        ("10.00", "10.00", "Paid"),
        ("0.00", "0.00", "Paid"),
    ],
)
def test_what_is_paid_decides_the_status(total, paid, status) -> None:
    assert status_for_payments(Decimal(total), Decimal(paid)) == status
