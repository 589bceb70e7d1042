"""Checks that hold of the database whoever wrote it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg

from app.domain.inventory.item_lifecycle import InventoryStatus
from app.domain.invoices.invoice_lifecycle import (
    EXPECTED_ITEM_STATUS,
    INVOICE_TRANSITIONS,
    InvoiceStatus,
    status_for_payments,
)
from stress.checker.database.rows import InvoiceRow, UnitRow
from stress.checker.database.snapshot import DatabaseSnapshot
from stress.checker.findings import Findings, Invariant

TAKEN = frozenset({"Sold", "Delivered"})


def check_replay(books: DatabaseSnapshot, findings: Findings) -> None:
    """Each unit's row is where its history ends, and each history has its unit."""
    for item_id, unit in books.units.items():
        findings.count(Invariant.REPLAY)
        fold = books.folds.get(item_id)
        if fold is None:
            findings.violate(Invariant.REPLAY, f"unit {item_id} has no history")
            continue
        stands = (unit.length, unit.status, unit.digest, (unit.holder_type, unit.holder_id))
        replayed = (fold.length, fold.status, fold.digest, fold.holder)
        if stands != replayed:
            findings.violate(
                Invariant.REPLAY,
                f"unit {item_id} is {unit.status} for {unit.holder_id} after {unit.length} steps;"
                f" its history ends {fold.status} for {fold.holder[1]} after {fold.length}",
            )
        elif (unit.reserved_by, unit.reserved_at) != (fold.reserved_by, fold.reserved_at):
            findings.violate(
                Invariant.REPLAY,
                f"unit {item_id} is reserved by or since another than its history says",
            )
    for item_id in books.folds.keys() - books.units.keys():
        findings.violate(Invariant.REPLAY, f"unit {item_id} has a history and is not there")


def check_invoices(books: DatabaseSnapshot, findings: Findings) -> None:
    """Sums, statuses and histories of invoices."""
    for invoice in books.invoices.values():
        findings.count(Invariant.SUMS)
        for sentence in _wrong_sums(invoice, books):
            findings.violate(Invariant.SUMS, f"invoice {invoice.number}: {sentence}")
        findings.count(Invariant.INVOICE_REPLAY)
        for sentence in _wrong_history(invoice, books):
            findings.violate(Invariant.INVOICE_REPLAY, f"invoice {invoice.number}: {sentence}")
    for kind in (books.lines, books.payments, books.invoice_histories):
        for invoice_id in set(kind) - books.invoices.keys():
            findings.violate(Invariant.INVOICE_REPLAY, f"invoice {invoice_id} is not there")


def _wrong_sums(invoice: InvoiceRow, books: DatabaseSnapshot) -> Iterator[str]:
    lines = books.lines.get(invoice.id, ())
    total = sum((line.price for line in lines), Decimal(0))
    paid = sum((payment.amount for payment in books.payments.get(invoice.id, ())), Decimal(0))
    if total != invoice.total:
        yield f"its total is {invoice.total} and its lines are {total}"
    if paid != invoice.paid:
        yield f"its paid sum is {invoice.paid} and its payments are {paid}"
    if paid > total:
        yield f"{paid} was taken for {total}"
    live = invoice.status != InvoiceStatus.CANCELLED
    if any(line.live != live for line in lines):
        yield f"it is {invoice.status} and a line of it is not"
    if live and lines:
        follows = status_for_payments(total, paid)
        fits = {follows, InvoiceStatus.DELIVERED} if follows == InvoiceStatus.PAID else {follows}
        if invoice.status not in fits and not (total == 0 and invoice.status == "Open"):
            yield f"it is {invoice.status} with {paid} of {total} paid"


def _wrong_history(invoice: InvoiceRow, books: DatabaseSnapshot) -> Iterator[str]:
    status: str | None = None
    for step in sorted(books.invoice_histories.get(invoice.id, ()), key=lambda s: s.committed_at):
        if step.before != status:
            yield f"after {status} comes a step from {step.before}"
        if not _legal(step.before, step.after):
            yield f"it went from {step.before} to {step.after}"
        status = step.after
    if status != invoice.status:
        yield f"it is {invoice.status} and its history ends {status}"


def _legal(before: str | None, after: str) -> bool:
    if before is None:
        return after == InvoiceStatus.OPEN
    return after in INVOICE_TRANSITIONS[InvoiceStatus(before)]


def check_units_and_invoices(books: DatabaseSnapshot, findings: Findings) -> None:
    """A taken unit has its one invoice, and stands where that asks."""
    live = defaultdict[str, list[str]](list)
    for lines in books.lines.values():
        for line in lines:
            if line.live:
                live[line.item_id].append(line.invoice_id)
    for item_id, unit in books.units.items():
        findings.count(Invariant.STANDS_AS_INVOICED)
        for sentence in _misplaced(unit, live.get(item_id, []), books):
            findings.violate(Invariant.STANDS_AS_INVOICED, f"unit {item_id} {sentence}")
        if unit.status == InventoryStatus.RESERVED:
            findings.count(Invariant.FOR_SOMEBODY)
            if not _is_for_somebody(unit, live.get(item_id, []), books):
                findings.violate(
                    Invariant.FOR_SOMEBODY,
                    f"unit {item_id} is reserved for {unit.holder_type} {unit.holder_id},"
                    " who did not ask for it",
                )


def _misplaced(unit: UnitRow, invoices: list[str], books: DatabaseSnapshot) -> Iterator[str]:
    if not invoices and (unit.status in TAKEN or unit.holder_type == "Invoice"):
        yield f"is {unit.status} and on no live invoice"
    for invoice_id in invoices:
        invoice = books.invoices.get(invoice_id)
        if invoice is None:
            yield f"is on invoice {invoice_id}, which is not there"
            continue
        asks = EXPECTED_ITEM_STATUS[InvoiceStatus(invoice.status)]
        handed_over = invoice.status == InvoiceStatus.PAID and unit.status == "Delivered"
        if unit.status != asks and not handed_over:
            yield f"is {unit.status} and invoice {invoice.number} is {invoice.status}"


def _is_for_somebody(unit: UnitRow, invoices: list[str], books: DatabaseSnapshot) -> bool:
    if unit.holder_type == "Invoice":
        return unit.holder_id in invoices
    last = books.histories.get(unit.id, [])[-1:]
    if not last or not last[0].owner:
        return False
    asked = books.told[last[0].owner].request
    return asked.holder == (unit.holder_type, unit.holder_id) and unit.id in asked.items


def check_stock(books: DatabaseSnapshot, findings: Findings) -> None:
    """For each product: received, by history and by what was told, is what is there."""
    there = Counter(unit.sku for unit in books.units.values())
    received = Counter[str]()
    for item_id, history in books.histories.items():
        arrivals = sum(step.reason in ("RECEIVED", "MIGRATED") for step in history)
        received[books.units[item_id].sku if item_id in books.units else "?"] += arrivals
    for sku in there.keys() | received.keys():
        findings.count(Invariant.CONSERVED)
        if there[sku] != received[sku]:
            findings.violate(
                Invariant.CONSERVED,
                f"{sku}: {received[sku]} units came in and {there[sku]} are there",
            )
    findings.count(Invariant.CONSERVED)
    serials = {unit.serial for unit in books.units.values()}
    if len(serials) != len(books.units):
        findings.violate(Invariant.CONSERVED, "a serial number is there twice")


STOCK = """
    SELECT coalesce(k.product_id, c.product_id)::text, coalesce(k.status, c.status),
        coalesce(kept, 0), coalesce(counted, 0)
    FROM (SELECT product_id, warehouse_id, inventory_status AS status, sum(quantity) AS kept
          FROM stock_tallies GROUP BY 1, 2, 3) k
    FULL JOIN (SELECT product_id, warehouse_id, inventory_status AS status, count(*) AS counted
               FROM items GROUP BY 1, 2, 3) c
        ON (k.product_id, k.warehouse_id, k.status) = (c.product_id, c.warehouse_id, c.status)
"""
INVOICES = """
    SELECT status, coalesce(kept, 0), coalesce(counted, 0)
    FROM (SELECT status, sum(quantity) AS kept FROM invoice_tallies GROUP BY 1) k
    FULL JOIN (SELECT status, count(*) AS counted FROM invoices GROUP BY 1) c USING (status)
"""
TRANSITIONS = """
    SELECT coalesce(from_status, '(none)'), to_status, change_reason, sum(quantity)
    FROM transition_tallies GROUP BY 1, 2, 3
"""


def check_tallies(
    connection: psycopg.Connection[Any], books: DatabaseSnapshot, findings: Findings
) -> None:
    """The totals that pages show."""
    for product, status, kept, counted in connection.execute(STOCK).fetchall():
        findings.count(Invariant.TALLIES)
        if kept != counted:
            findings.violate(
                Invariant.TALLIES, f"product {product}: {kept} {status} on record, {counted} there"
            )
    for status, kept, counted in connection.execute(INVOICES).fetchall():
        findings.count(Invariant.TALLIES)
        if kept != counted:
            findings.violate(
                Invariant.TALLIES, f"invoices {status}: {kept} on record, {counted} there"
            )
    counts = Counter(
        (step.before or "(none)", step.after, step.reason)
        for history in books.histories.values()
        for step in history
        if step.reason != "MIGRATED"
    )
    rows = connection.execute(TRANSITIONS).fetchall()
    recorded = Counter({(row[0], row[1], row[2]): int(row[3]) for row in rows})
    for kind in counts.keys() | recorded.keys():
        findings.count(Invariant.TALLIES)
        if counts[kind] != recorded[kind]:
            before, after, reason = kind
            findings.violate(
                Invariant.TALLIES,
                f"{before} to {after} ({reason}): {recorded[kind]} on record, {counts[kind]} in"
                " history",
            )
