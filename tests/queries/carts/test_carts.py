"""What a cart holds, from the units and their history alone."""

from decimal import Decimal
from uuid import uuid4

from app.queries.carts.carts import cart_units, get_cart, lapsed_and_free_ids, last_history_id
from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.support.shop import Shop


def test_a_cart_counts_more_units_than_it_lists(shop: Shop):
    cart_id, units = str(uuid4()), shop.new_units(20)
    shop.hold(units, cart_id)
    cart = get_cart(cart_id)
    assert (cart.quantity, cart.held_count, len(cart.lines)) == (20, 20, 1)
    assert len(cart.lines[0].units) == 12
    assert cart.total({}) == Decimal("200.00")
    assert cart.total({cart.lines[0].product_id: Decimal("1.00")}) == Decimal("20.00")
    assert cart.expires_at is not None
    assert not cart.expired


def test_an_empty_cart_has_nothing_and_no_end(shop: Shop):
    cart = get_cart(str(uuid4()))
    assert (cart.lines, cart.expires_at, cart.expired) == ([], None, False)


def test_what_ran_out_is_free_or_gone_and_what_was_released_is_neither(shop: Shop):
    cart_id, units = str(uuid4()), shop.new_units(4)
    shop.hold(units, cart_id)
    InventoryLifecycleService().release_items(units[3:], shop.staff)
    shop.execute("UPDATE items SET reservation_expiry = now() WHERE id = ANY(%s)", units[:2])
    InventoryLifecycleService().hold_items_manually(units[:1], "Mrs Patel", shop.colleague)
    InventoryLifecycleService().cleanup_expired_reservations()
    (line,) = get_cart(cart_id).lines
    assert (line.held_count, line.free_again_count, line.gone_count) == (1, 1, 1)
    assert [(unit.item_id, unit.free) for unit in line.lapsed] == [
        (units[0], False),
        (units[1], True),
    ]
    assert lapsed_and_free_ids(cart_id) == [units[1]]
    assert {unit.item_id for unit in cart_units(cart_id)} == set(units[:3])
    after = last_history_id(cart_id)
    assert {unit.item_id for unit in cart_units(cart_id, lapsed_after=after)} == {units[2]}


def test_a_unit_held_once_more_has_not_run_out(shop: Shop):
    cart_id, units = str(uuid4()), shop.new_units(1)
    shop.hold(units, cart_id)
    shop.execute("UPDATE items SET reservation_expiry = now() WHERE id = ANY(%s)", units)
    InventoryLifecycleService().cleanup_expired_reservations()
    shop.hold(units, cart_id)
    cart = get_cart(cart_id)
    assert (cart.held_count, cart.free_again_count, cart.gone_count) == (1, 0, 0)
