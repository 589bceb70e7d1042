"""Proves from the clients' log and the books, read with plain SQL, that the store kept its word.

Nothing of the store's own queries and services is used: only the law, as app.domain says it.
"""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import IsolationLevel

from stress.checker.access_refusals import AccessRefusals
from stress.checker.acknowledged_writes import check_presence
from stress.checker.clients.outcomes import told_of
from stress.checker.database.snapshot import CommitTimesMissing, DatabaseSnapshot, read_books
from stress.checker.database.state_timeline import StateTimelines
from stress.checker.findings import Findings, Invariant, InvariantResult
from stress.checker.hold_rules import (
    check_carts,
    check_expiries,
    check_one_invoice,
    check_sold_once,
)
from stress.checker.invariants import (
    check_invoices,
    check_replay,
    check_stock,
    check_tallies,
    check_units_and_invoices,
)
from stress.checker.refusals import Refusals
from stress.checker.stock_counts import StockCounts
from stress.checker.unattributed_rows import check_strangers
from stress.checker.unit_refusals import UnitRefusals
from stress.checker.versions import Edits
from stress.clients.operation import ClientOperation

__all__ = ["CommitTimesMissing", "Findings", "Invariant", "InvariantResult", "check"]

HOLD_MINUTES = 15
CLOCK_ERROR_SECONDS = 0.001


def check(
    operations: Iterable[ClientOperation],
    connection: psycopg.Connection[Any],
    *,
    hold_minutes: int = HOLD_MINUTES,
    clock_error: float = CLOCK_ERROR_SECONDS,
) -> Findings:
    """Hold what clients were told against the store's books, when all is quiet.

    Of several operations with one tag the last counts. ``connection`` autocommits; ``clock_error``
    is by how many seconds the clients' clock and the database's may differ. Raises
    CommitTimesMissing unless the database has kept them.
    """
    told = {each.tag: each for each in map(told_of, operations)}
    findings = Findings()
    level = connection.isolation_level
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            connection.execute("SET TRANSACTION READ ONLY")
            books = read_books(connection, told, findings)
            check_tallies(connection, books, findings)
    finally:
        connection.isolation_level = level
    check_books(books, findings, StateTimelines(books, hold_minutes, clock_error))
    return findings


def check_books(books: DatabaseSnapshot, findings: Findings, lifelines: StateTimelines) -> None:
    """Everything that needs no further look into the database."""
    check_presence(books, findings)
    check_replay(books, findings)
    check_invoices(books, findings)
    check_units_and_invoices(books, findings)
    check_stock(books, findings)
    check_one_invoice(books, findings)
    check_sold_once(books, findings)
    check_carts(books, findings)
    check_expiries(lifelines, findings)
    began_at = min((told.sent_at for told in books.told.values()), default=0.0)
    check_strangers(books, began_at - lifelines.clock_error, findings)
    edits = Edits(books)
    edits.check(findings)
    stock = StockCounts(lifelines)
    units, access = UnitRefusals(lifelines, stock.moved), AccessRefusals(lifelines)
    Refusals(lifelines, stock, edits, units, access).check(findings)
