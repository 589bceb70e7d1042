"""Counts and times requests by route."""

from functools import cache

from prometheus_client import Counter, Histogram

from app.observability.metrics import QUERIES, REQUEST_QUERY_SECONDS, REQUEST_SECONDS, REQUESTS
from app.observability.query_timing import QueryTime


def note_request(
    method: str, route: str, status: str, seconds: float, query_time: QueryTime
) -> None:
    took, waited, queries = _of_route(method, route)
    took.observe(seconds)
    if query_time.queries:
        waited.observe(query_time.seconds)
        queries.inc(query_time.queries)
    _of_status(method, route, status).inc()


@cache
def _of_route(method: str, route: str) -> tuple[Histogram, Histogram, Counter]:
    return (
        REQUEST_SECONDS.labels(method, route),
        REQUEST_QUERY_SECONDS.labels(method, route),
        QUERIES.labels(method, route),
    )


@cache
def _of_status(method: str, route: str, status: str) -> Counter:
    return REQUESTS.labels(method, route, status)
