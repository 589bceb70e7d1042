"""The pages of products: their list, their facts, and taking units in."""

import re
from html import unescape
from uuid import uuid4

import pytest

from tests.support.browser import alert, path_of
from tests.support.shop import Shop


def next_page(page: str) -> str:
    found = re.search(r'paging-next"\s+href="([^"]+)"', page)
    assert found
    return unescape(found.group(1))


def product_path(shop: Shop, sku: str) -> str:
    return f"/products/{shop.value('SELECT id FROM products WHERE sku = %s', sku)}"


def test_the_list_shows_stock_per_status(shop: Shop, as_role):
    browser, sku = as_role("staff"), shop.new_sku()
    shop.new_invoice(shop.new_units(3, sku)[:1])
    page = browser.get(f"/products?q={sku}").text
    assert f'href="{product_path(shop, sku)}">{sku}</a>' in page
    assert ">2</strong>" in page
    assert "No product fits" in browser.get("/products?q=no+such+thing").text


def test_the_list_pages_by_cursor(shop: Shop, as_role):
    for _ in range(51):
        shop.new_sku()
    browser = as_role("staff")
    first = browser.get("/products").text
    assert first.count('data-label="SKU"') == 50
    following = next_page(first)
    assert 'data-label="SKU"' in browser.get(following).text


def test_a_product_is_created_edited_and_its_units_received(shop: Shop, as_role):
    browser, sku = as_role("staff"), f"NEW{uuid4().hex[:8]}"
    browser.get("/products/new")
    answer = browser.post("/products", sku=sku, name="Vase", price="4.5", barcode="", category="")
    path = product_path(shop, sku)
    assert (answer.status_code, path_of(answer)) == (303, path)
    browser.get(path)
    browser.post(path, name="Tall vase", price="", barcode=f"B{sku}", category="Home", version="1")
    assert "Tall vase" in browser.get(path).text
    browser.post(f"{path}/units", quantity="2", condition="New", warehouse="MAIN")
    pasted = f"{sku} one\n{sku} two, {sku}-3\n"
    browser.post(f"{path}/units", serial_numbers=pasted, condition="Used", location="Shelf 4")
    found = shop.rows(
        "SELECT serial_number FROM items i JOIN products p ON p.id = i.product_id WHERE sku = %s",
        sku,
    )
    assert {f"{sku} one", f"{sku} two", f"{sku}-3", f"{sku}-000001", f"{sku}-000002"} == {
        serial for (serial,) in found
    }


def test_an_edit_of_an_older_page_is_refused(shop: Shop, as_role):
    browser, sku = as_role("staff"), shop.new_sku()
    path = product_path(shop, sku)
    browser.get(path)
    form = {"name": "Mug", "price": "1.00", "version": "1"}
    assert browser.post(path, **form).status_code == 303
    twin = browser.post(path, **{**form, "price": "2.00"})
    assert twin.status_code == 409
    assert "meanwhile" in alert(twin)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("sku", ""),
        ("sku", "s" * 51),
        ("sku", "a\x07"),
        ("name", " "),
        ("name", "n" * 201),
        ("price", "dear"),
        ("price", "-0.01"),
        ("price", "0.001"),
        ("barcode", "b" * 101),
    ],
)
def test_a_wrong_field_comes_back_as_typed(shop: Shop, as_role, field: str, typed: str):
    browser = as_role("staff")
    browser.get("/products/new")
    form = {"sku": "KEPT-SKU", "name": "Kept name", "price": "1.00", field: typed}
    answer = browser.post("/products", **form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert ("Kept name" if field != "name" else "KEPT-SKU") in answer.text


def test_a_known_sku_or_barcode_is_refused(shop: Shop, as_role):
    browser, sku = as_role("staff"), shop.new_sku()
    browser.get("/products/new")
    answer = browser.post("/products", sku=sku, name="Twin")
    assert answer.status_code == 409
    assert f"SKU {sku} already" in alert(answer)
    assert 'value="Twin"' in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"quantity": "1", "serial_numbers": "A"},
        {"quantity": "0"},
        {"quantity": "10001"},
        {"quantity": "one"},
        {"serial_numbers": "A,A"},
        {"serial_numbers": "s" * 65},
        {"quantity": "1", "condition": "Shiny"},
    ],
)
def test_wrong_units_are_not_received(shop: Shop, as_role, form: dict[str, str]):
    browser, path = as_role("staff"), product_path(shop, shop.new_sku())
    browser.get(path)
    with shop.unchanged():
        answer = browser.post(f"{path}/units", **{"condition": "New", "warehouse": "MAIN", **form})
    assert answer.status_code == 422
    assert alert(answer)


def test_a_known_serial_number_is_refused_by_name(shop: Shop, as_role):
    sku = shop.new_sku()
    serial = shop.serial(shop.new_units(1, sku)[0])
    browser, path = as_role("staff"), product_path(shop, sku)
    browser.get(path)
    answer = browser.post(f"{path}/units", serial_numbers=serial, condition="New")
    assert answer.status_code == 409
    assert serial in alert(answer)


def test_an_unknown_product_is_a_page_with_a_way_back(as_role):
    assert as_role("staff").get(f"/products/{uuid4()}").status_code == 404
