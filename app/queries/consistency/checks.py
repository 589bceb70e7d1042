"""The checks: one set-based query for each kind of finding.

Each selects kind, item_id, invoice_id, expected, actual, explanation and evidence, and sees one
snapshot, so that a sale in flight is never taken for a contradiction. A question is asked of the
whole store or of some units and invoices (``Scope``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text

from app.database.transactions import db
from app.domain.consistency.kinds import (
    CLEANUP_MINUTES,
    CLEANUPS_MISSED,
    CONTRADICTIONS,
    MEANINGS,
    REFUND_HOURS_MAX,
    InconsistencyKind,
)
from app.domain.invoices.invoice_lifecycle import EXPECTED_ITEM_STATUS
from app.queries.consistency.history_audit import HISTORY_FAULTS

COLUMNS = "kind, item_id, invoice_id, expected, actual, explanation, evidence"
EXAMPLES_MAX = 20


@dataclass(frozen=True)
class CheckScope:
    """Some units and invoices; ``WHOLE`` is everything there is."""

    item_ids: Sequence[UUID] = ()
    invoice_ids: Sequence[UUID] = ()
    is_whole: bool = False

    def sql_for_scope(self, question: str) -> str:
        """A question with its ``{…}`` filled in for this scope."""
        if self.is_whole:
            return question.format(
                items="items",
                invoices="invoices",
                of_items="",
                of_invoices="",
                of_history="",
                faults=HISTORY_FAULTS.format(which=""),
            )
        of_history = "WHERE h.item_id = ANY(CAST(:item_ids AS uuid[]))"
        return question.format(
            items="(SELECT * FROM items WHERE id = ANY(CAST(:item_ids AS uuid[])))",
            invoices="(SELECT * FROM invoices WHERE id = ANY(CAST(:invoice_ids AS uuid[])))",
            of_items="AND l.item_id = ANY(CAST(:item_ids AS uuid[]))",
            of_invoices="WHERE invoice_id = ANY(CAST(:invoice_ids AS uuid[]))",
            of_history=of_history,
            faults=HISTORY_FAULTS.format(which=of_history),
        )

    def parameters(self) -> dict[str, Any]:
        if self.is_whole:
            return {}
        return {"item_ids": list(self.item_ids), "invoice_ids": list(self.invoice_ids)}


WHOLE = CheckScope(is_whole=True)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, as it is now; ``id`` and ``detected_at`` are those on record."""

    kind: str
    item_id: UUID | None
    serial_number: str | None
    invoice_id: UUID | None
    expected: str | None
    actual: str | None
    explanation: str
    detected_at: datetime
    id: UUID
    evidence: dict[str, Any] = field(default_factory=dict)
    resolved_at: datetime | None = None

    @property
    def severity(self) -> str:
        return MEANINGS[InconsistencyKind(self.kind)].severity

    @property
    def suggested_fix(self) -> str:
        return MEANINGS[InconsistencyKind(self.kind)].remedy


#: A hand-written id of an invoice may be any text.
_RESERVED_FOR = """CASE WHEN i.reserved_for_type = 'Invoice'
    AND pg_input_is_valid(i.reserved_for_id, 'uuid') THEN i.reserved_for_id::uuid END"""
_LONG_DAYS = "current_setting('holdfast.long_reservation_days')::integer"
_SINCE = "to_char(i.reserved_at AT TIME ZONE 'UTC', 'FMDD Mon YYYY, HH24:MI') || ' UTC'"
_PLACES = ", ".join(
    f"('{inventory_status}', '{status}')"
    for inventory_status, places in CONTRADICTIONS.items()
    for status in sorted(places)
)
#: An amount with its currency, as far as SQL writes it.
_PAID_NUMBER = "round(v.paid, current_setting('holdfast.currency_decimals')::integer)::text"
_PAID = f"' || current_setting('holdfast.currency') || ' ' || {_PAID_NUMBER} || '"
_EXPECTED = " ".join(
    f"WHEN '{status}' THEN '{expected}'" for status, expected in EXPECTED_ITEM_STATUS.items()
)

_ORPHANED_RESERVATION = f"""
SELECT 'ORPHANED_RESERVATION' AS kind, i.id AS item_id, v.id AS invoice_id,
    'Available' AS expected, i.inventory_status AS actual,
    i.serial_number || ' is reserved for ' || CASE
        WHEN v.id IS NULL THEN 'an invoice that does not exist (' || i.reserved_for_id || ').'
        WHEN v.status = 'Cancelled' THEN 'invoice ' || v.number || ', which is cancelled.'
        ELSE 'invoice ' || v.number || ', which does not list it.' END AS explanation,
    jsonb_build_object('serialNumber', i.serial_number, 'reservedForId', i.reserved_for_id,
        'reservedAt', i.reserved_at, 'invoiceNumber', v.number, 'invoiceStatus', v.status)
        AS evidence
FROM {{items}} i LEFT JOIN invoices v ON v.id = {_RESERVED_FOR}
WHERE i.reserved_for_type = 'Invoice' AND i.inventory_status = 'Reserved'
    AND (v.id IS NULL OR v.status = 'Cancelled' OR NOT EXISTS (
        SELECT FROM invoice_items l WHERE l.invoice_id = v.id AND l.item_id = i.id))
"""

_SOLD_WITHOUT_INVOICE = """
SELECT 'SOLD_WITHOUT_INVOICE' AS kind, i.id AS item_id, NULL::uuid AS invoice_id,
    'Available' AS expected, i.inventory_status AS actual,
    i.serial_number || ' counts as ' || lower(i.inventory_status)
        || ', and no paid or delivered invoice lists it.' AS explanation,
    jsonb_build_object('serialNumber', i.serial_number, 'status', i.status,
        'since', i.status_changed_at) AS evidence
FROM {items} i
WHERE i.inventory_status IN ('Sold', 'Delivered') AND NOT EXISTS (
    SELECT FROM invoice_items l JOIN invoices v ON v.id = l.invoice_id
    WHERE l.item_id = i.id AND v.status IN ('Paid', 'Delivered'))
"""

_LOCATION_MISMATCH = f"""
SELECT 'LOCATION_MISMATCH' AS kind, i.id AS item_id, NULL::uuid AS invoice_id,
    CASE i.inventory_status WHEN 'Delivered' THEN 'WithCustomer' ELSE 'InStock' END AS expected,
    i.status AS actual,
    i.serial_number || ' counts as ' || lower(i.inventory_status) || ' and is ' || CASE i.status
        WHEN 'InStock' THEN 'still in stock.' WHEN 'InTransit' THEN 'on its way somewhere.'
        WHEN 'WithCustomer' THEN 'with a customer.' WHEN 'InRepair' THEN 'in repair.'
        ELSE 'missing.' END AS explanation,
    jsonb_build_object('serialNumber', i.serial_number, 'inventoryStatus', i.inventory_status,
        'status', i.status, 'changed', i.updated_at) AS evidence
FROM {{items}} i WHERE (i.inventory_status, i.status) IN ({_PLACES})
"""

_LONG_RESERVATION = f"""
SELECT 'LONG_RESERVATION' AS kind, i.id AS item_id, v.id AS invoice_id,
    NULL AS expected, i.inventory_status AS actual,
    i.serial_number || ' has been reserved since ' || {_SINCE} || ', for '
        || extract(day FROM now() - i.reserved_at)::int || ' days, for '
        || CASE i.reserved_for_type WHEN 'Invoice' THEN 'invoice ' || coalesce(v.number, '?')
            WHEN 'Session' THEN 'a cart' ELSE i.reserved_for_id END || '.' AS explanation,
    jsonb_build_object('serialNumber', i.serial_number, 'reservedAt', i.reserved_at,
        'reservedForType', i.reserved_for_type, 'reservedForId', i.reserved_for_id,
        'limitDays', {_LONG_DAYS}) AS evidence
FROM {{items}} i LEFT JOIN invoices v ON v.id = {_RESERVED_FOR}
WHERE i.inventory_status = 'Reserved'
    AND i.reserved_at < now() - make_interval(days => {_LONG_DAYS})
"""

_EXPIRED_RESERVATION = f"""
SELECT 'EXPIRED_RESERVATION' AS kind, i.id AS item_id, NULL::uuid AS invoice_id,
    'Available' AS expected, i.inventory_status AS actual,
    'The hold on ' || i.serial_number || ' ran out '
        || (extract(epoch FROM now() - i.reservation_expiry) / 60)::bigint
        || ' minutes ago and still blocks it.' AS explanation,
    jsonb_build_object('serialNumber', i.serial_number, 'expired', i.reservation_expiry,
        'reservedForType', i.reserved_for_type, 'reservedForId', i.reserved_for_id) AS evidence
FROM {{items}} i
WHERE i.inventory_status = 'Reserved'
    AND i.reservation_expiry < now() - interval '{CLEANUP_MINUTES * CLEANUPS_MISSED} minutes'
"""

_INVOICE_ITEM_MISMATCH = f"""
SELECT 'INVOICE_ITEM_MISMATCH' AS kind, c.item_id, c.invoice_id,
    CASE c.invoice_status {_EXPECTED} END AS expected,
    coalesce(i.inventory_status, 'no such unit') AS actual,
    CASE WHEN i.id IS NULL THEN 'Invoice ' || c.number || ' lists a unit that does not exist.'
        WHEN c.claims > 1 THEN 'Several invoices list ' || i.serial_number || ', and invoice '
            || c.number || ' (' || c.invoice_status || ') is one of them.'
        WHEN i.inventory_status = 'Reserved' AND c.invoice_status IN ('Open', 'PartiallyPaid')
            THEN 'Invoice ' || c.number || ' lists ' || i.serial_number
            || ', which is reserved for something else.'
        ELSE 'Invoice ' || c.number || ' is ' || c.invoice_status || ', so ' || i.serial_number
            || ' should be ' || CASE c.invoice_status {_EXPECTED} END || '; it is '
            || i.inventory_status || '.' END AS explanation,
    jsonb_build_object('serialNumber', i.serial_number, 'invoiceNumber', c.number,
        'invoiceStatus', c.invoice_status, 'inventoryStatus', i.inventory_status,
        'reservedForType', i.reserved_for_type, 'reservedForId', i.reserved_for_id,
        'invoicesThatListIt', c.claims) AS evidence
FROM (SELECT l.item_id, l.invoice_id, v.number, v.status AS invoice_status,
        count(*) OVER (PARTITION BY l.item_id) AS claims
    FROM invoice_items l JOIN invoices v ON v.id = l.invoice_id
    WHERE v.status <> 'Cancelled' {{of_items}}) c
LEFT JOIN items i ON i.id = c.item_id
WHERE c.claims > 1 OR NOT coalesce(CASE c.invoice_status
    WHEN 'Paid' THEN i.inventory_status IN ('Sold', 'Delivered')
    WHEN 'Delivered' THEN i.inventory_status = 'Delivered'
    ELSE i.inventory_status = 'Reserved' AND i.reserved_for_type = 'Invoice'
        AND i.reserved_for_id = c.invoice_id::text END, false)
"""

#: The latest row of a unit's history up to which an admin has accepted it as it is.
_SETTLED = """
    SELECT DISTINCT ON (item_id) item_id, settled_through, actual FROM inconsistencies
    WHERE settled_through IS NOT NULL ORDER BY item_id, settled_through DESC, id DESC
"""

_HISTORY_MISMATCH = f"""
SELECT 'AUDIT_MISMATCH' AS kind, f.item_id, NULL::uuid AS invoice_id,
    max(f.to_status) FILTER (WHERE f.wrong_end) AS expected, max(i.inventory_status) AS actual,
    coalesce(max(i.serial_number), 'A unit that is gone') || ': ' || concat_ws(', and ',
        CASE WHEN bool_or(f.wrong_end AND i.inventory_status <> f.to_status)
            THEN 'it is ' || max(i.inventory_status) || ', and its history ends with '
                || max(f.to_status) FILTER (WHERE f.wrong_end)
            WHEN bool_or(f.wrong_end) THEN 'what it keeps of its history''s end does not fit' END,
        CASE WHEN bool_or(f.gap) THEN 'rows of its history are missing' END,
        CASE WHEN bool_or(f.altered) THEN 'a row of its history is not what was written' END,
        CASE WHEN bool_or(f.broken_step)
            THEN 'a step does not begin where the one before ended' END,
        CASE WHEN bool_or(f.not_allowed) THEN 'its history has a step that is not allowed' END,
        CASE WHEN bool_or(f.unknown_user) THEN 'an unknown user changed it' END,
        CASE WHEN bool_or(f.no_history) THEN 'there is history of a unit that does not exist' END)
        || '.' AS explanation,
    jsonb_build_object('serialNumber', max(i.serial_number),
        'rows', (array_agg(f.seq ORDER BY f.seq))[1:{EXAMPLES_MAX}], 'rowsWrong', count(*),
        'historyEnds', max(f.to_status) FILTER (WHERE f.wrong_end)) AS evidence
FROM ({{faults}}) f LEFT JOIN items i ON i.id = f.item_id
LEFT JOIN ({_SETTLED}) s ON s.item_id = f.item_id
WHERE s.item_id IS NULL OR f.seq > s.settled_through + 1
    OR (f.wrong_end AND s.actual IS DISTINCT FROM i.inventory_status)
GROUP BY f.item_id
"""

_WITHOUT_HISTORY = f"""
SELECT 'AUDIT_MISMATCH' AS kind, i.id AS item_id, NULL::uuid AS invoice_id, NULL AS expected,
    i.inventory_status AS actual,
    i.serial_number || ': it has no history at all.' AS explanation,
    jsonb_build_object('serialNumber', i.serial_number, 'historyLength', i.history_length)
        AS evidence
FROM {{items}} i LEFT JOIN ({_SETTLED}) s ON s.item_id = i.id
WHERE NOT EXISTS (SELECT FROM inventory_status_history h WHERE h.item_id = i.id)
    AND s.actual IS DISTINCT FROM i.inventory_status
"""

_INVOICE_BOOKS = """
SELECT 'AUDIT_MISMATCH' AS kind, NULL::uuid AS item_id, v.id AS invoice_id,
    CASE WHEN v.status <> h.to_status THEN h.to_status END AS expected, v.status AS actual,
    'Invoice ' || v.number || ': ' || concat_ws(', and ',
        CASE WHEN v.status <> h.to_status
            THEN 'it is ' || v.status || ', and its history ends with ' || h.to_status END,
        CASE WHEN h.to_status IS NULL THEN 'it has no history' END,
        CASE WHEN v.total <> coalesce(l.total, 0)
            THEN 'its total ' || v.total || ' is not what its lines add up to' END,
        CASE WHEN v.paid <> coalesce(p.paid, 0)
            THEN 'its ' || v.paid || ' paid is not what its payments add up to' END,
        CASE WHEN NOT paid_as_said THEN 'its status is not what was paid of it' END,
        CASE WHEN l.off > 0 THEN 'its lines count as what it is not' END)
        || '.' AS explanation,
    jsonb_build_object('invoiceNumber', v.number, 'total', v.total, 'paid', v.paid,
        'lines', coalesce(l.total, 0), 'payments', coalesce(p.paid, 0),
        'historyEnds', h.to_status) AS evidence
FROM {invoices} v
LEFT JOIN (SELECT l.invoice_id, sum(l.unit_price) AS total,
        count(*) FILTER (WHERE l.live <> i.is_live) AS off
    FROM (SELECT * FROM invoice_items {of_invoices}) l JOIN invoices i ON i.id = l.invoice_id
    GROUP BY l.invoice_id) l ON l.invoice_id = v.id
LEFT JOIN (SELECT invoice_id, sum(amount) AS paid FROM payments {of_invoices}
    GROUP BY invoice_id) p ON p.invoice_id = v.id
LEFT JOIN (SELECT DISTINCT ON (invoice_id) invoice_id, to_status FROM invoice_status_history
    {of_invoices} ORDER BY invoice_id, id DESC) h ON h.invoice_id = v.id
CROSS JOIN LATERAL (SELECT CASE v.status WHEN 'Open' THEN v.paid = 0
    WHEN 'PartiallyPaid' THEN v.paid > 0 AND v.paid < v.total
    WHEN 'Cancelled' THEN true ELSE v.paid = v.total END AS paid_as_said) s
WHERE v.status IS DISTINCT FROM h.to_status OR v.total <> coalesce(l.total, 0)
    OR v.paid <> coalesce(p.paid, 0) OR l.off > 0 OR NOT paid_as_said
"""

_REFUND_DUE = f"""
SELECT 'REFUND_DUE' AS kind, NULL::uuid AS item_id, v.id AS invoice_id, NULL AS expected,
    NULL AS actual,
    'Invoice ' || v.number || ' is cancelled, and {_PAID} that was paid for it is still to be '
        || 'given back to ' || c.name || '.' AS explanation,
    jsonb_build_object('invoiceNumber', v.number, 'refundDue', {_PAID_NUMBER}, 'customer', c.name,
        'customerEmail', c.email, 'cancelled', h.change_date) AS evidence
FROM {{invoices}} v JOIN customers c ON c.id = v.customer_id
JOIN LATERAL (SELECT max(change_date) AS change_date FROM invoice_status_history
    WHERE invoice_id = v.id AND to_status = 'Cancelled') h
    ON h.change_date < now() - interval '{REFUND_HOURS_MAX} hours'
WHERE v.status = 'Cancelled' AND v.paid > 0
"""

#: What the kept totals lack; adding it mends them, whoever sells meanwhile.
STOCK_DRIFT = """
    SELECT product_id, warehouse_id, inventory_status, sum(quantity)::bigint AS quantity FROM (
        SELECT product_id, warehouse_id, inventory_status, count(*) AS quantity
        FROM items GROUP BY 1, 2, 3
        UNION ALL SELECT product_id, warehouse_id, inventory_status, -quantity FROM stock_tallies
    ) counted GROUP BY 1, 2, 3 HAVING sum(quantity) <> 0
"""
INVOICE_DRIFT = """
    SELECT status, sum(quantity)::bigint AS quantity FROM (
        SELECT status, count(*) AS quantity FROM invoices GROUP BY 1
        UNION ALL SELECT status, -quantity FROM invoice_tallies
    ) counted GROUP BY 1 HAVING sum(quantity) <> 0
"""
_TALLIES = f"""
SELECT 'AUDIT_MISMATCH' AS kind, NULL::uuid AS item_id, NULL::uuid AS invoice_id,
    NULL AS expected, NULL AS actual,
    'The kept totals differ from what is there, counted one by one: ' || concat_ws(', and ',
        count(*) FILTER (WHERE d.what = 'units') || ' totals by '
            || sum(abs(d.quantity)) FILTER (WHERE d.what = 'units') || ' units altogether',
        count(*) FILTER (WHERE d.what = 'invoices') || ' totals by '
            || sum(abs(d.quantity)) FILTER (WHERE d.what = 'invoices') || ' invoices altogether')
        || '.' AS explanation,
    jsonb_build_object('totalsWrong', count(*), 'examples', (array_agg(
        d.total || ': '
            || CASE WHEN d.quantity > 0 THEN 'too few by ' ELSE 'too many by ' END
            || abs(d.quantity)
        ORDER BY d.what, d.total))[1:{EXAMPLES_MAX}]) AS evidence
FROM (
    SELECT 'units' AS what, coalesce(p.sku, '?') || ' ' || inventory_status AS total, quantity
    FROM ({STOCK_DRIFT}) s LEFT JOIN products p ON p.id = s.product_id
    UNION ALL SELECT 'invoices', 'Invoices ' || status, quantity FROM ({INVOICE_DRIFT}) v
) d HAVING count(*) > 0
"""

#: What passes with time and not with a change; each goes by an index over held units or cancelled
#: invoices.
TIME_DEPENDENT_CHECKS = {
    InconsistencyKind.LONG_RESERVATION: (_LONG_RESERVATION,),
    InconsistencyKind.EXPIRED_RESERVATION: (_EXPIRED_RESERVATION,),
    InconsistencyKind.REFUND_DUE: (_REFUND_DUE,),
}
CHECKS: dict[InconsistencyKind, tuple[str, ...]] = {
    InconsistencyKind.INVOICE_ITEM_MISMATCH: (_INVOICE_ITEM_MISMATCH,),
    InconsistencyKind.SOLD_WITHOUT_INVOICE: (_SOLD_WITHOUT_INVOICE,),
    InconsistencyKind.ORPHANED_RESERVATION: (_ORPHANED_RESERVATION,),
    InconsistencyKind.LOCATION_MISMATCH: (_LOCATION_MISMATCH,),
    **TIME_DEPENDENT_CHECKS,
    InconsistencyKind.AUDIT_MISMATCH: (_HISTORY_MISMATCH, _WITHOUT_HISTORY, _INVOICE_BOOKS),
}


def same_finding(one: str, other: str) -> str:
    """That two rows are about the same, as an equation that a hash join can use."""
    nobody = "'00000000-0000-0000-0000-000000000000'"
    return " AND ".join(
        [
            f"{one}.kind = {other}.kind",
            f"coalesce({one}.item_id, {nobody}) = coalesce({other}.item_id, {nobody})",
            f"coalesce({one}.invoice_id, {nobody}) = coalesce({other}.invoice_id, {nobody})",
        ]
    )


def questions(scope: CheckScope, kind: InconsistencyKind) -> list[str]:
    """The SQL of a kind for this scope; the kept totals are only ever asked as a whole."""
    asked = [scope.sql_for_scope(question) for question in CHECKS[kind]]
    if scope.is_whole and kind is InconsistencyKind.AUDIT_MISMATCH:
        asked.append(_TALLIES)
    return asked


def scope_of(
    *,
    item_ids: Sequence[UUID] = (),
    invoice_ids: Sequence[UUID] = (),
    since: datetime | None = None,
) -> CheckScope:
    """These units and invoices, or all changed ``since`` then, with all that they touch."""
    rows = db.session.execute(
        _TOUCHED, {"item_ids": list(item_ids), "invoice_ids": list(invoice_ids), "since": since}
    ).one()
    return CheckScope(rows.item_ids or (), rows.invoice_ids or ())


_TOUCHED = text("""
    WITH named_items AS MATERIALIZED (
        SELECT unnest(CAST(:item_ids AS uuid[])) AS id
        UNION SELECT id FROM items WHERE updated_at >= CAST(:since AS timestamptz)),
    named_invoices AS MATERIALIZED (
        SELECT unnest(CAST(:invoice_ids AS uuid[])) AS id
        UNION SELECT id FROM invoices WHERE updated_at >= CAST(:since AS timestamptz)),
    touched_items AS MATERIALIZED (
        SELECT id FROM named_items
        UNION SELECT l.item_id FROM named_invoices n JOIN invoice_items l ON l.invoice_id = n.id
        UNION SELECT i.id FROM named_invoices n JOIN items i
            ON i.reserved_for_type = 'Invoice' AND i.reserved_for_id = n.id::text),
    touched_invoices AS (
        SELECT id FROM named_invoices
        UNION SELECT l.invoice_id FROM touched_items t JOIN invoice_items l ON l.item_id = t.id)
    SELECT (SELECT array_agg(id) FROM touched_items) AS item_ids,
        (SELECT array_agg(id) FROM touched_invoices) AS invoice_ids
""")


def current_findings(scope: CheckScope) -> list[Finding]:
    """What is wrong with these units and invoices at this moment; nothing is put on record."""
    asked = [
        f"SELECT {COLUMNS} FROM ({question}) q"
        for kind in InconsistencyKind
        for question in questions(scope, kind)
    ]
    rows = db.session.execute(
        text(f"""SELECT f.*, i.serial_number, k.id, coalesce(k.detected_at, now()) AS detected_at
            FROM ({" UNION ALL ".join(asked)}) f LEFT JOIN items i ON i.id = f.item_id
            LEFT JOIN inconsistencies k ON k.resolved_at IS NULL AND {same_finding("k", "f")}
            ORDER BY i.serial_key, f.kind"""),
        scope.parameters(),
    )
    return [Finding(**{**row._mapping, "id": row.id or _passing_id(row)}) for row in rows]


def _passing_id(row: Any) -> UUID:
    """The same every time for what is not on record yet."""
    return uuid5(row.item_id or row.invoice_id, f"{row.kind} {row.invoice_id}")
