"""The morning's report is yesterday's in the store's zone."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.services.inventory.lifecycle import InventoryLifecycleService
from jobs import daily_report
from tests.support.shop import Shop

#: Six in the morning in Auckland; in UTC it is the day before still.
SLOT = datetime(2026, 6, 10, 18, tzinfo=UTC)


def use(monkeypatch: pytest.MonkeyPatch, shop: Shop, **changes: Any) -> None:
    known = shop.app.config["SETTINGS"]
    changed = type(known)(**{**vars(known), "timezone": ZoneInfo("Pacific/Auckland"), **changes})
    monkeypatch.setattr(daily_report, "settings", lambda: changed)


def test_it_reports_the_day_before_the_slots(
    own_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, own_shop)
    before = datetime(2026, 6, 10, 3, tzinfo=UTC)
    InventoryLifecycleService(before).receive_items(own_shop.new_sku(), own_shop.staff, quantity=1)
    assert daily_report.run(SLOT) == {"day": "2026-06-10"}
    assert own_shop.rows("SELECT day::text, figures->'transitions' FROM daily_reports") == [
        ("2026-06-10", {"RECEIVED": 1})
    ]
    assert own_shop.value("SELECT count(*) FROM outbox") == 0


def test_it_is_sent_if_that_is_asked_for(own_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, own_shop, alert_daily_report=True)
    InventoryLifecycleService(datetime(2026, 6, 9, tzinfo=UTC)).receive_items(
        own_shop.new_sku(), own_shop.staff, quantity=1
    )
    daily_report.run(SLOT)
    assert own_shop.rows("SELECT topic FROM outbox") == [("daily-report",)]


def test_a_store_that_opened_today_has_none_and_nothing_has_failed(
    own_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, own_shop)
    assert "before the store existed" in daily_report.run(SLOT)["skipped"]
    assert own_shop.value("SELECT count(*) FROM outbox") == 0
