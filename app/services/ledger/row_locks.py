"""Locks rows of items and invoices, always in one order.

Idempotency claim, carts, invoices, items, lines, payments, outbox.

What was read before the lock does not count; what these functions return does.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from app.database.driver import fetch_rows
from app.database.transactions import allow_time_for
from app.domain.errors import InvoiceStateRefused, NotFound, VersionConflict
from app.queries.conditions import IS_EXPIRED_HOLD

ITEM_COLUMNS = """
    i.id, i.serial_number, i.product_id, p.sku, p.name AS product_name, p.price, i.warehouse_id,
    i.inventory_status, i.status, i.reserved_for_type, i.reserved_for_id, i.reserved_by,
    i.reservation_expiry, i.version
"""


class LockedItem(NamedTuple):
    """A unit as it stands while nobody else can change it; times are aware, in UTC."""

    id: UUID
    serial_number: str
    product_id: UUID
    sku: str
    product_name: str
    price: Decimal | None
    warehouse_id: UUID
    inventory_status: str
    status: str
    reserved_for_type: str | None
    reserved_for_id: str | None
    reserved_by: UUID | None
    reservation_expiry: datetime | None
    version: int


class LockedInvoice(NamedTuple):
    id: UUID
    number: str
    status: str
    total: Decimal
    paid: Decimal
    version: int

    @property
    def balance(self) -> Decimal:
        return self.total - self.paid

    def refuse(self, detail: str) -> InvoiceStateRefused:
        """The refusal that says what about this invoice forbids it."""
        return InvoiceStateRefused(
            detail, invoice_id=self.id, number=self.number, status=self.status
        )


def lock_items(item_ids: Iterable[UUID]) -> list[LockedItem]:
    """Lock these units, waiting for whoever has them; ordered by id. Raises NotFound."""
    wanted = list(dict.fromkeys(item_ids))
    allow_time_for(len(wanted))
    rows = fetch_rows(
        f"""SELECT {ITEM_COLUMNS} FROM items i JOIN products p ON p.id = i.product_id
            WHERE i.id = ANY(CAST(:ids AS uuid[])) ORDER BY i.id FOR NO KEY UPDATE OF i""",
        {"ids": wanted},
    )
    return all_locked([LockedItem(*row) for row in rows], wanted)


def all_locked(items: list[LockedItem], wanted: Sequence[UUID]) -> list[LockedItem]:
    """The locked units, or NotFound for those of the wanted that are not among them."""
    if len(items) != len(wanted):
        found = {item.id for item in items}
        raise NotFound("item", [item_id for item_id in wanted if item_id not in found])
    return items


def lock_free_items(
    product_id: UUID,
    limit: int,
    *,
    warehouse_id: UUID | None = None,
    besides: Sequence[UUID] = (),
) -> list[LockedItem]:
    """Lock up to ``limit`` free units of a product, oldest first, passing over locked ones."""
    allow_time_for(limit)
    picked = _pick(
        "i.inventory_status = 'Available'", product_id, limit, warehouse_id, list(besides)
    )
    missing = limit - len(picked)
    if missing:
        # A hold that ran out is free, whether or not the cleanup has been round.
        picked += _pick(
            IS_EXPIRED_HOLD,
            product_id,
            missing,
            warehouse_id,
            list(besides),
        )
    return picked


def _pick(
    which: str, product_id: UUID, limit: int, warehouse_id: UUID | None, besides: list[UUID]
) -> list[LockedItem]:
    in_warehouse = "AND i.warehouse_id = :warehouse_id" if warehouse_id else ""
    rows = fetch_rows(
        f"""
            WITH picked AS MATERIALIZED (
                SELECT i.id FROM items i
                WHERE i.product_id = :product_id AND {which} AND i.status = 'InStock'
                    AND i.id <> ALL(CAST(:besides AS uuid[])) {in_warehouse}
                ORDER BY i.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
            SELECT {ITEM_COLUMNS} FROM picked JOIN items i USING (id)
            JOIN products p ON p.id = i.product_id ORDER BY i.id""",
        {
            "product_id": product_id,
            "limit": limit,
            "warehouse_id": warehouse_id,
            "besides": besides,
        },
    )
    return [LockedItem(*row) for row in rows]


def lock_invoice(invoice_id: UUID, *, version: int | None = None) -> LockedInvoice:
    """Lock an invoice; raises NotFound, and VersionConflict if ``version`` is not its own."""
    rows = fetch_rows(
        """SELECT id, number, status, total, paid, version FROM invoices
            WHERE id = :id FOR NO KEY UPDATE""",
        {"id": invoice_id},
    )
    if not rows:
        raise NotFound("invoice", [invoice_id])
    invoice = LockedInvoice(*rows[0])
    check_version(f"invoice {invoice.number}", asked=version, current=invoice.version)
    return invoice


def check_version(what: str, *, asked: int | None, current: int) -> None:
    """Refuse a change that was made while looking at an older state."""
    if asked is not None and asked != current:
        raise VersionConflict(
            f"Somebody changed {what} since you looked at it (version {asked}, now {current}). "
            "Look at it as it is now, then decide again.",
            asked=asked,
            current=current,
        )


def invoice_item_ids(invoice_id: UUID) -> list[UUID]:
    """The units on an invoice. Lock the invoice first: its lines change only under its lock."""
    rows = fetch_rows(
        "SELECT item_id FROM invoice_items WHERE invoice_id = :id ORDER BY item_id",
        {"id": invoice_id},
    )
    return [item_id for (item_id,) in rows]


def database_time() -> datetime:
    """Now, by the database's clock. Ask after locking: waiting takes time."""
    ((now,),) = fetch_rows("SELECT clock_timestamp()", {})
    assert isinstance(now, datetime)
    return now
