"""Writes rows of invoices, lines and payments."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.driver import execute, fetch_rows
from app.database.transactions import db
from app.domain.errors import NotFound
from app.domain.invoices.invoice_lifecycle import InvoiceStatus
from app.services.ledger.change_context import CONTEXT, ChangeContext


def add_invoice(
    customer_id: UUID, context: ChangeContext, *, notes: str | None, source_reference: str | None
) -> UUID:
    """An Open invoice without lines and, as yet, without a number. NotFound for the customer."""
    rows = fetch_rows(
        f"""WITH {CONTEXT}
            INSERT INTO invoices (customer_id, notes, source_reference, created_by, created_at)
            SELECT c.id, :invoice_notes, :source_reference, context.user_id::uuid,
                coalesce(CAST(:occurred_at AS timestamptz), clock_timestamp())
            FROM context, customers c WHERE c.id = :customer_id RETURNING id""",
        {
            "customer_id": customer_id,
            "invoice_notes": notes,
            "source_reference": source_reference,
            "occurred_at": context.occurred_at,
            **context.parameters(),
        },
    )
    if not rows:
        raise NotFound("customer", [customer_id])
    invoice_id: UUID = rows[0][0]
    return invoice_id


def set_invoice_status(invoice_id: UUID, status: InvoiceStatus, context: ChangeContext) -> None:
    """Write a locked invoice's status; the database writes the history of it."""
    execute(
        f"""WITH {CONTEXT}
            UPDATE invoices SET status = :status FROM context
            WHERE id = :id AND context.user_id IS NOT NULL""",
        {"id": invoice_id, "status": status, **context.parameters()},
    )


def add_lines(invoice_id: UUID, unit_prices: Mapping[UUID, Decimal]) -> None:
    """Put locked units on an invoice; its total grows with them."""
    if not unit_prices:
        return
    execute(
        """INSERT INTO invoice_items (invoice_id, item_id, unit_price)
            SELECT :invoice_id, line.item_id, line.unit_price
            FROM unnest(CAST(:item_ids AS uuid[]), CAST(:unit_prices AS numeric[]))
                AS line (item_id, unit_price)
            ORDER BY line.item_id""",
        {
            "invoice_id": invoice_id,
            "item_ids": list(unit_prices),
            "unit_prices": list(unit_prices.values()),
        },
    )


def remove_lines(invoice_id: UUID, item_ids: list[UUID]) -> None:
    """Take units off an invoice; its total shrinks by them."""
    db.session.execute(
        text("""DELETE FROM invoice_items
            WHERE invoice_id = :invoice_id AND item_id = ANY(CAST(:item_ids AS uuid[]))"""),
        {"invoice_id": invoice_id, "item_ids": item_ids},
    )


def add_payment(
    invoice_id: UUID,
    user_id: UUID,
    *,
    amount: Decimal,
    method: str,
    reference: str | None,
    occurred_at: datetime | None,
) -> UUID:
    """Write a payment; the invoice's paid sum grows with it."""
    parameters: dict[str, Any] = {
        "invoice_id": invoice_id,
        "user_id": user_id,
        "amount": amount,
        "method": method,
        "reference": reference,
        "occurred_at": occurred_at,
    }
    payment_id: UUID = db.session.scalars(
        text("""INSERT INTO payments
                (invoice_id, amount, method, reference, created_by, received_at)
            VALUES (:invoice_id, :amount, :method, :reference, :user_id,
                coalesce(CAST(:occurred_at AS timestamptz), clock_timestamp()))
            RETURNING id"""),
        parameters,
    ).one()
    return payment_id
