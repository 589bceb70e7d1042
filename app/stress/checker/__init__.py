"""Proves from the clients' log and the books, read with plain SQL, that the store kept its word.

Nothing of the store's own queries and services is used: only the law, as app.domain says it.
"""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import IsolationLevel

from app.stress.checker.access_refusals import AccessRefusals
from app.stress.checker.books import Books, CommitTimesMissing, read_books
from app.stress.checker.findings import Findings, Invariant, Law
from app.stress.checker.lifelines import Lifelines
from app.stress.checker.ordinary import (
    check_invoices,
    check_replay,
    check_stock,
    check_tallies,
    check_units_and_invoices,
)
from app.stress.checker.ownership import (
    check_carts,
    check_expiries,
    check_one_invoice,
    check_sold_once,
)
from app.stress.checker.presence import check_presence
from app.stress.checker.refusals import Refusals
from app.stress.checker.stock_counts import StockCounts
from app.stress.checker.strangers import check_strangers
from app.stress.checker.told import told_of
from app.stress.checker.unit_refusals import UnitRefusals
from app.stress.checker.versions import Edits
from app.stress.operation import Operation

__all__ = ["CommitTimesMissing", "Findings", "Invariant", "Law", "check"]

HOLD_MINUTES = 15
CLOCK_ERROR_SECONDS = 0.001


def check(
    operations: Iterable[Operation],
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
    check_books(books, findings, Lifelines(books, hold_minutes, clock_error))
    return findings


def check_books(books: Books, findings: Findings, lifelines: Lifelines) -> None:
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
