"""The invoices of a file as one stream of events in order of time."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from app.domain.imports.retail.sales import Cancellation, Sale

#: The file does not say when an invoice was paid and handed over.
PAID_AFTER = timedelta(minutes=10)
DELIVERED_AFTER = timedelta(hours=1)


class FinalStatus(StrEnum):
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


class Event(NamedTuple):
    """``left`` is how many units are on the invoice when it is over."""

    at: datetime
    kind: EventKind
    sale: Sale
    left: int
    cancellation: Cancellation | None = None


def events(
    sales: Iterable[Sale],
    ending: Callable[[Sale], FinalStatus] = lambda sale: FinalStatus.DELIVERED,
) -> list[Event]:
    """Everything that happens, in the order of its time."""
    happenings = [event for sale in sales for event in _life(sale, ending(sale))]
    return sorted(happenings, key=attrgetter("at"))


def _life(sale: Sale, ending: FinalStatus) -> Iterator[Event]:
    left = sale.units
    at = sale.at
    yield Event(at, EventKind.CREATED, sale, left)
    for cancellation in sorted(sale.cancellations, key=attrgetter("at")):
        at = cancellation.at
        left -= cancellation.units
        kind = EventKind.PART_CANCELLED if left else EventKind.CANCELLED
        yield Event(at, kind, sale, left, cancellation)
    if not left or ending == FinalStatus.OPEN:
        return
    at += PAID_AFTER
    if ending == FinalStatus.PARTIALLY_PAID:
        yield Event(at, EventKind.PART_PAID, sale, left)
        return
    yield Event(at, EventKind.PAID, sale, left)
    if ending == FinalStatus.DELIVERED:
        yield Event(at + DELIVERED_AFTER, EventKind.DELIVERED, sale, left)
