"""A daily report's figures as its page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.inventory.item_lifecycle import ChangeReason, InventoryStatus
from app.domain.reports.daily_report import HEADLINES, MONEY_HEADLINES
from app.web.charts.bar_chart import Chart, ChartShare, shares, stacked_columns
from app.web.template_filters import money, whole

BAR_WIDTH = 100


@dataclass(frozen=True)
class Headline:
    """``before`` and ``week`` compare with the day and the week before; None without such a day."""

    name: str
    label: str
    value: str
    before: str | None
    week: str | None


@dataclass(frozen=True)
class TopBar:
    line: Mapping[str, Any]
    width: float


def compared(figures: Mapping[str, Any]) -> list[Headline]:
    now, others = figures["headlines"], figures["comparison"]
    return [
        Headline(
            name,
            label,
            _shown(name, now[name]),
            _difference(name, now, others["dayBefore"]),
            _difference(name, now, others["weekBefore"]),
        )
        for name, label in HEADLINES.items()
        if name in now  # a report that was kept before there was such a figure
    ]


def hours_chart(figures: Mapping[str, Any]) -> Chart:
    periods = [(hour["hour"], hour["hour"], hour["units"]) for hour in figures["hours"]]
    return stacked_columns(periods, list(InventoryStatus))


def stock_shares(figures: Mapping[str, Any]) -> list[ChartShare]:
    """In the order of a unit's life: a JSON object has none."""
    return shares({status: figures["stock"][status] for status in InventoryStatus})


def changes(figures: Mapping[str, Any]) -> dict[ChangeReason, int]:
    found = figures["transitions"]
    return {reason: found[reason] for reason in ChangeReason if reason in found}


def top_bars(lines: Sequence[Mapping[str, Any]], figure: str) -> list[TopBar]:
    most = max((line[figure] for line in lines), default=0)
    return [TopBar(line, BAR_WIDTH * line[figure] / most) for line in lines]


def _shown(name: str, value: Any) -> str:
    return money(Decimal(value)) if name in MONEY_HEADLINES else whole(value)


def _difference(name: str, now: Mapping[str, Any], then: Mapping[str, Any] | None) -> str | None:
    if then is None or name not in then:
        return None
    change = Decimal(now[name]) - Decimal(then[name])
    if not change:
        return "same"
    sign = "+" if change > 0 else "−"
    return f"{sign}{_shown(name, abs(change) if name in MONEY_HEADLINES else int(abs(change)))}"
