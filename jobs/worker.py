"""`python -m jobs.worker`: takes jobs from the queue, each in a process of its own."""

import os
import signal

from redis.client import Pipeline
from rq import worker_registration
from rq.serializers import JSONSerializer
from rq.worker import Worker

from app.runtime.processes.privileges import die_with_parent
from app.services.background.job_queue import connect, queue
from app.settings import Settings
from jobs.application import application

# RQ's own records of a killed worker end soon. Its run is taken up by the scheduler in seconds.
WORKER_TTL_SECONDS = 45
MAINTENANCE_INTERVAL_SECONDS = 20


class StoreWorker(Worker):
    #: RQ's own would stand still for up to a minute after the queue is back.
    max_connection_wait_time = 5.0

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Also as a worker whom the queue has forgotten, so that it is counted again."""
        super().heartbeat(timeout, pipeline)
        worker_registration.register(self, pipeline)


def main() -> None:
    connection = connect(Settings.from_environment().redis_url, answer_seconds=None)
    application()
    # A job's process, and the one that RQ forks for its own timetable, end with their worker.
    os.register_at_fork(after_in_child=lambda: die_with_parent(signal.SIGKILL))
    worker = StoreWorker(
        [queue(connection)],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_SECONDS,
        maintenance_interval=MAINTENANCE_INTERVAL_SECONDS,
    )
    worker.work(with_scheduler=True, logging_level="WARNING")


if __name__ == "__main__":
    main()
