"""Replays the invoices of a retailer's year through the store's own services."""

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.database import db, transactional, unhurried
from app.domain.errors import Refusal
from app.domain.retail_events import Ending, Event, EventKind, events
from app.domain.retail_lines import COLUMNS, Skipped
from app.domain.retail_plan import Selection, plan
from app.domain.retail_sales import Sale
from app.services.retail_catalogue import add_customers, add_products, articles
from app.services.retail_file import read_retail_file
from app.services.retail_replay import Replay
from app.services.retail_source import Source
from app.services.retail_standing import Tally, come_too_late
from app.services.tallies import fold_tallies

PREFIX = "retail"
#: Transactions stay short for the clerks beside it, and a stopped import loses little.
BATCH_UNITS_MAX = 5_000
BATCH_EVENTS_MAX = 150
#: Plans made for empty tables would read whole tables later on.
ANALYSE_AT_INVOICES = (50, 200, 1_000, 3_000)
ANALYSE_EVERY_INVOICES = 5_000
FOLD_EVERY_INVOICES = 500


class ImportRunning(Refusal):
    code = "import-running"
    title = "An import is running"

    def __init__(self) -> None:
        super().__init__("Another import is running on this store. Nothing was imported.")


class Progress(NamedTuple):
    """``work`` counts units times events, done by this run or an earlier one."""

    invoices: int
    units: int
    work: int
    work_total: int
    seconds: float


@dataclass
class Summary:
    tally: Tally
    imported_before: int
    skipped: dict[str, int]
    skipped_file: Path
    seconds: float
    products: int = 0
    customers: int = 0


def import_retail(
    path: Path,
    selection: Selection,
    *,
    timezone: ZoneInfo,
    skipped_file: Path,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Summary:
    """Bring the chosen invoices of the file into the store, each with its fate, in their order.

    Raises RetailFileError before anything is written when the file is not the expected one, and
    ImportRunning. Stopped at any point, it goes on where it stopped when it is run again.
    """
    began = time.monotonic()
    lines = read_retail_file(path)
    planned = plan(lines, selection)
    catalogue = articles(lines)
    del lines
    with unhurried(), _only_import():
        sold = {sku for sale in planned.sales for sku, _ in sale.articles}
        add_products(catalogue[sku] for sku in sorted(sold))
        replay = Replay(Source(PREFIX, add_customers(planned.sales, PREFIX), timezone))
        imported_before = sum(sale.number in replay.standing for sale in planned.sales)
        skipped = [*planned.skipped, *come_too_late(planned.sales, replay.standing)]
        write_skipped(skipped_file, skipped)
        tally = bring_sales(replay, planned.sales, report=report)
        return Summary(
            tally=tally,
            imported_before=imported_before,
            skipped=dict(Counter(each.reason.value for each in skipped)),
            skipped_file=skipped_file,
            seconds=time.monotonic() - began,
            products=len(sold),
            customers=len({sale.customer for sale in planned.sales}),
        )


def bring_sales(
    replay: Replay,
    sales: Sequence[Sale],
    *,
    ending: Callable[[Sale], Ending] = lambda sale: Ending.DELIVERED,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Tally:
    """Everything that happens to these invoices, in the order of its time."""
    stream = events(sales, ending)
    upkeep = _Upkeep()
    tally = Tally()
    work, work_total = 0, sum(_work(event) for event in stream)
    began = time.monotonic()
    for batch in batches(stream):
        tally.add(replay.bring(batch))
        upkeep.after(tally.invoices)
        work += sum(_work(event) for event in batch)
        report(Progress(tally.invoices, tally.units, work, work_total, time.monotonic() - began))
    if tally.transitions:
        upkeep.finish()
    return tally


def batches(stream: Iterable[Event]) -> Iterator[list[Event]]:
    """Runs of events for one transaction each; one large invoice may be more than the limit."""
    batch: list[Event] = []
    units = 0
    for event in stream:
        full = units + _work(event) > BATCH_UNITS_MAX or len(batch) == BATCH_EVENTS_MAX
        if batch and (full or event.at.date() != batch[0].at.date()):
            yield batch
            batch, units = [], 0
        batch.append(event)
        units += _work(event)
    if batch:
        yield batch


def _work(event: Event) -> int:
    """Units that change; a new invoice's are received and reserved."""
    if event.cancellation:
        return event.cancellation.units
    return event.left * 2 if event.kind == EventKind.CREATED else event.left


def write_skipped(path: Path, skipped: Iterable[Skipped]) -> None:
    """One line for every line of the file that was passed over, with the reason."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Line", "Reason", "UnitsSkipped", *COLUMNS])
        for line, reason, units in skipped:
            writer.writerow([line.number, reason.value, units, *line[1:]])


class _Upkeep:
    """What autovacuum would do too late for tables that grow a thousandfold in minutes."""

    def __init__(self) -> None:
        self.folded_at = 0
        self.analysed_at = 0

    def after(self, invoices: int) -> None:
        if invoices - self.folded_at >= FOLD_EVERY_INVOICES:
            fold_tallies()
            self.folded_at = invoices
        if invoices >= self._next_analysis():
            analyse()
            self.analysed_at = invoices

    def finish(self) -> None:
        fold_tallies()
        analyse()

    def _next_analysis(self) -> int:
        later = (at for at in ANALYSE_AT_INVOICES if at > self.analysed_at)
        return next(later, self.analysed_at + ANALYSE_EVERY_INVOICES)


@transactional
def analyse() -> None:
    """Let the planner know how large the tables have become."""
    db.session.execute(
        text(
            "ANALYZE items, invoices, invoice_items, products, customers, payments,"
            " inventory_status_history, invoice_status_history, item_search, stock_tallies,"
            " transition_tallies, invoice_tallies"
        )
    )


@contextmanager
def _only_import() -> Iterator[None]:
    """Two at once would both find an invoice missing; the second is refused."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        got = connection.scalar(
            text("SELECT pg_try_advisory_lock(hashtext('holdfast.retail_import'))")
        )
        if not got:
            raise ImportRunning
        try:
            yield
        finally:
            try:
                connection.execute(
                    text("SELECT pg_advisory_unlock(hashtext('holdfast.retail_import'))")
                )
            except DBAPIError:
                # The server is gone, and the lock with it; why it is gone is said elsewhere.
                connection.invalidate()
