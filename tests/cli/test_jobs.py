"""Background work by hand: each command prints one JSON object."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.services.inventory.lifecycle import InventoryLifecycleService
from tests.support.shop import Shop


def invoke(shop: Shop, *arguments: str):
    return shop.app.test_cli_runner().invoke(args=arguments)


def test_the_report_is_yesterdays_unless_a_day_is_named(own_shop: Shop) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    before = yesterday - timedelta(days=1)
    InventoryLifecycleService(before).receive_items(own_shop.new_sku(), own_shop.staff, quantity=2)
    said = invoke(own_shop, "report")
    assert said.exit_code == 0
    assert json.loads(said.stdout)["day"] == f"{yesterday:%Y-%m-%d}"
    named = json.loads(invoke(own_shop, "report", "--date", f"{before:%Y-%m-%d}").stdout)
    assert named["transitions"] == {"RECEIVED": 2}
    assert own_shop.value("SELECT count(*) FROM daily_reports") == 2


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2099-01-01", "is in the future"),
        ("1999-12-31", "before the store"),
        ("0001-01-01", "Give a day from 1970-01-01 to 2100-12-31"),
        ("9999-12-31", "Give a day from 1970-01-01 to 2100-12-31"),
    ],
)
def test_a_day_without_report_is_one_clear_line(shop: Shop, day: str, why: str) -> None:
    said = invoke(shop, "report", "--date", day)
    assert said.exit_code == 1
    assert why in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1


def test_what_a_command_does_is_recorded(own_shop: Shop) -> None:
    assert json.loads(invoke(own_shop, "cleanup").stdout) == {"released": 0, "items": []}
    assert "found" in json.loads(invoke(own_shop, "check").stdout)
    assert own_shop.rows("SELECT job, status, origin FROM job_runs ORDER BY id") == [
        ("cleanup", "succeeded", "direct"),
        ("check", "succeeded", "direct"),
    ]
