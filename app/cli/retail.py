"""`flask retail import`: replays real invoices through the lifecycle."""

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError

from app.cli.day import DAY
from app.cli.whole_number import WholeNumber
from app.database.transactions import connection_lost
from app.domain.errors import DatabaseAway, InvalidInput, NotFound, OutcomeUnknown, Refusal
from app.domain.imports.retail.dates import DateOrder
from app.domain.imports.retail.file_format import Choices
from app.domain.imports.retail.headings import RetailFileError
from app.domain.imports.retail.numbers import MARKS
from app.domain.imports.retail.plan import Selection
from app.services.imports.retail.importer import (
    ImportProgress,
    ImportRunning,
    Summary,
    import_retail,
)
from app.services.invoices.amount_decimals import other_decimals
from app.store_currency import store_currency

REPORT_SECONDS = 5.0
ORDERS = [order.value for order in DateOrder]
LOST = "The connection to the database was lost."
AGAIN = "What was imported until then stays. Run it again: it goes on where it stopped."

retail = AppGroup("retail", help="Real invoices of a retailer.")


def _encoding(_: click.Context, option: click.Parameter, name: str | None) -> str | None:
    try:
        "".encode(name or "utf-8")
    except (LookupError, UnicodeError):
        raise click.BadParameter(
            f"There is no encoding {name!r} of texts. There are: cp1252, mac_roman, utf-8.",
            param=option,
        ) from None
    return name


@retail.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "first_day", type=DAY, help="First day.")
@click.option("--to", "last_day", type=DAY, help="Last day, inclusive.")
@click.option("--every", type=WholeNumber(1), default=1, help="Each N-th customer only.")
@click.option("--shift-to", type=DAY, help="Move all dates: the last day is this.")
@click.option("--encoding", callback=_encoding, help="Of the text, where it is not recognised.")
@click.option("--decimal-mark", type=click.Choice(list(MARKS.values())), help="Of its numbers.")
@click.option("--dates", type=click.Choice(ORDERS), help="How it writes 1/12/2010.")
def import_file(
    file: Path,
    first_day: date | None,
    last_day: date | None,
    every: int,
    shift_to: date | None,
    encoding: str | None,
    decimal_mark: str | None,
    dates: str | None,
) -> None:
    """Replay the invoices of FILE (Online Retail, CSV, gzip or plain) through the lifecycle.

    Can be stopped and run again: it goes on where it stopped and doubles nothing.
    """
    if first_day and last_day and first_day > last_day:
        raise click.UsageError("--from is after --to: no day lies between them.")
    selection = Selection(
        first_day=first_day or Selection.first_day,
        last_day=last_day or Selection.last_day,
        every=every,
        shift_to=shift_to,
    )
    marks = {words: mark for mark, words in MARKS.items()}
    choices = Choices(
        encoding=encoding,
        decimal_mark=marks[decimal_mark] if decimal_mark else None,
        date_order=DateOrder(dates) if dates else None,
    )
    with _told_in_one_line():
        click.echo(json.dumps(_as_json(_import(file, selection, choices)), indent=2))


def _import(file: Path, selection: Selection, choices: Choices) -> Summary:
    if other_decimals(store_currency()):
        raise click.ClickException(
            f"The store was started with another currency than {store_currency().code}: "
            "give this command the same CURRENCY."
        )
    settings = current_app.config["SETTINGS"]
    name = f"retail-skipped-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.csv"
    return import_retail(
        file,
        selection,
        timezone=settings.timezone,
        skipped_file=settings.instance_dir / "imports" / name,
        currency=store_currency(),
        choices=choices,
        report=_Reporter(),
    )


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    try:
        yield
    except (RetailFileError, ImportRunning) as error:
        message = str(error)
    except (DatabaseAway, OutcomeUnknown):
        message = f"{LOST} {AGAIN}"
    except (Refusal, InvalidInput, NotFound) as refusal:
        message = f"{refusal.detail} {AGAIN}"
    except DBAPIError as error:
        said = f"The database refused it: {str(error.orig).splitlines()[0]}."
        message = f"{LOST if connection_lost(error) else said} {AGAIN}"
    except KeyboardInterrupt:
        message = f"Stopped. {AGAIN}"
    else:
        return
    raise click.ClickException(" ".join(message.split()))


class _Reporter:
    """A line on standard error every few seconds."""

    def __init__(self) -> None:
        self.reported_at = time.monotonic()
        self.before = ImportProgress(0, 0, 0, 0, 0.0)

    def __call__(self, progress: ImportProgress) -> None:
        done = progress.work == progress.work_total
        if not done and time.monotonic() - self.reported_at < REPORT_SECONDS:
            return
        self.reported_at = time.monotonic()
        seconds = max(progress.seconds - self.before.seconds, 0.001)
        rate = (progress.work - self.before.work) / seconds
        overall = progress.work / max(progress.seconds, 0.001)
        left = (progress.work_total - progress.work) / max(overall, 1)
        click.echo(
            f"{progress.invoices:,} invoices, {progress.units:,} units,"
            f" {progress.work / progress.work_total:.1%},"
            f" {rate:,.0f} transitions/s, {_duration(left)} left",
            file=sys.stderr,
        )
        self.before = progress


def _duration(seconds: float) -> str:
    return f"{int(seconds) // 60} min {int(seconds) % 60:02} s"


def _as_json(summary: Summary) -> dict[str, object]:
    counts = summary.counts
    return {
        "invoices": counts.invoices,
        "units": counts.units,
        "transitions": counts.transitions,
        "cancelled": counts.cancelled,
        "cancelledInPart": counts.cancelled_in_part,
        "cancelledUnits": counts.cancelled_units,
        "paid": counts.paid,
        "delivered": counts.delivered,
        "importedBefore": summary.imported_before,
        "products": summary.products,
        "customers": summary.customers,
        "skipped": summary.skipped,
        "skippedFile": str(summary.skipped_file),
        "noticed": summary.noticed,
        "noticedFile": str(summary.noticed_file) if summary.noticed_file else None,
        "file": summary.form,
        "seconds": round(summary.seconds, 1),
        "memoryMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
