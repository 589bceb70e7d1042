"""Dates of a retail file: 2010-12-01 08:26:00, or in the spreadsheets' form 1/12/2010 08:26."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.domain.imports.retail.headings import RetailFileError
from app.domain.input.dates import RANGE, is_usable

EXPECTED = "should be a local time such as 2010-12-01 08:26:00"
_TIME = (
    r"(?:(?: |T|, )(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
_YEAR_FIRST = re.compile(
    rf"(?P<year>[0-9]{{4}})(?P<mark>[-/.])(?P<month>[0-9]{{1,2}})(?P=mark)(?P<day>[0-9]{{1,2}}){_TIME}"
)
_YEAR_LAST = re.compile(
    rf"(?P<first>[0-9]{{1,2}})(?P<mark>[-/.])(?P<second_>[0-9]{{1,2}})(?P=mark)"
    rf"(?P<year>[0-9]{{4}}){_TIME}"
)
_SHORT_YEAR = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{2}(?![0-9]).*")
_ZONE = re.compile(r"[0-9].*(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})", re.IGNORECASE)


class DateOrder(StrEnum):
    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


def date_order(texts: Mapping[str, int], decimal_mark: str | None) -> DateOrder | None:
    """How the file writes 1/12/2010; None where all its dates read the same in both ways.

    ``texts`` are its different dates, each with its first line. A day over 12 anywhere tells. So
    do decimal commas: of the languages in the Unicode CLDR that write them all but one, spoken by
    some ten thousand, put the day first. RetailFileError where nothing tells, or both are there.
    """
    proofs: dict[DateOrder, tuple[int, str]] = {}
    unclear: list[tuple[int, str]] = []
    for text, line in texts.items():
        found = _YEAR_LAST.fullmatch(_spaced(text))
        if found is None:
            continue
        readings = {order: at for order in DateOrder if (at := _time_or_none(text, order))}
        if found["mark"] == "." and readings:  # no language puts the month first there
            readings = {DateOrder.DAY_FIRST: readings[DateOrder.DAY_FIRST]}
        if len(readings) == 1:
            order = next(iter(readings))
            proofs[order] = min((line, text), proofs.get(order, (line, text)))
        elif len(set(readings.values())) == 2:
            unclear.append((line, text))
    if len(proofs) == 2:
        (day_line, day), (month_line, month) = (proofs[order] for order in DateOrder)
        raise RetailFileError(
            f"line {day_line}: InvoiceDate '{day}' has the day first, and line {month_line}: "
            f"'{month}' the month. Write all dates of a file in one way, best as 2010-12-01 08:26"
        )
    if proofs:
        return next(iter(proofs))
    if not unclear:
        return None
    if decimal_mark == ",":
        return DateOrder.DAY_FIRST
    raise _either(*min(unclear))


def _either(line: int, text: str) -> RetailFileError:
    readings = [parse_time(text, order) for order in DateOrder]
    day_first, month_first = (f"{at.day} {at:%B %Y}" for at in readings)
    return RetailFileError(
        f"line {line}: InvoiceDate '{text}' can be {day_first} or {month_first}, and no date of "
        f"the file decides which. Say --dates {DateOrder.DAY_FIRST} or "
        f"--dates {DateOrder.MONTH_FIRST}"
    )


def _time_or_none(text: str, order: DateOrder) -> datetime | None:
    try:
        return parse_time(text, order)
    except ValueError:
        return None


def parse_time(text: str, order: DateOrder | None) -> datetime:
    """The local time; ValueError says what was expected instead."""
    spaced = _spaced(text)
    if found := _YEAR_FIRST.fullmatch(spaced):
        month, day = int(found["month"]), int(found["day"])
    elif found := _YEAR_LAST.fullmatch(spaced):
        month, day = int(found["second_"]), int(found["first"])
        if order == DateOrder.MONTH_FIRST and found["mark"] != ".":
            month, day = day, month
    else:
        raise ValueError(_why_not(spaced))
    try:
        at = datetime(int(found["year"]), month, day, *_clock(found))  # noqa: DTZ001
    except ValueError:
        raise ValueError(f"{EXPECTED}, with a day and a time that exist") from None
    if not is_usable(at.date()):
        raise ValueError(f"should be {RANGE}")
    return at


def _clock(found: re.Match[str]) -> tuple[int, int, int, int]:
    hour = int(found["hour"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if found["half"] in "pP" else 0)
    microsecond = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    return hour, int(found["minute"] or 0), int(found["second"] or 0), microsecond


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _why_not(text: str) -> str:
    if _SHORT_YEAR.fullmatch(text):
        return f"{EXPECTED}, the year with four digits"
    if _ZONE.fullmatch(text):
        return f"{EXPECTED}, without a time zone"
    return EXPECTED


def on_the_clock(at: datetime, zone: ZoneInfo) -> datetime:
    """The same moment as clocks showed it: an hour later, where they had skipped it."""
    return at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)


def is_twice(at: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks were put back over this time."""
    first, second = (at.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return first.astimezone(UTC) < second.astimezone(UTC)
