"""Metrics read from the database and queue at scrape time."""

import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from threading import Lock

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from app.database.transactions import db
from app.queries.monitoring.store_metrics import StoreGauges, store_gauges
from app.services.background.job_queue import QueueState, queue_state

KEPT_SECONDS = 5.0
logger = logging.getLogger(__name__)


class StandingCollector(Collector):
    """``holdfast_up`` says whether the database and the queue answered; what they know is left
    out when they did not. Needs an application context.
    """

    def __init__(self, redis_url: str | None) -> None:
        self.redis_url = redis_url
        self._lock = Lock()
        self._kept: list[Metric] = []
        self._kept_until = 0.0

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            if time.monotonic() > self._kept_until:
                self._kept = list(self._read())
                self._kept_until = time.monotonic() + KEPT_SECONDS
            return self._kept

    def forget(self) -> None:
        """Ask again at the next scrape."""
        self._kept_until = 0.0

    def _read(self) -> Iterable[Metric]:
        found, queue = _ask_database(), queue_state(self.redis_url)
        yield _gauges(
            "holdfast_up",
            "Whether the database and the queue answer.",
            "part",
            {"database": found is not None, "queue": queue.answers},
        )
        if found is not None:
            yield from _of_database(found)
        if queue.answers:
            yield from _of_queue(queue)


def _ask_database() -> StoreGauges | None:
    try:
        return store_gauges()
    except SQLAlchemyError as error:
        logger.warning("no figures from the database: %s", type(error).__name__)
        return None
    finally:
        with suppress(SQLAlchemyError):
            db.session.close()


def _of_database(found: StoreGauges) -> Iterable[Metric]:
    yield _gauges("holdfast_units", "Units by inventory status.", "status", found.units)
    yield _gauges(
        "holdfast_open_findings", "Open inconsistencies by kind.", "kind", found.open_findings
    )
    yield _gauges(
        "holdfast_waiting_runs", "Runs that wait for a worker.", "job", found.waiting_runs
    )
    yield GaugeMetricFamily(
        "holdfast_oldest_waiting_run_seconds",
        "How long the oldest of them waits; 0 when none does.",
        found.oldest_waiting_run,
    )
    yield _gauges(
        "holdfast_job_seconds_since_success",
        "Since a run of the job last succeeded; +Inf for never.",
        "job",
        found.seconds_since_success,
    )
    yield GaugeMetricFamily(
        "holdfast_seconds_since_good_audit",
        "Since all of history was last proved complete and untouched; +Inf for never.",
        found.seconds_since_good_audit,
    )
    yield GaugeMetricFamily("holdfast_waiting_alerts", "Alerts not sent yet.", found.alerts)
    yield GaugeMetricFamily(
        "holdfast_oldest_waiting_alert_seconds",
        "How long the oldest of them waits; 0 when none does.",
        found.oldest_alert,
    )


def _of_queue(queue: QueueState) -> Iterable[Metric]:
    yield GaugeMetricFamily("holdfast_queue_jobs", "Jobs in the queue.", queue.jobs)
    yield GaugeMetricFamily("holdfast_queue_workers", "Workers that gave a sign.", queue.workers)


def _gauges(
    name: str, documentation: str, label: str, values: Mapping[str, float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for value, number in values.items():
        family.add_metric([value], float(number))
    return family
