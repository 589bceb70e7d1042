"""The figures of one day, from the history alone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.database.transactions import db
from app.domain.input.dates import FIRST_DAY, LAST_DAY
from app.domain.inventory.item_lifecycle import ChangeReason, InventoryStatus
from app.domain.invoices.invoice_lifecycle import InvoiceStatus
from app.domain.reports.daily_report import bounds
from app.queries.conditions import cart_label
from app.store_currency import store_currency

TOP = 10
Figures = dict[str, Any]


@dataclass(frozen=True)
class StoredReport:
    day: date
    figures: Figures
    created_at: datetime


def figures_of(day: date, zone: ZoneInfo) -> Figures:
    """Everything that the report of a day says, as JSON: money as text, times in UTC."""
    start, end = bounds(day, zone)
    plain = store_currency().plain
    shown = {
        **_basics(start, end),
        "day": day.isoformat(),
        "timeZone": zone.key,
        "from": _utc(start),
        "to": _utc(end),
        "hours": _hours(start, end, zone),
        "bestSellers": [
            line | {"takings": plain(Decimal(line["takings"]))}
            for line in _rows(_BEST_SELLERS, start, end)
        ],
        "longestReservations": _rows(_LONGEST_RESERVATIONS, start, end),
    }
    first = first_day(zone)
    shown["headlines"] = _headlines(shown)
    shown["comparison"] = {
        name: _headlines(_basics(*bounds(other, zone))) | {"day": other.isoformat()}
        if other >= first
        else None
        for name, other in {
            "dayBefore": day - timedelta(days=1),
            "weekBefore": day - timedelta(days=7),
        }.items()
    }
    return shown


def first_day(zone: ZoneInfo) -> date:
    """The day of the first change of any unit, or of the store's set-up."""
    first: datetime = db.session.execute(
        text("""SELECT least((SELECT min(minute) FROM transition_tallies WHERE minute >= :usable),
            (SELECT min(created_at) FROM users))"""),
        {"usable": datetime.combine(FIRST_DAY + timedelta(days=1), time(), _UTC)},
    ).scalar_one()
    return first.astimezone(zone).date()


def today(zone: ZoneInfo) -> date:
    """By the database's clock."""
    now: datetime = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now.astimezone(zone).date()


def list_reports(limit: int, before: date | None = None) -> list[StoredReport]:
    """The latest first."""
    rows = db.session.execute(
        text("""SELECT day, figures, created_at FROM daily_reports
            WHERE day BETWEEN :first AND :last AND day < coalesce(CAST(:before AS date), 'infinity')
            ORDER BY day DESC LIMIT :limit"""),
        {"before": before, "limit": limit, "first": FIRST_DAY, "last": LAST_DAY},
    )
    return [StoredReport(*row) for row in rows]


def find_report(day: date) -> StoredReport | None:
    row = db.session.execute(
        text("SELECT day, figures, created_at FROM daily_reports WHERE day = :day"), {"day": day}
    ).one_or_none()
    return StoredReport(*row) if row else None


def _basics(start: datetime, end: datetime) -> Figures:
    reasons = {row.reason: row.units for row in _fetch(_TRANSITIONS, start, end)}
    invoices = {row.status: row.invoices for row in _fetch(_INVOICES, start, end)}
    plain = store_currency().plain
    stock = {row.status: row.units for row in _fetch(_STOCK, start, end)}
    payments = _fetch(_MONEY, start, end)
    (refunds,) = _fetch(_REFUNDS, start, end)
    return {
        "transitions": {reason: reasons[reason] for reason in ChangeReason if reason in reasons},
        "invoices": {
            "created": invoices.get("created", 0),
            **{
                status.lower(): invoices.get(status, 0)
                for status in (
                    InvoiceStatus.PAID,
                    InvoiceStatus.DELIVERED,
                    InvoiceStatus.CANCELLED,
                )
            },
        },
        "money": {
            "total": plain(sum((row.amount for row in payments), Decimal(0))),
            "byMethod": [
                {"method": row.method, "amount": plain(row.amount), "payments": row.payments}
                for row in payments
            ],
        },
        "refunds": {
            "total": plain(refunds.total),
            "invoices": refunds.invoices,
            "oldest": [line | {"due": plain(Decimal(line["due"]))} for line in refunds.oldest],
        },
        "stock": {status: stock.get(status, 0) for status in InventoryStatus},
        "findings": _rows(_FINDINGS, start, end),
    }


def _headlines(figures: Figures) -> Figures:
    reasons = figures["transitions"]

    def units(*which: ChangeReason) -> int:
        return sum(reasons.get(reason, 0) for reason in which)

    reserved = (
        ChangeReason.INVOICE_CREATED,
        ChangeReason.SESSION_HOLD,
        ChangeReason.MANUAL_HOLD,
    )
    return {
        "moneyIn": figures["money"]["total"],
        "unitsSold": units(ChangeReason.INVOICE_PAID, ChangeReason.DIRECT_SALE),
        "unitsDelivered": units(ChangeReason.INVOICE_DELIVERED),
        "unitsReserved": units(*reserved),
        "unitsReceived": units(ChangeReason.RECEIVED),
        "holdsExpired": units(ChangeReason.RESERVATION_EXPIRED),
        **{f"invoices{name.capitalize()}": n for name, n in figures["invoices"].items()},
        "available": figures["stock"][InventoryStatus.AVAILABLE],
        "openFindings": sum(finding["open"] for finding in figures["findings"]),
        "refundsDue": figures["refunds"]["total"],
    }


def _hours(start: datetime, end: datetime, zone: ZoneInfo) -> list[Figures]:
    """Each hour that the day had, by the clock on the wall; twice the same when it went back."""
    found: dict[datetime, dict[str, int]] = {}
    for row in _fetch(_HOURS, start, end):
        found.setdefault(row.hour, {})[row.status] = row.units
    hours, hour = [], start
    while hour < end:
        there = hour.astimezone(zone)
        hours.append({"hour": f"{there:%H:%M}", "from": _utc(hour), "units": found.get(hour, {})})
        hour = (hour.astimezone(_UTC) + timedelta(hours=1)).astimezone(_UTC)
    return hours


_UTC = ZoneInfo("UTC")


def _utc(when: datetime) -> str:
    return when.astimezone(_UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fetch(query: Any, start: datetime, end: datetime) -> Any:
    return db.session.execute(query, {"start": start, "end": end}).all()


def _rows(query: Any, start: datetime, end: datetime) -> list[Figures]:
    return [row.line for row in _fetch(query, start, end)]


_TRANSITIONS = text("""
    SELECT change_reason AS reason, sum(quantity)::bigint AS units FROM transition_tallies
    WHERE minute >= :start AND minute < :end GROUP BY 1
""")
_HOURS = text("""
    SELECT :start + floor(extract(epoch FROM minute - :start) / 3600) * interval '1 hour' AS hour,
        to_status AS status, sum(quantity)::bigint AS units
    FROM transition_tallies WHERE minute >= :start AND minute < :end GROUP BY 1, 2
""")
#: All that ever came into a status less all that left it. `start` is for company.
_STOCK = text("""
    SELECT status, sum(units)::bigint AS units FROM (
        SELECT to_status AS status, sum(quantity) AS units FROM transition_tallies
        WHERE minute < :end GROUP BY 1
        UNION ALL SELECT from_status, -sum(quantity) FROM transition_tallies
        WHERE minute < :end AND from_status IS NOT NULL GROUP BY 1) moves
    WHERE CAST(:start AS timestamptz) IS NOT NULL GROUP BY 1
""")
_INVOICES = text("""
    SELECT CASE WHEN from_status IS NULL THEN 'created' ELSE to_status END AS status,
        count(*) AS invoices
    FROM invoice_status_history WHERE change_date >= :start AND change_date < :end GROUP BY 1
""")
_MONEY = text("""
    SELECT method, sum(amount) AS amount, count(*) AS payments FROM payments
    WHERE received_at >= :start AND received_at < :end GROUP BY 1 ORDER BY 2 DESC, 1
""")
#: What was paid for invoices that had been cancelled when the day ended. `start` is for company.
_REFUNDS = text(f"""
    WITH due AS (
        SELECT v.id, v.number, c.name AS customer, v.paid, max(h.change_date) AS cancelled
        FROM invoices v JOIN customers c ON c.id = v.customer_id
        JOIN invoice_status_history h ON h.invoice_id = v.id AND h.to_status = 'Cancelled'
        WHERE v.status = 'Cancelled' AND v.paid > 0 AND h.change_date < :end
            AND CAST(:start AS timestamptz) IS NOT NULL
        GROUP BY v.id, c.name)
    SELECT coalesce(sum(paid), 0) AS total, count(*) AS invoices, coalesce((
        SELECT jsonb_agg(jsonb_build_object('invoiceId', id, 'number', number,
            'customer', customer, 'due', paid::text, 'cancelled',
            to_char(cancelled AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            ORDER BY cancelled, id)
        FROM (SELECT * FROM due ORDER BY cancelled, id LIMIT {TOP}) first), '[]') AS oldest
    FROM due
""")
_FINDINGS = text("""
    SELECT jsonb_build_object('kind', kind, 'severity', severity, 'open', count(*),
        'underDay', count(*) FILTER (WHERE age < interval '1 day'),
        'underWeek', count(*) FILTER (WHERE age >= interval '1 day' AND age < interval '7 days'),
        'older', count(*) FILTER (WHERE age >= interval '7 days')) AS line
    FROM (SELECT f.kind, f.severity, CAST(:end AS timestamptz) - f.detected_at AS age
        FROM inconsistencies f
        LEFT JOIN LATERAL (SELECT s.step FROM inconsistency_steps s
            WHERE s.inconsistency_id = f.id AND s.step IN ('resolved', 'reopened')
            AND s.created_at < :end ORDER BY s.id DESC LIMIT 1) last ON true
        WHERE f.detected_at < :end AND CAST(:start AS timestamptz) IS NOT NULL
        AND coalesce(last.step = 'reopened', f.resolved_at IS NULL OR f.resolved_at >= :end)) f
    GROUP BY kind, severity ORDER BY count(*) DESC, kind, severity
""")
_BEST_SELLERS = text(f"""
    SELECT jsonb_build_object('sku', sku, 'name', name, 'units', units,
        'takings', takings::text) AS line
    FROM (SELECT p.sku, p.name, count(*) AS units, coalesce(sum(l.unit_price), 0) AS takings
        FROM inventory_status_history h
        JOIN items i ON i.id = h.item_id JOIN products p ON p.id = i.product_id
        LEFT JOIN invoice_items l ON l.item_id = h.item_id
            AND l.invoice_id = CASE WHEN pg_input_is_valid(h.reference_id, 'uuid')
                THEN h.reference_id::uuid END
        WHERE h.change_date >= :start AND h.change_date < :end
        AND h.change_reason IN ('INVOICE_PAID', 'DIRECT_SALE')
        GROUP BY p.sku, p.name ORDER BY count(*) DESC, takings DESC, p.sku LIMIT {TOP}) best
""")
#: Reserved when the day ended: those that still are, and those whose next step came after it.
_LONGEST_RESERVATIONS = text(f"""
    WITH ended AS (
        SELECT h.item_id, h.seq - 1 AS seq FROM inventory_status_history h
        WHERE h.change_date >= :end AND h.from_status = 'Reserved'),
    still AS (
        SELECT i.id AS item_id, i.history_length AS seq FROM items i
        WHERE i.reserved_at < :end ORDER BY i.reserved_at, i.id LIMIT {TOP})
    SELECT jsonb_build_object('itemId', h.item_id, 'serialNumber', i.serial_number, 'sku', p.sku,
        'since', to_char(h.change_date AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'days', floor(extract(epoch FROM CAST(:end AS timestamptz) - h.change_date) / 86400),
        'type', h.reference_type, 'referenceId', h.reference_id,
        'holder', coalesce('invoice ' || v.number,
            CASE WHEN h.reference_type = 'Session' THEN {cart_label("u.name")} END,
            h.reference_id)) AS line
    FROM (TABLE ended UNION TABLE still) r
    JOIN inventory_status_history h ON h.item_id = r.item_id AND h.seq = r.seq
    JOIN items i ON i.id = h.item_id JOIN products p ON p.id = i.product_id
    JOIN users u ON u.id = h.changed_by
    LEFT JOIN invoices v ON v.id = CASE WHEN h.reference_type = 'Invoice'
        AND pg_input_is_valid(h.reference_id, 'uuid') THEN h.reference_id::uuid END
    WHERE h.change_date < :end AND h.to_status = 'Reserved'
    AND CAST(:start AS timestamptz) IS NOT NULL
    ORDER BY h.change_date, h.item_id LIMIT {TOP}
""")
