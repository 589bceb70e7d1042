"""What a daily report is about, and which days have one."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.errors import Refusal

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
}


class DayNotReportable(Refusal):
    """The day is not over, or the store did not exist yet."""

    code = "day-not-reportable"
    title = "There is no report for this day"


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From midnight to midnight in the store's zone: 23, 24 or 25 hours."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = day + timedelta(days=1)
    return start, datetime(after.year, after.month, after.day, tzinfo=zone)


def refuse_unless_reportable(day: date, *, today: date, first_day: date) -> None:
    if day >= today:
        word = "is not over yet" if day == today else "is in the future"
        raise DayNotReportable(
            f"{day:%Y-%m-%d} {word}. The last day with a report is "
            f"{today - timedelta(days=1):%Y-%m-%d}."
        )
    if day < first_day:
        raise DayNotReportable(
            f"{day:%Y-%m-%d} is before the store existed; its first day is {first_day:%Y-%m-%d}."
        )
