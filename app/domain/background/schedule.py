"""The schedule of all background jobs, as data."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class JobName(StrEnum):
    CLEANUP = "cleanup"
    CHECK = "check"
    REPORT = "report"
    AUDIT = "audit"
    ALERTS = "alerts"


@dataclass(frozen=True)
class Every:
    """At every multiple of so many minutes of the hour or day, in UTC: clocks may change."""

    minutes: int

    def last_due(self, now: datetime, zone: ZoneInfo) -> datetime:
        period = timedelta(minutes=self.minutes)
        return EPOCH + (now - EPOCH) // period * period

    def next_due(self, now: datetime, zone: ZoneInfo) -> datetime:
        return self.last_due(now, zone) + timedelta(minutes=self.minutes)

    @property
    def cron(self) -> str:
        return {1: "* * * * *", 60: "0 * * * *"}.get(self.minutes, f"*/{self.minutes} * * * *")

    @property
    def words(self) -> str:
        return {1: "every minute", 60: "every hour"}.get(
            self.minutes, f"every {self.minutes} minutes"
        )


@dataclass(frozen=True)
class Daily:
    """Once on each day of the store's zone, however long the clocks make that day."""

    at: time

    def last_due(self, now: datetime, zone: ZoneInfo) -> datetime:
        today = now.astimezone(zone).date()
        due = datetime.combine(today, self.at, zone).astimezone(UTC)
        if due > now:
            due = datetime.combine(today - timedelta(days=1), self.at, zone).astimezone(UTC)
        return due

    def next_due(self, now: datetime, zone: ZoneInfo) -> datetime:
        last = self.last_due(now, zone).astimezone(zone).date()
        return datetime.combine(last + timedelta(days=1), self.at, zone).astimezone(UTC)

    @property
    def cron(self) -> str:
        return f"{self.at.minute} {self.at.hour} * * *"

    @property
    def words(self) -> str:
        return f"every day at {self.at:%H:%M}"


@dataclass(frozen=True)
class Job:
    """``seconds_max`` is how long a run may take before it is ended."""

    name: JobName
    title: str
    description: str
    schedule: Every | Daily
    seconds_max: int


TIMETABLE = {
    job.name: job
    for job in (
        Job(
            JobName.CLEANUP,
            "Cleanup",
            "Frees the units whose hold has run out and tidies the store's totals.",
            Every(15),
            1800,
        ),
        Job(
            JobName.CHECK,
            "Consistency check",
            "Compares units, invoices and history, and lists what contradicts itself.",
            Every(60),
            1800,
        ),
        Job(
            JobName.REPORT,
            "Daily report",
            "Sums up yesterday and compares it with the day and the week before.",
            Daily(time(6)),
            600,
        ),
        Job(
            JobName.AUDIT,
            "Audit",
            "Proves all of history complete and untouched, and the database's guards in place.",
            Daily(time(4, 30)),
            3600,
        ),
        Job(
            JobName.ALERTS,
            "Alerts",
            "Sends what people should hear of to the channels in ALERT_URLS.",
            Every(1),
            120,
        ),
    )
}
