"""Pages: each reads its input, makes one call, and renders."""

from flask import Flask

from app.web.monitoring.health import health
from app.web.monitoring.metrics import metrics
from app.web.pages.accounts.sessions import sessions
from app.web.pages.accounts.tokens import tokens
from app.web.pages.accounts.users import users
from app.web.pages.dashboard import dashboard
from app.web.pages.inconsistencies import inconsistencies
from app.web.pages.invoices import invoices
from app.web.pages.items import items
from app.web.pages.jobs import jobs
from app.web.pages.products import products
from app.web.pages.reports import reports
from app.web.pages.reservations import reservations
from app.web.pages.selling.new_invoice import new_invoice
from app.web.pages.selling.scanning import scanning

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
