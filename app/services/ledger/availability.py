"""Which locked items are available, and who has the others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.database.transactions import db
from app.domain.carts.carts import cart_label
from app.domain.errors import (
    FreeUnit,
    Holder,
    HoldExpired,
    ItemsNotAvailable,
    UnavailableItem,
)
from app.domain.inventory.item_lifecycle import InventoryStatus, PhysicalStatus, ReservedForType
from app.domain.text.written_times import written_span
from app.services.ledger.row_locks import LockedItem, database_time


@dataclass
class Availability:
    """Locked units, by what must happen before they can be reserved."""

    free: list[LockedItem] = field(default_factory=list)
    own: list[LockedItem] = field(default_factory=list)
    expired: list[LockedItem] = field(default_factory=list)
    taken: list[LockedItem] = field(default_factory=list)


def classify_availability(
    items: Sequence[LockedItem], *, session_id: str | None = None
) -> Availability:
    """Sort locked units; those that ``session_id`` holds are its own, even past their expiry."""
    now = database_time() if any(item.reservation_expiry for item in items) else None
    result = Availability()
    for item in items:
        _category(result, item, session_id, now).append(item)
    return result


def _category(
    result: Availability, item: LockedItem, session_id: str | None, now: datetime | None
) -> list[LockedItem]:
    if item.status != PhysicalStatus.IN_STOCK:
        return result.taken
    if item.inventory_status == InventoryStatus.AVAILABLE:
        return result.free
    if item.inventory_status != InventoryStatus.RESERVED:
        return result.taken
    if session_id and (item.reserved_for_type, item.reserved_for_id) == (
        ReservedForType.SESSION,
        session_id,
    ):
        return result.own
    if item.reservation_expiry and now and item.reservation_expiry <= now:
        return result.expired
    return result.taken


def raise_if_unavailable(
    taken: Sequence[LockedItem], *, asked: Sequence[LockedItem], session_id: str | None = None
) -> None:
    """Raise ItemsNotAvailable, or HoldExpired where the cart held them before, if any is taken.

    A cart's own unit that is not in stock counts as taken, and is no expired hold. What was
    ``asked`` for is offered as no alternative to anything.
    """
    if not taken:
        return
    unavailable = describe_unavailable_items(
        [item.id for item in taken], besides=[item.id for item in asked]
    )
    # A unit that is not in stock is no longer there, whether or not its hold has run out.
    all_in_stock = all(item.status == PhysicalStatus.IN_STOCK for item in taken)
    if session_id and all_in_stock and _were_held_by(session_id, [item.id for item in taken]):
        raise HoldExpired(unavailable)
    raise ItemsNotAvailable(unavailable)


def describe_unavailable_items(
    item_ids: Iterable[UUID], besides: Iterable[UUID] = ()
) -> list[UnavailableItem]:
    """Who has each of these units, since and until when, and what could be taken instead."""
    rows = db.session.execute(_EXPLAIN, {"ids": list(item_ids), "besides": list(besides)})
    return [_explained(row) for row in rows]


_EXPLAIN = text("""
    WITH asked AS MATERIALIZED (SELECT * FROM items WHERE id = ANY(CAST(:ids AS uuid[]))),
    instead AS MATERIALIZED (
        SELECT p.product_id, array_agg(f.id ORDER BY f.id) AS ids,
            array_agg(f.serial_number ORDER BY f.id) AS serials
        FROM (SELECT DISTINCT product_id FROM asked) p CROSS JOIN LATERAL (
            SELECT f.id, f.serial_number FROM items f
            WHERE f.product_id = p.product_id AND f.inventory_status = 'Available'
                AND f.status = 'InStock' AND f.id <> ALL(CAST(:besides AS uuid[]))
            ORDER BY f.id LIMIT 3) f
        GROUP BY p.product_id)
    SELECT a.id, a.serial_number, p.sku, p.name AS product_name, a.inventory_status, a.status,
        a.reserved_for_type, a.reserved_for_id, a.reservation_expiry,
        coalesce(a.reserved_at, h.change_date) AS since, who.name AS user_name,
        inv.id AS invoice_id, inv.number AS invoice_number, s.ids, s.serials
    FROM asked a JOIN products p ON p.id = a.product_id
    LEFT JOIN inventory_status_history h ON h.item_id = a.id AND h.seq = a.history_length
    LEFT JOIN users who ON who.id = coalesce(a.reserved_by, h.changed_by)
    LEFT JOIN invoice_items l ON l.item_id = a.id AND l.live
    LEFT JOIN invoices inv ON inv.id = l.invoice_id
    LEFT JOIN instead s ON s.product_id = a.product_id
    ORDER BY a.serial_key
""")


def _explained(row: Row[Any]) -> UnavailableItem:
    holder = _holder(row)
    return UnavailableItem(
        id=row.id,
        serial_number=row.serial_number,
        sku=row.sku,
        product_name=row.product_name,
        inventory_status=row.inventory_status,
        status=row.status,
        holder=holder,
        why=_why(row, holder),
        alternatives=[
            FreeUnit(item_id, serial)
            for item_id, serial in zip(row.ids or [], row.serials or [], strict=True)
        ],
    )


def _holder(row: Row[Any]) -> Holder | None:
    if row.inventory_status == InventoryStatus.AVAILABLE:
        return None
    reserved = row.inventory_status == InventoryStatus.RESERVED
    kind = row.reserved_for_type if reserved else ReservedForType.INVOICE
    return Holder(
        type=kind,
        id=row.reserved_for_id if reserved else str(row.invoice_id or ""),
        label=_label(row, kind),
        user=row.user_name,
        since=row.since,
        until=row.reservation_expiry,
        releasable_by=_releasable_by(row, kind),
    )


def _label(row: Row[Any], kind: str) -> str:
    if kind == ReservedForType.INVOICE:
        return f"invoice {row.invoice_number}" if row.invoice_number else "an unknown invoice"
    if kind == ReservedForType.SESSION:
        return cart_label(row.user_name)
    return str(row.reserved_for_id)


def _releasable_by(row: Row[Any], kind: str) -> str:
    if row.inventory_status != InventoryStatus.RESERVED:
        return "nobody: it is sold"
    if kind == ReservedForType.INVOICE:
        return "a manager, by cancelling the invoice"
    return f"{row.user_name} or a manager"


def _why(row: Row[Any], holder: Holder | None) -> str:
    elsewhere = row.status != PhysicalStatus.IN_STOCK
    if holder is None:
        return f"it is {row.status}, not in stock" if elsewhere else "it is free"
    verb = {"Reserved": "reserved for", "Sold": "sold on", "Delivered": "delivered on"}
    when = written_span(holder.since, holder.until)
    reserved = row.inventory_status == InventoryStatus.RESERVED
    place = f", and it is {row.status}" if elsewhere and reserved else ""
    return (
        f"{verb[row.inventory_status]} {holder.label} by {holder.user or 'somebody'}{when}{place}"
    )


def _were_held_by(session_id: str, item_ids: Sequence[UUID]) -> bool:
    return bool(
        db.session.scalar(
            text("""SELECT EXISTS (SELECT FROM inventory_status_history
                WHERE reference_id = :session_id AND change_reason = 'SESSION_HOLD'
                    AND item_id = ANY(CAST(:ids AS uuid[])))"""),
            {"session_id": session_id, "ids": list(item_ids)},
        )
    )
