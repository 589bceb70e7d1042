"""Parses days and times from 1970 to 2100."""

import re
from datetime import UTC, date, datetime, time

FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2100, 12, 31)
RANGE = f"from {FIRST_DAY} to {LAST_DAY}"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: What is behind the microseconds of a time is cut off.
_INSTANT = re.compile(
    r"(?P<time>(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2})?)"
    r"(\.(?P<fraction>[0-9]{1,12}))?(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


def is_day(text: str) -> bool:
    """Whether it is written like a day, without a time."""
    return bool(_DAY.fullmatch(text))


def is_usable(day: date) -> bool:
    return FIRST_DAY <= day <= LAST_DAY


def parse_day(text: str) -> date:
    """A day such as 2026-11-25; ValueError says what to do instead."""
    written = text.strip()
    try:
        day = date.fromisoformat(written) if is_day(written) else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError("Give a day as year-month-day, such as 2026-11-25.")
    if not is_usable(day):
        raise ValueError(f"Give a day {RANGE}.")
    return day


def parse_instant(text: str) -> datetime:
    """A time with its zone, or a day, which is its beginning in UTC; ValueError as above."""
    if is_day(text):
        return datetime.combine(parse_day(text), time(), UTC)
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError("Give a time such as 2026-11-23T09:30:00Z, or a day.")
    if found["zone"] is None:
        raise ValueError("Give the zone of the time as well: Z for UTC, or such as +01:00.")
    parse_day(found["day"])
    fraction = f".{found['fraction'][:6].ljust(6, '0')}" if found["fraction"] else ""
    try:
        moment = datetime.fromisoformat(f"{found['time']}{fraction}{found['zone']}".upper())
    except ValueError:
        raise ValueError(
            "Give a time from 00:00:00 to 23:59:59 with an offset of less than a day."
        ) from None
    return moment.astimezone(UTC)
