"""Writes `items.inventory_status`. Nothing else may (tests/architecture).

The caller has begun the transaction and locked the units.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from app.database.driver import Row, execute, fetch_rows
from app.database.transactions import after_commit
from app.domain.errors import InvalidInput, ItemBusy, NotEnoughStock
from app.domain.inventory.item_lifecycle import (
    HOLD_REASONS,
    ChangeReason,
    InventoryStatus,
    ReservedForType,
)
from app.models.user import SYSTEM_USER_ID
from app.observability.metrics import count_transitions
from app.queries.inventory.items import ItemRow, find_items
from app.services.ledger.availability import classify_availability, raise_if_unavailable
from app.services.ledger.change_context import CONTEXT, ChangeContext
from app.services.ledger.hold_rules import EXPIRY, ITEMS_MAX, ReservedFor, require_may_release
from app.services.ledger.lookups import count_free, product_id_of, warehouse_id_of
from app.services.ledger.row_locks import LockedItem, lock_free_items


class ChangedItems(list[UUID]):
    """Ids of changed items in order of their ids; ``rows`` came back with the change, if few."""

    def __init__(self, item_ids: Iterable[UUID] = (), rows: list[ItemRow] | None = None) -> None:
        super().__init__(item_ids)
        self._rows = rows

    def rows(self) -> list[ItemRow]:
        """The items as the change left them; of many, read now."""
        return find_items(self) if self._rows is None else self._rows


class ItemStatusWriter:
    """``occurred_at`` is for imports: when it happened, if that was not now."""

    def __init__(self, occurred_at: datetime | None = None) -> None:
        self.occurred_at = occurred_at

    def lock_available(
        self,
        sku: str,
        quantity: int,
        *,
        warehouse: str | None = None,
        besides: Sequence[UUID] = (),
    ) -> list[LockedItem]:
        """Lock ``quantity`` free units of a product, oldest first; else NotEnoughStock."""
        if not 1 <= quantity <= ITEMS_MAX:
            raise InvalidInput({"quantity": f"Give a whole number from 1 to {ITEMS_MAX}."})
        product_id = product_id_of(sku)
        warehouse_id = warehouse_id_of(warehouse) if warehouse else None
        items = lock_free_items(product_id, quantity, warehouse_id=warehouse_id, besides=besides)
        if len(items) < quantity:
            free = count_free(product_id, warehouse_id, besides)
            if free >= quantity:
                raise ItemBusy
            raise NotEnoughStock(
                f"{quantity:,} of {sku} were asked for and {free:,} are free"
                + (f" in {warehouse}." if warehouse else "."),
                sku=sku,
                asked=quantity,
                free=free,
            )
        return items

    def reserve(
        self,
        items: Sequence[LockedItem],
        holder: ReservedFor,
        user_id: UUID,
        notes: str | None,
        *,
        session_id: str | None = None,
    ) -> ChangedItems:
        """Reserve locked units; the holds of ``session_id`` and expired holds make way."""
        self.end_expired_and_own_holds(items, user_id, session_id=session_id)
        return self.change_status(
            items,
            InventoryStatus.RESERVED,
            self.context(user_id, HOLD_REASONS[holder.type], notes),
            holder,
        )

    def end_expired_and_own_holds(
        self, items: Sequence[LockedItem], user_id: UUID, *, session_id: str | None = None
    ) -> None:
        """End own and expired holds on locked units, or raise for those that somebody has."""
        found = classify_availability(items, session_id=session_id)
        raise_if_unavailable(found.taken, asked=items, session_id=session_id)
        require_may_release(found.own, user_id)
        self.change_status(
            found.expired,
            InventoryStatus.AVAILABLE,
            self.context(SYSTEM_USER_ID, ChangeReason.RESERVATION_EXPIRED),
        )
        self.change_status(
            found.own,
            InventoryStatus.AVAILABLE,
            self.context(user_id, ChangeReason.HOLD_RELEASED),
        )

    def sell(
        self, items: Sequence[LockedItem], invoice_id: UUID, user_id: UUID, notes: str | None
    ) -> ChangedItems:
        """Sell locked units that ``end_expired_and_own_holds`` has freed."""
        context = ChangeContext(
            user_id=user_id,
            reason=ChangeReason.DIRECT_SALE,
            reference=(ReservedForType.INVOICE, str(invoice_id)),
            occurred_at=self.occurred_at,
            notes=notes,
        )
        return self.change_status(items, InventoryStatus.SOLD, context)

    def context(
        self, user_id: UUID, reason: ChangeReason, notes: str | None = None
    ) -> ChangeContext:
        """Who changes statuses and why, at the time of this writer."""
        return ChangeContext(
            user_id=user_id, reason=reason, occurred_at=self.occurred_at, notes=notes
        )

    def change_status(
        self,
        items: Sequence[LockedItem],
        to: InventoryStatus,
        context: ChangeContext,
        holder: ReservedFor | None = None,
    ) -> ChangedItems:
        """Write a status. The same statement's triggers write history, hashes and totals."""
        item_ids = [item.id for item in items]
        if not item_ids:
            return ChangedItems()
        statement = f"""WITH {CONTEXT}
            UPDATE items SET inventory_status = :to, reserved_for_type = :type,
                reserved_for_id = :holder, reservation_expiry = {EXPIRY}
            FROM context
            WHERE items.id = ANY(CAST(:ids AS uuid[])) AND context.reason IS NOT NULL"""
        parameters = {
            "to": to,
            "type": holder.type if holder else None,
            "holder": holder.id if holder else None,
            "minutes": holder.expires_in_minutes if holder else None,
            "ids": item_ids,
            **context.parameters(),
        }
        if len(items) <= RETURNING_ROWS_MAX:
            rows = {row[0]: row for row in fetch_rows(f"{statement} {_RETURNING_ITEM}", parameters)}
            count = len(rows)
            changed = ChangedItems(
                item_ids, [_as_changed(item, rows[item.id]) for item in items if item.id in rows]
            )
        else:
            count = execute(statement, parameters)
            changed = ChangedItems(item_ids)
        assert count == len(item_ids)  # locked before, so they are there
        before = Counter(item.inventory_status for item in items)
        after_commit(partial(count_transitions, to, context.reason or "", before))
        return changed


#: Up to so many rows come back by RETURNING; those of larger changes are read on demand.
RETURNING_ROWS_MAX = 100
_RETURNING_ITEM = """
    RETURNING items.id, items.condition, items.inventory_status, items.status,
        (SELECT w.code FROM warehouses w WHERE w.id = items.warehouse_id),
        (SELECT l.code FROM locations l WHERE l.id = items.location_id),
        items.reserved_at, items.reserved_by, items.reserved_for_type, items.reserved_for_id,
        items.reservation_expiry, items.version, items.created_at, items.updated_at
"""


def _as_changed(item: LockedItem, row: Row) -> ItemRow:
    return ItemRow(item.id, item.serial_number, item.sku, item.product_name, *row[1:])
