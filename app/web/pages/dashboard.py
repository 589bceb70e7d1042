"""The dashboard; parts of it refresh themselves."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from flask_login import current_user

from app.domain.accounts.roles import Permission, may
from app.domain.inventory.item_lifecycle import InventoryStatus
from app.queries.inventory.item_timeline import recent_changes
from app.queries.reports import dashboard as queries
from app.web.authorization import requires
from app.web.charts.bar_chart import Chart, shares, stacked_columns
from app.web.pages.background_status import stopped_because
from app.web.template_filters import store_settings

dashboard = Blueprint("dashboard", __name__)


@dashboard.get("/")
@requires(Permission.ITEM_READ)
def index() -> str:
    counts = queries.counts()
    return render_template(
        "dashboard/index.html",
        **_live(counts),
        by_day=_by_day(),
        by_hour=_by_hour(),
    )


@dashboard.get("/dashboard/live")
@requires(Permission.ITEM_READ)
def live() -> str:
    """What changes while one looks; changes after ``seen`` are marked as new."""
    return render_template(
        "dashboard/_live.html", **_live(queries.counts()), seen=_seen(), is_update=True
    )


def _live(counts: queries.DashboardCounts) -> dict[str, Any]:
    return {
        "counts": counts,
        "stopped": stopped_because(),
        "shows_inconsistencies": may(current_user.role, Permission.INCONSISTENCY_READ),
        "expiring": queries.expiring_holds(),
        "recent": recent_changes(),
        "shares": shares(counts.units),
    }


def _seen() -> UUID | None:
    try:
        return UUID(request.args.get("seen", ""))
    except ValueError:
        return None


def _by_day() -> Chart:
    zone = store_settings().timezone
    periods = queries.changes_by_day(zone, datetime.now(zone).date())
    return stacked_columns(
        [
            (f"{period.start.day} {period.start:%b}", f"{period.start:%a %d %b}", period.quantities)
            for period in periods
        ],
        list(InventoryStatus),
    )


def _by_hour() -> Chart:
    zone = store_settings().timezone
    rows = []
    for period in queries.changes_by_hour(datetime.now(UTC)):
        assert isinstance(period.start, datetime)
        there = period.start.astimezone(zone)
        rows.append((f"{there:%H:%M}", f"{there:%a %H:%M}", period.quantities))
    return stacked_columns(rows, list(InventoryStatus))
