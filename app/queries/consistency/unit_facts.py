"""Items with everything that a repair must know of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.database.transactions import db
from app.domain.consistency.repair_steps import ItemHolder
from app.domain.consistency.unit_repair import Claim, UnitFacts
from app.domain.inventory.item_lifecycle import InventoryStatus, PhysicalStatus, ReservedForType
from app.domain.invoices.invoice_lifecycle import InvoiceStatus
from app.queries.conditions import HOLD_EXPIRED


@dataclass(frozen=True)
class OpenFinding:
    id: UUID
    kind: str
    item_id: UUID | None
    invoice_id: UUID | None


def facts_of(item_ids: Sequence[UUID], *, release_long: bool = False) -> list[UnitFacts]:
    """These units in order of their ids; those that do not exist are left out.

    ``release_long``: reservations that were found to be long are to end.
    """
    rows = db.session.execute(_FACTS, {"ids": list(item_ids), "release_long": release_long})
    return [_facts(row) for row in rows]


_FACTS = text(f"""
    SELECT i.id, i.serial_number, i.version, i.inventory_status, i.status, i.reserved_for_type,
        i.reserved_for_id, {HOLD_EXPIRED} AS expired,
        h.to_status AS history_end,
        coalesce((h.seq, h.hash) = (i.history_length, i.history_hash), false) AS tail_matches_item,
        i.history_length >= coalesce(h.seq, 0) AS can_append_history,
        coalesce(s.settled_through >= i.history_length - 1
            AND s.actual IS NOT DISTINCT FROM i.inventory_status, false) AS history_accepted,
        coalesce(k.kinds @> ARRAY['AUDIT_MISMATCH'], false) AS history_faulty,
        coalesce(:release_long AND k.kinds @> ARRAY['LONG_RESERVATION'], false)
            AS reserved_for_long,
        c.claims
    FROM items i
    LEFT JOIN LATERAL (SELECT to_status, seq, hash FROM inventory_status_history
        WHERE item_id = i.id ORDER BY seq DESC LIMIT 1) h ON true
    LEFT JOIN LATERAL (SELECT settled_through, actual FROM inconsistencies
        WHERE item_id = i.id AND settled_through IS NOT NULL
        ORDER BY settled_through DESC, id DESC LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT array_agg(kind) AS kinds FROM inconsistencies
        WHERE item_id = i.id AND resolved_at IS NULL) k ON true
    LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_array(v.id, v.number, v.status)
            ORDER BY v.number) AS claims
        FROM invoice_items l JOIN invoices v ON v.id = l.invoice_id
        WHERE l.item_id = i.id AND v.status <> 'Cancelled') c ON true
    WHERE i.id = ANY(CAST(:ids AS uuid[])) ORDER BY i.id
""")


def _facts(row: Row[Any]) -> UnitFacts:
    return UnitFacts(
        item_id=row.id,
        serial_number=row.serial_number,
        version=row.version,
        status=InventoryStatus(row.inventory_status),
        place=PhysicalStatus(row.status),
        holder=_holder(row),
        claims=tuple(
            Claim(UUID(invoice_id), number, InvoiceStatus(status))
            for invoice_id, number, status in row.claims or ()
        ),
        history_end=InventoryStatus(row.history_end) if row.history_end else None,
        tail_matches_item=row.tail_matches_item,
        can_append_history=row.can_append_history,
        history_accepted=row.history_accepted,
        history_faulty=row.history_faulty,
        reserved_for_long=row.reserved_for_long,
    )


def _holder(row: Row[Any]) -> ItemHolder | None:
    if row.inventory_status != InventoryStatus.RESERVED or not row.reserved_for_type:
        return None
    return ItemHolder(
        ReservedForType(row.reserved_for_type), row.reserved_for_id or "?", row.expired
    )


def invoices_of(item_ids: Sequence[UUID]) -> list[UUID]:
    """The invoices that list these units, in the order in which they are locked."""
    return list(
        db.session.scalars(
            text("""SELECT DISTINCT invoice_id FROM invoice_items
                WHERE item_id = ANY(CAST(:ids AS uuid[])) ORDER BY invoice_id"""),
            {"ids": list(item_ids)},
        )
    )


def open_findings(kind: str, limit: int) -> list[OpenFinding]:
    """The oldest open findings of a kind that nobody has put off."""
    rows = db.session.execute(
        text("""SELECT id, kind, item_id, invoice_id FROM inconsistencies
            WHERE resolved_at IS NULL AND kind = :kind
                AND (snoozed_until IS NULL OR snoozed_until <= clock_timestamp())
            ORDER BY id LIMIT :limit"""),
        {"kind": kind, "limit": limit},
    )
    return [OpenFinding(**row._mapping) for row in rows]
