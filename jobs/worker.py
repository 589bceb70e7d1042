"""`python -m jobs.worker`: takes jobs from the queue, each in a process of its own."""

import os
import signal

from rq.serializers import JSONSerializer
from rq.worker import Worker

from app.runtime.privileges import die_with_parent
from app.settings import Settings
from jobs.application import application
from jobs.queue import connect, queue

# With these a killed worker's job is taken up in about 95 s; with the defaults after minutes.
WORKER_TTL_SECONDS = 45
MAINTENANCE_INTERVAL_SECONDS = 20


def main() -> None:
    connection = connect(Settings.from_environment())
    application()
    # A job's process, and the one that RQ forks for its own timetable, end with their worker.
    os.register_at_fork(after_in_child=lambda: die_with_parent(signal.SIGKILL))
    worker = Worker(
        [queue(connection)],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_SECONDS,
        maintenance_interval=MAINTENANCE_INTERVAL_SECONDS,
    )
    worker.work(with_scheduler=True, logging_level="WARNING")


if __name__ == "__main__":
    main()
