"""A store where units are not where they should be, looked at and mended at a browser."""

from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from app.database.transactions import db
from app.queries.consistency.findings import list_findings
from app.services.background.cleanup import BackgroundCleanupService
from tests.browser.test_pages import LOOKS, look
from tests.support.shop import plain_url


def misplace(site_app: Flask, item_id: UUID, place: str) -> None:
    """With the guard of places switched off: no service says such a thing."""
    url = plain_url(site_app.config["SQLALCHEMY_DATABASE_URI"])
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE items DISABLE TRIGGER zzz_guard_place_on_update")
        connection.execute("UPDATE items SET status = %s WHERE id = %s", [place, item_id])
        connection.execute("ALTER TABLE items ENABLE ALWAYS TRIGGER zzz_guard_place_on_update")


@pytest.fixture
def broken(site_app: Flask) -> dict[str, UUID]:
    """One finding with a plan, one with choices: by what the unit counts as."""
    with site_app.app_context():
        found = {}
        for counts_as, place in (("Delivered", "InStock"), ("Sold", "Missing")):
            item_id = db.session.scalars(
                text("""SELECT id FROM items WHERE inventory_status = :status
                    AND status NOT IN ('Missing') ORDER BY id DESC LIMIT 1"""),
                {"status": counts_as},
            ).one()
            db.session.close()
            misplace(site_app, item_id, place)
            found[counts_as] = item_id
        BackgroundCleanupService().run_consistency_check()
        findings = {finding.item_id: finding.id for finding in list_findings(limit=500).items}
        return {counts_as: findings[item_id] for counts_as, item_id in found.items()}


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_findings_are_accessible_and_fit(visit, pictures, broken, scheme: str, width: int):
    pages = {
        "findings": "/inconsistencies",
        "findings-kind": "/inconsistencies?kind=LOCATION_MISMATCH",
        "findings-fix-kind": "/inconsistencies/kinds/LOCATION_MISMATCH",
        "finding-plan": f"/inconsistencies/{broken['Delivered']}?preview=1",
        "finding-choices": f"/inconsistencies/{broken['Sold']}?preview=1",
    }
    with visit("admin", color_scheme=scheme, viewport={"width": width, "height": 900}) as admin:
        faults = []
        for name, path in pages.items():
            admin.go(path)
            faults += look(admin.page, pictures / f"{name}-{scheme}-{width}.png", name)
    assert faults == []


@pytest.mark.parametrize("javascript", [True, False])
def test_an_admin_previews_and_applies_a_fix(visit, site_app, broken, javascript: bool):
    with visit("admin", java_script_enabled=javascript) as admin:
        admin.go(f"/inconsistencies/{broken['Delivered']}")
        admin.page.get_by_role("link", name="Preview fix").first.click()
        plan = admin.page.locator("#plan")
        plan.get_by_text("With customer").wait_for()
        admin.press("Apply fix", "#plan")
        assert "Say why" in admin.alert() or "reason" in admin.alert()
        plan.get_by_label("Reason").fill("The customer showed it at the counter")
        admin.press("Apply fix", "#plan")
        admin.page.get_by_text("Fixed 1 unit.").wait_for()
        assert "Fixed: The customer showed it" in admin.page.locator("main").inner_text()


def test_a_manager_takes_note_and_has_no_button_to_fix(visit, broken):
    with visit("manager") as manager:
        manager.go(f"/inconsistencies/{broken['Sold']}?preview=1")
        assert manager.page.get_by_role("button", name="Apply fix").count() == 0
        assert manager.page.get_by_role("button", name="Decide").count() == 0
        manager.page.get_by_label("Note", exact=True).fill("Ana looks in the cellar")
        manager.press("Acknowledge")
        manager.page.get_by_text("Ana looks in the cellar").first.wait_for()
