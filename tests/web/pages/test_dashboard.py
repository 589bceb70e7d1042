from tests.support.shop import Shop


def test_the_dashboard_shows_what_just_happened_and_marks_what_is_new(shop: Shop, as_role) -> None:
    first, second = shop.new_units(2)
    browser = as_role("staff")
    page = browser.get("/")
    assert shop.serial(second) in page.text
    seen = shop.value("SELECT id FROM inventory_status_history ORDER BY id DESC LIMIT 1")
    shop.hold([first], "a new cart")
    live = browser.get(f"/dashboard/live?seen={seen}", **{"HX-Request": "true"}).text
    assert "<html" not in live
    assert live.count('class="is-new"') == 1
    assert browser.get("/dashboard/live?seen=nonsense").status_code == 200


def test_only_who_may_mend_them_hears_of_inconsistencies(as_role) -> None:
    assert "tile-inconsistencies" not in as_role("staff").get("/").text
    assert "tile-inconsistencies" in as_role("manager").get("/").text
