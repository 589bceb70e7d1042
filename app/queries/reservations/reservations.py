"""Reservations: who holds what until when."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text

from app.database.transactions import db
from app.domain.accounts.roles import Permission, least_role_with
from app.domain.carts.carts import cart_label
from app.domain.inventory.item_actions import Viewer, may_release
from app.domain.inventory.item_lifecycle import ReservedForType
from app.queries.paging import Page, decode_cursor, encode_cursor

GROUPS_PER_PAGE = 25
UNITS_SHOWN = 12


class ReservationFilter(StrEnum):
    """Narrowed by kind of holder, or to the holds that ran out."""

    ALL = ""
    INVOICE = "Invoice"
    SESSION = "Session"
    MANUAL = "Manual"
    EXPIRED = "expired"


@dataclass(frozen=True)
class HeldUnit:
    id: UUID
    serial_number: str
    sku: str
    product_name: str


@dataclass(frozen=True)
class Reservation:
    """All units of one holder; ``units`` are the first few. Times are aware, in UTC."""

    type: str
    holder_id: str
    holder: str
    customer: str | None
    quantity: int
    user: str
    since: datetime
    until: datetime | None
    is_expired: bool
    releasable_by: str
    units: list[HeldUnit] = field(default_factory=list)
    actions: tuple[str, ...] = field(default=())


def list_reservations(
    viewer: Viewer, kind: ReservationFilter = ReservationFilter.ALL, *, cursor: str | None = None
) -> Page[Reservation]:
    """Holders by kind and id. Raises InvalidInput for a cursor that is none."""
    after = decode_cursor(cursor, 2) if cursor else None
    sql = _sql(kind, bool(after))
    statement = text(sql).bindparams(
        bindparam("limit", GROUPS_PER_PAGE + 1),
        bindparam("shown", UNITS_SHOWN),
        *([bindparam("type", kind.value)] if ":type" in sql else []),
        *([bindparam("after_type", after[0]), bindparam("after_id", after[1])] if after else []),
    )
    rows = db.session.execute(statement).mappings().all()
    groups = [_reservation(dict(row), viewer) for row in rows[:GROUPS_PER_PAGE]]
    if len(rows) <= GROUPS_PER_PAGE:
        return Page(groups)
    return Page(groups, encode_cursor(groups[-1].type, groups[-1].holder_id))


def held_item_ids(kind: ReservedForType, holder_id: str, limit: int) -> list[UUID]:
    """The units that a holder has, at most ``limit``."""
    return list(
        db.session.scalars(
            text("""SELECT id FROM items WHERE reserved_for_type = :type
                AND reserved_for_id = :holder_id ORDER BY id LIMIT :limit"""),
            {"type": kind, "holder_id": holder_id, "limit": limit},
        )
    )


def _sql(kind: ReservationFilter, is_later_page: bool) -> str:
    conditions = ["reserved_for_type IS NOT NULL"]
    if kind is ReservationFilter.EXPIRED:
        conditions.append("reservation_expiry <= clock_timestamp()")
    elif kind is not ReservationFilter.ALL:
        conditions.append("reserved_for_type = :type")
    if is_later_page:
        conditions.append("(reserved_for_type, reserved_for_id) > (:after_type, :after_id)")
    where = " AND ".join(conditions)
    return f"""
        WITH groups AS (
            SELECT reserved_for_type AS type, reserved_for_id AS holder_id, count(*) AS quantity,
                min(reserved_at) AS since, min(reservation_expiry) AS until,
                array_agg(DISTINCT reserved_by) AS users
            FROM items WHERE {where} GROUP BY 1, 2 ORDER BY 1, 2 LIMIT :limit)
        SELECT g.*, coalesce(g.until <= clock_timestamp(), false) AS is_expired,
            u.name AS user, v.number, c.name AS customer, units.units
        FROM groups g
        JOIN users u ON u.id = g.users[1]
        LEFT JOIN invoices v ON v.id = CASE WHEN g.type = 'Invoice'
            AND pg_input_is_valid(g.holder_id, 'uuid') THEN g.holder_id::uuid END
        LEFT JOIN customers c ON c.id = v.customer_id
        CROSS JOIN LATERAL (
            SELECT jsonb_agg(jsonb_build_array(i.id, i.serial_number, p.sku, p.name) ORDER BY i.id)
                AS units
            FROM (SELECT id, serial_number, product_id FROM items
                WHERE reserved_for_type = g.type AND reserved_for_id = g.holder_id
                ORDER BY id LIMIT :shown) i
            JOIN products p ON p.id = i.product_id) units
        ORDER BY g.type, g.holder_id"""


def _reservation(row: dict[str, Any], viewer: Viewer) -> Reservation:
    number, users, units = row.pop("number"), row.pop("users"), row.pop("units")
    if len(users) > 1:
        row["user"] = f"{row['user']} and {len(users) - 1} more"
    return Reservation(
        **row,
        holder=_holder(row, number),
        releasable_by=_releasable_by(row),
        units=[HeldUnit(UUID(id_), *words) for id_, *words in units or []],
        actions=_actions(row["type"], users, viewer),
    )


def _holder(row: dict[str, Any], number: str | None) -> str:
    if row["type"] == ReservedForType.INVOICE:
        return f"Invoice {number}" if number else "An unknown invoice"
    if row["type"] == ReservedForType.SESSION:
        return cart_label(row["user"])
    return str(row["holder_id"])


def _releasable_by(row: dict[str, Any]) -> str:
    if row["type"] == ReservedForType.INVOICE:
        return f"a {least_role_with(Permission.INVOICE_CANCEL)}, by cancelling the invoice"
    return f"{row['user']} or a {least_role_with(Permission.ITEM_RELEASE_ANY)}"


def _actions(kind: str, users: list[UUID], viewer: Viewer) -> tuple[str, ...]:
    if kind == ReservedForType.INVOICE:
        return ()
    return ("release",) if all(may_release(viewer, user) for user in users) else ()
