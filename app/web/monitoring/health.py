"""Health checks: `/healthz` and `/readyz`."""

import psycopg
from flask import Blueprint, current_app
from redis import Redis, RedisError

from app.database.transactions import disk_is_full
from app.domain.accounts.roles import Permission
from app.queries.monitoring.readiness import database_revision, newest_revision
from app.web.authorization import requires
from app.web.template_filters import store_settings

health = Blueprint("health", __name__)
QUEUE_TIMEOUT_SECONDS = 2
#: With nothing else missing, all but changes works on.
DISK_SPACE = "disk space"


@health.get("/healthz")
@requires(Permission.PUBLIC)
def alive() -> dict[str, str]:
    return {"status": "ok"}


@health.get("/readyz")
@requires(Permission.PUBLIC)
def ready() -> tuple[dict[str, object], int]:
    """200, or 503 naming what is missing: database, migrations, queue, disk space."""
    missing = [*_missing_in_database(), *_missing_queue()]
    if disk_is_full():
        missing.append(DISK_SPACE)
    if missing:
        return {"status": "unavailable", "missing": missing}, 503
    return {"status": "ok"}, 200


def _missing_in_database() -> list[str]:
    try:
        revision = database_revision()
    except psycopg.Error:
        return ["database"]
    return [] if revision == newest_revision() else ["migrations"]


def _missing_queue() -> list[str]:
    try:
        with Redis.from_url(
            store_settings().redis_url or "redis://127.0.0.1:1/0",
            socket_connect_timeout=QUEUE_TIMEOUT_SECONDS,
            socket_timeout=QUEUE_TIMEOUT_SECONDS,
        ) as queue:
            queue.ping()
    except RedisError as error:
        current_app.logger.warning("the queue does not answer: %s", error)
        return ["queue"]
    return []
