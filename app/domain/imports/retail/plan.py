"""Plans what happens to each invoice of the file before any is made.

An invoice can be cancelled only before it is paid, and the file links no cancellation to its
invoice: so the fates come first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

from app.domain.imports.retail.cancellation_matching import Ledger
from app.domain.imports.retail.dates import is_twice, on_the_clock
from app.domain.imports.retail.headings import RetailFileError
from app.domain.imports.retail.lines import (
    Notice,
    NoticeKind,
    RetailLine,
    Skipped,
    SkipReason,
    reason_to_skip,
)
from app.domain.imports.retail.sales import Cancellation, Sale
from app.domain.input.dates import RANGE, is_usable


@dataclass(frozen=True)
class Selection:
    """Days are inclusive; ``every`` takes that customer in so many, in order of appearance.

    Each walk-in invoice counts as a customer. The fates are worked out for all customers first, so
    an invoice has the same fate in a sample as in the whole.
    """

    first_day: date = date.min
    last_day: date = date.max
    every: int = 1
    shift_to: date | None = None

    def covers(self, line: RetailLine) -> bool:
        return self.first_day <= line.at.date() <= self.last_day


@dataclass(frozen=True)
class Plan:
    """``buyers`` are the customers that are taken."""

    sales: list[Sale]
    skipped: list[Skipped]
    buyers: set[str]


def plan(lines: Sequence[RetailLine], selection: Selection) -> Plan:
    """The chosen invoices with their cancellations, and the lines that are neither."""
    chosen = _chosen_buyers(lines, selection.every)
    in_range = sorted(
        (line for line in lines if selection.covers(line)),
        key=attrgetter("at"),
    )
    ledger = Ledger()
    skipped = [found for line in in_range if (found := _enter(line, ledger)) is not None]
    sales = [sale for sale in ledger.sales.values() if sale.buyer in chosen]
    if selection.shift_to and in_range:
        _shift(sales, selection.shift_to, in_range[0], in_range[-1])
    return Plan(sales, [each for each in skipped if each.line.buyer in chosen], chosen)


def _shift(sales: Iterable[Sale], last_day: date, first: RetailLine, last: RetailLine) -> None:
    by = last_day - last.at.date()
    if not is_usable(first.at.date() + by):
        raise RetailFileError(
            f"line {first.number}: InvoiceDate {first.at} would be moved to {first.at + by}; "
            f"dates are {RANGE}. Move to a later day"
        )
    move(sales, by)


def _chosen_buyers(lines: Iterable[RetailLine], every: int) -> set[str]:
    buyers = dict.fromkeys(line.buyer for line in lines)
    return set(list(buyers)[::every])


def _enter(line: RetailLine, ledger: Ledger) -> Skipped | None:
    if reason := reason_to_skip(line):
        return Skipped(line, reason, abs(line.quantity))
    if not line.is_cancellation:
        ledger.sell(line)
        return None
    unmatched = -line.quantity - ledger.cancel(line)
    if not unmatched:
        return None
    whole = unmatched == -line.quantity
    reason = (
        SkipReason.CANCELLATION_WITHOUT_PURCHASE
        if whole
        else SkipReason.CANCELLATION_EXCEEDS_PURCHASE
    )
    return Skipped(line, reason, unmatched)


def move(sales: Iterable[Sale], by: timedelta) -> None:
    """Let everything happen that much later."""
    for sale in sales:
        sale.at += by
        for cancellation in sale.cancellations:
            cancellation.at += by


def settle_times(sales: Iterable[Sale], zone: ZoneInfo, now: datetime) -> list[Notice]:
    """Times that clocks skipped or showed twice, and sales moved beyond ``now``: what is told."""
    notices: list[Notice] = []
    for sale in sales:
        notices.extend(_settle(sale, sale.line, zone))
        for cancellation in sale.cancellations:
            notices.extend(_settle(cancellation, cancellation.parts[0][0], zone))
            cancellation.at = max(cancellation.at, sale.at)
        if sale.at > now:
            detail = f"Moved to {sale.at}; it is made now"
            notices.append(Notice(sale.line, NoticeKind.MOVED_INTO_THE_FUTURE, detail))
    return notices


def _settle(happening: Sale | Cancellation, line: RetailLine, zone: ZoneInfo) -> Iterator[Notice]:
    at = happening.at
    shown = on_the_clock(at, zone)
    if shown != at:
        happening.at = shown
        detail = f"Clocks in {zone.key} skipped {at}; it is taken for {shown}"
        yield Notice(line, NoticeKind.TIME_NOT_ON_THE_CLOCK, detail)
    elif is_twice(at, zone):
        detail = f"Clocks in {zone.key} showed {at} twice; it is taken for the first time"
        yield Notice(line, NoticeKind.TIME_TWICE_ON_THE_CLOCK, detail)
