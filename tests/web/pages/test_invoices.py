"""The pages of invoices, as the roles see them."""

import re
from html import unescape
from uuid import UUID, uuid4

import pytest

from tests.support.browser import alert, path_of
from tests.support.shop import Shop
from tests.support.waiting import until

QUERIES_MAX = 12


def next_page(page: str) -> str:
    found = re.search(r'paging-next"\s+href="([^"]+)"', page)
    assert found
    return unescape(found.group(1))


def new_invoice(shop: Shop, quantity: int = 2) -> UUID:
    return shop.new_invoice(shop.new_units(quantity))


def new_paid_invoice(shop: Shop, quantity: int = 2) -> UUID:
    return shop.new_paid_invoice(shop.new_units(quantity))


def test_a_stranger_is_sent_to_the_log_in(shop: Shop, as_role):
    stranger = as_role("stranger")
    for path in ("/invoices", f"/invoices/{new_invoice(shop)}", "/invoices/new"):
        answer = stranger.get(path)
        assert (answer.status_code, path_of(answer).split("?")[0]) == (302, "/login")


def test_the_list_finds_invoices_by_number_and_status(shop: Shop, as_role):
    staff = as_role("staff")
    invoice_id = new_invoice(shop)
    number = shop.invoice_number(invoice_id)
    assert f"/invoices/{invoice_id}" in staff.get(f"/invoices?q=%23{number}").text
    assert f"/invoices/{invoice_id}" in staff.get(f"/invoices?q={number}&status=Open").text
    assert "No invoice fits" in staff.get(f"/invoices?q={number}&status=Paid").text


def test_the_list_pages_by_cursor(shop: Shop, as_role):
    staff = as_role("staff")
    for _ in range(52):
        new_invoice(shop, 1)
    first = staff.get("/invoices").text
    assert first.count('data-label="Number"') == 50
    older = next_page(first)
    assert 'data-label="Number"' in staff.get(older).text


def test_numbers_that_no_invoice_has_are_told(shop: Shop, as_role):
    staff = as_role("staff")
    lost = [str(shop.value("SELECT nextval('invoice_numbers')")) for _ in range(2)]
    new_invoice(shop, 1)
    until(lambda: lost[0] in staff.get("/invoices/numbers").text, "void numbers")
    page = staff.get("/invoices").text
    assert re.search(rf"Numbers never used</a>: {lost[1]}, {lost[0]}", page)
    assert "Numbers never used" not in staff.get("/invoices?status=Open").text
    assert staff.get("/invoices/numbers?cursor=nonsense").status_code == 422


@pytest.mark.parametrize("query", ["cursor=nonsense", "cursor=WyJ4Il0", "status=Lost"])
def test_an_address_that_makes_no_sense_is_refused_in_words(shop: Shop, as_role, query: str):
    staff = as_role("staff")
    answer = staff.get(f"/invoices?{query}")
    assert answer.status_code == 422
    assert alert(answer)


def test_an_unknown_invoice_is_a_page_with_a_way_back(shop: Shop, as_role):
    staff = as_role("staff")
    for path in (f"/invoices/{uuid4()}", "/invoices/4711", f"/invoices/{uuid4()}/units"):
        answer = staff.get(path)
        assert answer.status_code == 404
        assert "Back to the dashboard" in answer.text


def test_buttons_are_only_for_what_this_user_may_do_now(shop: Shop, as_role):
    staff = as_role("staff")
    manager = as_role("manager")
    path = f"/invoices/{new_invoice(shop)}"
    assert "Record payment" in staff.get(path).text
    assert "Cancel invoice" not in staff.get(path).text
    assert "Mark delivered" not in staff.get(path).text
    assert "Cancel invoice" in manager.get(path).text
    paid = f"/invoices/{new_paid_invoice(shop)}"
    assert "Mark delivered" in staff.get(paid).text
    assert "Record payment" not in staff.get(paid).text
    assert "Cancel invoice" not in manager.get(paid).text


def test_a_payment_of_the_balance_sells_the_units(shop: Shop, as_role):
    staff = as_role("staff")
    invoice_id = new_invoice(shop)
    path = f"/invoices/{invoice_id}"
    assert 'value="20.00"' in staff.get(path).text
    answer = staff.post(
        f"{path}/payments", return_to=path, amount="5.00", method="Card", version="2"
    )
    assert (answer.status_code, path_of(answer)) == (303, path)
    assert 'value="15.00"' in staff.get(path).text
    staff.post(f"{path}/payments", return_to=path, amount="15", method="Cash", reference="slip 7")
    assert shop.invoice(invoice_id)[0] == "Paid"
    page = staff.get(path).text
    assert "slip 7" in page
    assert "All in order" in page


def test_a_second_press_of_record_payment_takes_nothing(shop: Shop, as_role):
    staff = as_role("staff")
    invoice_id = new_invoice(shop)
    path = f"/invoices/{invoice_id}"
    version = shop.value("SELECT version FROM invoices WHERE id = %s", invoice_id)
    form = {"amount": "5.00", "method": "Cash", "version": version}
    assert staff.post(f"{path}/payments", return_to=path, **form).status_code == 303
    twin = staff.post(f"{path}/payments", return_to=path, **form)
    assert twin.status_code == 409
    assert "Somebody changed it meanwhile" in alert(twin)
    assert str(shop.invoice(invoice_id)[2]) == "5.00"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("amount", "much"),
        ("amount", ""),
        ("amount", "-1"),
        ("amount", "0"),
        ("amount", "1.005"),
        ("amount", "NaN"),
        ("amount", "1e99"),
        ("method", "Beads"),
        ("reference", "r" * 201),
        ("version", "one"),
    ],
)
def test_a_wrong_payment_comes_back_as_typed(shop: Shop, as_role, field: str, typed: str):
    staff = as_role("staff")
    invoice_id = new_invoice(shop)
    path = f"/invoices/{invoice_id}"
    form = {"amount": "1.00", "method": "Cash", "reference": "kept words", field: typed}
    answer = staff.post(f"{path}/payments", return_to=path, **form)
    assert answer.status_code == 422
    assert f'value="{form["reference"]}"' in answer.text
    assert alert(answer)
    assert shop.invoice(invoice_id)[2] == 0


def test_too_much_money_is_refused_with_the_balance(shop: Shop, as_role):
    staff = as_role("staff")
    path = f"/invoices/{new_invoice(shop)}"
    answer = staff.post(f"{path}/payments", return_to=path, amount="20.01", method="Cash")
    assert answer.status_code == 409
    assert "20.00 still to be paid" in alert(answer)


def test_ticked_units_are_delivered_then_the_rest(shop: Shop, as_role):
    staff = as_role("staff")
    items = shop.new_units(3)
    invoice_id = shop.new_paid_invoice(items)
    path = f"/invoices/{invoice_id}"
    staff.post(f"{path}/deliveries", return_to=path, item_id=str(items[0]), carrier="Van")
    assert shop.statuses(items) == ["Delivered", "Sold", "Sold"]
    assert shop.last_change(items[0], "notes") == ("carrier Van",)
    staff.post(f"{path}/deliveries", return_to=path)
    assert shop.invoice(invoice_id)[0] == "Delivered"


def test_units_of_another_invoice_are_not_delivered(shop: Shop, as_role):
    staff = as_role("staff")
    other = shop.new_units(1)
    path = f"/invoices/{new_paid_invoice(shop)}"
    assert staff.post(f"{path}/deliveries", item_id=str(other[0])).status_code == 404
    assert staff.post(f"{path}/deliveries", return_to=path, item_id="x").status_code == 422


def test_staff_may_not_cancel(shop: Shop, as_role):
    staff = as_role("staff")
    invoice_id = new_invoice(shop)
    path = f"/invoices/{invoice_id}/cancel"
    assert staff.post(path, reason="mine").status_code == 403
    assert shop.invoice(invoice_id)[0] == "Open"


def test_a_manager_cancels_with_a_reason_and_knows_what_follows(shop: Shop, as_role):
    manager = as_role("manager")
    items = shop.new_units(2)
    invoice_id = shop.new_invoice(items)
    shop.pay(invoice_id, "5.00")
    path = f"/invoices/{invoice_id}"
    page = manager.get(path).text
    assert "£5.00 was paid" in page
    assert "2 units become" in page
    too_long = manager.post(f"{path}/cancel", return_to=path, reason="x" * 501)
    assert too_long.status_code == 422
    assert manager.post(f"{path}/cancel", return_to=path, reason="Wrong colour").status_code == 303
    assert shop.statuses(items) == ["Available", "Available"]
    after = manager.get(path).text
    assert "Wrong colour" in after
    assert f'action="{path}/cancel"' not in after


def test_a_refund_that_is_due_is_told_before_and_after_cancelling(shop: Shop, as_role):
    manager, invoice_id = as_role("manager"), new_invoice(shop, 36)
    shop.pay(invoice_id, "144.00")
    path = f"/invoices/{invoice_id}"
    assert "Refund due £144.00" in manager.get(path).text
    manager.post(f"{path}/cancel", return_to=path, reason="")
    after = manager.get(path).text
    assert "its units are free. Refund due £144.00." in after
    assert "Refund due £144.00" in manager.get(path).text
    number = shop.invoice_number(invoice_id)
    assert "Refund due £144.00" in manager.get(f"/invoices?q={number}").text


def test_a_paid_invoice_is_not_cancelled(shop: Shop, as_role):
    manager = as_role("manager")
    path = f"/invoices/{new_paid_invoice(shop)}"
    answer = manager.post(f"{path}/cancel", return_to=path, reason="late")
    assert answer.status_code == 409
    assert "only an invoice that awaits payment" in alert(answer)


def test_an_invoice_over_nothing_is_marked_paid(shop: Shop, as_role):
    staff = as_role("staff")
    invoice_id = shop.new_invoice(shop.new_units(1), "0.00")
    path = f"/invoices/{invoice_id}"
    assert "Mark paid" in staff.get(path).text
    staff.post(f"{path}/paid", return_to=path)
    assert shop.invoice(invoice_id)[0] == "Paid"


def test_a_big_invoice_stays_a_small_page(shop: Shop, as_role, count_queries):
    staff = as_role("staff")
    invoice_id = shop.new_invoice(shop.new_units(400))
    path = f"/invoices/{invoice_id}"
    with count_queries() as statements:
        page = staff.get(path).text
    assert len(statements) <= QUERIES_MAX
    assert page.count('class="unit"') <= 10
    assert "394 more" in page
    units = staff.get(f"{path}/units").text
    assert units.count('data-label="Serial number"') == 100
    following = next_page(units)
    assert staff.get(following).text.count('data-label="Serial number"') == 100


def test_a_unit_that_is_off_is_named(shop: Shop, as_role):
    staff = as_role("staff")
    items = shop.new_units(2)
    invoice_id = shop.new_paid_invoice(items)
    with shop.explained(user_id=str(shop.admin), reason="CORRECTION"):
        shop.execute("UPDATE items SET inventory_status = 'Available' WHERE id = %s", items[0])
    page = staff.get(f"/invoices/{invoice_id}").text
    assert "1 off" in page
    assert "It is Available and should be Sold." in page
