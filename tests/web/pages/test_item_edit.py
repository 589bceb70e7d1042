import pytest

from tests.support.browser import alert
from tests.support.shop import Shop


def edit(browser, item_id, **fields):
    form = {"version": "1", "condition": "Used", "status": "InStock", "location": "", "notes": ""}
    return browser.post(f"/inventory/{item_id}/edit", **(form | fields))


def test_condition_and_place_are_changed_with_the_version_that_was_seen(
    shop: Shop, as_role
) -> None:
    (item_id,) = shop.new_units(1)
    browser = as_role("staff")
    assert f'action="/inventory/{item_id}/edit"' in browser.get(f"/inventory/{item_id}").text
    assert edit(browser, item_id, location="Shelf 7").status_code == 303
    assert shop.row("SELECT condition, version FROM items WHERE id = %s", item_id) == ("Used", 2)
    assert "Shelf 7" in browser.get(f"/inventory/{item_id}").text


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "fragment"])
def test_a_change_meanwhile_shows_the_unit_as_it_is_and_keeps_what_was_typed(
    shop: Shop, as_role, htmx: bool
) -> None:
    (item_id,) = shop.new_units(1)
    browser = as_role("staff")
    browser.get(f"/inventory/{item_id}")
    shop.execute("UPDATE items SET condition = 'Damaged' WHERE id = %s", item_id)
    with shop.unchanged():
        refused = edit(browser, item_id, htmx=htmx, notes="scratched lid")
    assert refused.status_code == 409
    assert alert(refused).startswith("Somebody changed it meanwhile")
    assert "scratched lid" in refused.text
    assert 'name="version" value="2"' in refused.text
    assert "Damaged" in refused.text
    if htmx:
        assert refused.headers["HX-Retarget"] == "#main"


@pytest.mark.parametrize(
    ("field", "value"),
    [("condition", "Shiny"), ("status", "OnTheMoon"), ("location", "x" * 5000), ("version", "one")],
)
def test_a_value_that_does_not_exist_is_refused_beside_its_field(
    shop: Shop, as_role, field: str, value: str
) -> None:
    (item_id,) = shop.new_units(1)
    browser = as_role("staff")
    browser.get(f"/inventory/{item_id}")
    with shop.unchanged():
        refused = edit(browser, item_id, **{field: value})
    assert refused.status_code == 422
    if field != "version":
        assert f'id="{field}-error"' in refused.text


def test_a_promised_unit_that_goes_missing_is_saved_and_told_of(shop: Shop, as_role) -> None:
    (item_id,) = shop.new_units(1)
    number = shop.invoice_number(shop.new_invoice([item_id]))
    browser = as_role("staff")
    assert edit(browser, item_id, version="2", status="Missing").status_code == 303
    shown = browser.get(f"/inventory/{item_id}").text
    assert f"is missing, and it is promised to invoice {number}" in shown
    assert "Swap unit" not in shown
    assert "cannot be paid in full until" in browser.get(f"/inventory/{item_id}").text


def test_a_place_where_the_unit_cannot_be_is_refused_with_what_to_do(shop: Shop, as_role) -> None:
    (item_id,) = shop.new_units(1)
    browser = as_role("staff")
    with shop.unchanged():
        refused = edit(browser, item_id, version="1", status="WithCustomer")
    assert refused.status_code == 409
    assert "A customer has only what was sold and delivered" in alert(refused)


def test_an_admin_gives_the_invoice_another_unit_on_the_units_page(shop: Shop, as_role) -> None:
    sku = shop.new_sku()
    lost, free = shop.new_units(2, sku)
    invoice_id = shop.new_invoice([lost])
    shop.misplace([lost], "Missing")
    browser = as_role("admin")
    assert "Swap unit" in browser.get(f"/inventory/{lost}").text
    assert "missing" in browser.get(f"/invoices/{invoice_id}").text
    with shop.unchanged():
        assert browser.post(f"/inventory/{lost}/swap", reason="").status_code == 422
        manager = as_role("manager")
        assert manager.post(f"/inventory/{lost}/swap", reason="Why").status_code == 403
    assert browser.post(f"/inventory/{lost}/swap", reason="Not on the shelf").status_code == 303
    assert shop.statuses([lost, free]) == ["Available", "Reserved"]
    with shop.unchanged():
        assert browser.post(f"/inventory/{lost}/swap", reason="Again").status_code == 422


def test_an_admin_corrects_a_serial_number_and_the_timeline_tells(shop: Shop, as_role) -> None:
    (item_id,) = shop.new_units(1)
    wrong, path = shop.serial(item_id), f"/inventory/{item_id}/serial-number"
    assert "Correct the serial number" not in as_role("manager").get(f"/inventory/{item_id}").text
    assert as_role("manager").post(path, serial_number="X-1", reason="Why").status_code == 403
    admin = as_role("admin")
    assert "Correct the serial number" in admin.get(f"/inventory/{item_id}").text
    refused = admin.post(path, serial_number="RIGHT-1", reason="", version="1")
    assert refused.status_code == 422
    assert "RIGHT-1" in refused.text
    assert 'id="serial-reason-error"' in refused.text
    assert (
        admin.post(path, serial_number="RIGHT-1", reason="Misread", version="1").status_code == 303
    )
    page = admin.get(f"/inventory/{item_id}").text
    assert "Serial number corrected" in page
    assert wrong in page
    assert "“Misread”" in page
    shop.new_invoice([item_id])
    assert "Correct the serial number" not in admin.get(f"/inventory/{item_id}").text
