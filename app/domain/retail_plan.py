"""What becomes of every invoice of the file, worked out before the first of them is made.

An invoice can be cancelled only before it is paid, and the file links no cancellation to its
invoice: so the fates come first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter

from app.domain.retail_ledger import Ledger
from app.domain.retail_lines import RetailLine, Skipped, SkipReason, reason_to_skip
from app.domain.retail_sales import Sale


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


@dataclass(frozen=True)
class Plan:
    sales: list[Sale]
    skipped: list[Skipped]


def plan(lines: Sequence[RetailLine], selection: Selection) -> Plan:
    """The chosen invoices with their cancellations, and the lines that are neither."""
    chosen = _chosen_buyers(lines, selection.every)
    in_range = sorted(
        (line for line in lines if selection.first_day <= line.at.date() <= selection.last_day),
        key=attrgetter("at"),
    )
    ledger = Ledger()
    skipped = [found for line in in_range if (found := _enter(line, ledger)) is not None]
    sales = [sale for sale in ledger.sales.values() if sale.buyer in chosen]
    if selection.shift_to and in_range:
        move(sales, selection.shift_to - in_range[-1].at.date())
    return Plan(sales, [each for each in skipped if each.line.buyer in chosen])


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
