"""The pages of findings: seen by managers, mended by admins."""

import re
from uuid import UUID

import pytest

from app.services.background.cleanup import BackgroundCleanupService
from tests.support.browser import alert, path_of
from tests.support.shop import Shop


@pytest.fixture
def taken_home(shop: Shop) -> tuple[UUID, UUID, UUID]:
    """A finding with a plan: (finding, invoice, unit)."""
    (unit,) = shop.new_units(1)
    invoice_id = shop.new_paid_invoice([unit])
    shop.misplace([unit], "WithCustomer")
    BackgroundCleanupService().run_consistency_check()
    return _finding(shop, unit), invoice_id, unit


def _finding(shop: Shop, unit: UUID) -> UUID:
    return shop.value(
        "SELECT id FROM inconsistencies WHERE item_id = %s AND resolved_at IS NULL", unit
    )


def preview_of(page: str) -> str:
    return re.search(r'name="preview" value="([0-9a-f]+)"', page).group(1)


def test_a_manager_sees_and_an_admin_mends(shop: Shop, as_role, taken_home) -> None:
    finding, _, unit = taken_home
    manager = as_role("manager")
    page = manager.get("/inconsistencies?kind=LOCATION_MISMATCH").text
    assert shop.serial(unit) in page
    assert "Preview fix" not in page
    assert "Preview fix" not in manager.get(f"/inconsistencies/{finding}").text
    assert "Apply fix" not in manager.get(f"/inconsistencies/{finding}?preview=1").text
    admin = as_role("admin")
    assert "Preview fix" in admin.get(f"/inconsistencies/{finding}").text
    seen = admin.get(f"/inconsistencies/{finding}?preview=1").text
    assert "Apply fix" in seen
    done = admin.post(
        f"/inconsistencies/{finding}/fix", reason="She called", preview=preview_of(seen)
    )
    assert done.status_code == 303
    assert "Fixed 1 unit." in admin.get(path_of(done)).text
    assert shop.statuses([unit]) == ["Delivered"]
    resolved = admin.get("/inconsistencies?state=resolved").text
    assert "She called" in resolved


def test_a_fix_without_a_reason_or_a_preview_changes_nothing(shop, as_role, taken_home) -> None:
    finding, _, _ = taken_home
    admin = as_role("admin")
    seen = admin.get(f"/inconsistencies/{finding}?preview=1").text
    path = f"/inconsistencies/{finding}/fix"
    with shop.unchanged():
        refused = admin.post(path, reason=" ", preview=preview_of(seen))
        assert (refused.status_code, "Say why" in refused.text) == (422, True)
        assert admin.post(path, reason="Why").status_code == 422


def test_a_preview_that_is_no_longer_true_is_refused(shop: Shop, as_role, taken_home) -> None:
    finding, _, unit = taken_home
    admin = as_role("admin")
    seen = admin.get(f"/inconsistencies/{finding}?preview=1").text
    shop.execute("UPDATE items SET notes = 'moved' WHERE id = %s", unit)
    with shop.unchanged():
        refused = admin.post(
            f"/inconsistencies/{finding}/fix", reason="Why", preview=preview_of(seen)
        )
    assert refused.status_code == 409
    assert "moved since this plan" in alert(refused)


def test_an_invoice_is_mended_from_its_page(shop: Shop, as_role) -> None:
    units = shop.new_units(2)
    invoice_id = shop.new_paid_invoice(units)
    shop.misplace(units, "WithCustomer")
    admin = as_role("admin")
    path = f"/inconsistencies/invoices/{invoice_id}"
    seen = admin.get(path).text
    done = admin.post(f"{path}/fix", reason="Taken home", preview=preview_of(seen))
    assert path_of(done) == f"/invoices/{invoice_id}"
    assert shop.statuses(units) == ["Delivered"] * 2


def test_where_no_plan_mends_it_there_is_a_choice(shop: Shop, as_role) -> None:
    sku = shop.new_sku()
    sold, free = shop.new_units(2, sku)
    invoice_id = shop.new_paid_invoice([sold])
    shop.misplace([sold], "Missing")
    BackgroundCleanupService().run_consistency_check()
    finding = _finding(shop, sold)
    admin = as_role("admin")
    page = admin.get(f"/inconsistencies/{finding}?preview=1").text
    assert "No plan mends this" in page
    done = admin.post(
        f"/inconsistencies/{finding}/decide",
        choice="swap",
        invoice_id=invoice_id,
        reason="Not on the shelf",
    )
    assert done.status_code == 303
    assert shop.statuses([sold, free]) == ["Available", "Sold"]
    odd = admin.post(f"/inconsistencies/{finding}/decide", choice="wish", reason="Why")
    assert odd.status_code == 422


def test_a_finding_is_acknowledged_and_put_off(shop: Shop, as_role, taken_home) -> None:
    finding, _, _ = taken_home
    manager = as_role("manager")
    manager.get(f"/inconsistencies/{finding}")
    said = manager.post(f"/inconsistencies/{finding}/acknowledge", note="Ana asks")
    assert "Ana asks" in manager.get(path_of(said)).text
    manager.post(f"/inconsistencies/{finding}/snooze", days="3", note="until Friday")
    assert str(finding) not in manager.get("/inconsistencies").text
    assert str(finding) in manager.get("/inconsistencies?state=snoozed").text
    assert manager.post(f"/inconsistencies/{finding}/snooze", days="x").status_code == 422


@pytest.mark.parametrize(
    "path",
    ["?state=odd", "?kind=ODD", "?cursor=odd", "?state=resolved&cursor=WyJ4IiwieSJd"],
)
def test_odd_questions_are_refused(as_role, path: str) -> None:
    assert as_role("manager").get(f"/inconsistencies{path}").status_code == 422


def test_the_list_goes_on_by_cursor(shop: Shop, as_role) -> None:
    units = shop.new_units(60)
    shop.misplace(units, "WithCustomer")
    BackgroundCleanupService().run_consistency_check()
    manager = as_role("manager")
    page = manager.get("/inconsistencies").text
    following = re.search(r'rel="next"\s+href="([^"]+)"', page).group(1).replace("&amp;", "&")
    assert manager.get(following).status_code == 200
    shop.misplace(units, "InStock")
    BackgroundCleanupService().run_consistency_check()
    page = manager.get("/inconsistencies?state=resolved").text
    following = re.search(r'rel="next"\s+href="([^"]+)"', page).group(1).replace("&amp;", "&")
    assert manager.get(following).status_code == 200


def test_a_kind_is_fixed_as_a_whole(shop: Shop, as_role, taken_home) -> None:
    admin = as_role("admin")
    path = "/inconsistencies/kinds/LOCATION_MISMATCH"
    seen = admin.get(path).text
    assert (
        admin.post(f"{path}/fix", reason="All of them", preview=preview_of(seen)).status_code == 303
    )
    assert shop.statuses([taken_home[2]]) == ["Delivered"]
    assert admin.get("/inconsistencies/kinds/ODD").status_code == 422
    assert as_role("manager").get(path).status_code == 403
