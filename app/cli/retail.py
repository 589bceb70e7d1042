"""`flask retail import`: replays real invoices through the lifecycle."""

import json
import resource
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app.cli.day import DAY
from app.domain.errors import Refusal
from app.domain.retail_lines import RetailFileError
from app.domain.retail_plan import Selection
from app.services.amount_decimals import other_decimals
from app.services.retail_import import Progress, Summary, import_retail
from app.store_currency import store_currency

REPORT_SECONDS = 5.0

retail = AppGroup("retail", help="Real invoices of a retailer.")


@retail.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "first_day", type=DAY, help="First day.")
@click.option("--to", "last_day", type=DAY, help="Last day, inclusive.")
@click.option("--every", type=click.IntRange(1), default=1, help="Each N-th customer only.")
@click.option("--shift-to", type=DAY, help="Move all dates: the last day is this.")
def import_file(
    file: Path,
    first_day: date | None,
    last_day: date | None,
    every: int,
    shift_to: date | None,
) -> None:
    """Replay the invoices of FILE (Online Retail, CSV, gzip or plain) through the lifecycle.

    Can be stopped and run again: it goes on where it stopped and doubles nothing.
    """
    if other_decimals(store_currency()):
        raise click.ClickException(
            f"The store was started with another currency than {store_currency().code}: "
            "give this command the same CURRENCY."
        )
    selection = Selection(
        first_day=first_day or Selection.first_day,
        last_day=last_day or Selection.last_day,
        every=every,
        shift_to=shift_to,
    )
    settings = current_app.config["SETTINGS"]
    name = f"retail-skipped-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.csv"
    try:
        summary = import_retail(
            file,
            selection,
            timezone=settings.timezone,
            skipped_file=settings.instance_dir / "imports" / name,
            report=_Reporter(),
        )
    except RetailFileError as error:
        raise click.ClickException(str(error)) from None
    except Refusal as refusal:
        raise click.ClickException(
            f"{refusal.detail} Run it again: it goes on where it stopped."
        ) from None
    click.echo(json.dumps(_as_json(summary), indent=2))


class _Reporter:
    """A line on standard error every few seconds."""

    def __init__(self) -> None:
        self.reported_at = time.monotonic()
        self.before = Progress(0, 0, 0, 0, 0.0)

    def __call__(self, progress: Progress) -> None:
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
    tally = summary.tally
    return {
        "invoices": tally.invoices,
        "units": tally.units,
        "transitions": tally.transitions,
        "cancelled": tally.cancelled,
        "cancelledInPart": tally.cancelled_in_part,
        "cancelledUnits": tally.cancelled_units,
        "paid": tally.paid,
        "delivered": tally.delivered,
        "importedBefore": summary.imported_before,
        "products": summary.products,
        "customers": summary.customers,
        "skipped": summary.skipped,
        "skippedFile": str(summary.skipped_file),
        "seconds": round(summary.seconds, 1),
        "memoryMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
