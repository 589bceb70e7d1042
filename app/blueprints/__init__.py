"""Pages and API: each reads its input, makes one call, and renders."""

from flask import Flask

from app.blueprints.dashboard import dashboard
from app.blueprints.health import health
from app.blueprints.items import items
from app.blueprints.reservations import reservations
from app.blueprints.sessions import sessions

BLUEPRINTS = (sessions, health, dashboard, items, reservations)


def register(app: Flask) -> None:
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
