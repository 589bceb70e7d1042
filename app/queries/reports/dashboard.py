"""The dashboard's figures, from the maintained totals."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.database.transactions import db
from app.domain.inventory.item_lifecycle import InventoryStatus
from app.domain.invoices.invoice_lifecycle import InvoiceStatus
from app.queries.conditions import cart_label

EXPIRING_SHOWN = 8
EXPIRING_SOON_MINUTES = 15
CHART_DAYS = 14
CHART_HOURS = 24


@dataclass(frozen=True)
class DashboardCounts:
    """Units per status, invoices per status; ``expired`` holds wait to be tidied."""

    units: dict[str, int]
    invoices: dict[str, int]
    expiring_soon: int
    expired: int
    open_inconsistencies: int


@dataclass(frozen=True)
class ExpiringHold:
    """Units of one holder; ``until`` is when the first of them is lost."""

    type: str
    holder_id: str
    holder: str
    user: str
    quantity: int
    item_id: UUID
    serial_number: str
    until: datetime


@dataclass(frozen=True)
class Period:
    """Changes of status in a day or an hour of the store's zone, by what units became."""

    start: datetime | date
    quantities: dict[str, int] = field(default_factory=dict)


def counts() -> DashboardCounts:
    """Everything that the tiles show, in one statement."""
    row = db.session.execute(_COUNTS, {"soon": EXPIRING_SOON_MINUTES}).one()
    return DashboardCounts(
        {status: int((row.units or {}).get(status, 0)) for status in InventoryStatus},
        {status: int((row.invoices or {}).get(status, 0)) for status in InvoiceStatus},
        row.expiring_soon,
        row.expired,
        row.open_inconsistencies,
    )


_COUNTS = text("""
    SELECT
        (SELECT jsonb_object_agg(inventory_status, quantity) FROM (
            SELECT inventory_status, sum(quantity) AS quantity
            FROM stock_tallies GROUP BY inventory_status) u) AS units,
        (SELECT jsonb_object_agg(status, quantity) FROM (
            SELECT status, sum(quantity) AS quantity
            FROM invoice_tallies GROUP BY status) v) AS invoices,
        (SELECT count(*) FROM items WHERE reservation_expiry > clock_timestamp()
            AND reservation_expiry <= clock_timestamp() + make_interval(mins => :soon))
            AS expiring_soon,
        (SELECT count(*) FROM items WHERE reservation_expiry <= clock_timestamp()) AS expired,
        (SELECT count(*) FROM inconsistencies WHERE resolved_at IS NULL) AS open_inconsistencies
""")


def unit_counts() -> dict[str, int]:
    """Units per status."""
    rows = db.session.execute(
        text("SELECT inventory_status, sum(quantity)::bigint FROM stock_tallies GROUP BY 1")
    )
    found = {status: int(quantity) for status, quantity in rows}
    return {status: found.get(status, 0) for status in InventoryStatus}


def expiring_holds(limit: int = EXPIRING_SHOWN) -> list[ExpiringHold]:
    """Holds that end, the next to end first; expired ones are no holds any more."""
    rows = db.session.execute(_EXPIRING, {"limit": limit, "rows": limit * 100})
    return [ExpiringHold(**row._mapping) for row in rows]


_EXPIRING = text(f"""
    SELECT i.reserved_for_type AS type, i.reserved_for_id AS holder_id,
        CASE i.reserved_for_type WHEN 'Session' THEN {cart_label("u.name")}
            ELSE i.reserved_for_id END AS holder,
        u.name AS user, count(*) AS quantity, (array_agg(i.id ORDER BY i.id))[1] AS item_id,
        (array_agg(i.serial_number ORDER BY i.id))[1] AS serial_number,
        min(i.reservation_expiry) AS until
    FROM (SELECT * FROM items WHERE reservation_expiry > clock_timestamp()
        ORDER BY reservation_expiry LIMIT :rows) i
    JOIN users u ON u.id = i.reserved_by
    GROUP BY i.reserved_for_type, i.reserved_for_id, u.name
    ORDER BY min(i.reservation_expiry), i.reserved_for_id LIMIT :limit
""")


def changes_by_day(zone: ZoneInfo, today: date) -> list[Period]:
    """The last CHART_DAYS days up to ``today``, oldest first, none left out."""
    days = [today - timedelta(days=back) for back in range(CHART_DAYS - 1, -1, -1)]
    start = datetime(days[0].year, days[0].month, days[0].day, tzinfo=zone)
    rows = db.session.execute(
        text("""SELECT (minute AT TIME ZONE :zone)::date AS start, to_status,
                sum(quantity)::bigint AS quantity
            FROM transition_tallies WHERE minute >= :since GROUP BY 1, 2"""),
        {"zone": zone.key, "since": start},
    )
    periods = {day: Period(day) for day in days}
    for row in rows:
        if row.start in periods:
            periods[row.start].quantities[row.to_status] = row.quantity
    return list(periods.values())


def changes_by_hour(now: datetime) -> list[Period]:
    """The CHART_HOURS hours that end with this one, oldest first, none left out; in UTC."""
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=back) for back in range(CHART_HOURS - 1, -1, -1)]
    rows = db.session.execute(
        text("""SELECT date_trunc('hour', minute, 'UTC') AS start, to_status,
                sum(quantity)::bigint AS quantity
            FROM transition_tallies WHERE minute >= :since GROUP BY 1, 2"""),
        {"since": hours[0]},
    )
    periods = {hour: Period(hour) for hour in hours}
    for row in rows:
        if row.start in periods:
            periods[row.start].quantities[row.to_status] = row.quantity
    return list(periods.values())
