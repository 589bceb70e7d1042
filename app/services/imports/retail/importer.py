"""Imports the invoices of a retail file."""

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

from app.database.transactions import db, transactional, without_time_limits
from app.domain.currency import Currency
from app.domain.errors import DatabaseAway, Refusal
from app.domain.imports.retail.events import Event, EventKind, FinalStatus, events
from app.domain.imports.retail.file_format import Choices
from app.domain.imports.retail.plan import Selection
from app.domain.imports.retail.sales import Sale
from app.services.imports.retail.catalogue import add_customers, add_products
from app.services.imports.retail.file import ANYTHING, POUNDS, read_retail_file
from app.services.imports.retail.judgement import Judged, judge
from app.services.imports.retail.progress import ImportCounts
from app.services.imports.retail.replay import Replay
from app.services.imports.retail.result_files import write_notices, write_skipped
from app.services.imports.retail.source import PREFIX, Source
from app.services.ledger.maintained_totals import compact_totals

#: Transactions stay short for the clerks beside it, and a stopped import loses little.
BATCH_UNITS_MAX = 5_000
BATCH_EVENTS_MAX = 150
#: Plans made for empty tables would read whole tables later on.
ANALYSE_AT_INVOICES = (50, 200, 1_000, 3_000)
ANALYSE_EVERY_INVOICES = 5_000
FOLD_EVERY_INVOICES = 500
LOCK = "hashtext('holdfast.retail_import')"


class ImportRunning(Refusal):
    code = "import-running"
    title = "An import is running"

    def __init__(self) -> None:
        super().__init__("Another import is running on this store. Nothing was imported.")


class ImportProgress(NamedTuple):
    """``work`` counts units times events, done by this run or an earlier one."""

    invoices: int
    units: int
    work: int
    work_total: int
    seconds: float


@dataclass
class Summary:
    """``noticed_file`` is none where nothing was noticed."""

    counts: ImportCounts
    imported_before: int
    skipped: dict[str, int]
    skipped_file: Path
    noticed: dict[str, int]
    noticed_file: Path | None
    form: dict[str, object]
    seconds: float
    products: int = 0
    customers: int = 0


def import_retail(
    path: Path,
    selection: Selection,
    *,
    timezone: ZoneInfo,
    skipped_file: Path,
    currency: Currency = POUNDS,
    choices: Choices = ANYTHING,
    report: Callable[[ImportProgress], None] = lambda progress: None,
) -> Summary:
    """Bring the chosen invoices of the file into the store, each with its fate, in their order.

    Raises RetailFileError before anything is written when the file cannot be read in one way, and
    ImportRunning. Stopped at any point, it goes on where it stopped when it is run again.
    """
    began = time.monotonic()
    file = read_retail_file(path, currency, choices)
    with without_time_limits(), _only_import():
        judged = judge(path, file, selection, timezone)
        form = file.form.as_facts()
        del file
        noticed_file = skipped_file.with_name(skipped_file.name.replace("skipped", "noticed"))
        write_skipped(skipped_file, judged.skipped)
        write_notices(noticed_file, judged.notices)
        counts = _bring(judged, timezone, report)
    return Summary(
        counts=counts,
        imported_before=judged.imported_before,
        skipped=dict(Counter(each.reason.value for each in judged.skipped)),
        skipped_file=skipped_file,
        noticed=dict(Counter(each.kind.value for each in judged.notices)),
        noticed_file=noticed_file if judged.notices else None,
        form=form,
        seconds=time.monotonic() - began,
        products=len(judged.sold),
        customers=len({sale.customer for sale in judged.sales}),
    )


def _bring(
    judged: Judged, timezone: ZoneInfo, report: Callable[[ImportProgress], None]
) -> ImportCounts:
    add_products(judged.sold)
    source = Source(PREFIX, add_customers(judged.sales, PREFIX), timezone)
    return import_sales(Replay(source, judged.imported), judged.sales, report=report)


def import_sales(
    replay: Replay,
    sales: Sequence[Sale],
    *,
    ending: Callable[[Sale], FinalStatus] = lambda sale: FinalStatus.DELIVERED,
    report: Callable[[ImportProgress], None] = lambda progress: None,
) -> ImportCounts:
    """Everything that happens to these invoices, in the order of its time."""
    stream = events(sales, ending)
    upkeep = _TableMaintenance()
    counts = ImportCounts()
    work, work_total = 0, sum(_work(event) for event in stream)
    began = time.monotonic()
    for batch in batches(stream):
        counts.add(replay.bring(batch))
        upkeep.after(counts.invoices)
        work += sum(_work(event) for event in batch)
        report(
            ImportProgress(
                counts.invoices, counts.units, work, work_total, time.monotonic() - began
            )
        )
    if counts.transitions:
        upkeep.finish()
    return counts


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


class _TableMaintenance:
    """What autovacuum would do too late for tables that grow a thousandfold in minutes."""

    def __init__(self) -> None:
        self.folded_at = 0
        self.analysed_at = 0

    def after(self, invoices: int) -> None:
        if invoices - self.folded_at >= FOLD_EVERY_INVOICES:
            compact_totals()
            self.folded_at = invoices
        if invoices >= self._next_analysis():
            analyse()
            self.analysed_at = invoices

    def finish(self) -> None:
        compact_totals()
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
            " inventory_status_history, invoice_status_history, item_search, serial_pairs,"
            " stock_tallies, transition_tallies, invoice_tallies"
        )
    )


@contextmanager
def _only_import() -> Iterator[None]:
    """Two at once would both find an invoice missing; the second is refused."""
    try:
        connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except DBAPIError as error:
        raise DatabaseAway from error
    with connection:
        if not connection.scalar(text(f"SELECT pg_try_advisory_lock({LOCK})")):
            raise ImportRunning
        try:
            yield
        finally:
            try:
                connection.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
            except DBAPIError:
                # The server is gone, and the lock with it; why it is gone is said elsewhere.
                connection.invalidate()
