"""Carts as rows: whose they are, their prices and drafts, put aside and taken up again."""

from decimal import Decimal
from functools import partial
from uuid import uuid4

import pytest

from app.database.transactions import db
from app.domain.errors import (
    AlreadyInCart,
    CartChanged,
    CartClosed,
    ItemsNotAvailable,
    NotFound,
    NotPermitted,
)
from app.queries.carts.cart_rows import carts_put_aside, open_cart_row
from app.queries.carts.carts import cart_units, get_cart
from app.services.carts import carts
from app.services.carts.cart_sale import CartSale, Shown, sell_cart
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NewCustomer
from tests.support.race import deadlocks, run_concurrently
from tests.support.shop import Shop

inventory = InventoryLifecycleService()
ANA = NewCustomer("Ana", "ana@example.com")


@pytest.fixture(autouse=True)
def no_carts_yet(shop: Shop) -> None:
    shop.execute(
        "UPDATE carts SET status = 'closed', closed_at = now(), put_aside_at = NULL"
        " WHERE status <> 'closed'"
    )


def owner(shop: Shop, session_id: str):
    return shop.value("SELECT user_id FROM carts WHERE session_id = %s", session_id)


# Whose it is


def test_the_first_to_use_a_session_id_owns_its_cart(shop: Shop) -> None:
    sku = shop.new_sku()
    first, second = shop.new_units(2, sku)
    session_id = f"till {uuid4()}"
    inventory.hold_items_for_session([first], session_id, shop.colleague)
    assert owner(shop, session_id) == shop.colleague
    words = "This is Colleague's cart. Only Colleague can add to it"
    for stranger in (shop.staff, shop.manager, shop.admin):
        with shop.unchanged(), pytest.raises(NotPermitted, match=words):
            inventory.hold_items_for_session([second], session_id, stranger)
        with shop.unchanged(), pytest.raises(NotPermitted, match=words):
            inventory.hold_quantity_for_session(sku, 1, session_id, stranger)
        with shop.unchanged(), pytest.raises(NotPermitted, match=words):
            inventory.extend_session_hold(session_id, stranger)
        for ids in ([first], [second], [first, second]):
            with shop.unchanged(), pytest.raises(NotPermitted, match=words):
                FinanceService().create_invoice(shop.order(ids, session_id=session_id), stranger)
    inventory.hold_items_for_session([second], session_id, shop.colleague)
    assert shop.statuses([first, second]) == ["Reserved", "Reserved"]


def test_a_refused_first_use_leaves_the_id_to_the_next(shop: Shop) -> None:
    ids = shop.new_units(2)
    shop.new_invoice(ids[:1])
    session_id = str(uuid4())
    with pytest.raises(ItemsNotAvailable):
        inventory.hold_items_for_session(ids, session_id, shop.staff)
    with pytest.raises(NotFound):
        inventory.hold_items_for_session([uuid4()], session_id, shop.staff)
    inventory.hold_items_for_session(ids[1:], session_id, shop.colleague)
    assert owner(shop, session_id) == shop.colleague


def test_an_invoice_with_a_new_session_id_is_its_first_use(shop: Shop) -> None:
    session_id = str(uuid4())
    order = shop.order(shop.new_units(1), session_id=session_id)
    FinanceService().create_invoice(order, shop.staff)
    with pytest.raises(NotPermitted):
        inventory.hold_items_for_session(shop.new_units(1), session_id, shop.colleague)


def test_a_manager_releases_units_of_a_cart_and_a_colleague_does_not(shop: Shop) -> None:
    ids, session_id = shop.new_units(3), str(uuid4())
    shop.hold(ids, session_id)
    for release in (
        partial(inventory.release_items, ids[:1]),
        partial(inventory.release_session, session_id),
    ):
        with shop.unchanged(), pytest.raises(NotPermitted, match="Staff's cart"):
            release(shop.colleague)
    inventory.release_items(ids[:1], shop.manager)
    inventory.release_session(session_id, shop.manager)
    assert shop.statuses(ids) == ["Available"] * 3


def test_of_two_users_who_first_use_an_id_at_once_exactly_one_owns_it(own_shop: Shop) -> None:
    shop = own_shop
    for _ in range(15):
        units, session_id = shop.new_units(16), str(uuid4())
        users = [shop.staff, shop.colleague, shop.manager, shop.admin] * 4
        results = run_concurrently(
            shop,
            [
                partial(inventory.hold_items_for_session, [unit], session_id, user)
                for unit, user in zip(units, users, strict=True)
            ],
        )
        won = {
            user
            for user, result in zip(users, results, strict=True)
            if not isinstance(result, NotPermitted)
        }
        assert won == {owner(shop, session_id)}
        assert [isinstance(result, NotPermitted) for result in results].count(False) == 4
        holders = shop.rows(
            "SELECT DISTINCT reserved_by FROM items WHERE reserved_for_id = %s", session_id
        )
        assert holders == [(won.pop(),)]
    db.session.remove()
    assert deadlocks(shop) == 0


def test_a_first_use_by_many_requests_with_the_same_units_deadlocks_nobody(own_shop: Shop) -> None:
    shop = own_shop
    for _ in range(10):
        a, b, c = shop.new_units(3)
        session_id = str(uuid4())
        wanted = [[a, b], [b, c], [c, a], [b, a, c]] * 2
        results = run_concurrently(
            shop,
            [
                partial(inventory.hold_items_for_session, ids, session_id, shop.staff)
                for ids in wanted
            ],
        )
        assert sum(not isinstance(result, Exception) for result in results) == 1
    db.session.remove()
    assert deadlocks(shop) == 0


# One open cart a user


def test_a_user_has_one_open_cart_however_many_ask_at_once(own_shop: Shop) -> None:
    shop, units = own_shop, own_shop.new_units(12)
    held = run_concurrently(shop, [partial(carts.hold_units, [unit], shop.staff) for unit in units])
    assert sorted(unit for ids in held for unit in ids) == sorted(units)
    assert shop.value("SELECT count(*) FROM carts WHERE status = 'open'") == 1
    assert get_cart(open_cart_row(shop.staff).session_id).held_count == 12
    db.session.remove()
    assert deadlocks(shop) == 0


def test_a_unit_that_the_cart_holds_is_said_to_be_in_it(shop: Shop) -> None:
    ids = shop.new_units(2)
    carts.hold_units(ids[:1], shop.staff)
    with shop.unchanged(), pytest.raises(AlreadyInCart):
        carts.hold_units(ids[:1], shop.staff)
    shop.new_invoice(ids[1:])
    with shop.unchanged(), pytest.raises(ItemsNotAvailable) as refused:
        carts.hold_units(ids, shop.staff)
    assert not isinstance(refused.value, AlreadyInCart)


def test_carts_of_two_users_do_not_meet(shop: Shop) -> None:
    mine, others = shop.new_units(2)
    carts.hold_units([mine], shop.staff)
    carts.hold_units([others], shop.colleague)
    carts.release_unit(others, shop.staff)
    carts.release_all(shop.staff)
    assert shop.statuses([mine, others]) == ["Available", "Reserved"]


# Prices and drafts


def test_only_prices_that_differ_from_the_list_are_kept(shop: Shop) -> None:
    sku = shop.new_sku("10.00")
    product = shop.value("SELECT id FROM products WHERE sku = %s", sku)
    carts.set_prices({product: Decimal("7.50")}, shop.staff)
    assert open_cart_row(shop.staff).unit_prices == {product: Decimal("7.50")}
    for back in (Decimal("10.00"), None):
        carts.set_prices({product: Decimal(0)}, shop.staff)
        assert open_cart_row(shop.staff).unit_prices == {product: Decimal(0)}
        carts.set_prices({product: back}, shop.staff)
        assert open_cart_row(shop.staff).prices == {}
    carts.set_prices({uuid4(): Decimal(1)}, shop.staff)
    assert open_cart_row(shop.staff).prices == {}


def test_what_was_typed_as_a_price_stays_until_it_is_one(shop: Shop) -> None:
    sku = shop.new_sku("10.00")
    product = shop.value("SELECT id FROM products WHERE sku = %s", sku)
    carts.set_prices({product: Decimal("7.50")}, shop.staff)
    carts.keep_refused_price(product, "12,50x", shop.staff)
    kept = open_cart_row(shop.staff).prices[product]
    assert (kept.unit_price, kept.refused) == (Decimal("7.50"), "12,50x")
    carts.set_prices({product: Decimal("12.50")}, shop.staff)
    kept = open_cart_row(shop.staff).prices[product]
    assert (kept.unit_price, kept.refused) == (Decimal("12.50"), None)


def test_a_draft_is_kept_as_it_was_typed(shop: Shop) -> None:
    carts.save_customer(carts.TypedCustomer("Ana", "ana at example", "vip"), shop.staff)
    carts.save_notes("Gift wrap", shop.staff)
    kept = open_cart_row(shop.staff)
    assert (kept.customer_name, kept.customer_email, kept.customer_tier, kept.notes) == (
        "Ana",
        "ana at example",
        "vip",
        "Gift wrap",
    )
    with pytest.raises(NotFound, match="customer"):
        carts.choose_customer(uuid4(), shop.staff)


def test_what_comes_late_goes_to_the_cart_that_its_page_showed(shop: Shop) -> None:
    shown = carts.open_cart(shop.staff).id
    carts.save_notes("first", shop.staff)
    carts.put_aside(shop.staff)
    carts.save_notes("late", shop.staff, cart_id=shown)
    assert open_cart_row(shop.staff).notes == ""
    assert carts_put_aside(shop.staff)[0].notes == "late"
    carts.save_notes("not mine", shop.colleague, cart_id=shown)
    carts.give_up(shown, shop.staff)
    carts.save_notes("too late", shop.staff, cart_id=shown)
    assert shop.value("SELECT notes FROM carts WHERE id = %s", shown) == "late"


# Put aside, taken up again, given up


def test_a_cart_is_put_aside_with_all_it_has_and_taken_up_again(shop: Shop) -> None:
    sku = shop.new_sku("10.00")
    first, second, third = shop.new_units(3, sku)
    carts.hold_units([first, second], shop.staff)
    product = shop.value("SELECT id FROM products WHERE sku = %s", sku)
    carts.set_prices({product: Decimal("4.00")}, shop.staff)
    carts.save_customer(carts.TypedCustomer("Ana"), shop.staff)
    assert carts.put_aside(shop.staff)
    assert not carts.put_aside(shop.staff)
    assert open_cart_row(shop.staff).customer_name == ""
    (aside,) = carts_put_aside(shop.staff)
    assert (aside.customer, aside.quantity, aside.held_count, aside.total) == (
        "Ana",
        2,
        2,
        Decimal("8.00"),
    )
    carts.hold_units([third], shop.staff)
    assert carts.take_up_again(aside.id, shop.staff)
    kept = open_cart_row(shop.staff)
    assert (kept.id, kept.customer_name) == (aside.id, "Ana")
    assert {unit.item_id for unit in cart_units(kept.session_id)} == {first, second}
    (other,) = carts_put_aside(shop.staff)
    assert (other.quantity, other.total) == (1, Decimal("10.00"))
    carts.release_all(shop.staff)
    carts.save_customer(carts.TypedCustomer(), shop.staff)
    carts.leave_out_lapsed(shop.staff)
    assert not carts.take_up_again(other.id, shop.staff)
    assert carts_put_aside(shop.staff) == []


def test_a_cart_that_was_put_aside_says_what_ran_out(shop: Shop) -> None:
    held, free, gone, unswept = shop.new_units(4)
    carts.hold_units([held, free, gone, unswept], shop.staff)
    carts.put_aside(shop.staff)
    shop.expire([free, gone])
    inventory.cleanup_expired_reservations()
    inventory.hold_items_manually([gone], "Mrs Patel", shop.colleague)
    shop.expire([unswept])
    (aside,) = carts_put_aside(shop.staff)
    assert (aside.quantity, aside.held_count, aside.free_again_count, aside.gone_count) == (
        4,
        1,
        2,
        1,
    )


def test_nobody_takes_up_or_gives_up_a_cart_that_is_not_theirs(shop: Shop) -> None:
    carts.hold_units(shop.new_units(1), shop.staff)
    cart_id = open_cart_row(shop.staff).id
    carts.put_aside(shop.staff)
    for act in (carts.take_up_again, carts.give_up):
        for who in (shop.colleague, shop.manager):
            with shop.unchanged(), pytest.raises(NotFound):
                act(cart_id, who)
        with pytest.raises(NotFound):
            act(uuid4(), shop.staff)


def test_a_cart_that_is_given_up_frees_its_units(shop: Shop) -> None:
    ids = shop.new_units(2)
    carts.hold_units(ids, shop.staff)
    cart_id = open_cart_row(shop.staff).id
    carts.put_aside(shop.staff)
    carts.give_up(cart_id, shop.staff)
    assert shop.statuses(ids) == ["Available", "Available"]
    assert carts_put_aside(shop.staff) == []


# The sale


def test_a_cart_becomes_an_invoice_and_is_closed_with_it(shop: Shop) -> None:
    sku = shop.new_sku("10.00")
    ids = shop.new_units(2, sku)
    carts.hold_units(ids, shop.staff)
    product = shop.value("SELECT id FROM products WHERE sku = %s", sku)
    carts.set_prices({product: Decimal("4.00")}, shop.staff)
    kept = open_cart_row(shop.staff)
    invoice_id = sell_cart(CartSale(customer=ANA), shop.staff)
    assert shop.invoice(invoice_id)[1] == Decimal("8.00")
    assert shop.row("SELECT status, invoice_id FROM carts WHERE id = %s", kept.id) == (
        "closed",
        invoice_id,
    )
    assert open_cart_row(shop.staff).id is None
    with pytest.raises(CartClosed, match=f"became invoice {shop.invoice_number(invoice_id)}"):
        inventory.hold_items_for_session(shop.new_units(1), kept.session_id, shop.staff)
    order = shop.order(shop.new_units(1), session_id=kept.session_id)
    with pytest.raises(CartClosed):
        FinanceService().create_invoice(order, shop.staff)


def test_a_refused_sale_leaves_the_cart_open(shop: Shop) -> None:
    ids = shop.new_units(2)
    carts.hold_units(ids, shop.staff)
    shop.expire(ids[:1])
    inventory.hold_items_manually(ids[:1], "Mrs Patel", shop.colleague)
    with shop.unchanged(), pytest.raises(ItemsNotAvailable):
        sell_cart(CartSale(customer=ANA), shop.staff)
    assert open_cart_row(shop.staff).id


def shown_by(shop: Shop) -> Shown:
    kept = open_cart_row(shop.staff)
    cart = get_cart(kept.session_id, lapsed_after=kept.lapsed_after)
    prices = {
        line.product_id: kept.unit_prices.get(line.product_id, line.list_price)
        for line in cart.lines
    }
    return Shown(str(kept.id or ""), cart.mark, kept.customer_mark, kept.notes_mark, prices)


def change_units(shop: Shop) -> None:
    carts.release_unit(
        get_cart(open_cart_row(shop.staff).session_id).lines[0].units[0].item_id, shop.staff
    )


CHANGES = {
    "a unit is released": (change_units, "Other units"),
    "it is emptied": (lambda shop: carts.release_all(shop.staff), "it holds nothing now"),
    "a unit is added": (
        lambda shop: carts.hold_units(shop.new_units(1), shop.staff),
        "Other units",
    ),
    "it is put aside": (lambda shop: carts.put_aside(shop.staff), "was put aside"),
    "it is sold": (
        lambda shop: sell_cart(CartSale(customer=ANA), shop.staff),
        "became an invoice",
    ),
    "a customer is chosen": (
        lambda shop: carts.choose_customer(shop.customer, shop.staff),
        "The customer was changed",
    ),
    "another customer is typed": (
        lambda shop: carts.save_customer(carts.TypedCustomer("Ben"), shop.staff, tab="other"),
        "The customer was changed",
    ),
    "a price is set": (
        lambda shop: carts.set_prices(
            {get_cart(open_cart_row(shop.staff).session_id).lines[0].product_id: Decimal("1.00")},
            shop.staff,
            tab="other",
        ),
        "is £1.00 now",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_cart_that_was_changed_in_another_window_is_not_sold(shop: Shop, what: str) -> None:
    act, words = CHANGES[what]
    carts.hold_units(shop.new_units(2), shop.staff)
    shown = shown_by(shop)
    act(shop)
    sale = CartSale(shown=shown, tab="this", customer=ANA, prices=shown.prices)
    with shop.unchanged(), pytest.raises(CartChanged, match=words):
        sell_cart(sale, shop.staff)


def test_what_this_window_saved_itself_is_no_change(shop: Shop) -> None:
    ids = shop.new_units(1)
    carts.hold_units(ids, shop.staff)
    shown = shown_by(shop)
    (product,) = shown.prices
    carts.set_prices({product: Decimal("3.00")}, shop.staff, tab="this")
    carts.save_customer(carts.TypedCustomer("An"), shop.staff, tab="this")
    sale = CartSale(shown=shown, tab="this", customer=ANA, prices={product: Decimal("2.00")})
    invoice_id = sell_cart(sale, shop.staff)
    assert shop.invoice(invoice_id)[1] == Decimal("2.00")


def test_a_price_that_was_saved_here_and_is_not_shown_yet_is_not_passed_over(shop: Shop) -> None:
    carts.hold_units(shop.new_units(1), shop.staff)
    shown = shown_by(shop)
    (product,) = shown.prices
    carts.set_prices({product: Decimal("3.00")}, shop.staff, tab="this")
    sale = CartSale(shown=shown, tab="this", customer=ANA, prices=shown.prices)
    with shop.unchanged(), pytest.raises(CartChanged, match=r"is £3\.00 now"):
        sell_cart(sale, shop.staff)


def test_a_hold_that_ran_out_is_no_change(shop: Shop) -> None:
    ids = shop.new_units(2)
    carts.hold_units(ids, shop.staff)
    shown = shown_by(shop)
    shop.expire(ids[:1])
    inventory.cleanup_expired_reservations()
    assert shown_by(shop) == shown
    sell_cart(CartSale(shown=shown, customer=ANA), shop.staff)


def test_of_many_windows_that_sell_a_cart_at_once_one_does(own_shop: Shop) -> None:
    shop = own_shop
    for _ in range(5):
        carts.hold_units(shop.new_units(3), shop.staff)
        sale = CartSale(shown=shown_by(shop), customer=NewCustomer("Ana"))
        results = run_concurrently(shop, [partial(sell_cart, sale, shop.staff)] * 6)
        assert [isinstance(result, CartChanged) for result in results].count(False) == 1
    assert shop.value("SELECT count(*) FROM invoices") == 5
    db.session.remove()
    assert deadlocks(shop) == 0


def test_scans_and_a_sale_at_once_lose_and_double_nothing(own_shop: Shop) -> None:
    shop = own_shop
    for _ in range(5):
        first, *others = shop.new_units(7)
        carts.hold_units([first], shop.staff)
        sell = partial(sell_cart, CartSale(customer=NewCustomer("Ana")), shop.staff)
        scans = [partial(carts.hold_units, [unit], shop.staff) for unit in others]
        invoice_id, *_ = run_concurrently(shop, [sell, *scans])
        sold = shop.rows("SELECT item_id FROM invoice_items WHERE invoice_id = %s", invoice_id)
        kept = open_cart_row(shop.staff)
        in_cart = [unit.item_id for unit in cart_units(kept.session_id)]
        assert sorted([*(item for (item,) in sold), *in_cart]) == sorted([first, *others])
        carts.release_all(shop.staff)
    db.session.remove()
    assert deadlocks(shop) == 0


def test_a_program_that_holds_for_a_cart_while_it_is_sold_adds_nothing_to_a_closed_cart(
    own_shop: Shop,
) -> None:
    shop = own_shop
    for _ in range(5):
        first, *others = shop.new_units(7)
        carts.hold_units([first], shop.staff)
        session_id = open_cart_row(shop.staff).session_id
        sell = partial(sell_cart, CartSale(customer=NewCustomer("Ana")), shop.staff)
        holds = [
            partial(inventory.hold_items_for_session, [unit], session_id, shop.staff)
            for unit in others
        ]
        invoice_id, *held = run_concurrently(shop, [sell, *holds])
        refused = [isinstance(result, CartClosed) for result in held].count(True)
        assert (
            shop.value("SELECT count(*) FROM invoice_items WHERE invoice_id = %s", invoice_id)
            == 7 - refused
        )
        assert cart_units(session_id) == []
    db.session.remove()
    assert deadlocks(shop) == 0
