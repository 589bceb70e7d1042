"""Every counter, histogram and gauge that the processes keep themselves.

What the database knows better is read from it at scrape time (app/web/monitoring/store_metrics.py).
"""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.domain.inventory import item_lifecycle
from app.domain.inventory.item_lifecycle import ChangeReason, InventoryStatus
from app.observability.reserved_files import use_reserved_files

use_reserved_files()

#: Of one process. Where several share a folder (app/observability/multiprocess.py), that is read.
REGISTRY = CollectorRegistry()
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: SQLSTATE -> why a transaction is tried again.
RETRY_CAUSES = {
    "40001": "serialization-failure",
    "40P01": "deadlock",
    "55P03": "lock-timeout",
}
CONNECTION_LOST = "connection-lost"
#: Where a unit comes from that is new.
NOWHERE = "(none)"

REQUESTS = Counter(
    "holdfast_requests",
    "Requests answered.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "holdfast_request_seconds",
    "How long requests took.",
    ("method", "route"),
    buckets=SECONDS,
    registry=REGISTRY,
)
REQUEST_QUERY_SECONDS = Histogram(
    "holdfast_request_query_seconds",
    "How long requests waited for their statements, COMMIT among them.",
    ("method", "route"),
    buckets=SECONDS,
    registry=REGISTRY,
)
QUERIES = Counter(
    "holdfast_queries",
    "Statements sent to the database by requests.",
    ("method", "route"),
    registry=REGISTRY,
)
REFUSALS = Counter(
    "holdfast_refusals",
    "Requests that were answered with a problem, by its code.",
    ("code", "status"),
    registry=REGISTRY,
)
TRANSITIONS = Counter(
    "holdfast_transitions",
    "Changes of units' status, counted once they are committed.",
    ("from", "to", "reason"),
    registry=REGISTRY,
)
RETRIES = Counter(
    "holdfast_retries",
    "Transactions that were tried again.",
    ("cause",),
    registry=REGISTRY,
)
JOB_RUNS = Counter(
    "holdfast_job_runs",
    "Runs of background work that ended.",
    ("job", "result"),
    registry=REGISTRY,
)
JOB_SECONDS = Histogram(
    "holdfast_job_seconds",
    "How long runs of background work took.",
    ("job",),
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600),
    registry=REGISTRY,
)
POOL_CONNECTIONS = Gauge(
    "holdfast_pool_connections",
    "Connections to the database that web processes hold.",
    ("state",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
POOL_LIMIT = Gauge(
    "holdfast_pool_connections_max",
    "Connections that web processes may hold.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
WEB_PROCESSES = Gauge(
    "holdfast_web_processes",
    "Web processes that have answered a request and live.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)

# A series that appears with its first event has no increase; these are there from the start.
for _cause in (*RETRY_CAUSES.values(), CONNECTION_LOST):
    RETRIES.labels(_cause)
for (_from, _to), _reasons in item_lifecycle.TRANSITIONS.items():
    for _reason in _reasons:
        TRANSITIONS.labels(_from or NOWHERE, _to, _reason)


def count_transitions(to: str, reason: str, units_from: Mapping[str, int]) -> None:
    """``units_from`` is the number of units by the status that they came from."""
    for status, units in units_from.items():
        TRANSITIONS.labels(status, to, reason).inc(units)


def count_received(units: int) -> None:
    count_transitions(InventoryStatus.AVAILABLE, ChangeReason.RECEIVED, {NOWHERE: units})


def count_retry(sqlstate: str | None) -> None:
    RETRIES.labels(RETRY_CAUSES.get(sqlstate or "", CONNECTION_LOST)).inc()
