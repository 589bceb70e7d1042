"""Rows of the database as tuples; ids are text, times seconds since 1970."""

from decimal import Decimal
from typing import NamedTuple

SYSTEM_USER_ID = "00000000-0000-7000-8000-000000000001"


class HistoryEntry(NamedTuple):
    """One row of a unit's history."""

    item_id: str
    seq: int
    before: str | None
    after: str
    reason: str
    holder_type: str | None
    holder_id: str | None
    user_id: str
    written_at: float
    committed_at: float
    """When its transaction's commit began: nobody saw the step before."""
    transaction: int
    owner: str | None
    """The tag of the operation that made it."""


class InvoiceHistoryRow(NamedTuple):
    """One row of an invoice's history."""

    invoice_id: str
    before: str | None
    after: str
    user_id: str
    committed_at: float
    transaction: int
    owner: str | None


class PaymentRow(NamedTuple):
    id: str
    invoice_id: str
    amount: Decimal
    user_id: str | None
    committed_at: float
    transaction: int
    owner: str | None


class LineRow(NamedTuple):
    invoice_id: str
    item_id: str
    price: Decimal
    live: bool
    committed_at: float
    """Of its last change, which may be the cancelling of its invoice."""


class InvoiceRow(NamedTuple):
    id: str
    number: str
    status: str
    total: Decimal
    paid: Decimal
    version: int
    notes: str | None


class UnitRow(NamedTuple):
    id: str
    serial: str
    sku: str
    warehouse: str
    status: str
    version: int
    length: int
    digest: bytes
    holder_type: str | None
    holder_id: str | None
    reserved_by: str | None
    reserved_at: float | None


class KeyRow(NamedTuple):
    """An idempotency key with the answer that is kept under it."""

    tag: str
    user_id: str
    status: int | None
    digest: bytes
    transaction: int
    committed_at: float
