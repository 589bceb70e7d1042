"""A day's report is told from history: right, the same each time, refused where there is none."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.domain.reports.daily_report import DayNotReportable, bounds
from app.queries.reports.daily_report import find_report
from app.services.background.cleanup import BackgroundCleanupService
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NewPayment
from app.services.reports.daily_report import announce, make_report, report_last_days
from tests.support.shop import Shop

LONDON = ZoneInfo("Europe/London")
DAY = date(2026, 6, 10)
#: Half an hour after midnight in London, still the day before in UTC.
JUST_AFTER_MIDNIGHT = datetime(2026, 6, 9, 23, 30, tzinfo=UTC)


def at(hour: int, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=LONDON)


def receive(shop: Shop, quantity: int, when: datetime, sku: str | None = None) -> list:
    return InventoryLifecycleService(when).receive_items(
        sku or shop.new_sku(), shop.staff, quantity=quantity
    )


def sell(shop: Shop, item_ids: list, when: datetime, price: str = "10.00"):
    finance = FinanceService(when)
    invoice_id = finance.create_invoice(shop.order(item_ids, price), shop.staff)
    amount = Decimal(price) * len(item_ids)
    finance.record_payment(NewPayment(invoice_id, amount, "Card"), shop.staff)
    return invoice_id


@pytest.fixture
def busy(own_shop: Shop) -> Shop:
    """A store with a day behind it, a day before that, and things that happened since."""
    shop = own_shop
    mugs = shop.new_sku()
    units = receive(shop, 10, at(9, DAY - timedelta(days=8)), mugs)
    sell(shop, units[:1], at(10, DAY - timedelta(days=7)))
    sell(shop, units[1:2], at(10, DAY - timedelta(days=1)))
    sell(shop, units[2:5], JUST_AFTER_MIDNIGHT)
    FinanceService(at(11)).create_invoice(shop.order(units[5:7]), shop.staff)
    cancelled = FinanceService(at(12)).create_invoice(shop.order(units[7:8]), shop.staff)
    FinanceService(at(13)).update_invoice_status(cancelled, "Cancelled", shop.manager)
    # The day after: none of the day's business.
    sell(shop, units[8:10], at(9, DAY + timedelta(days=1)))
    return shop


def test_the_figures_are_the_days_own_by_the_stores_clock(busy: Shop) -> None:
    figures = make_report(DAY, LONDON)
    assert figures["transitions"] == {
        "INVOICE_CREATED": 6,
        "INVOICE_CANCELLED": 1,
        "INVOICE_PAID": 3,
    }
    assert figures["invoices"] == {"created": 3, "paid": 1, "delivered": 0, "cancelled": 1}
    assert figures["money"] == {
        "total": "30.00",
        "byMethod": [{"method": "Card", "amount": "30.00", "payments": 1}],
    }
    assert figures["stock"] == {"Available": 3, "Reserved": 2, "Sold": 5, "Delivered": 0}
    assert [line["units"] for line in figures["bestSellers"]] == [3]
    assert figures["bestSellers"][0]["takings"] == "30.00"
    assert [hour["hour"] for hour in figures["hours"] if hour["units"]] == [
        "00:00",
        "11:00",
        "12:00",
        "13:00",
    ]
    longest = figures["longestReservations"]
    assert [line["since"] for line in longest] == ["2026-06-10T10:00:00Z"] * 2
    assert longest[0]["holder"].startswith("invoice ")


def test_it_is_compared_with_the_day_and_the_week_before(busy: Shop) -> None:
    figures = make_report(DAY, LONDON)
    assert figures["headlines"]["unitsSold"] == 3
    before, week = (figures["comparison"][name] for name in ("dayBefore", "weekBefore"))
    assert (before["day"], before["unitsSold"], before["moneyIn"]) == ("2026-06-09", 1, "10.00")
    assert (week["day"], week["unitsSold"], week["available"]) == ("2026-06-03", 1, 9)
    first = make_report(DAY - timedelta(days=8), LONDON)
    assert first["comparison"] == {"dayBefore": None, "weekBefore": None}
    assert first["headlines"]["unitsReceived"] == 10


def test_a_day_reported_again_later_is_the_same(busy: Shop) -> None:
    figures = make_report(DAY, LONDON)
    made_at = find_report(DAY).created_at
    held = busy.value("SELECT array_agg(id) FROM items WHERE inventory_status = 'Reserved'")
    invoices = busy.rows("SELECT DISTINCT reserved_for_id FROM items WHERE id = ANY(%s)", held)
    for (invoice_id,) in invoices:
        FinanceService().update_invoice_status(invoice_id, "Cancelled", busy.manager)
    busy.new_paid_invoice(busy.new_units(2))
    busy.hold(busy.new_units(1), "a cart of today")
    assert make_report(DAY, LONDON) == figures
    assert find_report(DAY).figures == figures
    assert find_report(DAY).created_at == made_at


def test_findings_are_told_as_they_stood_when_the_day_ended(busy: Shop) -> None:
    insert = """INSERT INTO inconsistencies (kind, severity, explanation, detected_at, resolved_at)
        VALUES ('AUDIT_MISMATCH', 'high', 'because', %s, %s)"""
    busy.execute(insert, at(9, DAY - timedelta(days=3)), at(8, DAY + timedelta(days=1)))
    figures = make_report(DAY, LONDON)
    assert figures["findings"] == [
        {
            "kind": "AUDIT_MISMATCH",
            "severity": "high",
            "open": 1,
            "underDay": 0,
            "underWeek": 1,
            "older": 0,
        }
    ]
    assert make_report(DAY + timedelta(days=1), LONDON)["findings"] == []


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (DAY, 24)]
)
def test_a_day_has_the_hours_that_the_clocks_gave_it(own_shop: Shop, day: date, hours: int) -> None:
    start, end = bounds(day, LONDON)
    receive(own_shop, 1, start)
    receive(own_shop, 2, end.astimezone(UTC) - timedelta(minutes=1))
    receive(own_shop, 4, end)
    if end > datetime.now(UTC):
        pytest.skip("not over yet")
    figures = make_report(day, LONDON)
    assert len(figures["hours"]) == hours
    assert figures["transitions"] == {"RECEIVED": 3}
    assert figures["hours"][0]["units"] == {"Available": 1}
    assert figures["hours"][-1]["units"] == {"Available": 2}
    assert figures["hours"][-1]["hour"] == "23:00"


@pytest.mark.parametrize(
    ("days", "why"),
    [(0, "is not over yet"), (1, "is in the future"), (400, "is in the future")],
)
def test_a_day_that_is_not_over_is_refused(own_shop: Shop, days: int, why: str) -> None:
    day = datetime.now(UTC).date() + timedelta(days=days)
    with pytest.raises(DayNotReportable, match=why):
        BackgroundCleanupService().run_daily_report(day)


def test_a_day_before_the_store_existed_is_refused(busy: Shop) -> None:
    with pytest.raises(DayNotReportable, match="its first day is 2 Jun 2026"):
        BackgroundCleanupService(LONDON).run_daily_report(date(2026, 6, 1))
    assert busy.value("SELECT count(*) FROM daily_reports") == 0
    assert busy.rows("SELECT job, status FROM job_runs") == [("report", "failed")]


def test_the_headlines_are_sent_once_a_day(busy: Shop) -> None:
    for _ in range(2):
        announce(make_report(DAY, LONDON))
    title, body, path = busy.row(
        "SELECT payload->>'title', payload->>'body', payload->>'path' FROM outbox"
    )
    assert (title, path) == ("Report of 10 Jun 2026", "/reports/2026-06-10")
    assert "Money in: £30.00" in body


def test_a_store_brings_the_reports_of_its_last_days_along(own_shop: Shop) -> None:
    receive(own_shop, 1, datetime.now(UTC) - timedelta(days=3))
    report_last_days(14, ZoneInfo("UTC"))
    assert own_shop.value("SELECT count(*) FROM daily_reports") == 3
