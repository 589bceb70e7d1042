"""A sessionId belongs to the token's user who first used it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest

from app.queries.carts.cart_rows import open_cart_row
from app.services.carts import carts
from app.services.carts.cart_sale import CartSale, sell_cart
from app.services.invoices.inputs import NewCustomer
from tests.support.api_caller import LIFECYCLE, caller_for, problem
from tests.support.unchanged import untouched

CUSTOMER = {"customer": {"name": "Regular customer"}}


def reserve(caller, item_ids, session_id):
    return caller.post(f"{LIFECYCLE}/reserve", {"itemIds": item_ids, "sessionId": session_id})


def order(*item_ids, **more):
    return {**CUSTOMER, "items": [{"itemId": item_id} for item_id in item_ids], **more}


def test_nobody_adds_to_anothers_cart(store, staff, colleague, manager, admin):
    held, free = staff.new_units(2)
    cart = staff.hold([held])
    for stranger in (colleague, manager, admin):
        with untouched(store):
            said = problem(reserve(stranger, [free], cart), 403, "forbidden")
        assert "This is Staff's cart. Only Staff can add to it" in said["detail"]
        with untouched(store):
            problem(reserve(stranger, [held], cart), 403, "forbidden")
    assert reserve(staff, [free], cart).status_code == 200


@pytest.mark.parametrize(
    "what",
    [
        lambda held, free: order(held),
        lambda held, free: order(free),
        lambda held, free: order(held, directSale=True),
        lambda held, free: order(held, free, directSale=True, method="Card"),
    ],
)
def test_nobody_makes_an_invoice_of_anothers_cart(store, staff, colleague, manager, what):
    held, free = staff.new_units(2)
    cart = staff.hold([held])
    for stranger in (colleague, manager):
        with untouched(store):
            answer = stranger.post("/api/invoices", {**what(held, free), "sessionId": cart})
            said = problem(answer, 403, "forbidden")
        assert "make an invoice of it" in said["detail"]


def test_nobody_sells_a_quantity_out_of_anothers_cart(store, staff, colleague):
    sku = staff.new_sku()
    held, _free = staff.new_units(2, sku)
    for cart in (staff.hold([held]), staff.hold(staff.new_units(1))):
        body = {**CUSTOMER, "items": [{"sku": sku, "quantity": 1}], "sessionId": cart}
        with untouched(store):
            problem(colleague.post("/api/invoices", body), 403, "forbidden")


def test_a_cart_is_its_users_under_each_of_their_tokens(store, staff):
    held, free = staff.new_units(2)
    cart = staff.hold([held])
    other_token = caller_for(store.app, store.staff)
    assert reserve(other_token, [free], cart).status_code == 200
    other_token.ok("POST", "/api/invoices", order(held, free, sessionId=cart), 201)


def test_a_colleague_takes_nothing_out_and_a_manager_may(store, staff, colleague, manager):
    first, second = staff.new_units(2)
    cart = staff.hold([first, second])
    for body in ({"itemIds": [first]}, {"sessionId": cart}):
        with untouched(store):
            said = problem(colleague.post(f"{LIFECYCLE}/release", body), 403, "forbidden")
        assert "Staff's cart" in said["detail"]
    manager.ok("POST", f"{LIFECYCLE}/release", {"itemIds": [first]})
    manager.ok("POST", f"{LIFECYCLE}/release", {"sessionId": cart})
    problem(manager.post(f"{LIFECYCLE}/release", {"sessionId": cart}), 404, "not-found")
    with untouched(store):
        problem(reserve(manager, [first], cart), 403, "forbidden")


def test_a_refused_first_use_binds_nobody(staff, colleague):
    (taken,) = staff.new_units(1)
    staff.hold([taken])
    cart = str(uuid4())
    problem(reserve(staff, [taken], cart), 409, "items-not-available")
    problem(reserve(staff, [str(uuid4())], cart), 404, "not-found")
    problem(staff.post(f"{LIFECYCLE}/release", {"sessionId": cart}), 404, "not-found")
    assert reserve(colleague, staff.new_units(1), cart).status_code == 200


def test_a_cart_that_became_an_invoice_on_the_page_takes_no_more(store, staff):
    (item_id, other) = staff.new_units(2)
    with store.app.app_context():
        carts.hold_units([item_id], store.staff)
        session_id = open_cart_row(store.staff).session_id
        sell_cart(CartSale(customer=NewCustomer("Ana")), store.staff)
    with untouched(store):
        said = problem(reserve(staff, [other], session_id), 409, "session-closed")
        assert "became invoice" in said["detail"]
        body = order(other, sessionId=session_id)
        problem(staff.post("/api/invoices", body), 409, "session-closed")


def test_the_pages_cart_is_its_users_under_its_session_id(store, staff, colleague):
    first, second, third = staff.new_units(3)
    with store.app.app_context():
        carts.hold_units([first], store.staff)
        session_id = open_cart_row(store.staff).session_id
    with untouched(store):
        problem(reserve(colleague, [second], session_id), 403, "forbidden")
    assert reserve(staff, [second, third], session_id).status_code == 200
    staff.ok("POST", f"{LIFECYCLE}/release", {"sessionId": session_id})


def test_of_two_users_who_first_use_a_session_id_at_once_one_owns_it(store, staff, colleague):
    for _ in range(12):
        cart, units = str(uuid4()), staff.new_units(8)
        callers, start = [staff, colleague] * 4, Barrier(8)

        def use(number: int, callers=callers, units=units, cart=cart, start=start) -> int:
            start.wait(30)
            return reserve(callers[number], [units[number]], cart).status_code

        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(use, range(8)))
        assert sorted(statuses) == [200] * 4 + [403] * 4
        assert len(set(statuses[::2])) == 1
        holders = store.rows(
            "SELECT DISTINCT reserved_by FROM items WHERE reserved_for_id = %s", cart
        )
        owner = store.value("SELECT user_id FROM carts WHERE session_id = %s", cart)
        assert holders == [(owner,)]
