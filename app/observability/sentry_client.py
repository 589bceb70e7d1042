"""Filters what is sent to the error tracker: no data of people.

Only what is logged as an error with its exception is sent: refusals and outages are neither.
"""

import logging
from typing import Any

import sentry_sdk
from flask import has_request_context, request
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sqlalchemy.exc import DBAPIError

from app.observability.request_id import current_request_id

DELIVERY_SECONDS = 2.0
SEE_LOG = "see the store's log at this request_id"
#: Everything else that the client would add may hold what somebody typed.
KEPT = (
    *("event_id", "timestamp", "level", "logger", "platform", "release", "sdk", "exception"),
    *("contexts", "modules", "server_name", "environment"),
)


def start(dsn: str) -> None:
    sentry_sdk.init(
        dsn=dsn,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR),
            ExcepthookIntegration(),
            DedupeIntegration(),
        ],
        before_send=without_people,  # type: ignore[arg-type]
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        max_request_body_size="never",
        shutdown_timeout=DELIVERY_SECONDS,
    )


def deliver() -> None:
    sentry_sdk.flush(DELIVERY_SECONDS)


def without_people(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any] | None:
    """The event with what says where it happened, and without what says to whom."""
    if "exception" not in event:
        return None
    kept = {name: event[name] for name in KEPT if name in event}
    values = event["exception"]["values"]
    # An exception's words may quote what somebody typed. They are in the store's own log.
    kept["exception"] = {"values": [each | {"value": SEE_LOG} for each in values]}
    kept["tags"] = {"request_id": current_request_id(), **_sqlstate(hint)}
    if has_request_context() and request.url_rule is not None:
        kept["transaction"] = request.url_rule.rule
        kept["request"] = {"method": request.method}
    return kept


def _sqlstate(hint: dict[str, Any]) -> dict[str, str]:
    error = (hint.get("exc_info") or (None, None))[1]
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return {"sqlstate": state} if state else {}
