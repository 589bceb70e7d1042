"""The figures of a daily report, and which days have one."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.errors import Refusal
from app.domain.text.written_times import written_day

#: In the order in which people read them.
HEADLINES = {
    "moneyIn": "Money in",
    "unitsSold": "Units sold",
    "unitsDelivered": "Units delivered",
    "unitsReserved": "Units reserved",
    "unitsReceived": "Units received",
    "holdsExpired": "Holds expired",
    "invoicesCreated": "Invoices created",
    "invoicesPaid": "Invoices paid",
    "invoicesDelivered": "Invoices delivered",
    "invoicesCancelled": "Invoices cancelled",
    "available": "Units available at closing",
    "openFindings": "Open findings at closing",
    "refundsDue": "Refunds due at closing",
}
#: Headlines that are amounts of money.
MONEY_HEADLINES = frozenset({"moneyIn", "refundsDue"})


class DayNotReportable(Refusal):
    """The day is not over, or the store did not exist yet."""

    code = "day-not-reportable"
    title = "There is no report for this day"


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From midnight to midnight in the store's zone: 23, 24 or 25 hours, in UTC."""
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day, in UTC; of two midnights the earlier one."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def refuse_unless_reportable(day: date, *, today: date, first_day: date) -> None:
    if day >= today:
        word = "is not over yet" if day == today else "is in the future"
        raise DayNotReportable(
            f"{written_day(day)} {word}. The last day with a report is "
            f"{written_day(today - timedelta(days=1))}."
        )
    if day < first_day:
        raise DayNotReportable(
            f"{written_day(day)} is before the store existed; "
            f"its first day is {written_day(first_day)}."
        )
