"""When things are due, also on the days when clocks change."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from app.domain.background.schedule import TIMETABLE, Daily, Every, JobName

LONDON = ZoneInfo("Europe/London")
ZONES = ["UTC", "Europe/London", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe"]


def test_the_timetable_is_the_contracts() -> None:
    words = {name: job.schedule.words for name, job in TIMETABLE.items()}
    assert words == {
        JobName.CLEANUP: "every 15 minutes",
        JobName.CHECK: "every hour",
        JobName.REPORT: "every day at 06:00",
        JobName.AUDIT: "every day at 04:30",
        JobName.ALERTS: "every minute",
    }
    crons = [job.schedule.cron for job in TIMETABLE.values()]
    assert crons == ["*/15 * * * *", "0 * * * *", "0 6 * * *", "30 4 * * *", "* * * * *"]


@pytest.mark.parametrize(
    ("day", "slots", "hours_until_next"),
    [
        ((2026, 3, 28), 6, 23),  # the clocks go forward in the night after
        ((2026, 3, 29), 5, 24),
        ((2026, 10, 24), 5, 25),  # and back
        ((2026, 10, 25), 6, 24),
    ],
)
def test_six_oclock_is_six_oclock_also_when_clocks_change(
    day: tuple[int, int, int], slots: int, hours_until_next: int
) -> None:
    six = Daily(time(6))
    due = datetime(*day, slots, tzinfo=UTC)
    assert six.last_due(due, LONDON) == due
    assert six.last_due(due - timedelta(seconds=1), LONDON) < due
    assert six.next_due(due, LONDON) - due == timedelta(hours=hours_until_next)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", [time(6), time(1, 30), time(2, 15)])
def test_each_day_of_a_year_has_one_slot(zone: str, at: time) -> None:
    now, slots = datetime(2026, 1, 1, tzinfo=UTC), set()
    while now.year == 2026:
        slots.add(Daily(at).last_due(now, ZoneInfo(zone)))
        now += timedelta(minutes=30)
    days = {slot.astimezone(ZoneInfo(zone)).date() for slot in slots}
    assert len(slots) == len(days) in (366, 367)


def test_a_period_goes_on_evenly_when_clocks_change() -> None:
    now = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    seen = []
    for _ in range(16):
        now = Every(15).next_due(now, LONDON)
        seen.append(now)
    assert [after - before for before, after in pairwise(seen)] == [timedelta(minutes=15)] * 15
    assert Every(60).last_due(datetime(2026, 1, 5, 12, 59, 59, tzinfo=UTC), LONDON).hour == 12
