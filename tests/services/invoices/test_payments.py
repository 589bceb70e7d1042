from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from app.domain.errors import (
    ExceedsBalance,
    InvalidInput,
    InvoiceStateRefused,
    NotFound,
    VersionConflict,
)
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NewPayment
from tests.support.shop import Shop

service = FinanceService()
inventory = InventoryLifecycleService()


def test_part_payments_lead_to_paid_and_the_last_one_sells_the_units(shop: Shop) -> None:
    ids = shop.new_units(2)
    invoice_id = shop.new_invoice(ids)
    shop.pay(invoice_id, "5.00")
    assert shop.invoice(invoice_id) == ("PartiallyPaid", 20, 5)
    shop.pay(invoice_id, "14.99")
    assert shop.invoice(invoice_id) == ("PartiallyPaid", 20, Decimal("19.99"))
    assert shop.statuses(ids) == ["Reserved", "Reserved"]
    shop.pay(invoice_id, "0.01")
    assert shop.invoice(invoice_id) == ("Paid", 20, 20)
    assert shop.statuses(ids) == ["Sold", "Sold"]
    assert shop.last_change(
        ids[0], "from_status, to_status, change_reason, reference_type, reference_id, changed_by"
    ) == ("Reserved", "Sold", "INVOICE_PAID", "Invoice", str(invoice_id), shop.staff)
    assert shop.rows(
        "SELECT from_status, to_status FROM invoice_status_history WHERE invoice_id = %s"
        " ORDER BY id",
        invoice_id,
    ) == [(None, "Open"), ("Open", "PartiallyPaid"), ("PartiallyPaid", "Paid")]


def test_a_payment_is_written_with_who_took_it_and_how(shop: Shop) -> None:
    invoice_id = shop.new_invoice(shop.new_units(1))
    payment_id = service.record_payment(
        {
            "invoiceId": str(invoice_id),
            "amount": "2.50",
            "method": "Transfer",
            "reference": " 4711 ",
        },
        shop.colleague,
    )
    assert shop.row(
        "SELECT invoice_id, amount, method, reference, created_by FROM payments WHERE id = %s",
        payment_id,
    ) == (invoice_id, Decimal("2.50"), "Transfer", "4711", shop.colleague)


def test_more_than_the_balance_is_refused_with_the_balance(shop: Shop) -> None:
    invoice_id = shop.new_invoice(shop.new_units(1))
    shop.pay(invoice_id, "4.00")
    with shop.unchanged(), pytest.raises(ExceedsBalance) as refused:
        shop.pay(invoice_id, "6.01")
    assert refused.value.facts() == {"balance": 6}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": Decimal(0)}, "amount"),
        ({"amount": Decimal("-1")}, "amount"),
        ({"amount": Decimal("0.001")}, "amount"),
        ({"amount": Decimal("1.005")}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"amount": Decimal("Infinity")}, "amount"),
        ({"amount": Decimal("1e15")}, "amount"),
        ({"amount": Decimal(1), "method": "Cheque"}, "method"),
    ],
)
def test_what_is_wrong_with_a_payment_is_said_per_field(shop: Shop, wrong, field) -> None:
    invoice_id = shop.new_invoice(shop.new_units(1))
    with shop.unchanged(), pytest.raises(InvalidInput) as refused:
        service.record_payment(NewPayment(invoice_id, **wrong), shop.staff)
    assert list(refused.value.errors) == [field]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "amount"),
        ({"amount": ""}, "amount"),
        ({"amount": "ten"}, "amount"),
        ({"amount": "1e30"}, "amount"),
        ({"amount": 1.005}, "amount"),
        ({"amount": 1}, "invoiceId"),
        ({"amount": 1, "invoiceId": "x"}, "invoiceId"),
    ],
)
def test_what_is_wrong_with_an_api_payment_is_said_per_field(shop: Shop, body, field) -> None:
    with shop.unchanged(), pytest.raises(InvalidInput) as refused:
        service.record_payment(body, shop.staff)
    assert list(refused.value.errors) == [field]


def test_only_an_invoice_that_awaits_payment_takes_one(shop: Shop) -> None:
    paid = shop.new_paid_invoice(shop.new_units(1))
    delivered = shop.new_paid_invoice(shop.new_units(1))
    inventory.mark_items_as_delivered_for_invoice(delivered, shop.staff)
    cancelled = shop.new_invoice(shop.new_units(1))
    inventory.release_items_for_invoice_cancellation(cancelled, shop.manager)
    states = {paid: "Paid", delivered: "Delivered", cancelled: "Cancelled"}
    for invoice_id, status in states.items():
        with shop.unchanged(), pytest.raises(InvoiceStateRefused) as refused:
            shop.pay(invoice_id, "1.00")
        assert refused.value.facts() == {
            "invoiceId": invoice_id,
            "invoiceNumber": shop.invoice_number(invoice_id),
            "invoiceStatus": status,
        }


def test_a_payment_of_an_unknown_invoice_is_not_found(shop: Shop) -> None:
    stranger = uuid4()
    with shop.unchanged(), pytest.raises(NotFound) as refused:
        shop.pay(stranger, "1.00")
    assert (refused.value.kind, refused.value.ids) == ("invoice", [str(stranger)])


def test_an_import_may_say_when_the_money_came(shop: Shop) -> None:
    then = datetime(2011, 3, 4, tzinfo=UTC)
    ids = shop.new_units(1)
    invoice_id = shop.new_invoice(ids)
    FinanceService(then).record_payment(NewPayment(invoice_id, Decimal(10)), shop.staff)
    assert shop.value("SELECT received_at FROM payments WHERE invoice_id = %s", invoice_id) == then
    assert shop.last_change(ids[0], "change_date") == (then,)


def test_setting_an_invoice_paid_records_a_payment_of_the_balance(shop: Shop) -> None:
    ids = shop.new_units(1)
    invoice_id = shop.new_invoice(ids)
    shop.pay(invoice_id, "4.00")
    assert (
        service.update_invoice_status(invoice_id, "Paid", shop.staff, method="Card") == invoice_id
    )
    assert shop.rows(
        "SELECT amount, method FROM payments WHERE invoice_id = %s ORDER BY id", invoice_id
    ) == [(4, "Cash"), (6, "Card")]
    assert shop.statuses(ids) == ["Sold"]
    with shop.unchanged(), pytest.raises(InvoiceStateRefused, match="cannot be paid"):
        service.update_invoice_status(invoice_id, "Paid", shop.staff)


def test_an_invoice_is_set_to_cancelled_paid_or_delivered_and_nothing_else(shop: Shop) -> None:
    ids = shop.new_units(2)
    sold, cancelled = (shop.new_invoice([item_id]) for item_id in ids)
    service.update_invoice_status(cancelled, "Cancelled", shop.manager, notes="mistake")
    service.update_invoice_status(sold, "Paid", shop.staff)
    service.update_invoice_status(sold, "Delivered", shop.staff)
    assert shop.statuses(ids) == ["Delivered", "Available"]
    assert shop.last_change(ids[1], "change_reason, notes") == ("INVOICE_CANCELLED", "mistake")
    with shop.unchanged():
        for status in ["Open", "PartiallyPaid", "paid", ""]:
            with pytest.raises(InvalidInput, match="One of Cancelled, Paid, Delivered"):
                service.update_invoice_status(sold, status, shop.staff)


def test_a_change_made_while_looking_at_an_older_state_is_refused(shop: Shop) -> None:
    invoice_id = shop.new_invoice(shop.new_units(1))
    seen = shop.value("SELECT version FROM invoices WHERE id = %s", invoice_id)
    shop.pay(invoice_id, "1.00")
    current = shop.value("SELECT version FROM invoices WHERE id = %s", invoice_id)
    with shop.unchanged(), pytest.raises(VersionConflict) as refused:
        service.update_invoice_status(invoice_id, "Cancelled", shop.manager, version=seen)
    assert refused.value.facts() == {"version": seen, "currentVersion": current}
    service.update_invoice_status(invoice_id, "Cancelled", shop.manager, version=current)
