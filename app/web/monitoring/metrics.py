"""`/metrics`, for Prometheus: see docs/metrics.md."""

from hmac import compare_digest

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import Unauthorized

from app.domain.accounts.roles import Permission
from app.web.authorization import requires
from app.web.monitoring.exposition import exposition
from app.web.monitoring.store_metrics import StandingCollector
from app.web.template_filters import store_settings

STANDING = "standing_collector"
metrics = Blueprint("metrics", __name__)


@metrics.record_once
def note_standing(state: object) -> None:
    app: Flask = state.app  # type: ignore[attr-defined]
    app.extensions[STANDING] = StandingCollector(app.config["SETTINGS"].redis_url)


@metrics.get("/metrics")
@requires(Permission.PUBLIC)
def read() -> Response:
    """Open like /healthz, unless METRICS_TOKEN is set: then to who brings it."""
    refuse_strangers()
    return Response(exposition(current_app.extensions[STANDING]), content_type=CONTENT_TYPE_LATEST)


def refuse_strangers() -> None:
    token = store_settings().metrics_token
    if token is None:
        return
    brought = request.headers.get("Authorization", "")
    if not compare_digest(brought.encode(), f"Bearer {token}".encode()):
        challenge = Response("Send Authorization: Bearer TOKEN.\n", 401)
        challenge.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
        raise Unauthorized(response=challenge)
