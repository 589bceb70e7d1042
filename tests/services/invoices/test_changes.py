"""Cancelling, taking lines off, adding units, selling and delivering."""

from uuid import uuid4

import pytest

from app.domain.errors import (
    InvalidInput,
    InvalidTransition,
    InvoiceStateRefused,
    ItemsNotAvailable,
    NotFound,
)
from app.domain.inventory.delivery import DeliveryInfo
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from tests.support.shop import Shop

service = FinanceService()
inventory = InventoryLifecycleService()


def new_delivered_invoice(shop: Shop):
    invoice_id = shop.new_paid_invoice(shop.new_units(1))
    inventory.mark_items_as_delivered_for_invoice(invoice_id, shop.staff)
    return invoice_id


def new_cancelled_invoice(shop: Shop):
    invoice_id = shop.new_invoice(shop.new_units(1))
    inventory.release_items_for_invoice_cancellation(invoice_id, shop.manager)
    return invoice_id


def test_cancelling_frees_every_unit_and_ends_its_lines(shop: Shop) -> None:
    ids = shop.new_units(2)
    invoice_id = shop.new_invoice(ids)
    assert (
        inventory.release_items_for_invoice_cancellation(
            invoice_id, shop.manager, "changed her mind"
        )
        == ids
    )
    assert shop.invoice(invoice_id) == ("Cancelled", 20, 0)
    assert shop.statuses(ids) == ["Available", "Available"]
    assert shop.last_change(
        ids[0], "from_status, change_reason, reference_type, reference_id, changed_by, notes"
    ) == (
        "Reserved",
        "INVOICE_CANCELLED",
        "Invoice",
        str(invoice_id),
        shop.manager,
        "changed her mind",
    )
    assert shop.rows("SELECT live FROM invoice_items WHERE invoice_id = %s", invoice_id) == [
        (False,),
        (False,),
    ]
    again = shop.new_invoice(ids)
    assert shop.invoice(again)[0] == "Open"


def test_a_part_paid_invoice_can_be_cancelled_and_its_payments_stay(shop: Shop) -> None:
    ids = shop.new_units(1)
    invoice_id = shop.new_invoice(ids)
    shop.pay(invoice_id, "3.00")
    inventory.release_items_for_invoice_cancellation(invoice_id, shop.manager)
    assert shop.invoice(invoice_id) == ("Cancelled", 10, 3)
    assert shop.statuses(ids) == ["Available"]


def test_a_paid_delivered_or_cancelled_invoice_cannot_be_cancelled(shop: Shop) -> None:
    paid = shop.new_paid_invoice(shop.new_units(1))
    for invoice_id in [paid, new_delivered_invoice(shop), new_cancelled_invoice(shop)]:
        with shop.unchanged(), pytest.raises(InvoiceStateRefused, match="can be cancelled"):
            inventory.release_items_for_invoice_cancellation(invoice_id, shop.manager)


def test_units_are_taken_off_an_invoice_and_freed(shop: Shop) -> None:
    ids = shop.new_units(3)
    invoice_id = shop.new_invoice(ids)
    assert service.remove_lines(invoice_id, ids[:1], shop.manager, "scratched") == ids[:1]
    assert shop.invoice(invoice_id) == ("Open", 20, 0)
    assert shop.statuses(ids) == ["Available", "Reserved", "Reserved"]
    assert shop.last_change(ids[0], "change_reason, reference_id, notes") == (
        "INVOICE_CANCELLED",
        str(invoice_id),
        "scratched",
    )
    assert inventory.reserve_items_for_invoice(ids[:1], invoice_id, shop.staff) == ids[:1]


def test_an_invoice_whose_rest_is_paid_is_paid(shop: Shop) -> None:
    ids = shop.new_units(2)
    invoice_id = shop.new_invoice(ids)
    shop.pay(invoice_id, "10.00")
    service.remove_lines(invoice_id, ids[:1], shop.manager)
    assert shop.invoice(invoice_id) == ("Paid", 10, 10)
    assert shop.statuses(ids) == ["Available", "Sold"]


def test_what_was_paid_must_stay_covered_and_one_unit_must_remain(shop: Shop) -> None:
    ids = shop.new_units(2)
    invoice_id = shop.new_invoice(ids)
    with shop.unchanged(), pytest.raises(InvoiceStateRefused, match="Cancel the invoice instead"):
        service.remove_lines(invoice_id, ids, shop.manager)
    shop.pay(invoice_id, "10.01")
    with (
        shop.unchanged(),
        pytest.raises(InvoiceStateRefused, match=r"£10\.01 was paid and only"),
    ):
        service.remove_lines(invoice_id, ids[:1], shop.manager)


def test_only_its_own_lines_are_taken_off_an_invoice_that_awaits_payment(shop: Shop) -> None:
    ids = shop.new_units(2)
    (other,) = shop.new_units(1)
    invoice_id = shop.new_invoice(ids)
    with shop.unchanged():
        with pytest.raises(NotFound) as refused:
            service.remove_lines(invoice_id, [ids[0], other], shop.manager)
        assert refused.value.ids == [str(other)]
        for wrong in [[], [ids[0], ids[0]]]:
            with pytest.raises(InvalidInput):
                service.remove_lines(invoice_id, wrong, shop.manager)
    shop.pay(invoice_id, "20.00")
    with shop.unchanged(), pytest.raises(InvoiceStateRefused, match="keeps its lines"):
        service.remove_lines(invoice_id, ids[:1], shop.manager)


def test_units_are_added_to_an_invoice_at_their_products_price(shop: Shop) -> None:
    first, second = shop.new_units(2)
    invoice_id = shop.new_invoice([first], "1.00")
    assert inventory.reserve_items_for_invoice([second], invoice_id, shop.staff, "one more") == [
        second
    ]
    assert shop.invoice(invoice_id) == ("Open", 11, 0)
    assert shop.last_change(second, "change_reason, reference_id, notes") == (
        "INVOICE_CREATED",
        str(invoice_id),
        "one more",
    )


def test_units_are_reserved_only_for_an_invoice_that_awaits_payment(shop: Shop) -> None:
    ids = shop.new_units(1)
    paid = shop.new_paid_invoice(shop.new_units(1))
    for invoice_id in [paid, new_delivered_invoice(shop), new_cancelled_invoice(shop)]:
        with shop.unchanged(), pytest.raises(InvoiceStateRefused, match="awaits payment"):
            inventory.reserve_items_for_invoice(ids, invoice_id, shop.staff)


def test_reserving_for_an_invoice_is_all_or_nothing(shop: Shop) -> None:
    ids = shop.new_units(3)
    invoice_id, _other = shop.new_invoice(ids[:1]), shop.new_invoice(ids[1:2])
    with shop.unchanged():
        # Reserved to Reserved is refused for its own units as for those of others.
        with pytest.raises(ItemsNotAvailable) as refused:
            inventory.reserve_items_for_invoice(ids, invoice_id, shop.staff)
        assert {unit.id for unit in refused.value.items} == set(ids[:2])
        with pytest.raises(NotFound, match="item"):
            inventory.reserve_items_for_invoice([ids[2], uuid4()], invoice_id, shop.staff)
        with pytest.raises(NotFound, match="invoice"):
            inventory.reserve_items_for_invoice(ids[2:], uuid4(), shop.staff)
        for wrong in [[], [ids[2], ids[2]], [uuid4() for _ in range(10_001)]]:
            with pytest.raises(InvalidInput, match="itemIds"):
                inventory.reserve_items_for_invoice(wrong, invoice_id, shop.staff)


def test_units_are_sold_when_nothing_is_left_to_pay_and_not_before(shop: Shop) -> None:
    ids = shop.new_units(1)
    invoice_id = shop.new_invoice(ids)
    with shop.unchanged(), pytest.raises(InvoiceStateRefused, match=r"10\.00 still to be paid"):
        inventory.mark_items_as_sold_for_invoice(invoice_id, shop.staff)
    free = shop.new_invoice(shop.new_units(1), "0.00")
    inventory.mark_items_as_sold_for_invoice(free, shop.staff)
    assert shop.invoice(free)[0] == "Paid"
    for settled in [free, new_delivered_invoice(shop), new_cancelled_invoice(shop)]:
        with shop.unchanged(), pytest.raises(InvoiceStateRefused, match="already"):
            inventory.mark_items_as_sold_for_invoice(settled, shop.staff)


def test_an_invoice_without_units_is_not_sold(shop: Shop) -> None:
    with shop.explained(user_id=str(shop.staff)):
        invoice_id = shop.value(
            "INSERT INTO invoices (customer_id) VALUES (%s) RETURNING id", shop.customer
        )
    with shop.unchanged(), pytest.raises(InvoiceStateRefused, match="has no units"):
        inventory.mark_items_as_sold_for_invoice(invoice_id, shop.staff)


def test_a_unit_that_is_not_reserved_for_the_invoice_that_lists_it_is_not_sold(shop: Shop) -> None:
    ids = shop.new_units(2)
    invoice_id = shop.new_invoice(ids)
    with shop.explained(user_id=str(shop.admin), reason="CORRECTION"):
        shop.execute("UPDATE items SET inventory_status = 'Available' WHERE id = %s", ids[0])
    with shop.unchanged(), pytest.raises(InvalidTransition) as refused:
        shop.pay(invoice_id, "20.00")
    assert [unit["id"] for unit in refused.value.items] == ids[:1]


def test_a_whole_invoice_is_delivered_at_once(shop: Shop) -> None:
    ids = shop.new_units(2)
    invoice_id = shop.new_paid_invoice(ids)
    info = DeliveryInfo("Post", "AB 12", "the porter", None)
    assert inventory.mark_items_as_delivered_for_invoice(invoice_id, shop.staff, info) == ids
    assert shop.invoice(invoice_id)[0] == "Delivered"
    assert shop.row("SELECT inventory_status, status FROM items WHERE id = %s", ids[0]) == (
        "Delivered",
        "WithCustomer",
    )
    assert shop.last_change(
        ids[0], "from_status, change_reason, reference_type, reference_id, notes"
    ) == (
        "Sold",
        "INVOICE_DELIVERED",
        "Invoice",
        str(invoice_id),
        "carrier Post; tracking AB 12; delivered to the porter",
    )


def test_an_invoice_is_delivered_when_its_last_unit_is(shop: Shop) -> None:
    ids = shop.new_units(3)
    invoice_id = shop.new_paid_invoice(ids)
    deliver = inventory.mark_items_as_delivered_for_invoice
    assert deliver(invoice_id, shop.staff, item_ids=ids[1:2]) == ids[1:2]
    assert shop.invoice(invoice_id)[0] == "Paid"
    assert shop.statuses(ids) == ["Sold", "Delivered", "Sold"]
    with shop.unchanged(), pytest.raises(InvalidTransition) as refused:
        deliver(invoice_id, shop.staff, item_ids=ids[:2])
    assert [unit["id"] for unit in refused.value.items] == ids[1:2]
    assert deliver(invoice_id, shop.staff) == [ids[0], ids[2]]
    assert shop.invoice(invoice_id)[0] == "Delivered"
    with shop.unchanged(), pytest.raises(InvoiceStateRefused, match="is Delivered"):
        deliver(invoice_id, shop.staff)


def test_only_a_paid_invoices_own_units_are_delivered(shop: Shop) -> None:
    deliver = inventory.mark_items_as_delivered_for_invoice
    (stranger,) = shop.new_units(1)
    own = shop.new_units(1)
    paid = shop.new_paid_invoice(own)
    with shop.unchanged():
        for invoice_id in [
            invoice_id
            for (invoice_id,) in shop.rows(
                "SELECT DISTINCT ON (status) id FROM invoices WHERE status <> 'Paid'"
            )
        ]:
            with pytest.raises(InvoiceStateRefused, match="only a paid invoice"):
                deliver(invoice_id, shop.staff)
        with pytest.raises(NotFound) as refused:
            deliver(paid, shop.staff, item_ids=[*own, stranger])
        assert refused.value.ids == [str(stranger)]
        with pytest.raises(InvalidInput):
            deliver(paid, shop.staff, item_ids=[])
        with pytest.raises(NotFound, match="invoice"):
            deliver(uuid4(), shop.staff)
