"""The database after a run, read in one snapshot with plain SQL."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

import psycopg

from stress.checker.clients.expectations import Expectation, expectation_of
from stress.checker.clients.outcomes import Fulfilment, OperationOutcome, digest_of
from stress.checker.database.history_replay import HistoryReplay, HistoryRow
from stress.checker.database.rows import (
    HistoryEntry,
    InvoiceHistoryRow,
    InvoiceRow,
    KeyRow,
    LineRow,
    PaymentRow,
    UnitRow,
)
from stress.checker.findings import Findings, Invariant

BATCH = 5000
PUT_ON_INVOICE = frozenset({"INVOICE_CREATED", "DIRECT_SALE"})
#: The transaction that wrote a row, and when its commit began. Rows whose time is no longer known
#: are older than anything that is asked about them.
WRITTEN = (
    "xmin::text::bigint, coalesce(extract(epoch FROM pg_xact_commit_timestamp(xmin)), 0)::float8"
)


class CommitTimesMissing(Exception):
    """Without track_commit_timestamp nobody can say whether a refusal was right."""


@dataclass
class DatabaseSnapshot:
    told: Mapping[str, OperationOutcome]
    keys: dict[str, KeyRow] = field(default_factory=dict)
    kept: dict[str, Expectation] = field(default_factory=dict)
    """What the kept answers promise, of operations whose clients got none."""
    by_transaction: dict[int, str] = field(default_factory=dict)
    histories: dict[str, list[HistoryEntry]] = field(default_factory=dict)
    listings: dict[tuple[str, str], HistoryEntry] = field(default_factory=dict)
    """(invoice, unit) -> the step that put the unit on it."""
    steps_of: dict[str, list[HistoryEntry]] = field(default_factory=lambda: defaultdict(list))
    invoice_steps_of: dict[str, list[InvoiceHistoryRow]] = field(
        default_factory=lambda: defaultdict(list)
    )
    payments_of: dict[str, list[PaymentRow]] = field(default_factory=lambda: defaultdict(list))
    folds: dict[str, HistoryReplay] = field(default_factory=dict)
    units: dict[str, UnitRow] = field(default_factory=dict)
    invoices: dict[str, InvoiceRow] = field(default_factory=dict)
    invoice_histories: dict[str, list[InvoiceHistoryRow]] = field(
        default_factory=lambda: defaultdict(list)
    )
    payments: dict[str, list[PaymentRow]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[str, list[LineRow]] = field(default_factory=lambda: defaultdict(list))
    roles: dict[str, str] = field(default_factory=dict)
    carts: dict[str, str] = field(default_factory=dict)
    """Session -> the user whose cart it is."""
    others: set[str] = field(default_factory=set)
    """Ids of customers, and SKUs: what has been there all the time that anybody knew of it."""

    def owner(self, transaction: int, *said: str | None) -> str | None:
        """Whose act a row is: what it says itself, else whose key its transaction took."""
        for text in said:
            if text is not None and text in self.told:
                return intern(text)
        return self.by_transaction.get(transaction)


def read_books(
    connection: psycopg.Connection[Any], told: Mapping[str, OperationOutcome], findings: Findings
) -> DatabaseSnapshot:
    """Inside a transaction. Histories are folded on the way; what is amiss goes to ``findings``."""
    (tracks,) = _one(connection, "SHOW track_commit_timestamp")
    if tracks != "on":
        raise CommitTimesMissing(
            "the database must run with track_commit_timestamp=on from the beginning"
        )
    books = DatabaseSnapshot(told)
    _read_keys(connection, books)
    _read_histories(connection, books, findings)
    _read_units(connection, books)
    _read_invoices(connection, books)
    books.roles = {row[0]: row[1] for row in _rows(connection, "SELECT id::text, role FROM users")}
    owners = "SELECT session_id, user_id::text FROM carts"
    books.carts = {row[0]: row[1] for row in _rows(connection, owners)}
    others = "SELECT id::text FROM customers UNION ALL SELECT sku FROM products"
    books.others = {row[0] for row in _rows(connection, others)}
    return books


def _read_keys(connection: psycopg.Connection[Any], books: DatabaseSnapshot) -> None:
    query = f"SELECT key, user_id::text, status_code, body, {WRITTEN} FROM idempotency_keys"
    for tag, user_id, status, body, transaction, committed_at in _rows(connection, query):
        tag = intern(tag)
        answer = json.loads(body) if body else None
        books.keys[tag] = KeyRow(
            tag, intern(user_id), status, digest_of(answer), transaction, committed_at
        )
        told = books.told.get(tag)
        if told is None:
            continue
        books.by_transaction[transaction] = tag
        if told.fate is not Fulfilment.DONE:
            books.kept[tag] = expectation_of(told.request, answer)


HISTORY = f"""
    SELECT item_id::text, seq, from_status, to_status, change_reason, reference_type, reference_id,
        changed_by::text, change_date, created_at, notes, request_id, hash, {WRITTEN}
    FROM inventory_status_history ORDER BY item_id, seq
"""


def _read_histories(
    connection: psycopg.Connection[Any], books: DatabaseSnapshot, findings: Findings
) -> None:
    fold: HistoryReplay | None = None
    count = 0
    for row in map(HistoryRow._make, _rows(connection, HISTORY)):
        if fold is None or fold.item_id != row.item_id:
            item_id = intern(row.item_id)
            fold = HistoryReplay(
                item_id,
                lambda sentence: findings.violate(Invariant.REPLAY, sentence),
                lambda sentence: findings.violate(Invariant.LEGAL_STEP, sentence),
            )
            books.folds[item_id] = fold
            history = books.histories[item_id] = []
        fold.take(row)
        step = _step(row, fold.item_id, books)
        history.append(step)
        if step.owner:
            books.steps_of[step.owner].append(step)
        if step.reason in PUT_ON_INVOICE and step.holder_id:
            books.listings.setdefault((step.holder_id, item_id), step)
        count += 1
    findings.count(Invariant.LEGAL_STEP, count)


def _step(row: HistoryRow, item_id: str, books: DatabaseSnapshot) -> HistoryEntry:
    return HistoryEntry(
        item_id,
        row.seq,
        intern(row.from_status) if row.from_status else None,
        intern(row.to_status),
        intern(row.change_reason),
        intern(row.reference_type) if row.reference_type else None,
        intern(row.reference_id) if row.reference_id else None,
        intern(row.changed_by),
        row.created_at.timestamp(),
        row.committed_at,
        row.transaction,
        books.owner(row.transaction, row.request_id, row.notes),
    )


UNITS = """
    SELECT i.id::text, serial_number, p.sku, w.code, inventory_status, i.version, history_length,
        history_hash, reserved_for_type, reserved_for_id, reserved_by::text,
        extract(epoch FROM reserved_at)::float8
    FROM items i JOIN products p ON p.id = i.product_id JOIN warehouses w ON w.id = i.warehouse_id
"""


def _read_units(connection: psycopg.Connection[Any], books: DatabaseSnapshot) -> None:
    for row in map(UnitRow._make, _rows(connection, UNITS)):
        item_id = intern(row.id)
        books.units[item_id] = row._replace(
            id=item_id,
            sku=intern(row.sku),
            warehouse=intern(row.warehouse),
            status=intern(row.status),
        )


INVOICES = "SELECT id::text, number, status, total, paid, version, notes FROM invoices"
LINES = f"""
    SELECT invoice_id::text, item_id::text, unit_price, live, {WRITTEN.split(", ", 1)[1]}
    FROM invoice_items
"""
PAYMENTS = f"""
    SELECT id::text, invoice_id::text, amount, created_by::text, reference, {WRITTEN} FROM payments
"""
INVOICE_HISTORY = f"""
    SELECT invoice_id::text, from_status, to_status, changed_by::text, notes, request_id, {WRITTEN}
    FROM invoice_status_history ORDER BY id
"""


def _read_invoices(connection: psycopg.Connection[Any], books: DatabaseSnapshot) -> None:
    for row in map(InvoiceRow._make, _rows(connection, INVOICES)):
        books.invoices[intern(row.id)] = row
    for line in map(LineRow._make, _rows(connection, LINES)):
        invoice_id = intern(line.invoice_id)
        books.lines[invoice_id].append(
            line._replace(invoice_id=invoice_id, item_id=intern(line.item_id))
        )
    for id_, invoice, amount, user, reference, transaction, at in _rows(connection, PAYMENTS):
        owner = books.owner(transaction, reference)
        payment = PaymentRow(id_, intern(invoice), amount, user, at, transaction, owner)
        books.payments[payment.invoice_id].append(payment)
        if owner:
            books.payments_of[owner].append(payment)
    query = _rows(connection, INVOICE_HISTORY)
    for invoice, before, after, user, notes, request_id, transaction, at in query:
        owner = books.owner(transaction, request_id, notes)
        step = InvoiceHistoryRow(
            intern(invoice), before, intern(after), user, at, transaction, owner
        )
        books.invoice_histories[step.invoice_id].append(step)
        if owner:
            books.invoice_steps_of[owner].append(step)


def _rows(connection: psycopg.Connection[Any], query: str) -> Iterator[tuple[Any, ...]]:
    """In portions: the whole history would not fit into a modest memory."""
    with connection.cursor("checker") as cursor:
        cursor.itersize = BATCH
        yield from cursor.execute(query.encode())


def _one(connection: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    (row,) = connection.execute(query.encode()).fetchall()
    found: tuple[Any, ...] = row
    return found
