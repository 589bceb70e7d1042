import itertools
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from app.domain.errors import InvalidInput, InvoiceStateRefused, NotFound
from app.domain.inventory.delivery import DeliveryInfo
from app.domain.invoices.invoice_lifecycle import INVOICE_TRANSITIONS, InvoiceStatus
from app.services.invoices.lifecycle import InvoiceLifecycleService
from tests.support.shop import Shop

service = InvoiceLifecycleService()


def invoice_in(shop: Shop, status: str) -> UUID:
    """An invoice of one unit for 10.00 in this status."""
    invoice_id = shop.new_invoice(shop.new_units(1))
    if status == "PartiallyPaid":
        shop.pay(invoice_id, "1.00")
    elif status == "Cancelled":
        service.handle_invoice_cancelled(invoice_id, shop.manager)
    elif status in ("Paid", "Delivered"):
        shop.pay(invoice_id, "10.00")
    if status == "Delivered":
        service.handle_invoice_delivered(invoice_id, shop.staff)
    return invoice_id


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (before, after)
        for before, after in itertools.product(InvoiceStatus, InvoiceStatus)
        if before != after and after not in INVOICE_TRANSITIONS[before]
    ],
)
def test_a_step_that_the_contract_does_not_list_is_refused(shop: Shop, before, after) -> None:
    invoice_id = invoice_in(shop, before)
    with shop.unchanged(), pytest.raises(InvoiceStateRefused) as refused:
        service.handle_status_change(invoice_id, before, after, shop.admin)
    assert refused.value.status == before


def test_a_change_to_the_same_status_changes_nothing(shop: Shop) -> None:
    for status in InvoiceStatus:
        invoice_id = invoice_in(shop, status)
        with shop.unchanged():
            assert service.handle_status_change(invoice_id, status, status, shop.staff) == []


def test_each_listed_step_takes_the_units_along(shop: Shop) -> None:
    cancelled = invoice_in(shop, "Open")
    part_paid_cancelled = invoice_in(shop, "PartiallyPaid")
    delivered = invoice_in(shop, "Paid")
    free = shop.new_invoice(shop.new_units(1), "0.00")
    service.handle_status_change(cancelled, "Open", "Cancelled", shop.manager)
    service.handle_status_change(part_paid_cancelled, "PartiallyPaid", "Cancelled", shop.manager)
    service.handle_status_change(delivered, "Paid", "Delivered", shop.staff)
    service.handle_status_change(free, "Open", "Paid", shop.staff)
    for invoice_id, invoice_status, item_status in [
        (cancelled, "Cancelled", "Available"),
        (part_paid_cancelled, "Cancelled", "Available"),
        (delivered, "Delivered", "Delivered"),
        (free, "Paid", "Sold"),
    ]:
        assert shop.invoice(invoice_id)[0] == invoice_status
        assert shop.rows(
            "SELECT inventory_status FROM items JOIN invoice_items l ON l.item_id = items.id"
            " WHERE l.invoice_id = %s",
            invoice_id,
        ) == [(item_status,)]


def test_a_change_from_a_status_that_it_no_longer_has_is_refused(shop: Shop) -> None:
    invoice_id = invoice_in(shop, "Paid")
    with shop.unchanged(), pytest.raises(InvoiceStateRefused, match="is Paid, no longer Open"):
        service.handle_status_change(invoice_id, "Open", "Cancelled", shop.manager)


def test_nothing_is_paid_without_a_payment(shop: Shop) -> None:
    invoice_id = invoice_in(shop, "Open")
    with shop.unchanged():
        with pytest.raises(InvoiceStateRefused, match="Nothing was paid"):
            service.handle_status_change(invoice_id, "Open", "PartiallyPaid", shop.staff)
        with pytest.raises(InvoiceStateRefused, match="still to be paid"):
            service.handle_status_change(invoice_id, "Open", "Paid", shop.staff)
        with pytest.raises(InvoiceStateRefused, match="still to be paid"):
            service.handle_invoice_fully_paid(invoice_id, shop.staff)


def test_unknown_statuses_and_invoices_are_refused(shop: Shop) -> None:
    with shop.unchanged():
        with pytest.raises(InvalidInput, match="status"):
            service.handle_status_change(uuid4(), "Open", "Lost", shop.staff)
        for act in [
            lambda stranger: service.handle_invoice_created(stranger, shop.staff),
            lambda stranger: service.handle_invoice_cancelled(stranger, shop.staff),
            lambda stranger: service.handle_invoice_fully_paid(stranger, shop.staff),
            lambda stranger: service.handle_invoice_delivered(stranger, shop.staff),
            lambda stranger: service.handle_status_change(stranger, "Open", "Paid", shop.staff),
            service.get_invoice_lifecycle_status,
        ]:
            with pytest.raises(NotFound, match="invoice"):
                act(uuid4())


def test_a_created_invoice_has_its_missing_reservations_made_up_for(shop: Shop) -> None:
    ids = shop.new_units(2)
    invoice_id = shop.new_invoice(ids[:1])
    shop.execute(
        "INSERT INTO invoice_items (invoice_id, item_id, unit_price) VALUES (%s, %s, 5)",
        invoice_id,
        ids[1],
    )
    assert not service.get_invoice_lifecycle_status(invoice_id).consistent
    assert service.handle_invoice_created(invoice_id, shop.staff) == ids[1:]
    assert shop.invoice(invoice_id) == ("Open", Decimal("15.00"), 0)
    assert shop.statuses(ids) == ["Reserved", "Reserved"]
    with shop.unchanged():
        assert service.handle_invoice_created(invoice_id, shop.staff) == []


def test_a_delivery_says_how(shop: Shop) -> None:
    invoice_id = invoice_in(shop, "Paid")
    (item_id,) = service.handle_invoice_delivered(
        invoice_id, shop.staff, DeliveryInfo(notes="left at the desk")
    )
    assert shop.last_change(item_id, "notes") == ("left at the desk",)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Open", "Reserved"),
        ("PartiallyPaid", "Reserved"),
        ("Paid", "Sold"),
        ("Delivered", "Delivered"),
        ("Cancelled", "Available"),
    ],
)
def test_an_invoice_and_its_units_are_where_they_should_be(shop: Shop, status, expected) -> None:
    found = service.get_invoice_lifecycle_status(invoice_in(shop, status))
    assert (found.status, found.expected_item_status) == (status, expected)
    assert [unit.inventory_status for unit in found.units] == [expected]
    assert found.consistent
    assert found.off == []


def test_a_unit_that_strayed_is_named(shop: Shop) -> None:
    ids = shop.new_units(2)
    invoice_id = shop.new_invoice(ids)
    with shop.explained(user_id=str(shop.admin), reason="CORRECTION"):
        shop.execute("UPDATE items SET inventory_status = 'Available' WHERE id = %s", ids[1])
    found = service.get_invoice_lifecycle_status(invoice_id)
    assert not found.consistent
    assert [unit.item_id for unit in found.off] == ids[1:]
