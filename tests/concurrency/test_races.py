"""Races for units and money: somebody wins, everybody is told the truth, all stays whole."""

import random
from decimal import Decimal
from functools import partial

import pytest

from app.domain.errors import (
    ExceedsBalance,
    HoldExpired,
    InvoiceStateRefused,
    ItemBusy,
    ItemsNotAvailable,
    NotEnoughStock,
    Refusal,
)
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NewInvoice, Quantity
from tests.support.invariants import assert_invariants
from tests.support.race import deadlocks, refusals, run_concurrently
from tests.support.shop import Shop

finance = FinanceService()
inventory = InventoryLifecycleService()


@pytest.fixture
def racing_shop(own_shop: Shop):
    """Whatever happened in it, at the end all is as it must always be."""
    yield own_shop
    assert_invariants(own_shop.connection)
    assert deadlocks(own_shop) == 0


def test_of_32_clerks_who_invoice_one_unit_one_wins_and_31_learn_who(racing_shop: Shop) -> None:
    shop = racing_shop
    (item_id,) = shop.new_units(1)
    results = run_concurrently(
        shop, [partial(finance.create_invoice, shop.order([item_id]), shop.staff)] * 32
    )
    refused = refusals(results)
    (winner,) = [result for result in results if not isinstance(result, Refusal)]
    number = shop.invoice_number(winner)
    assert len(refused) == 31
    assert all(type(refusal) is ItemsNotAvailable for refusal in refused)
    assert {refusal.items[0].holder.label for refusal in refused} == {f"invoice {number}"}
    assert shop.value("SELECT count(*) FROM invoices") == 1


def test_of_32_carts_that_hold_one_unit_one_has_it(racing_shop: Shop) -> None:
    shop = racing_shop
    ids = shop.new_units(1)
    results = run_concurrently(
        shop,
        [
            partial(inventory.hold_items_for_session, ids, f"cart-{number}", shop.staff)
            for number in range(32)
        ],
    )
    assert len(refusals(results)) == 31
    holder = shop.value("SELECT reserved_for_id FROM items")
    assert results[int(holder.removeprefix("cart-"))] == ids
    assert {refusal.items[0].holder.id for refusal in refusals(results)} == {holder}


def test_overlapping_orders_in_opposite_directions_never_lock_each_other_up(
    racing_shop: Shop,
) -> None:
    shop = racing_shop
    ids = shop.new_units(24)
    chance = random.Random(7)

    def clerk(number: int) -> list[Refusal]:
        refused = []
        for _ in range(12):
            wanted = chance.sample(ids, 6)
            try:
                invoice_id = finance.create_invoice(
                    shop.order(wanted if number % 2 else wanted[::-1]), shop.staff
                )
                inventory.release_items_for_invoice_cancellation(invoice_id, shop.manager)
            except Refusal as refusal:
                refused.append(refusal)
        return refused

    results = run_concurrently(shop, [partial(clerk, number) for number in range(16)])
    kinds = {type(refusal) for refused in results for refusal in refused}
    assert kinds <= {ItemsNotAvailable}
    assert set(shop.statuses(ids)) == {"Available"}
    assert shop.value("SELECT count(*) FROM invoices") == 16 * 12 - sum(map(len, results))


def test_holding_invoicing_and_releasing_the_same_units_stays_whole(racing_shop: Shop) -> None:
    shop = racing_shop
    ids = shop.new_units(12)
    chance = random.Random(11)

    def clerk(number: int) -> None:
        cart = f"cart-{number}"
        for _ in range(8):
            wanted = chance.sample(ids, 3)
            try:
                inventory.hold_items_for_session(wanted, cart, shop.staff)
                if chance.random() < 0.5:
                    inventory.release_session(cart, shop.staff)
                else:
                    order = shop.order(wanted, session_id=cart)
                    invoice_id = finance.create_invoice(order, shop.staff)
                    finance.remove_lines(invoice_id, wanted[:1], shop.manager)
                    finance.update_invoice_status(invoice_id, "Cancelled", shop.manager)
            except ItemsNotAvailable:
                pass

    run_concurrently(shop, [partial(clerk, number) for number in range(12)])
    assert set(shop.statuses(ids)) == {"Available"}


def test_paying_and_cancelling_an_invoice_at_once_ends_in_one_of_both(racing_shop: Shop) -> None:
    shop = racing_shop
    for _ in range(12):
        ids = shop.new_units(3)
        invoice_id = shop.new_invoice(ids)
        pay = partial(shop.pay, invoice_id, "30.00")
        cancel = partial(inventory.release_items_for_invoice_cancellation, invoice_id, shop.manager)
        paid, cancelled = run_concurrently(shop, [pay, cancel])
        (refusal,) = refusals([paid, cancelled])
        assert isinstance(refusal, InvoiceStateRefused)
        won = "Cancelled" if refusal is paid else "Paid"
        assert shop.invoice(invoice_id)[0] == won
        assert set(shop.statuses(ids)) == {"Sold" if won == "Paid" else "Available"}


def test_payments_at_once_never_add_up_to_more_than_the_total(racing_shop: Shop) -> None:
    shop = racing_shop
    invoice_id = shop.new_invoice(shop.new_units(1))
    results = run_concurrently(shop, [partial(shop.pay, invoice_id, "3.00")] * 16)
    assert {type(refusal) for refusal in refusals(results)} == {ExceedsBalance}
    assert len(refusals(results)) == 13
    assert shop.invoice(invoice_id) == ("PartiallyPaid", 10, 9)


def test_the_last_payment_sells_the_units_once(racing_shop: Shop) -> None:
    shop = racing_shop
    ids = shop.new_units(4)
    invoice_id = shop.new_invoice(ids)
    results = run_concurrently(shop, [partial(shop.pay, invoice_id, "40.00")] * 8)
    assert {type(refusal) for refusal in refusals(results)} == {InvoiceStateRefused}
    assert len(refusals(results)) == 7
    assert [shop.reasons(item_id)[1:] for item_id in ids] == [
        ["INVOICE_CREATED", "INVOICE_PAID"]
    ] * 4


def test_an_expired_hold_goes_to_one_of_those_who_want_it_or_back_to_its_cart(
    racing_shop: Shop,
) -> None:
    shop = racing_shop
    for number in range(8):
        ids = shop.new_units(2)
        cart = f"cart-{number}"
        shop.hold(ids, cart)
        shop.expire(ids)
        others = [partial(finance.create_invoice, shop.order(ids), shop.colleague)] * 3
        own = partial(finance.create_invoice, shop.order(ids, session_id=cart), shop.staff)
        *lost, back = run_concurrently(shop, [*others, own])
        assert len(refusals([*lost, back])) == 3
        if isinstance(back, Refusal):
            assert type(back) is HoldExpired
            assert {unit.holder.user for unit in back.items} == {"Colleague"}


def test_cleanup_and_the_cart_itself_both_take_an_expired_hold_for_free(racing_shop: Shop) -> None:
    shop = racing_shop
    for number in range(8):
        ids = shop.new_units(3)
        cart = f"cart-{number}"
        shop.hold(ids, cart)
        shop.expire(ids)
        own = partial(finance.create_invoice, shop.order(ids, session_id=cart), shop.staff)
        invoice_id, *_cleaned = run_concurrently(
            shop,
            [own, inventory.cleanup_expired_reservations, inventory.cleanup_expired_reservations],
        )
        assert shop.invoice(invoice_id)[0] == "Open"
        assert set(shop.statuses(ids)) == {"Reserved"}
        ends = {tuple(shop.reasons(item_id)[2:]) for item_id in ids}
        assert ends <= {
            ("HOLD_RELEASED", "INVOICE_CREATED"),
            ("RESERVATION_EXPIRED", "INVOICE_CREATED"),
        }


def test_cleanups_at_once_free_each_unit_once(racing_shop: Shop) -> None:
    shop = racing_shop
    ids = shop.new_units(60)
    shop.hold(ids, "cart")
    shop.expire(ids)
    sweep = partial(inventory.cleanup_expired_reservations, 20)
    freed = [item_id for batch in run_concurrently(shop, [sweep] * 6) for item_id in batch]
    assert len(freed) == len(set(freed))
    freed += inventory.cleanup_expired_reservations()
    assert sorted(freed) == sorted(ids)


def test_40_clients_share_out_a_stock_of_1000_by_hundreds(racing_shop: Shop) -> None:
    shop = racing_shop
    sku = shop.new_sku("1.00")
    shop.new_units(1000, sku)
    order = NewInvoice(customer_id=shop.customer, quantities=(Quantity(sku, 100),))

    def client() -> object:
        # Who meets others at every unit is told to try again in a moment, and does.
        for _ in range(200):
            try:
                return finance.create_invoice(order, shop.staff)
            except ItemBusy:
                continue
        raise AssertionError("never got through")

    results = run_concurrently(shop, [client] * 40)
    refused = refusals(results)
    assert {type(refusal) for refusal in refused} == {NotEnoughStock}
    assert len(refused) == 30
    assert shop.rows("SELECT DISTINCT inventory_status FROM items") == [("Reserved",)]
    assert shop.rows("SELECT count(*), sum(total) FROM invoices") == [(10, Decimal(1000))]


def test_whoever_asks_for_what_is_left_gets_it(racing_shop: Shop) -> None:
    shop = racing_shop
    sku = shop.new_sku()
    shop.new_units(64, sku)
    hold = inventory.hold_quantity_for_session
    results = run_concurrently(
        shop, [partial(hold, sku, 1, f"cart-{number}", shop.staff) for number in range(64)]
    )
    assert refusals(results) == []
    assert len({item_id for (item_id,) in results}) == 64


def test_delivering_and_cancelling_a_paid_invoice_at_once_delivers_it(racing_shop: Shop) -> None:
    shop = racing_shop
    for _ in range(6):
        invoice_id = shop.new_paid_invoice(shop.new_units(2))
        deliver = partial(inventory.mark_items_as_delivered_for_invoice, invoice_id, shop.staff)
        cancel = partial(inventory.release_items_for_invoice_cancellation, invoice_id, shop.manager)
        delivered, again, cancelled = run_concurrently(shop, [deliver, deliver, cancel])
        assert isinstance(cancelled, InvoiceStateRefused)
        assert len(refusals([delivered, again])) == 1
        assert shop.invoice(invoice_id)[0] == "Delivered"


def test_parts_delivered_at_once_are_each_delivered_and_the_last_closes_the_invoice(
    racing_shop: Shop,
) -> None:
    shop = racing_shop
    ids = shop.new_units(8)
    invoice_id = shop.new_paid_invoice(ids)
    deliver = inventory.mark_items_as_delivered_for_invoice
    results = run_concurrently(
        shop,
        [partial(deliver, invoice_id, shop.staff, item_ids=[item_id]) for item_id in ids],
    )
    assert results == [[item_id] for item_id in ids]
    assert shop.invoice(invoice_id)[0] == "Delivered"


def test_a_unit_is_not_both_taken_off_an_invoice_and_sold_on_it(racing_shop: Shop) -> None:
    shop = racing_shop
    for _ in range(6):
        ids = shop.new_units(2)
        invoice_id = shop.new_invoice(ids)
        remove = partial(finance.remove_lines, invoice_id, ids[:1], shop.manager)
        removed, paid = run_concurrently(shop, [remove, partial(shop.pay, invoice_id, "20.00")])
        if isinstance(removed, Refusal):
            assert shop.statuses(ids) == ["Sold", "Sold"]
        else:
            assert isinstance(paid, ExceedsBalance)
            assert shop.statuses(ids) == ["Available", "Reserved"]


def test_serials_of_one_product_are_counted_without_gaps_by_all_who_receive(
    racing_shop: Shop,
) -> None:
    shop = racing_shop
    sku = shop.new_sku()
    run_concurrently(shop, [partial(shop.new_units, 5, sku)] * 12)
    assert [serial for (serial,) in shop.rows("SELECT serial_number FROM items ORDER BY 1")] == [
        f"{sku}-{number:06}" for number in range(1, 61)
    ]
