import pytest

from tests.browsing import alert
from tests.shop import Shop


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
