"""Daily reports as pages and as CSV."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.reports.daily_report import make_report
from tests.support.browser import alert
from tests.support.shop import Shop

DAY = date(2026, 6, 10)


@pytest.fixture
def reported(shop: Shop) -> dict:
    when = datetime(2026, 6, 10, 9, tzinfo=UTC)
    sku = f"=SKU{shop.new_sku()}"
    shop.execute("INSERT INTO products (sku, name, price) VALUES (%s, 'Mug', 10)", sku)
    InventoryLifecycleService(when).receive_items(sku, shop.staff, quantity=3)
    return make_report(DAY, ZoneInfo("UTC"))


def test_staff_see_no_reports(as_role, reported: dict) -> None:
    staff = as_role("staff")
    for path in ("/reports", f"/reports/{DAY}", f"/reports/{DAY}.csv"):
        assert staff.get(path).status_code == 403
    assert staff.post("/reports", day=str(DAY)).status_code == 403


def test_the_list_leads_to_the_report_and_that_to_its_csv(as_role, reported: dict) -> None:
    manager = as_role("manager")
    assert f'href="/reports/{DAY}"' in manager.get("/reports").text
    page = manager.get(f"/reports/{DAY}").text
    assert "Wednesday, 10 June 2026" in page
    assert f'href="/reports/{DAY}.csv"' in page
    assert "09:00: " in page  # the chart's title of that hour
    answer = manager.get(f"/reports/{DAY}.csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    found = {(row["section"], row["figure"]): row["value"] for row in rows if not row["name"]}
    assert found["headlines", "unitsReceived"] == str(reported["headlines"]["unitsReceived"])
    assert not any(value.startswith("=") for row in rows for value in row.values())


def test_the_list_goes_back_by_day(shop: Shop, as_role, reported: dict) -> None:
    for back in range(1, 33):
        shop.execute(
            "INSERT INTO daily_reports (day, figures) SELECT %s, figures FROM daily_reports"
            " WHERE day = %s ON CONFLICT DO NOTHING",
            DAY - timedelta(days=back),
            DAY,
        )
    manager = as_role("manager")
    assert "?before=2026-05-11" in manager.get("/reports").text
    assert "/reports/2026-05-10" in manager.get("/reports?before=2026-05-11").text
    shop.execute("DELETE FROM daily_reports WHERE day < %s", DAY)


def test_a_manager_makes_a_report_by_hand(shop: Shop, as_role, reported: dict) -> None:
    manager, day = as_role("manager"), DAY + timedelta(days=1)
    asked = manager.get(f"/reports/{day}")
    assert asked.status_code == 404
    assert "It has not been made yet" in asked.text
    made = manager.post("/reports", day=str(day))
    assert (made.status_code, made.headers["Location"]) == (303, f"/reports/{day}")
    assert manager.get(f"/reports/{day}").status_code == 200
    assert (
        shop.value("SELECT started_by FROM job_runs WHERE job = 'report' ORDER BY id DESC LIMIT 1")
        == shop.manager
    )


@pytest.mark.parametrize(
    ("day", "why"), [("2099-01-01", "is in the future"), ("1999-01-01", "before the store existed")]
)
def test_a_day_that_has_none_is_refused_in_words(
    as_role, reported: dict, day: str, why: str
) -> None:
    manager = as_role("manager")
    answer = manager.get(f"/reports/{day}")
    assert answer.status_code == 404
    assert why in answer.text
    manager.get("/reports")
    refused = manager.post("/reports", day=day)
    assert refused.status_code == 409
    assert why in alert(refused)


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2101-01-01", "9999-12-31"])
def test_a_day_beyond_the_calendar_is_refused_and_harms_nothing(
    shop: Shop, as_role, reported: dict, day: str
) -> None:
    manager = as_role("manager")
    answer = manager.get(f"/reports/{day}")
    assert (answer.status_code, "from 1970-01-01 to 2100-12-31" in answer.text) == (404, True)
    assert manager.get(f"/reports/{day}.csv").status_code == 404
    manager.get("/reports")
    refused = manager.post("/reports", day=day)
    assert refused.status_code == 422
    assert "Give a day from 1970-01-01 to 2100-12-31." in refused.text
    assert manager.post("/reports", day=str(DAY)).status_code == 303
    # As an older program may have kept it.
    shop.execute(
        "INSERT INTO daily_reports (day, figures) SELECT %s, figures FROM daily_reports"
        " WHERE day = %s",
        day,
        DAY,
    )
    assert manager.get("/reports").status_code == 200
    shop.execute("DELETE FROM daily_reports WHERE day = %s", day)


@pytest.mark.parametrize("day", ["nonsense", "2026-13-01", "20260610", "2026-06-10T09:00"])
def test_what_is_no_day_is_not_found(as_role, day: str) -> None:
    manager = as_role("manager")
    for path in (f"/reports/{day}", f"/reports/{day}.csv", f"/reports?before={day}"):
        assert manager.get(path).status_code == 404
    assert manager.post("/reports", day="the first").status_code == 422
