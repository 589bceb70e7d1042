"""Days and times at every edge, and what a day is in a zone."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.input.dates import FIRST_DAY, LAST_DAY, parse_day, parse_instant
from app.domain.reports.daily_report import bounds
from app.domain.text.written_times import written_day, written_moment, written_span

#: Midnight shifts, a day that there was not, half hours, a shift across midnight.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Atlantic/Azores",
    "Asia/Beirut",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
]
usable_days = st.dates(FIRST_DAY, LAST_DAY)


@given(usable_days)
def test_every_usable_day_reads_back(day: date) -> None:
    assert parse_day(f" {day.isoformat()} ") == day


@given(st.dates().filter(lambda day: not FIRST_DAY <= day <= LAST_DAY))
def test_every_other_day_is_refused(day: date) -> None:
    with pytest.raises(ValueError, match="Give a day from 1970-01-01 to 2100-12-31"):
        parse_day(day.isoformat())


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "today",
        "20261125",
        "2026-W48-3",
        "2026-329",
        "25.11.2026",
        "25/11/2026",
        "2026-11-25T00:00",
        "2026-13-01",
        "2026-02-29",
        "２０２６-11-25",
        "2026-1-5",
        "+2026-11-25",
    ],
)
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="Give a day as year-month-day, such as 2026-11-25"):
        parse_day(typed)


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2100, 12, 31, 23, 59)),  # noqa: DTZ001
    st.integers(-23 * 60, 23 * 60),
)
def test_every_usable_time_reads_back(moment: datetime, offset: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert parse_instant(aware.isoformat()) == aware


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2026-11-25", datetime(2026, 11, 25, tzinfo=UTC)),
        ("2026-11-25t18:34z", datetime(2026, 11, 25, 18, 34, tzinfo=UTC)),
        ("2026-11-25T18:34:00.5Z", datetime(2026, 11, 25, 18, 34, 0, 500_000, UTC)),
        ("2026-11-25T18:34:00.123456789Z", datetime(2026, 11, 25, 18, 34, 0, 123_456, UTC)),
        ("2026-11-25T18:34:00.999999999Z", datetime(2026, 11, 25, 18, 34, 0, 999_999, UTC)),
        ("1970-01-01T00:00:00+14:00", datetime(1969, 12, 31, 10, tzinfo=UTC)),
    ],
)
def test_what_is_finer_than_a_microsecond_is_cut(typed: str, moment: datetime) -> None:
    assert parse_instant(typed) == moment


@pytest.mark.parametrize("zone", ZONES)
@given(day=usable_days)
def test_days_follow_each_other_without_gap(zone: str, day: date) -> None:
    start, end = bounds(day, ZoneInfo(zone))
    assert timedelta() <= end - start <= timedelta(hours=26)
    assert bounds(day + timedelta(days=1), ZoneInfo(zone))[0] == end
    assert start.tzinfo is end.tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 11, 25), 24),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # begins at one o'clock
        ("America/Sao_Paulo", date(2018, 2, 17), 25),
        ("Atlantic/Azores", date(2026, 10, 25), 25),  # has two midnights
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Pacific/Apia", date(2011, 12, 30), 0),  # there was none
    ],
)
def test_a_day_has_the_hours_of_its_zone(zone: str, day: date, hours: float) -> None:
    start, end = bounds(day, ZoneInfo(zone))
    assert end - start == timedelta(hours=hours)


def test_sentences_say_times_in_one_style() -> None:
    since = datetime(2026, 11, 5, 18, 4, tzinfo=UTC)
    assert written_day(since) == "5 Nov 2026"
    assert written_moment(since.astimezone(ZoneInfo("Asia/Tokyo"))) == "5 Nov 2026, 18:04 UTC"
    soon, later = since + timedelta(minutes=15), since + timedelta(days=30)
    assert written_span(since, soon) == " since 5 Nov 2026, 18:04 until 18:19 UTC"
    assert written_span(since, later) == " since 5 Nov 2026, 18:04 until 5 Dec 2026, 18:04 UTC"
    assert written_span(since, None) == " since 5 Nov 2026, 18:04 UTC"
    assert written_span(None, None) == ""
