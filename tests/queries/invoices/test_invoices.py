"""Invoices: what may be done to them, how far they came, and whether their units agree."""

import pytest

from app.queries.invoices.invoice_lines import consistency_of, lines_of, units_of
from app.queries.invoices.invoices import (
    InvoiceAction,
    get_invoice,
    list_invoices,
    payments_of,
    progress_of,
    steps_of,
)
from app.services.invoices.finance import FinanceService
from tests.support.shop import Shop

PAY, DELIVER, CANCEL = (
    InvoiceAction.RECORD_PAYMENT,
    InvoiceAction.MARK_DELIVERED,
    InvoiceAction.CANCEL,
)


def brought_to(shop: Shop, status: str):
    invoice_id = shop.new_invoice(shop.new_units(2))
    if status == "PartiallyPaid":
        shop.pay(invoice_id, "5.00")
    if status in ("Paid", "Delivered"):
        shop.pay(invoice_id, "20.00")
    if status in ("Delivered", "Cancelled"):
        FinanceService().update_invoice_status(invoice_id, status, shop.manager)
    return get_invoice(invoice_id)


@pytest.mark.parametrize(
    ("status", "staff", "manager"),
    [
        ("Open", [PAY], [PAY, CANCEL]),
        ("PartiallyPaid", [PAY], [PAY, CANCEL]),
        ("Paid", [DELIVER], [DELIVER]),
        ("Delivered", [], []),
        ("Cancelled", [], []),
    ],
)
def test_actions_follow_status_and_role(shop: Shop, status: str, staff: list, manager: list):
    invoice = brought_to(shop, status)
    assert invoice.actions("staff") == staff
    assert invoice.actions("manager") == invoice.actions("admin") == manager


@pytest.mark.parametrize(
    ("status", "way"),
    [
        ("Open", ["Open", "PartiallyPaid", "Paid", "Delivered"]),
        ("PartiallyPaid", ["Open", "PartiallyPaid", "Paid", "Delivered"]),
        ("Paid", ["Open", "Paid", "Delivered"]),
        ("Delivered", ["Open", "Paid", "Delivered"]),
        ("Cancelled", ["Open", "Cancelled"]),
    ],
)
def test_progress_shows_the_way_and_where_it_stands(shop: Shop, status: str, way: list[str]):
    invoice = brought_to(shop, status)
    points = progress_of(invoice, steps_of(invoice.id))
    assert [point.status for point in points] == way
    assert [point.status for point in points if point.here] == [status]


@pytest.mark.parametrize("status", ["Open", "PartiallyPaid", "Paid", "Delivered", "Cancelled"])
def test_units_agree_with_every_status(shop: Shop, status: str):
    found = consistency_of(brought_to(shop, status))
    assert (found.units, found.count, found.off) == (2, 0, [])


def test_payments_run_down_the_balance(shop: Shop):
    invoice_id = shop.new_invoice(shop.new_units(2))
    for amount in ("5.00", "7.50", "7.50"):
        shop.pay(invoice_id, amount)
    after = [str(payment.balance_after) for payment in payments_of(get_invoice(invoice_id))]
    assert after == ["15.00", "7.50", "0.00"]


def test_lines_are_units_of_one_product_at_one_price_page_by_page(shop: Shop, monkeypatch):
    monkeypatch.setattr("app.queries.invoices.invoice_lines.LINES_PER_PAGE", 2)
    items = [item_id for _ in range(3) for item_id in shop.new_units(7)]
    invoice_id = shop.new_invoice(items)
    first = lines_of(invoice_id)
    assert [(line.quantity, len(line.units)) for line in first.items] == [(7, 6), (7, 6)]
    last = lines_of(invoice_id, cursor=first.next_cursor)
    assert len(last.items) == 1
    assert last.next_cursor is None
    assert len(units_of(invoice_id, sku=last.items[0].sku).items) == 7


def test_a_search_takes_its_words_literally(shop: Shop):
    invoice_id = shop.new_invoice(shop.new_units(1))
    number = shop.invoice_number(invoice_id)
    assert invoice_id in [found.id for found in list_invoices(q=number).items]
    for words in ("%", "_" * len(number), "\\", "';--", "%%%"):
        assert list_invoices(q=words).items == []
