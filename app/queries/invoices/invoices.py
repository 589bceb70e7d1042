"""Invoices as lists and pages show them, with the actions allowed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.database.transactions import db
from app.domain.accounts.roles import Permission, may
from app.domain.errors import InvalidInput, NotFound
from app.domain.invoices.invoice_lifecycle import (
    AWAITING_PAYMENT,
    INVOICE_TRANSITIONS,
    InvoiceStatus,
    balance_of,
    refund_due,
)
from app.queries.invoices.search import InvoiceSearch, InvoiceSearchStep, invoice_search
from app.queries.paging import LIMIT_DEFAULT, Page, decode_cursor, encode_cursor

PAYMENTS_MAX = 200


class InvoiceAction(StrEnum):
    RECORD_PAYMENT = "Record payment"
    MARK_PAID = "Mark paid"
    MARK_DELIVERED = "Mark delivered"
    CANCEL = "Cancel invoice"


@dataclass(frozen=True)
class Invoice:
    """Money is in the store's currency; ``created_by`` is a name; times are aware, in UTC."""

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    customer_email: str | None
    customer_tier: str
    status: str
    total: Decimal
    paid: Decimal
    notes: str | None
    created_at: datetime
    created_by: str | None
    version: int

    @property
    def balance(self) -> Decimal:
        return balance_of(self.status, self.total, self.paid)

    @property
    def refund_due(self) -> Decimal:
        return refund_due(self.status, self.paid)

    def actions(self, role: str) -> list[InvoiceAction]:
        """What a user with this role may do to the invoice now, in the order of its life."""
        status = InvoiceStatus(self.status)
        possible = {
            InvoiceAction.RECORD_PAYMENT: status in AWAITING_PAYMENT and self.balance > 0,
            InvoiceAction.MARK_PAID: status in AWAITING_PAYMENT and not self.balance,
            InvoiceAction.MARK_DELIVERED: InvoiceStatus.DELIVERED in INVOICE_TRANSITIONS[status],
            InvoiceAction.CANCEL: InvoiceStatus.CANCELLED in INVOICE_TRANSITIONS[status],
        }
        return [
            action
            for action, now in possible.items()
            if now and may(role, ACTION_PERMISSIONS[action])
        ]


@dataclass(frozen=True)
class Payment:
    """``balance_after`` is what was still to be paid after it."""

    id: UUID
    amount: Decimal
    method: str
    reference: str | None
    received_at: datetime
    received_by: str | None
    balance_after: Decimal


@dataclass(frozen=True)
class InvoiceStep:
    """One change of the invoice's status: who, when, why."""

    from_status: str | None
    to_status: str
    change_date: datetime
    changed_by: str
    notes: str | None


@dataclass(frozen=True)
class ProgressPoint:
    """``step`` is how the invoice got here; None where it has not been."""

    status: str
    step: InvoiceStep | None
    here: bool


ACTION_PERMISSIONS = {
    InvoiceAction.RECORD_PAYMENT: Permission.INVOICE_PAY,
    InvoiceAction.MARK_PAID: Permission.INVOICE_PAY,
    InvoiceAction.MARK_DELIVERED: Permission.INVOICE_DELIVER,
    InvoiceAction.CANCEL: Permission.INVOICE_CANCEL,
}

_FIELDS = [one.name for one in fields(Invoice)]
_SELECT = """
    SELECT v.id, v.number, v.customer_id, c.name AS customer_name, c.email AS customer_email,
        c.tier AS customer_tier, v.status, v.total, v.paid, v.notes, v.created_at,
        u.name AS created_by, v.version
    FROM invoices v JOIN customers c ON c.id = v.customer_id
    LEFT JOIN users u ON u.id = v.created_by
"""


def list_invoices(
    *,
    status: str | None = None,
    customer_id: UUID | None = None,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Page[Invoice]:
    """Invoices, newest first. Raises InvalidInput for a status or cursor that there is not.

    Each word of ``q`` is the start of the number, a part of the customer's name or address, or
    the whole serial number of a unit on it.
    """
    which, parameters = list[str](), dict[str, Any](limit=limit + 1)
    if status:
        which.append("v.status = :status")
        parameters["status"] = _known_status(status)
    if customer_id:
        which.append("v.customer_id = :customer_id")
        parameters["customer_id"] = customer_id
    if cursor:
        which.append("v.id < :before")
        parameters["before"] = _place(cursor)
    rows: Sequence[Row[Any]]
    search = invoice_search(q or "", which)
    if search.words:
        rows = search.page(partial(_carry_out, search, parameters), limit)
    else:
        where = f"WHERE {' AND '.join(which)}" if which else ""
        statement = text(f"{_SELECT} {where} ORDER BY v.id DESC LIMIT :limit")
        rows = db.session.execute(statement, parameters).all()
    found = [Invoice(**{name: row._mapping[name] for name in _FIELDS}) for row in rows]
    last = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], encode_cursor(str(last.id), of="invoices") if last else None)


def _carry_out(
    search: InvoiceSearch, parameters: dict[str, Any], step: InvoiceSearchStep
) -> tuple[bool, Sequence[Row[Any]]]:
    """Whether a step of a search found all there is, and its invoices, the newest first."""
    where = " AND ".join(["v.id IN (SELECT id FROM found)", *search.conditions])
    ctes = ", ".join([*step.ctes, f"found AS ({step.found})"])
    statement = f"""WITH {ctes} SELECT {step.is_complete} AS is_complete, v.* FROM (SELECT) one
        LEFT JOIN ({_SELECT} WHERE {where} ORDER BY v.id DESC LIMIT :limit) v ON true
        ORDER BY v.id DESC"""
    values = [one for one in search.parameters() if re.search(rf":{one.key}\b", statement)]
    rows = db.session.execute(text(statement).bindparams(*values), parameters).all()
    return rows[0].is_complete, [row for row in rows if row.id]


def get_invoice(invoice_id: UUID) -> Invoice:
    """One invoice, or NotFound."""
    row = db.session.execute(text(f"{_SELECT} WHERE v.id = :id"), {"id": invoice_id}).one_or_none()
    if row is None:
        raise NotFound("invoice", [invoice_id])
    return Invoice(**row._mapping)


def payments_of(invoice: Invoice) -> list[Payment]:
    """The invoice's payments, oldest first, with the balance that each left."""
    rows = db.session.execute(
        text("""
            SELECT p.id, p.amount, p.method, p.reference, p.received_at, u.name AS received_by,
                CAST(:total AS numeric) - sum(p.amount) OVER (ORDER BY p.id) AS balance_after
            FROM payments p LEFT JOIN users u ON u.id = p.created_by
            WHERE p.invoice_id = :id ORDER BY p.id LIMIT :limit"""),
        {"id": invoice.id, "total": invoice.total, "limit": PAYMENTS_MAX},
    )
    return [Payment(**row._mapping) for row in rows]


def steps_of(invoice_id: UUID) -> list[InvoiceStep]:
    """How the invoice came to where it stands, oldest first."""
    rows = db.session.execute(
        text("""
            SELECT h.from_status, h.to_status, h.change_date, u.name AS changed_by, h.notes
            FROM invoice_status_history h JOIN users u ON u.id = h.changed_by
            WHERE h.invoice_id = :id ORDER BY h.id"""),
        {"id": invoice_id},
    )
    return [InvoiceStep(**row._mapping) for row in rows]


def _known_status(status: str) -> str:
    if status not in set(InvoiceStatus):
        raise InvalidInput({"status": f"One of {', '.join(InvoiceStatus)}."})
    return status


def _place(cursor: str) -> UUID:
    try:
        return UUID(decode_cursor(cursor, of="invoices")[0])
    except ValueError:
        raise InvalidInput({"cursor": "This is not a place in the list."}) from None


def progress_of(invoice: Invoice, steps: list[InvoiceStep]) -> list[ProgressPoint]:
    """The way from open to delivered, or to cancelled, with when the invoice got to each point."""
    reached = {step.to_status: step for step in steps}
    way = [
        InvoiceStatus.OPEN,
        InvoiceStatus.PARTIALLY_PAID,
        InvoiceStatus.PAID,
        InvoiceStatus.DELIVERED,
    ]
    if invoice.status == InvoiceStatus.CANCELLED:
        way = [status for status in way if status in reached] + [InvoiceStatus.CANCELLED]
    elif InvoiceStatus(invoice.status) not in AWAITING_PAYMENT and not _paid_in_parts(reached):
        way.remove(InvoiceStatus.PARTIALLY_PAID)
    return [ProgressPoint(status, reached.get(status), status == invoice.status) for status in way]


def _paid_in_parts(reached: dict[str, InvoiceStep]) -> bool:
    return InvoiceStatus.PARTIALLY_PAID in reached
