"""InventoryLifecycleService: items received, held, reserved, sold, delivered, released.

Statuses are written by `ledger/item_status.py` alone; the database refuses a change that does not
say who made it and why.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.database.transactions import (
    after_commit,
    allow_time_for,
    constraint_name,
    db,
    transactional,
)
from app.domain.errors import InvalidInput, NotFound
from app.domain.input.fields import TextFields
from app.domain.inventory.delivery import DeliveryInfo
from app.domain.inventory.item_lifecycle import (
    ChangeReason,
    Condition,
    InventoryStatus,
    ReservedForType,
)
from app.domain.invoices.invoice_lifecycle import AWAITING_PAYMENT, InvoiceStatus
from app.models.user import SYSTEM_USER_ID
from app.observability.metrics import count_received
from app.queries.carts.carts import held_item_ids
from app.queries.inventory.status_history import StatusChange, history_of_items
from app.services.accounts.acting_user import acting_role
from app.services.inventory.item_details import LOCATION_LENGTH_MAX, NOTES_LENGTH_MAX, edit_item
from app.services.inventory.serial_numbers import (
    checked_serials,
    duplicate_serials,
    new_serials,
    serials_of_delivery,
)
from app.services.ledger.cart_owners import lock_items_for_cart, require_own_cart
from app.services.ledger.change_context import CONTEXT, ChangeContext
from app.services.ledger.hold_rules import (
    EXPIRY,
    ReservedFor,
    is_held_by_session,
    is_reserved_for,
    list_price,
    refuse_away,
    refuse_transition,
    require_holds,
    require_may_release,
    require_unique_ids,
)
from app.services.ledger.invoice_amounts import refuse_over_most
from app.services.ledger.invoice_rows import add_lines, set_invoice_status
from app.services.ledger.item_status import ChangedItems, ItemStatusWriter
from app.services.ledger.lookups import location_id_of, product_id_of, warehouse_id_of
from app.services.ledger.row_locks import (
    LockedInvoice,
    LockedItem,
    invoice_item_ids,
    lock_invoice,
    lock_items,
)
from app.store_currency import written

CLEANUP_BATCH = 1000
MAIN_WAREHOUSE = "MAIN"


class InventoryLifecycleService:
    """Changes of units. ``occurred_at`` is for imports: when it happened, if that was not now.

    Methods raise NotFound for unknown ids, ItemsNotAvailable, InvalidTransition or
    InvoiceStateRefused where the state of things forbids it, and then change nothing.
    """

    def __init__(self, occurred_at: datetime | None = None) -> None:
        self.statuses = ItemStatusWriter(occurred_at)

    # Receiving

    @transactional
    def receive_items(
        self,
        sku: str,
        user_id: UUID,
        *,
        serial_numbers: Sequence[str] | None = None,
        quantity: int | None = None,
        condition: str = Condition.NEW,
        warehouse: str | None = None,
        location: str | None = None,
        notes: str | None = None,
    ) -> list[UUID]:
        """Take units into stock, with their own serials or generated ones; ids in their order.

        Raises InvalidInput, NotFound for the SKU or warehouse, Duplicate for known serials.
        """
        if (serial_numbers is None) == (quantity is None):
            raise InvalidInput({"serialNumbers": "Give either serial numbers or a quantity."})
        if condition not in set(Condition):
            raise InvalidInput({"condition": f"One of {', '.join(Condition)}."})
        product_id = product_id_of(sku)
        warehouse_id = warehouse_id_of(warehouse or MAIN_WAREHOUSE)
        fields = TextFields()
        place = fields.optional_line("location", location, length_max=LOCATION_LENGTH_MAX)
        item_notes = fields.optional_text("notes", notes, length_max=NOTES_LENGTH_MAX)
        fields.refuse()
        location_id = location_id_of(place, warehouse_id) if place else None
        serials = (
            checked_serials(serial_numbers)
            if serial_numbers is not None
            else new_serials(product_id, sku, quantity or 0)
        )
        context = self.statuses.context(user_id, ChangeReason.RECEIVED)
        allow_time_for(len(serials))
        after_commit(partial(count_received, len(serials)))
        try:
            return list(
                db.session.scalars(
                    text(f"""WITH {CONTEXT}
                        INSERT INTO items (serial_number, product_id, condition, warehouse_id,
                            location_id, notes, created_at)
                        SELECT arrived.serial_number, :product_id, :condition, :warehouse_id,
                            :location_id, :item_notes,
                            coalesce(CAST(:occurred_at AS timestamptz), clock_timestamp())
                        FROM unnest(CAST(:serials AS text[])) WITH ORDINALITY
                            AS arrived (serial_number, position), context
                        ORDER BY arrived.position RETURNING id"""),
                    {
                        "product_id": product_id,
                        "condition": condition,
                        "warehouse_id": warehouse_id,
                        "location_id": location_id,
                        "item_notes": item_notes,
                        "occurred_at": self.statuses.occurred_at,
                        "serials": serials,
                        **context.parameters(),
                    },
                )
            )
        except IntegrityError as error:
            if constraint_name(error) == "uq_items_serial_key":
                raise duplicate_serials(serials) from error
            raise

    @transactional
    def receive_delivery(
        self, quantities: Mapping[str, int], user_id: UUID
    ) -> dict[str, list[UUID]]:
        """Take units of many products into the main warehouse at once; their ids by SKU.

        For imports: any quantity of new units with generated serials. Raises NotFound for SKUs.
        """
        serials = serials_of_delivery(quantities)
        after_commit(partial(count_received, sum(map(len, serials.values()))))
        rows = db.session.execute(
            text(f"""WITH {CONTEXT}, arrived AS (
                    INSERT INTO items (serial_number, product_id, warehouse_id, created_at)
                    SELECT unit.serial_number, unit.product_id, :warehouse_id,
                        coalesce(CAST(:occurred_at AS timestamptz), clock_timestamp())
                    FROM unnest(CAST(:serials AS text[]), CAST(:product_ids AS uuid[]))
                        AS unit (serial_number, product_id), context
                    RETURNING id, product_id)
                SELECT p.sku, array_agg(arrived.id ORDER BY arrived.id) AS ids
                FROM arrived JOIN products p ON p.id = arrived.product_id GROUP BY p.sku"""),
            {
                "warehouse_id": warehouse_id_of(MAIN_WAREHOUSE),
                "occurred_at": self.statuses.occurred_at,
                "serials": [serial for each in serials.values() for serial in each],
                "product_ids": [product_id for product_id, each in serials.items() for _ in each],
                **self.statuses.context(user_id, ChangeReason.RECEIVED).parameters(),
            },
        )
        return {row.sku: row.ids for row in rows}

    # Reserving

    @transactional
    def reserve_items_for_invoice(
        self, item_ids: Sequence[UUID], invoice_id: UUID, user_id: UUID, notes: str | None = None
    ) -> ChangedItems:
        """Reserve units for an invoice that awaits payment; those new to it become lines of it.

        A new line has its product's price. All or nothing.
        """
        wanted = require_unique_ids(item_ids)
        invoice = lock_invoice(invoice_id)
        if invoice.status not in AWAITING_PAYMENT:
            raise invoice.refuse(
                f"Invoice {invoice.number} is {invoice.status}: units can be reserved only for an "
                "invoice that awaits payment. Create a new invoice for them."
            )
        items = lock_items(wanted)
        lines = set(invoice_item_ids(invoice_id))
        holder = ReservedFor(ReservedForType.INVOICE, str(invoice_id))
        reserved = self.statuses.reserve(items, holder, user_id, notes)
        prices = {item.id: list_price(item) for item in items if item.id not in lines}
        refuse_over_most("itemIds", invoice.total + sum(prices.values(), Decimal(0)))
        add_lines(invoice_id, prices)
        return reserved

    @transactional
    def hold_items_for_session(
        self,
        item_ids: Sequence[UUID],
        session_id: str,
        user_id: UUID,
        *,
        expires_in_minutes: int | None = None,
        notes: str | None = None,
    ) -> ChangedItems:
        """Hold units in a cart for HOLD_MINUTES, or as long as said. All or nothing.

        The first to use a ``session_id`` owns its cart; NotPermitted for all others.
        """
        holder = ReservedFor(ReservedForType.SESSION, session_id, expires_in_minutes)
        items = lock_items_for_cart(require_unique_ids(item_ids), session_id, user_id)
        return self.statuses.reserve(items, holder, user_id, notes)

    @transactional
    def hold_quantity_for_session(
        self,
        sku: str,
        quantity: int,
        session_id: str,
        user_id: UUID,
        *,
        warehouse: str | None = None,
        expires_in_minutes: int | None = None,
    ) -> list[UUID]:
        """Hold any ``quantity`` free units of a product, oldest first; else NotEnoughStock."""
        holder = ReservedFor(ReservedForType.SESSION, session_id, expires_in_minutes)
        require_own_cart(session_id, user_id)
        return self.statuses.reserve(
            self.statuses.lock_available(sku, quantity, warehouse=warehouse), holder, user_id, None
        )

    @transactional
    def hold_items_manually(
        self,
        item_ids: Sequence[UUID],
        reserved_for_id: str,
        user_id: UUID,
        *,
        expires_in_minutes: int | None = None,
        notes: str | None = None,
    ) -> ChangedItems:
        """Hold units for whatever ``reserved_for_id`` says, until released or expired."""
        holder = ReservedFor(ReservedForType.MANUAL, reserved_for_id, expires_in_minutes)
        return self.statuses.reserve(
            lock_items(require_unique_ids(item_ids)), holder, user_id, notes
        )

    @transactional
    def extend_session_hold(
        self, session_id: str, user_id: UUID, *, expires_in_minutes: int | None = None
    ) -> list[UUID]:
        """Let one's own cart's hold last HOLD_MINUTES from now, also where it has just run out."""
        holder = ReservedFor(ReservedForType.SESSION, session_id, expires_in_minutes)
        locked = lock_items_for_cart(held_item_ids(session_id), session_id, user_id)
        own = [item for item in locked if is_held_by_session(item, session_id)]
        held = [item.id for item in own]
        db.session.execute(
            text(f"""UPDATE items SET reservation_expiry = {EXPIRY}
                WHERE id = ANY(CAST(:ids AS uuid[]))"""),
            {"ids": held, "minutes": holder.expires_in_minutes, "type": holder.type},
        )
        return held

    # Releasing

    @transactional
    def release_items(
        self, item_ids: Sequence[UUID], user_id: UUID, notes: str | None = None
    ) -> list[UUID]:
        """End holds: one's own, or anyone's for who may (else NotPermitted)."""
        items = lock_items(require_unique_ids(item_ids))
        require_holds(items)
        require_may_release(items, user_id)
        return self.statuses.change_status(
            items,
            InventoryStatus.AVAILABLE,
            self.statuses.context(user_id, ChangeReason.HOLD_RELEASED, notes),
        )

    @transactional
    def release_what_is_held(
        self,
        item_ids: Sequence[UUID],
        is_held: Callable[[LockedItem], bool],
        user_id: UUID,
        notes: str | None = None,
    ) -> list[UUID]:
        """End the holds on those of these units of which ``is_held`` is true once they are locked.

        Others have been released or taken since somebody looked, and stay as they are.
        """
        held = [item for item in lock_items(item_ids) if is_held(item)]
        require_may_release(held, user_id)
        return self.statuses.change_status(
            held,
            InventoryStatus.AVAILABLE,
            self.statuses.context(user_id, ChangeReason.HOLD_RELEASED, notes),
        )

    @transactional
    def release_session(
        self, session_id: str, user_id: UUID, notes: str | None = None
    ) -> list[UUID]:
        """Empty a cart. NotFound when it holds nothing."""
        released = self.release_what_is_held(
            held_item_ids(session_id),
            partial(is_held_by_session, session_id=session_id),
            user_id,
            notes,
        )
        if not released:
            raise NotFound("held cart", [session_id], by="session id")
        return released

    @transactional
    def release_items_for_invoice_cancellation(
        self, invoice_id: UUID, user_id: UUID, notes: str | None = None
    ) -> list[UUID]:
        """Cancel an invoice that awaits payment and free all its units."""
        invoice = lock_invoice(invoice_id)
        items = lock_items(invoice_item_ids(invoice_id))
        reserved = [item for item in items if is_reserved_for(item, invoice)]
        if invoice.status not in AWAITING_PAYMENT and not (
            invoice.status == InvoiceStatus.CANCELLED and reserved
        ):
            raise invoice.refuse(
                f"Invoice {invoice.number} is {invoice.status}; only an invoice that awaits "
                "payment can be cancelled."
            )
        context = self.statuses.context(user_id, ChangeReason.INVOICE_CANCELLED, notes)
        self.statuses.change_status(reserved, InventoryStatus.AVAILABLE, context)
        if invoice.status != InvoiceStatus.CANCELLED:
            set_invoice_status(invoice_id, InvoiceStatus.CANCELLED, context)
        return [item.id for item in reserved]

    @transactional
    def release_items_for_removed_lines(
        self, invoice: LockedInvoice, items: Sequence[LockedItem], user_id: UUID, notes: str | None
    ) -> list[UUID]:
        """Free the units of lines that are being taken off an invoice, both locked before."""
        _require_reserved(items, invoice)
        context = self.statuses.context(user_id, ChangeReason.INVOICE_CANCELLED, notes)
        return self.statuses.change_status(items, InventoryStatus.AVAILABLE, context)

    @transactional
    def cleanup_expired_reservations(self, limit: int = CLEANUP_BATCH) -> list[UUID]:
        """Free up to ``limit`` units whose hold has run out, passing over those in use."""
        expired = list(
            db.session.scalars(
                text("""SELECT id FROM items WHERE reservation_expiry <= clock_timestamp()
                    ORDER BY reservation_expiry LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED"""),
                {"limit": limit},
            )
        )
        return self.statuses.change_status(
            lock_items(expired),
            InventoryStatus.AVAILABLE,
            self.statuses.context(SYSTEM_USER_ID, ChangeReason.RESERVATION_EXPIRED),
        )

    # Selling and handing over

    @transactional
    def mark_items_as_sold_for_invoice(
        self, invoice_id: UUID, user_id: UUID, notes: str | None = None
    ) -> list[UUID]:
        """Make an invoice with nothing left to pay Paid, and all its units Sold."""
        invoice = lock_invoice(invoice_id)
        items = lock_items(invoice_item_ids(invoice_id))
        reserved = [item for item in items if is_reserved_for(item, invoice)]
        if invoice.status == InvoiceStatus.PAID and reserved:
            items = reserved
        elif invoice.status not in AWAITING_PAYMENT:
            raise invoice.refuse(f"Invoice {invoice.number} is {invoice.status} already.")
        elif not items:
            raise invoice.refuse(f"Invoice {invoice.number} has no units; add some or cancel it.")
        elif invoice.balance > 0:
            raise invoice.refuse(
                f"Invoice {invoice.number} has {written(invoice.balance)} still to be paid. "
                "Record a payment: its units are sold when it is paid in full."
            )
        _require_reserved(items, invoice)
        refuse_away(
            items,
            ChangeReason.INVOICE_PAID,
            f"Invoice {invoice.number} cannot be paid in full with it. Find it and set where it is "
            "to In stock, or have an admin give the invoice another unit.",
        )
        context = self.statuses.context(user_id, ChangeReason.INVOICE_PAID, notes)
        self.statuses.change_status(items, InventoryStatus.SOLD, context)
        if invoice.status != InvoiceStatus.PAID:
            set_invoice_status(invoice_id, InvoiceStatus.PAID, context)
        return [item.id for item in items]

    @transactional
    def mark_items_as_delivered_for_invoice(
        self,
        invoice_id: UUID,
        user_id: UUID,
        delivery_info: DeliveryInfo | None = None,
        *,
        item_ids: Sequence[UUID] | None = None,
        version: int | None = None,
    ) -> list[UUID]:
        """Hand over a paid invoice's units, or ``item_ids`` of them; Delivered with the last."""
        invoice = lock_invoice(invoice_id, version=version)
        if invoice.status != InvoiceStatus.PAID:
            raise invoice.refuse(
                f"Invoice {invoice.number} is {invoice.status}; only a paid invoice is delivered."
            )
        items = lock_items(invoice_item_ids(invoice_id))
        sold = [item for item in items if item.inventory_status == InventoryStatus.SOLD]
        chosen = (
            sold if item_ids is None else _on_invoice(items, require_unique_ids(item_ids), invoice)
        )
        refuse_transition(
            [item for item in chosen if item.inventory_status != InventoryStatus.SOLD],
            f"Only sold units of invoice {invoice.number} can be delivered.",
        )
        refuse_away(
            chosen,
            ChangeReason.INVOICE_DELIVERED,
            "It cannot be handed over. Find it and set where it is to In stock, have an admin give "
            f"invoice {invoice.number} another unit, or hand over only the other units.",
        )
        context = ChangeContext(
            user_id=user_id,
            reason=ChangeReason.INVOICE_DELIVERED,
            reference=(ReservedForType.INVOICE, str(invoice_id)),
            occurred_at=self.statuses.occurred_at,
            notes=delivery_info.as_note() if delivery_info else None,
        )
        self.statuses.change_status(chosen, InventoryStatus.DELIVERED, context)
        handed_over = {item.id for item in chosen}
        if all(
            item.id in handed_over or item.inventory_status == InventoryStatus.DELIVERED
            for item in items
        ):
            set_invoice_status(invoice_id, InvoiceStatus.DELIVERED, context)
        return [item.id for item in chosen]

    def edit_item(self, item_id: UUID, user_id: UUID, *, version: int, **changes: str) -> list[str]:
        """Change a unit's condition, status (where it is), location or notes; never its life.

        Returns what to know about it afterwards: to whom a unit is promised that is away now.
        """
        acting_role(user_id)
        return edit_item(item_id, version=version, **changes)

    def get_item_status_history(self, item_ids: Sequence[UUID]) -> list[StatusChange]:
        """What happened to these units, newest first."""
        return history_of_items(list(item_ids))


def _require_reserved(items: Sequence[LockedItem], invoice: LockedInvoice) -> None:
    refuse_transition(
        [item for item in items if not is_reserved_for(item, invoice)],
        f"They should be reserved for invoice {invoice.number}, which lists them; "
        "an admin can mend that under Inconsistencies.",
    )


def _on_invoice(
    items: Sequence[LockedItem], item_ids: Sequence[UUID], invoice: LockedInvoice
) -> list[LockedItem]:
    by_id = {item.id: item for item in items}
    strangers = [item_id for item_id in item_ids if item_id not in by_id]
    if strangers:
        raise NotFound(f"item on invoice {invoice.number}", strangers)
    return [by_id[item_id] for item_id in item_ids]
