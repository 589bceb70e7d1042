"""No refusal uses up a number; what force used up is told as void, and nothing else."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from uuid import uuid4

import psycopg
import pytest

from app.database.transactions import transactional
from app.domain.errors import InvalidInput, NotFound, Refusal
from app.queries.invoices.void_numbers import list_void_numbers
from app.services.background.cleanup import BackgroundCleanupService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NamedUnit, NewCustomer, NewInvoice, NewPayment, Quantity
from app.services.invoices.invoice_numbers import note_void_numbers
from tests.support.psql import SYSTEM_USER
from tests.support.race import refusals, run_concurrently
from tests.support.shop import Shop
from tests.support.waiting import until

finance = FinanceService()
NUMBERS = "SELECT number::bigint FROM invoices ORDER BY 1"


def numbers(shop: Shop) -> list[int]:
    return [number for (number,) in shop.rows(NUMBERS)]


def void(shop: Shop) -> list[str]:
    return [each.number for each in list_void_numbers().items]


def holds(condition: Callable[[], bool]) -> None:
    """Once the transactions of others, such as the servers' own, are over."""
    until(condition, "void numbers")


def draw(connection: psycopg.Connection, shop: Shop) -> str:
    """Begin an invoice by hand, up to its number."""
    connection.execute("SELECT set_config('holdfast.user_id', %s, true)", [SYSTEM_USER])
    (invoice_id,) = connection.execute(
        "INSERT INTO invoices (customer_id) VALUES (%s) RETURNING id", [shop.customer]
    ).fetchone()
    (number,) = connection.execute("SELECT number_invoice(%s)", [invoice_id]).fetchone()
    return number


REFUSED: dict[str, Callable[[Shop], NewInvoice]] = {
    "a unit that is taken": lambda shop: shop.order([_taken(shop)]),
    "a direct sale of a unit that is taken": lambda shop: shop.order(
        [_taken(shop)], direct_sale=True
    ),
    "an unknown customer": lambda shop: NewInvoice(
        customer_id=uuid4(), units=(NamedUnit(shop.new_units(1)[0]),)
    ),
    "an unknown unit": lambda shop: shop.order([uuid4()]),
    "not enough stock": lambda shop: NewInvoice(
        customer_id=shop.customer, quantities=(Quantity(shop.new_sku(), 1),)
    ),
    "a product without a price": lambda shop: NewInvoice(
        customer_id=shop.customer,
        units=(NamedUnit(shop.new_units(1, shop.new_sku(price=None))[0]),),
    ),
    "a total that no column holds": lambda shop: shop.order(
        shop.new_units(2), unit_price="999999999999.99"
    ),
    "no name": lambda shop: NewInvoice(
        customer=NewCustomer(" "), units=(NamedUnit(shop.new_units(1)[0]),)
    ),
}


def _taken(shop: Shop):
    (unit,) = shop.new_units(1)
    shop.new_invoice([unit])
    return unit


@pytest.mark.parametrize("refused", REFUSED)
def test_a_refusal_uses_up_no_number(own_shop: Shop, refused: str) -> None:
    shop = own_shop
    order = REFUSED[refused](shop)
    shop.new_invoice(shop.new_units(1))
    with pytest.raises((Refusal, InvalidInput, NotFound)):
        finance.create_invoice(order, shop.staff)
    shop.new_invoice(shop.new_units(1))
    found = numbers(shop)
    assert found == list(range(1001, 1001 + len(found)))


def test_a_line_that_the_database_refuses_uses_up_no_number(own_shop: Shop) -> None:
    """Corrupt data: a free unit that a live invoice lists."""
    shop = own_shop
    listed, unit = shop.new_units(2)
    shop.execute(
        "INSERT INTO invoice_items (invoice_id, item_id, unit_price) VALUES (%s, %s, 1)",
        shop.new_invoice([listed]),
        unit,
    )
    with pytest.raises(Exception, match="uq_invoice_items_live_item"):
        shop.new_invoice([unit])
    shop.new_invoice(shop.new_units(1))
    assert numbers(shop) == [1001, 1002]


def test_numbers_are_consecutive_however_many_clerks_are_refused(own_shop: Shop) -> None:
    shop = own_shop
    units = shop.new_units(40)
    acts = [partial(shop.new_invoice, [unit]) for unit in units for _ in range(3)]
    acts += [partial(finance.create_invoice, shop.order([uuid4()]), shop.staff)] * 10
    results = []
    for start in range(0, len(acts), 26):
        results += run_concurrently(
            shop, [partial(_or_not_found, act) for act in acts[start : start + 26]]
        )
    assert len(refusals(results)) == 80
    assert numbers(shop) == list(range(1001, 1041))
    assert void(shop) == []


def _or_not_found(act: Callable[[], object]) -> object:
    try:
        return act()
    except NotFound as error:
        return error


def test_a_transaction_that_is_tried_again_draws_one_number(own_shop: Shop) -> None:
    """Its first attempt waits too long for a lock and is given up."""
    shop = own_shop
    (unit,) = shop.new_units(1)
    with psycopg.connect(shop.url) as other:
        other.execute("SELECT FROM items WHERE id = %s FOR UPDATE", [unit])
        with pytest.raises(Refusal, match="Another clerk"):
            shop.new_invoice([unit])
    shop.new_invoice([unit])
    assert numbers(shop) == [1001]


def test_a_killed_sessions_number_is_void(own_shop: Shop) -> None:
    shop = own_shop
    shop.new_invoice(shop.new_units(1))
    with closing(psycopg.connect(shop.url)) as other:
        assert draw(other, shop) == "1002"
        shop.execute("SELECT pg_terminate_backend(%s, 5000)", other.info.backend_pid)
    holds(lambda: void(shop) == ["1002"])
    shop.new_invoice(shop.new_units(1))
    assert numbers(shop) == [1001, 1003]
    holds(lambda: void(shop) == ["1002"])
    (told,) = list_void_numbers().items
    made = dict(shop.rows("SELECT number, uuid_extract_timestamp(id) FROM invoices"))
    assert (told.drawn_after, told.drawn_before) == (made["1001"], made["1003"])


def test_a_number_that_a_transaction_may_still_use_is_not_void(own_shop: Shop) -> None:
    shop = own_shop
    with psycopg.connect(shop.url) as slow:
        assert draw(slow, shop) == "1001"
        shop.new_invoice(shop.new_units(1))
        assert numbers(shop) == [1002]
        assert void(shop) == []
        note_void_numbers()
        assert void(shop) == []
        slow.commit()
    note_void_numbers()
    assert void(shop) == []
    with psycopg.connect(shop.url) as slow:
        draw(slow, shop)
        slow.rollback()
    holds(lambda: void(shop) == ["1003"])


def test_a_void_number_is_known_at_the_second_look_though_somebody_always_writes(
    own_shop: Shop,
) -> None:
    shop = own_shop
    writing = "SELECT pg_current_xact_id()"
    with psycopg.connect(shop.url) as first, psycopg.connect(shop.url) as second:
        first.execute(writing)
        with psycopg.connect(shop.url) as lost:
            draw(lost, shop)
            lost.rollback()
        assert (note_void_numbers(), void(shop)) == (0, [])
        second.execute(writing)
        first.rollback()
        holds(lambda: void(shop) == ["1001"])
        holds(lambda: note_void_numbers() == 1)
        assert void(shop) == ["1001"]


def test_the_cleanup_puts_void_numbers_on_record_and_they_are_paged(own_shop: Shop) -> None:
    shop = own_shop
    shop.execute("SELECT nextval('invoice_numbers') FROM generate_series(1, 7)")
    shop.new_invoice(shop.new_units(1))

    def on_record() -> bool:
        BackgroundCleanupService().run_cleanup_now()
        return shop.value("SELECT count(*) FROM void_invoice_numbers") == 7

    holds(on_record)
    BackgroundCleanupService().run_cleanup_now()
    pages, cursor = [], None
    while True:
        page = list_void_numbers(cursor=cursor, limit=3)
        pages.append([each.number for each in page.items])
        if not (cursor := page.next_cursor):
            break
    assert pages == [["1007", "1006", "1005"], ["1004", "1003", "1002"], ["1001"]]


def test_a_number_that_an_invoice_has_already_is_passed_over(own_shop: Shop) -> None:
    shop = own_shop
    with shop.explained(user_id=SYSTEM_USER):
        shop.execute(
            "INSERT INTO invoices (customer_id, number) VALUES (%s, '1001'), (%s, 'A-7')",
            shop.customer,
            shop.customer,
        )
    invoice_id = shop.new_invoice(shop.new_units(1))
    assert shop.invoice_number(invoice_id) == "1002"
    assert void(shop) == []


def test_an_imports_batch_gets_its_numbers_from_its_commit(own_shop: Shop) -> None:
    shop = own_shop
    past = FinanceService(datetime(2011, 1, 2, tzinfo=UTC))
    units = shop.new_units(3)

    @transactional
    def batch(amount: str) -> None:
        invoices = [past.create_invoice(shop.order([unit]), shop.staff) for unit in units]
        past.record_payment(NewPayment(invoices[0], Decimal(amount)), shop.staff)

    with pytest.raises(Refusal):
        batch("10.01")
    batch("10.00")
    assert numbers(shop) == [1001, 1002, 1003]


def test_looks_at_once_put_each_number_on_record_once(own_shop: Shop) -> None:
    shop = own_shop
    shop.execute("SELECT nextval('invoice_numbers') FROM generate_series(1, 5)")

    def on_record() -> bool:
        run_concurrently(shop, [note_void_numbers] * 4)
        return shop.value("SELECT count(*) FROM void_invoice_numbers") == 5

    holds(on_record)
    assert len(void(shop)) == 5
