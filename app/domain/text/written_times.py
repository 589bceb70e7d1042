"""Writes days and times as people read them in sentences."""

from datetime import UTC, date, datetime


def written_day(day: date) -> str:
    """25 Nov 2026."""
    return f"{day.day} {day:%b} {day.year}"


def written_moment(when: datetime) -> str:
    """25 Nov 2026, 18:34 UTC."""
    there = when.astimezone(UTC)
    return f"{written_day(there)}, {there:%H:%M} UTC"


def written_span(since: datetime | None, until: datetime | None) -> str:
    """' since 25 Nov 2026, 18:34 until 18:49 UTC', as far as it is known.

    The day of the end is said where it is another.
    """
    if since is None or until is None:
        words = {" since": since, " until": until}
        return "".join(f"{word} {written_moment(when)}" for word, when in words.items() if when)
    start, end = since.astimezone(UTC), until.astimezone(UTC)
    day = "" if start.date() == end.date() else f"{written_day(end)}, "
    return f" since {written_day(start)}, {start:%H:%M} until {day}{end:%H:%M} UTC"
