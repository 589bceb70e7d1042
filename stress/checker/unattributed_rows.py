"""Checks that every row was asked for by somebody.

Keys of others' requests are none of this: what those did to units and money is held against them.
"""

from stress.checker.clients.requests import Kind
from stress.checker.database.rows import SYSTEM_USER_ID, HistoryEntry
from stress.checker.database.snapshot import DatabaseSnapshot
from stress.checker.findings import Findings, Invariant


def check_strangers(books: DatabaseSnapshot, began_at: float, findings: Findings) -> None:
    """``began_at`` is when the first operation was sent."""
    for history in books.histories.values():
        for step in history:
            findings.count(Invariant.ASKED_FOR)
            if not _known(step, books) and step.committed_at >= began_at:
                findings.violate(
                    Invariant.ASKED_FOR,
                    f"unit {step.item_id}, row {step.seq} ({step.reason}) was asked for by nobody",
                )
    _check_invoices(books, began_at, findings)


def _known(step: HistoryEntry, books: DatabaseSnapshot) -> bool:
    """Steps of an operation are held against its answer elsewhere."""
    if step.reason == "RESERVATION_EXPIRED":
        return step.user_id == SYSTEM_USER_ID
    return step.owner is not None and books.told[step.owner].request.kind is not Kind.CLEAN_UP


def _check_invoices(books: DatabaseSnapshot, began_at: float, findings: Findings) -> None:
    for history in books.invoice_histories.values():
        for step in history:
            findings.count(Invariant.ASKED_FOR)
            if step.owner is None and step.committed_at >= began_at:
                findings.violate(
                    Invariant.ASKED_FOR,
                    f"invoice {step.invoice_id} became {step.after}, asked for by nobody",
                )
    for payments in books.payments.values():
        for payment in payments:
            findings.count(Invariant.ASKED_FOR)
            if payment.owner is None and payment.committed_at >= began_at:
                findings.violate(Invariant.ASKED_FOR, f"payment {payment.id} was made by nobody")
    for invoice_id, lines in books.lines.items():
        for line in lines:
            findings.count(Invariant.ASKED_FOR)
            if (invoice_id, line.item_id) not in books.listings and line.committed_at >= began_at:
                findings.violate(
                    Invariant.ASKED_FOR,
                    f"unit {line.item_id} is on invoice {invoice_id}, where no step has put it",
                )
