"""Invoices and customers are found by words in any order, numbers by what people write."""

from uuid import UUID, uuid4

import pytest

from app.queries.catalogue.customers import list_customers
from app.queries.catalogue.products import list_products
from app.queries.inventory.sellable_items import find_serial, find_units
from app.queries.invoices import search
from app.queries.invoices.invoices import list_invoices
from app.services.catalogue import catalogue
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NamedUnit, NewCustomer, NewInvoice
from tests.support.shop import Shop

BOUNDS = {"as they are": None, "windows": (0, ((3, 2), (5, 0))), "all by index": (0, ((1, 5),))}


@pytest.fixture(params=BOUNDS)
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of searching finds the same."""
    if chosen := BOUNDS[request.param]:
        monkeypatch.setattr(search, "CUSTOMERS_MAX", chosen[0])
        monkeypatch.setattr(search, "NUMBERS_MAX", chosen[0])
        monkeypatch.setattr(search, "WINDOWS", chosen[1])


def invoice_of(shop: Shop, name: str, email: str | None = None, serial: str | None = None) -> UUID:
    serial = serial or f"SER-{uuid4().hex[:12]}"
    (unit,) = InventoryLifecycleService().receive_items(
        shop.new_sku(), shop.staff, serial_numbers=[serial]
    )
    order = NewInvoice(customer=NewCustomer(name, email), units=(NamedUnit(unit),))
    return FinanceService().create_invoice(order, shop.staff)


def found(q: str, **more: str) -> list[UUID]:
    ids, cursor = [], None
    while True:
        page = list_invoices(q=q, limit=2, cursor=cursor, **more)
        ids += [invoice.id for invoice in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return ids


@pytest.mark.parametrize(
    "written", ["{}", "#{}", "INV-{}", "inv {}", "INV{}", "Invoice {}", " {} "]
)
def test_an_invoice_is_found_by_its_number_as_people_write_it(
    shop: Shop, bounds: None, written: str
) -> None:
    invoice_id = shop.new_invoice(shop.new_units(1))
    assert found(written.format(shop.invoice_number(invoice_id))) == [invoice_id]


def test_a_number_of_the_earlier_shop_is_found_as_it_is(shop: Shop, bounds: None) -> None:
    number = f"INV-{uuid4().int % 10**8}A-NO7"
    with shop.explained(user_id=str(shop.staff)):
        invoice_id = shop.value(
            "INSERT INTO invoices (number, customer_id) VALUES (%s, %s) RETURNING id",
            number,
            shop.customer,
        )
    for typed in (number, number.lower(), number[:10]):
        assert found(typed) == [invoice_id], typed


def test_words_may_match_the_number_the_customer_and_a_serial_in_any_order(
    shop: Shop, bounds: None
) -> None:
    tag = uuid4().hex[:8]
    first = invoice_of(shop, f"Müller {tag} Anna", f"anna-{tag}@example.com", f"K7 {tag}")
    second = invoice_of(shop, f"Anna {tag} Möller", serial=f"K7-{tag}-2")
    number = shop.invoice_number(first)
    for q, wanted in {
        f"anna {tag}": [second, first],
        f"{tag} ANNA": [second, first],
        f"muller {tag}": [first],
        f"MÜLLER {tag}": [first],
        f"anna-{tag}@EXAMPLE.com": [first],
        f"k7-{tag}-2": [second],
        f"möller K7-{tag}-2": [second],
        f"anna {number} {tag}": [first],
        f"INV-{number} muller": [first],
        f"{tag} moller nobody": [],
    }.items():
        assert found(q) == wanted, q
    assert found(f"anna {tag}", status="Open") == [second, first]
    assert found(f"anna {tag}", status="Paid") == []


def test_every_invoice_is_on_just_one_page(shop: Shop, bounds: None) -> None:
    tag = uuid4().hex[:8]
    invoices = [invoice_of(shop, f"{tag} {name}") for name in "abcdefg"]
    assert found(tag) == invoices[::-1]


def test_customers_are_found_by_words_in_any_order(shop: Shop) -> None:
    tag = uuid4().hex[:8]
    made = catalogue.create_customer(name=f"José {tag} Álvarez", email=f"jose.{tag}@example.com")
    for q in (f"alvarez jose {tag}", f"ÁLVAREZ {tag}", f"{tag} @example", f"Jose\u0301 {tag}"):
        assert [customer.id for customer in list_customers(q=q).items] == [made], q
    assert list_customers(q=f"{tag} nobody").items == []


def test_products_are_found_by_words_in_any_order_and_any_length_of_their_barcode(
    shop: Shop,
) -> None:
    tag, digits = uuid4().hex[:8], str(uuid4().int)[:11]
    made = catalogue.create_product(
        sku=f"S-{tag}", name=f"Suki lunch {tag} Bäg", barcode=f"0{digits}"
    )
    for q in (
        f"bag suki {tag}",
        f"{tag}  LUNCH",
        f"0{digits}",
        f"00{digits}",
        digits,
        f"000{digits}",
    ):
        assert [product.id for product in list_products(q=q).items] == [made], q


def test_the_till_finds_units_by_words_of_product_and_serial(shop: Shop) -> None:
    tag = uuid4().hex[:8]
    sku = f"TILL-{tag}"
    catalogue.create_product(sku=sku, name=f"Über mug {tag}")
    serials = [f"{tag}-9", f"{tag}-10", f"Ü-{tag}"]
    ids = InventoryLifecycleService().receive_items(sku, shop.staff, serial_numbers=serials)
    for q, hits in {
        f"mug {tag}-9": [f"{tag}-9"],
        f"{tag}-1 uber": [f"{tag}-10"],
        f"{tag}- mug": [f"{tag}-9", f"{tag}-10"],
        f" ü-{tag.upper()} ": [f"Ü-{tag}"],
    }.items():
        (product,) = find_units(q)
        assert [unit.serial_number for unit in product.units if unit.hit] == hits, q
    assert find_serial(f" ü-{tag.upper()}\u00a0") == ids[2]
    assert find_serial(f"U\u0308-{tag}") == ids[2]
    assert find_serial(f"u-{tag}") is None
