"""Products, customers, warehouses and places, and what they refuse."""

from decimal import Decimal
from uuid import uuid4

import pytest

from app.domain.errors import Duplicate, InvalidInput, NotFound, VersionConflict
from app.queries.customers import get_customer, list_customers
from app.queries.products import get_product, list_products
from app.services.catalogue import (
    create_customer,
    create_location,
    create_product,
    create_warehouse,
    edit_product,
)
from tests.shop import Shop


def new_code() -> str:
    return uuid4().hex[:12]


def test_a_product_keeps_what_it_was_given(shop: Shop):
    sku = new_code()
    product_id = create_product(sku=f" {sku} ", name="Vase", price=Decimal("4.50"), barcode=" ")
    product = get_product(product_id)
    assert (product.sku, product.price, product.barcode) == (sku, Decimal("4.50"), None)
    assert product.counts == {"Available": 0, "Reserved": 0, "Sold": 0, "Delivered": 0}
    assert [found.id for found in list_products(q=sku).items] == [product_id]


def test_an_edit_counts_the_version_up_and_refuses_an_older_one(shop: Shop):
    product_id = create_product(sku=new_code(), name="Vase")
    facts = {"price": None, "barcode": None, "category": "Home"}
    edit_product(product_id, name="Tall vase", version=1, **facts)
    assert get_product(product_id).version == 2
    with pytest.raises(VersionConflict):
        edit_product(product_id, name="Small vase", version=1, **facts)
    with pytest.raises(NotFound):
        edit_product(uuid4(), name="No vase", **facts)


def test_what_must_be_unique_is_refused_by_its_field(shop: Shop):
    code = new_code()
    other = create_product(sku=new_code(), name="Jug")
    create_product(sku=code, name="Vase", barcode=code)
    warehouse_id = create_warehouse(code=code, name="Depot")
    create_location(warehouse_id=warehouse_id, code="A1")
    for field, act in {
        "sku": lambda: create_product(sku=code, name="Twin"),
        "barcode": lambda: edit_product(other, name="Jug", price=None, barcode=code, category=None),
        "code": lambda: create_warehouse(code=code, name="Twin"),
    }.items():
        with pytest.raises(Duplicate) as refused:
            act()
        assert (refused.value.field, refused.value.values) == (field, [code])
    with pytest.raises(Duplicate):
        create_location(warehouse_id=warehouse_id, code="A1")
    with pytest.raises(NotFound):
        create_location(warehouse_id=uuid4(), code="A1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku", ""),
        ("sku", "s" * 51),
        ("name", "\n"),
        ("price", Decimal("-1")),
        ("price", Decimal("0.001")),
        ("price", Decimal("NaN")),
        ("price", Decimal("1E+15")),
        ("barcode", "b\x07"),
        ("category", "c" * 101),
    ],
)
def test_a_wrong_field_of_a_product_is_named(shop: Shop, field: str, value: object):
    with pytest.raises(InvalidInput) as refused:
        create_product(**{"sku": new_code(), "name": "Vase", field: value})
    assert set(refused.value.errors) == {field}


def test_customers_are_found_by_name_and_address(shop: Shop):
    name = f"Nina {new_code()}"
    customer_id = create_customer(name=name, email="nina@example.org", tier="vip")
    assert get_customer(customer_id).tier == "vip"
    assert [found.id for found in list_customers(q=name.upper()).items] == [customer_id]
    first = list_customers(limit=1)
    assert list_customers(cursor=first.next_cursor, limit=1).items != first.items


@pytest.mark.parametrize("field", ["name", "email", "tier"])
def test_a_wrong_field_of_a_customer_is_named(shop: Shop, field: str):
    with pytest.raises(InvalidInput) as refused:
        create_customer(**{"name": "Nina", field: " @ " if field != "name" else ""})
    assert set(refused.value.errors) == {field}
