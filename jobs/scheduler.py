"""`python -m jobs.scheduler`: keeps the schedule (app/domain/background/schedule.py).

Each tick writes down what is due and wakes workers for what waits; any number of schedulers may
run.
"""

import logging
import time
from contextlib import suppress
from typing import Any
from uuid import UUID

from redis import Redis, RedisError
from rq.cron import CronJob, CronScheduler

from app.domain.background.schedule import TIMETABLE, JobName
from app.services.background import job_runs
from app.services.background.job_queue import NAME, PERFORM, connect, notify_workers
from app.settings import Settings
from jobs import deliver_alerts
from jobs.application import application
from jobs.perform import DATABASE_TROUBLE

TICK_SECONDS = 5
#: By then a worker has taken what it was told of; if not, it is told again.
HINT_AGAIN_SECONDS = 20
logger = logging.getLogger(__name__)


class StoreScheduler(CronScheduler):
    """RQ's own enqueues per scheduler, forgets what it missed and dies with the queue.

    This one keeps its registration and its loop, and takes what is due from the database.
    """

    def __init__(self, connection: Redis, settings: Settings) -> None:
        super().__init__(connection, logging_level="WARNING")
        self.settings = settings
        self.hinted_at: dict[UUID, float] = {}
        for job in TIMETABLE.values():
            self._cron_jobs.append(
                CronJob(NAME, func_name=PERFORM, cron=job.schedule.cron, name=job.name)
            )

    def enqueue_jobs(self) -> list[CronJob]:
        """One tick."""
        with application().app_context():
            try:
                for run_id in job_runs.requeue_abandoned_runs():
                    self.hinted_at.pop(run_id, None)  # whoever was told of it is gone
                job_runs.enqueue_due_runs(self.settings.timezone)
                waiting = job_runs.waiting_runs()
            except DATABASE_TROUBLE as error:
                logger.warning("the timetable waits for the database: %s", type(error).__name__)
                return []
            try:
                self._wake_workers(waiting)
            except RedisError as error:
                logger.warning("the queue does not answer: %s", error)
                self._send_alerts_itself(waiting)
        return []

    def _wake_workers(self, waiting: list[tuple[UUID, JobName]]) -> None:
        now = time.monotonic()
        self.hinted_at = {
            run_id: at for run_id, at in self.hinted_at.items() if now - at < HINT_AGAIN_SECONDS
        }
        notify_workers(self.connection, [run for run in waiting if run[0] not in self.hinted_at])
        self.hinted_at |= {run_id: self.hinted_at.get(run_id, now) for run_id, _ in waiting}

    def _send_alerts_itself(self, waiting: list[tuple[UUID, JobName]]) -> None:
        """That the queue is gone is just what people should hear of."""
        for run_id, job in waiting:
            if job == JobName.ALERTS:
                with suppress(*DATABASE_TROUBLE):
                    job_runs.perform(run_id, {JobName.ALERTS: deliver_alerts.run})

    def calculate_sleep_interval(self) -> float:
        return TICK_SECONDS

    # Being listed among RQ's schedulers is a courtesy, nothing to die for.

    def register_birth(self) -> None:
        with suppress(RedisError):
            super().register_birth()

    def heartbeat(self) -> None:
        with suppress(RedisError):
            super().heartbeat()

    def register_death(self, pipeline: Any = None) -> None:
        with suppress(RedisError):
            super().register_death(pipeline)


def main() -> None:
    settings = Settings.from_environment()
    application()
    StoreScheduler(connect(settings.redis_url), settings).start()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
