"""Background work as a manager sees it, with and without script."""

import pytest

from tests.browser.test_pages import look


@pytest.mark.parametrize("script", [True, False])
def test_a_manager_asks_for_a_job_and_sees_that_it_waits(visit, script: bool):
    with visit("manager", java_script_enabled=script) as manager:
        manager.go("/jobs")
        manager.press("Run now Consistency check")
        manager.page.get_by_role("status").get_by_text("Consistency check").wait_for()
        card = manager.page.locator(".job-cards li", has_text="Consistency check")
        card.get_by_text("Waiting").wait_for()
        # No worker runs in this test, and the page says so.
        assert "Background work is stopped" in manager.alert()


def test_a_list_of_runs_is_accessible_on_a_telephone(visit, pictures):
    size = {"width": 360, "height": 900}
    with visit("manager", viewport=size, color_scheme="dark") as manager:
        manager.go("/jobs")
        manager.press("Run now Cleanup")
        manager.page.locator(".job-progress").first.wait_for()
        assert look(manager.page, pictures / "jobs-waiting-dark-360.png", "jobs") == []


def test_a_report_leads_to_its_csv(visit):
    with visit("manager") as manager:
        manager.go("/reports")
        manager.page.locator("main table a").first.click()
        manager.page.wait_for_url("**/reports/20*")
        with manager.page.expect_download() as download:
            manager.page.get_by_role("link", name="CSV").click()
        assert download.value.suggested_filename.startswith("holdfast-report-20")
