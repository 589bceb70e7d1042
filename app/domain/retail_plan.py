"""What becomes of every invoice of the file, worked out before the first of them is made.

An invoice can be cancelled only before it is paid, and the file links no cancellation to its
invoice: so the fates come first, and then one stream of events in the order of their times.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from app.domain.retail_lines import RetailLine, Skipped, SkipReason, reason_to_skip

#: The file does not say when an invoice was paid and handed over.
PAID_AFTER = timedelta(minutes=10)
DELIVERED_AFTER = timedelta(hours=1)

Article = tuple[str, Decimal]
"""A stock code at one price: units of an invoice that are all alike."""


class Ending(StrEnum):
    """How far an invoice gets that is not cancelled."""

    OPEN = "Open"
    PARTIALLY_PAID = "PartiallyPaid"
    PAID = "Paid"
    DELIVERED = "Delivered"


class EventKind(StrEnum):
    CREATED = "created"
    PART_CANCELLED = "part cancelled"
    CANCELLED = "cancelled"
    PART_PAID = "part paid"
    PAID = "paid"
    DELIVERED = "delivered"


@dataclass(slots=True)
class Cancellation:
    number: str
    at: datetime
    articles: dict[Article, int] = field(default_factory=dict)

    @property
    def units(self) -> int:
        return sum(self.articles.values())


@dataclass(slots=True)
class Sale:
    """One invoice; ``customer`` is empty for a walk-in, ``at`` local time."""

    number: str
    customer: str
    country: str
    buyer: str
    at: datetime
    articles: dict[Article, int] = field(default_factory=dict)
    cancellations: list[Cancellation] = field(default_factory=list)

    @property
    def units(self) -> int:
        return sum(self.articles.values())

    def cancellation(self, number: str, at: datetime) -> Cancellation:
        """The one with this number, new if it is not there."""
        for known in self.cancellations:
            if known.number == number:
                return known
        self.cancellations.append(Cancellation(number, max(at, self.at)))
        return self.cancellations[-1]


class Event(NamedTuple):
    """``left`` is how many units are on the invoice when it is over."""

    at: datetime
    kind: EventKind
    sale: Sale
    left: int
    cancellation: Cancellation | None = None


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


class _Purchase:
    """Units of one line of an invoice that no cancellation has claimed yet."""

    __slots__ = ("price", "remaining", "sale")

    def __init__(self, sale: Sale, price: Decimal, quantity: int) -> None:
        self.sale = sale
        self.price = price
        self.remaining = quantity


class _Ledger:
    """Every customer's purchases so far. Nameless customers are one: the walk-in."""

    def __init__(self) -> None:
        self.sales: dict[str, Sale] = {}
        self._purchases: dict[tuple[str, str], list[_Purchase]] = {}

    def sell(self, line: RetailLine) -> None:
        sale = self.sales.get(line.invoice)
        if sale is None:
            sale = Sale(line.invoice, line.customer, line.country, line.buyer, line.at)
            self.sales[line.invoice] = sale
        article = (line.stock_code, line.unit_price)
        sale.articles[article] = sale.articles.get(article, 0) + line.quantity
        self._purchases.setdefault((sale.customer, line.stock_code), []).append(
            _Purchase(sale, line.unit_price, line.quantity)
        )

    def cancel(self, line: RetailLine) -> int:
        """Take units off the latest purchases, those at the same price first; returns how many."""
        purchases = self._purchases.get((line.customer, line.stock_code), [])
        latest = purchases[::-1]
        at_this_price = [purchase for purchase in latest if purchase.price == line.unit_price]
        others = [purchase for purchase in latest if purchase.price != line.unit_price]
        wanted = -line.quantity
        for purchase in [*at_this_price, *others]:
            taken = min(wanted, purchase.remaining)
            if taken:
                purchase.remaining -= taken
                wanted -= taken
                articles = purchase.sale.cancellation(line.invoice, line.at).articles
                article = (line.stock_code, purchase.price)
                articles[article] = articles.get(article, 0) + taken
        purchases[:] = [purchase for purchase in purchases if purchase.remaining]
        return -line.quantity - wanted


def plan(lines: Sequence[RetailLine], selection: Selection) -> Plan:
    """The chosen invoices with their cancellations, and the lines that are neither."""
    chosen = _chosen_buyers(lines, selection.every)
    in_range = sorted(
        (line for line in lines if selection.first_day <= line.at.date() <= selection.last_day),
        key=attrgetter("at"),
    )
    ledger = _Ledger()
    skipped = [found for line in in_range if (found := _enter(line, ledger)) is not None]
    sales = [sale for sale in ledger.sales.values() if sale.buyer in chosen]
    if selection.shift_to and in_range:
        move(sales, selection.shift_to - in_range[-1].at.date())
    return Plan(sales, [each for each in skipped if each.line.buyer in chosen])


def _chosen_buyers(lines: Iterable[RetailLine], every: int) -> set[str]:
    buyers = dict.fromkeys(line.buyer for line in lines)
    return set(list(buyers)[::every])


def _enter(line: RetailLine, ledger: _Ledger) -> Skipped | None:
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


def events(
    sales: Iterable[Sale], ending: Callable[[Sale], Ending] = lambda sale: Ending.DELIVERED
) -> list[Event]:
    """Everything that happens, in the order of its time."""
    happenings = [event for sale in sales for event in _life(sale, ending(sale))]
    return sorted(happenings, key=attrgetter("at"))


def _life(sale: Sale, ending: Ending) -> Iterator[Event]:
    left = sale.units
    at = sale.at
    yield Event(at, EventKind.CREATED, sale, left)
    for cancellation in sorted(sale.cancellations, key=attrgetter("at")):
        at = cancellation.at
        left -= cancellation.units
        kind = EventKind.PART_CANCELLED if left else EventKind.CANCELLED
        yield Event(at, kind, sale, left, cancellation)
    if not left or ending == Ending.OPEN:
        return
    at += PAID_AFTER
    if ending == Ending.PARTIALLY_PAID:
        yield Event(at, EventKind.PART_PAID, sale, left)
        return
    yield Event(at, EventKind.PAID, sale, left)
    if ending == Ending.DELIVERED:
        yield Event(at + DELIVERED_AFTER, EventKind.DELIVERED, sale, left)
