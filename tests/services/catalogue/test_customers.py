"""One e-mail address, one customer: whoever asks, however it is written, however many at once."""

from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest

from app.domain.errors import Duplicate
from app.services.catalogue import catalogue
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NamedUnit, NewCustomer, NewInvoice
from tests.support.race import run_concurrently
from tests.support.shop import Shop

finance = FinanceService()


def invoice_for(shop: Shop, name: str, email: str | None) -> UUID:
    (unit,) = shop.new_units(1)
    return finance.create_invoice(
        NewInvoice(customer=NewCustomer(name, email), units=(NamedUnit(unit),)), shop.staff
    )


def customer_of(shop: Shop, invoice_id: UUID) -> tuple[UUID, str, str | None]:
    return shop.row(
        "SELECT c.id, c.name, c.email FROM customers c JOIN invoices v ON v.customer_id = c.id"
        " WHERE v.id = %s",
        invoice_id,
    )


@pytest.mark.parametrize("same_name", [True, False])
def test_six_invoices_at_once_for_one_new_address_make_one_customer(
    own_shop: Shop, same_name: bool
) -> None:
    shop = own_shop
    units = shop.new_units(6)
    before = shop.value("SELECT count(*) FROM customers")
    orders = [
        NewInvoice(
            customer=NewCustomer("Ana" if same_name else f"Ana {place}", "ana@example.com"),
            units=(NamedUnit(unit),),
        )
        for place, unit in enumerate(units)
    ]
    made = run_concurrently(
        shop, [partial(finance.create_invoice, order, shop.staff) for order in orders]
    )
    assert all(isinstance(invoice_id, UUID) for invoice_id in made)
    assert shop.value("SELECT count(*) FROM customers") == before + 1
    assert len({customer_of(shop, invoice_id)[0] for invoice_id in made}) == 1


@pytest.mark.parametrize(
    "again",
    [
        "{}",
        "  {} ",
        "\u00a0{}",
        "ＡＮＡ-{}",
    ],
)
def test_the_known_customer_is_found_however_the_address_is_written(shop: Shop, again) -> None:
    local = uuid4().hex
    address = f"ana-{local}@example.com" if "ＡＮＡ" in again else f"{local}@example.com"
    first = customer_of(shop, invoice_for(shop, "Ana", address))
    typed = again.format(local.upper() if "ＡＮＡ" in again else address.upper())
    typed = typed if "@" in typed else f"{typed}@EXAMPLE.com"
    assert customer_of(shop, invoice_for(shop, "Another name", typed)) == first


def test_composed_and_decomposed_letters_are_one_address(shop: Shop) -> None:
    first = customer_of(shop, invoice_for(shop, "José", "jos\u00e9@example.com"))
    assert customer_of(shop, invoice_for(shop, "José", "JOSE\u0301@example.com")) == first


def test_without_an_address_every_customer_is_a_new_one(shop: Shop) -> None:
    one, other = (customer_of(shop, invoice_for(shop, "Ana", email)) for email in (None, " "))
    assert one[0] != other[0]


def test_a_known_address_makes_no_second_customer(shop: Shop) -> None:
    address = f"{uuid4().hex}@example.com"
    first = catalogue.create_customer(name="Ana", email=address)
    with shop.unchanged(), pytest.raises(Duplicate, match="The customer Ana has") as refused:
        catalogue.create_customer(name="Bob", email=f" {address.upper()}")
    assert refused.value.facts()["existing"] == {"id": str(first), "name": "Ana"}


def test_customers_made_at_once_are_one_and_refusals(own_shop: Shop) -> None:
    make = partial(catalogue.create_customer, name="Ana", email="ana@example.com")
    results = run_concurrently(own_shop, [make] * 6)
    assert sum(isinstance(result, Duplicate) for result in results) == 5
    assert own_shop.value("SELECT count(*) FROM customers WHERE email IS NOT NULL") == 1


def test_who_waits_for_a_customer_that_is_taken_back_makes_their_own(own_shop: Shop) -> None:
    shop = own_shop
    with psycopg.connect(shop.url) as other:
        other.execute("INSERT INTO customers (name, email) VALUES ('Lost', 'ana@example.com')")
        other.rollback()
    assert customer_of(shop, invoice_for(shop, "Ana", "ana@example.com"))[1] == "Ana"


def test_the_database_refuses_a_second_customer_with_an_address(shop: Shop) -> None:
    address = f"{uuid4().hex}@example.com"
    add = "INSERT INTO customers (name, email) VALUES ('Ana', %s)"
    shop.execute(add, address)
    for again in (address, address.upper(), f"\ufeff{address} "):
        with pytest.raises(psycopg.errors.UniqueViolation, match="uq_customers_email"):
            shop.execute(add, again)
    known = "UPDATE customers SET email = %s WHERE id = %s"
    with pytest.raises(psycopg.errors.UniqueViolation, match="uq_customers_email"):
        shop.execute(known, address, shop.customer)
