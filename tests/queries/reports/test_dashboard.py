from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from app.queries.inventory.item_timeline import recent_changes, timeline_of_item
from app.queries.reports import dashboard
from tests.support.shop import Shop


def test_tiles_show_the_maintained_totals(own_shop: Shop) -> None:
    units = own_shop.new_units(6)
    own_shop.hold(units[:2], "a cart")
    own_shop.new_paid_invoice(units[2:3])
    own_shop.expire(units[:1])
    counts = dashboard.counts()
    assert counts.units == {"Available": 3, "Reserved": 2, "Sold": 1, "Delivered": 0}
    assert counts.units == dashboard.unit_counts()
    assert counts.invoices["Paid"] == 1
    assert (counts.expiring_soon, counts.expired) == (1, 1)


def test_holds_that_end_are_listed_once_per_holder_the_next_first(own_shop: Shop) -> None:
    first, second, later = own_shop.new_units(3)
    own_shop.hold([later], str(uuid4()))
    own_shop.hold([first, second], "cart")
    own_shop.execute(
        "UPDATE items SET reservation_expiry = clock_timestamp() + interval '1 minute'"
        " WHERE reserved_for_id = 'cart'"
    )
    holds = dashboard.expiring_holds()
    assert [(hold.holder_id == "cart", hold.quantity) for hold in holds] == [(True, 2), (False, 1)]


def test_charts_leave_no_day_and_no_hour_out(own_shop: Shop) -> None:
    own_shop.new_units(5)
    zone = ZoneInfo("Asia/Kolkata")
    days = dashboard.changes_by_day(zone, datetime.now(zone).date())
    hours = dashboard.changes_by_hour(datetime.now(UTC))
    assert (len(days), days[-1].quantities) == (14, {"Available": 5})
    assert (len(hours), sum(sum(hour.quantities.values()) for hour in hours)) == (24, 5)


def test_a_timeline_tells_why_and_for_which_invoice(shop: Shop) -> None:
    (unit,) = shop.new_units(1)
    invoice_id = shop.new_paid_invoice([unit])
    timeline = timeline_of_item(unit)
    assert [entry.change_reason for entry in timeline] == [
        "INVOICE_PAID",
        "INVOICE_CREATED",
        "RECEIVED",
    ]
    assert timeline[0].invoice_number == shop.invoice_number(invoice_id)
    assert recent_changes(1)[0].id == timeline[0].id
