"""Pages and API: each reads its input, makes one call, and renders."""

from flask import Flask

from app.blueprints import api
from app.blueprints.dashboard import dashboard
from app.blueprints.health import health
from app.blueprints.inconsistencies import inconsistencies
from app.blueprints.invoices import invoices
from app.blueprints.items import items
from app.blueprints.jobs import jobs
from app.blueprints.metrics import metrics
from app.blueprints.new_invoice import new_invoice
from app.blueprints.products import products
from app.blueprints.reports import reports
from app.blueprints.reservations import reservations
from app.blueprints.scanning import scanning
from app.blueprints.sessions import sessions
from app.blueprints.tokens import tokens
from app.blueprints.users import users

BLUEPRINTS = (
    sessions,
    health,
    metrics,
    dashboard,
    items,
    reservations,
    new_invoice,
    scanning,
    invoices,
    products,
    inconsistencies,
    reports,
    jobs,
    users,
    tokens,
)


def register(app: Flask) -> None:
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    api.register(app)
