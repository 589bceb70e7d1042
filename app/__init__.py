"""The application, put together."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response

from app import cli
from app.database.transactions import configure_database
from app.observability import logs, sentry
from app.services.accounts import passwords
from app.settings import Settings
from app.web import (
    api,
    authentication,
    authorization,
    errors,
    extensions,
    pages,
    replica_reads,
    request_log,
    responses,
    static_files,
    template_filters,
)
from app.web.api.framework import rate_limits
from app.web.forms import idempotency

WORKING_DAY_SECONDS = 12 * 60 * 60
REQUEST_BYTES_MAX = 16 * 1024 * 1024


class Store(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view and no hook is asynchronous; finding that out took 5 % of a request."""
        return func

    def send_static_file(self, filename: str) -> Response:
        response = super().send_static_file(static_files.without_version(filename))
        return static_files.keep_if_current(response, filename, self.static_folder or "")


def create_app(settings: Settings | None = None) -> Flask:
    """The whole store as a WSGI app. Refuses to start when a route declares no permission."""
    settings = settings or Settings.from_environment()
    logs.configure(settings.log_format)
    sentry.register(settings.sentry_dsn)
    app = Store(__name__, template_folder="../templates", static_folder="../static")
    configure(app, settings)
    configure_database(app, settings)
    passwords.share_processors(settings.web_processes)
    rate_limits.register(app, settings)
    authorization.register(app)
    extensions.register(app, settings)
    authentication.register(app)
    template_filters.register(app)
    static_files.register(app)
    responses.register(app)
    errors.register(app)
    pages.register(app)
    api.register(app)
    idempotency.register(app)
    replica_reads.register(app, settings)
    cli.register(app)
    request_log.register(app)
    authorization.refuse_undeclared_routes(app)
    return app


def configure(app: Flask, settings: Settings) -> None:
    app.config.from_mapping(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="holdfast",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=WORKING_DAY_SECONDS,
        MAX_CONTENT_LENGTH=REQUEST_BYTES_MAX,
        MAX_FORM_MEMORY_SIZE=REQUEST_BYTES_MAX,
        MAX_FORM_PARTS=20_000,
        # A form lies open for as long as the clerk is with the customer.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
