"""Sets up Flask extensions: log-in, CSRF, HTMX, headers, migrations."""

import re
from pathlib import Path

from flask import Flask
from flask_htmx import HTMX
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_talisman import Talisman
from flask_wtf import CSRFProtect

from app.database.transactions import db
from app.settings import Settings

MIGRATIONS = Path(__file__).parents[2] / "migrations"
#: Everything comes from here: no inline script or style, so no nonce either.
CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}

login_manager = LoginManager()
csrf = CSRFProtect()
htmx = HTMX()
talisman = Talisman()
migrate = Migrate(directory=str(MIGRATIONS))


def register(app: Flask, settings: Settings) -> None:
    csrf.init_app(app)
    login_manager.init_app(app)
    htmx.init_app(app)
    # The store runs on a machine in the shop; TLS, where there is any, ends in front of it.
    talisman.init_app(
        app,
        force_https=False,
        session_cookie_secure=False,
        content_security_policy=CONTENT_SECURITY_POLICY,
    )
    migrate.init_app(app, db)


def limiter_storage(redis_url: str | None) -> str:
    """The limiter's own spelling of a Redis address."""
    return re.sub("^unix:", "redis+unix:", redis_url) if redis_url else "memory://"
