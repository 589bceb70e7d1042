from decimal import Decimal
from uuid import uuid4

import pytest

from app.domain.errors import Duplicate, InvalidInput, NotFound, VersionConflict
from app.services.catalogue import catalogue
from tests.support.shop import Shop


def edit(product_id, **changes) -> None:
    given = {"name": "Mug", "price": Decimal("1.00"), "barcode": None, "category": None}
    catalogue.edit_product(product_id, **(given | changes))


def test_a_product_is_made_with_what_is_said_of_it(shop: Shop) -> None:
    product_id = catalogue.create_product(
        sku=" KETTLE ",
        name=" Kettle ",
        price=Decimal("19.90"),
        barcode=" 4006381333931 ",
        category=" ",
    )
    assert shop.row(
        "SELECT sku, name, price, barcode, category, version FROM products WHERE id = %s",
        product_id,
    ) == ("KETTLE", "Kettle", Decimal("19.90"), "4006381333931", None, 1)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"sku": " "}, "sku"),
        ({"sku": "x" * 51}, "sku"),
        ({"sku": "a\x00b"}, "sku"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"barcode": "x" * 101}, "barcode"),
        ({"category": "a\nb"}, "category"),
        ({"price": Decimal("-0.01")}, "price"),
        ({"price": Decimal("0.001")}, "price"),
        ({"price": Decimal("NaN")}, "price"),
        ({"price": Decimal("1e12")}, "price"),
    ],
)
def test_what_is_wrong_with_a_product_is_said_per_field(shop: Shop, wrong, field) -> None:
    with pytest.raises(InvalidInput) as refused:
        catalogue.create_product(**({"sku": "PAN", "name": "Pan"} | wrong))
    assert list(refused.value.errors) == [field]
    assert shop.rows("SELECT FROM products WHERE sku = 'PAN'") == []


def test_skus_and_barcodes_are_given_once(shop: Shop) -> None:
    sku = shop.new_sku()
    first = catalogue.create_product(sku=f"{sku}-a", name="A", barcode=f"{sku}-code")
    second = catalogue.create_product(sku=f"{sku}-b", name="B")
    with pytest.raises(Duplicate) as refused:
        catalogue.create_product(sku=sku, name="Mug")
    assert refused.value.facts() == {"field": "sku", "values": [sku]}
    with pytest.raises(Duplicate) as refused:
        edit(second, barcode=f"{sku}-code")
    assert refused.value.field == "barcode"
    edit(first, barcode=f"{sku}-code")


def test_a_product_is_changed_but_for_its_sku(shop: Shop) -> None:
    product_id = catalogue.create_product(sku=shop.new_sku() + "-x", name="Mug")
    edit(product_id, name=" Cup ", price=None, category="Kitchen", version=1)
    assert shop.row(
        "SELECT name, price, category, version FROM products WHERE id = %s", product_id
    ) == ("Cup", None, "Kitchen", 2)
    with pytest.raises(VersionConflict) as refused:
        edit(product_id, version=1)
    assert refused.value.facts() == {"version": 1, "currentVersion": 2}
    with pytest.raises(NotFound, match="product"):
        edit(uuid4())


def test_a_customer_has_a_name_and_perhaps_an_address(shop: Shop) -> None:
    customer_id = catalogue.create_customer(name=" Ana ", email=" ", tier="vip")
    assert shop.row("SELECT name, email, tier FROM customers WHERE id = %s", customer_id) == (
        "Ana",
        None,
        "vip",
    )
    for field, wrong in {
        "name": {"name": ""},
        "email": {"email": "nobody"},
        "tier": {"tier": "gold"},
    }.items():
        with pytest.raises(InvalidInput) as refused:
            catalogue.create_customer(**({"name": "Ana"} | wrong))
        assert list(refused.value.errors) == [field]


def test_warehouses_and_places_have_their_codes_once(shop: Shop) -> None:
    code = shop.new_warehouse() + "-n"
    warehouse_id = catalogue.create_warehouse(code=code, name="North")
    catalogue.create_location(warehouse_id=warehouse_id, code="A-1")
    with pytest.raises(Duplicate):
        catalogue.create_warehouse(code=code, name="North again")
    with pytest.raises(Duplicate):
        catalogue.create_location(warehouse_id=warehouse_id, code=" A-1 ")
    with pytest.raises(NotFound, match="warehouse"):
        catalogue.create_location(warehouse_id=uuid4(), code="A-1")
    with pytest.raises(InvalidInput):
        catalogue.create_location(warehouse_id=warehouse_id, code="")
