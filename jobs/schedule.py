"""`python -m jobs.schedule`: the timetable of all background work, in the store's time zone."""

import os
import time
from typing import Any

from rq.cron import CronJob, CronScheduler
from rq.job import Job

from app.settings import Settings
from jobs import cleanup
from jobs.queue import NAME, connect, queue

TIMETABLE = {
    "cleanup": (cleanup.run, "*/15 * * * *"),
}
JOB_SECONDS_MAX = 600
TICK_MEMORY_SECONDS = 3600


class StoreCronJob(CronJob):
    """RQ's own puts a tick on the queue once per scheduler, and pickled."""

    def enqueue(self, connection: Any) -> Job | None:  # type: ignore[override]
        """None when another scheduler has already taken this tick."""
        tick = f"holdfast:tick:{self.name}:{self.next_enqueue_time:%Y%m%dT%H%M}"
        if not connection.set(tick, os.getpid(), nx=True, ex=TICK_MEMORY_SECONDS):
            return None
        return queue(connection).enqueue(self.func_name, **self.job_options)


class StoreScheduler(CronScheduler):
    def add_timetable(self) -> None:
        for name, (function, cron) in TIMETABLE.items():
            self._cron_jobs.append(
                StoreCronJob(NAME, function, cron=cron, name=name, job_timeout=JOB_SECONDS_MAX)
            )


def main() -> None:
    settings = Settings.from_environment()
    # RQ reads cron fields in the process's local time.
    os.environ["TZ"] = settings.timezone.key
    time.tzset()
    scheduler = StoreScheduler(connect(settings), logging_level="WARNING")
    scheduler.add_timetable()
    scheduler.start()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
