import csv
import io
from contextvars import Context
from uuid import uuid4

import pytest

from app.services.inventory.lifecycle import InventoryLifecycleService
from app.web.exports.export_slots import AT_ONCE
from tests.support.browser import alert, path_of
from tests.support.shop import Shop


def test_a_clerk_reserves_and_releases_a_unit(shop: Shop, as_role) -> None:
    browser, (item_id,) = as_role("staff"), shop.new_units(1)
    assert ">Release<" not in "".join(browser.get(f"/inventory/{item_id}").text.split())
    held = browser.post(
        f"/inventory/{item_id}/hold", reserved_for_id="Mrs Patel", expires_in_minutes="60"
    )
    assert (held.status_code, path_of(held)) == (303, f"/inventory/{item_id}")
    page = browser.get(f"/inventory/{item_id}").text
    assert "Reserved 1 unit for Mrs Patel." in page
    browser.post(f"/inventory/{item_id}/release")
    assert shop.reasons(item_id) == ["RECEIVED", "MANUAL_HOLD", "HOLD_RELEASED"]


def test_a_row_reserves_for_the_clerk_for_a_short_while(shop: Shop, as_role) -> None:
    (item_id,) = shop.new_units(1)
    as_role("staff").post(f"/inventory/{item_id}/hold")
    query = """SELECT reserved_for_type, reserved_for_id,
        reservation_expiry - reserved_at BETWEEN interval '14 min' AND interval '16 min'
        FROM items WHERE id = %s"""
    assert shop.row(query, item_id) == ("Manual", "Staff", True)


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "fragment"])
def test_a_refusal_names_every_unit_its_holder_and_what_is_free(
    shop: Shop, as_role, htmx: bool
) -> None:
    sku = shop.new_sku()
    units = shop.new_units(5, sku)
    invoice_id = shop.new_invoice(units[:1])
    InventoryLifecycleService().hold_items_manually(units[1:2], "Shop window", shop.manager)
    browser = as_role("staff")
    browser.get(f"/inventory?sku={sku}")
    with shop.unchanged():
        refused = browser.post("/inventory/bulk", htmx=htmx, action="hold", item_ids=units[:3])
    words = alert(refused)
    assert refused.status_code == 409
    assert f"invoice {shop.invoice_number(invoice_id)}" in words
    assert "Shop window" in words
    assert "May be released by Manager or a manager" in words
    assert all(shop.serial(unit) in words for unit in (*units[:2], *units[3:]))
    assert "<h1>Inventory</h1>" in refused.text
    assert refused.headers.get("HX-Retarget") == ("#main" if htmx else None)


def test_nobody_gets_a_button_for_what_they_may_not_do(shop: Shop, as_role) -> None:
    (item_id,) = shop.new_units(1)
    shop.hold([item_id], str(uuid4()))
    release = f'action="/inventory/{item_id}/release"'
    assert release in as_role("staff").get(f"/inventory/{item_id}").text
    assert release not in as_role("colleague").get(f"/inventory/{item_id}").text
    assert release in as_role("manager").get(f"/inventory/{item_id}").text


def test_anothers_hold_is_not_released_by_a_clerk(shop: Shop, as_role) -> None:
    (item_id,) = shop.new_units(1)
    shop.hold([item_id], str(uuid4()))
    browser = as_role("colleague")
    with shop.unchanged():
        refused = browser.post(f"/inventory/{item_id}/release")
    assert refused.status_code == 403
    assert "other people's holds" in alert(refused)


def test_an_expired_hold_is_open_to_anyone(shop: Shop, as_role) -> None:
    (item_id,) = shop.new_units(1)
    shop.hold([item_id], str(uuid4()))
    shop.expire([item_id])
    browser = as_role("colleague")
    assert f'action="/inventory/{item_id}/hold"' in browser.get(f"/inventory/{item_id}").text
    assert browser.post(f"/inventory/{item_id}/hold").status_code == 303


@pytest.mark.parametrize(
    ("fields", "field_id"),
    [
        ({"expires_in_minutes": "-5"}, None),
        ({"expires_in_minutes": "soon"}, None),
        ({"expires_in_minutes": "99999999999999999999"}, None),
        ({"reserved_for_id": "x" * 201}, "reserved_for_id"),
        ({"reserved_for_id": "two\nlines"}, "reserved_for_id"),
    ],
)
def test_a_malformed_hold_comes_back_as_it_was_typed(
    shop: Shop, as_role, fields: dict[str, str], field_id: str | None
) -> None:
    (item_id,) = shop.new_units(1)
    browser = as_role("staff")
    browser.get(f"/inventory/{item_id}")
    with shop.unchanged():
        refused = browser.post(f"/inventory/{item_id}/hold", **fields)
    assert refused.status_code == 422
    assert "field-error" in refused.text
    if field_id:
        assert f'id="{field_id}-error"' in refused.text


def test_bulk_actions_want_units_and_an_action(shop: Shop, as_role) -> None:
    browser = as_role("staff")
    assert browser.post("/inventory/bulk", action="hold").status_code == 422
    assert browser.post("/inventory/bulk", action="hold", item_ids="x").status_code == 422
    units = shop.new_units(2)
    assert browser.post("/inventory/bulk", action="sell", item_ids=units).status_code == 422
    assert browser.post("/inventory/bulk", action="hold", item_ids=[uuid4()]).status_code == 404
    assert browser.post("/inventory/bulk", action="hold", item_ids=units).status_code == 303
    assert shop.statuses(units) == ["Reserved", "Reserved"]


def test_an_unknown_unit_is_a_page_with_a_way_back(as_role) -> None:
    browser = as_role("staff")
    for path in (f"/inventory/{uuid4()}", "/inventory/not-an-id", "/nowhere"):
        response = browser.get(path)
        assert response.status_code == 404
        assert 'href="/"' in response.text


@pytest.mark.parametrize(
    "query",
    ["sort=random", "inventoryStatus=Lost", "cursor=nonsense", "q=" + "x" * 201, "condition=%27"],
)
def test_a_filter_that_does_not_exist_is_refused(as_role, query: str) -> None:
    assert as_role("staff").get(f"/inventory?{query}").status_code == 422


def test_a_nul_is_no_text(as_role) -> None:
    assert as_role("staff").get("/inventory?q=%00").status_code == 400


def test_htmx_gets_what_the_page_includes(shop: Shop, as_role) -> None:
    sku = shop.new_sku()
    shop.new_units(2, sku)
    browser = as_role("staff")
    page = browser.get(f"/inventory?sku={sku}")
    fragment = browser.get(f"/inventory?sku={sku}", **{"HX-Request": "true"})
    assert "<html" in page.text
    assert "<html" not in fragment.text
    assert 'id="content"' in fragment.text
    assert "HX-Request" in page.headers["Vary"]


def test_the_export_holds_the_filtered_list(shop: Shop, as_role) -> None:
    sku = shop.new_sku()
    shop.execute("UPDATE products SET name = '=1+1' WHERE sku = %s", sku)
    units = shop.new_units(3, sku)
    response = as_role("staff").get(f"/inventory/export.csv?sku={sku}&sort=oldest")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["serial_number"] for row in rows] == [shop.serial(unit) for unit in units]
    assert rows[0]["product_name"] == "'=1+1"


def test_a_page_asks_the_database_at_most_twelve_times(shop: Shop, as_role, count_queries) -> None:
    (item_id,) = shop.new_units(1)
    browser = as_role("manager")
    for path in ("/", "/inventory?q=mug", f"/inventory/{item_id}", "/reservations"):
        with count_queries() as counted:
            assert browser.get(path).status_code == 200
        assert len(counted) <= 12, path


def test_a_pasted_list_shows_its_units_and_says_what_there_is_not(shop: Shop, as_role) -> None:
    sku = shop.new_sku()
    serials = [f"{sku}-{letter}" for letter in "ab"]
    InventoryLifecycleService().receive_items(sku, shop.staff, serial_numbers=serials)
    page = as_role("staff").get(f"/inventory?q={serials[0].lower()},{serials[1]};{sku}-none").text
    assert all(f">{serial}</a>" in page for serial in serials)
    assert f"No unit has the serial number {sku}-none." in " ".join(page.split())


def test_the_list_is_searched_by_words_and_sorted_as_people_count(shop: Shop, as_role) -> None:
    sku = shop.new_sku()
    serials = [f"{sku}-{number}" for number in (10, 9, 100)]
    InventoryLifecycleService().receive_items(sku, shop.staff, serial_numbers=serials)
    page = as_role("staff").get(f"/inventory?q=mug+{sku.lower()}&sort=serial").text
    places = [page.index(f">{sku}-{number}</a>") for number in (9, 10, 100)]
    assert places == sorted(places)


def test_few_exports_at_once_and_the_next_is_told_to_wait(shop: Shop, as_role) -> None:
    browser = as_role("staff")
    contexts = [Context() for _ in range(AT_ONCE)]
    begun = [
        (each, each.run(browser.client.get, "/inventory/export.csv", buffered=False))
        for each in contexts
    ]
    refused = browser.get("/inventory/export.csv")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
    assert "Other exports are being made" in alert(refused)
    assert browser.get("/inventory").status_code == 200
    for context, response in begun:
        context.run(response.close)  # broken off before its end
    for _ in range(AT_ONCE + 1):
        assert browser.get("/inventory/export.csv").status_code == 200
