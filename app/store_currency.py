"""The store's currency, for every layer."""

from decimal import Decimal

from flask import current_app

from app.domain.currency import Currency, currency_of
from app.settings import Settings


def store_currency() -> Currency:
    """CURRENCY, as the application at hand was started with it."""
    settings: Settings = current_app.config["SETTINGS"]
    return currency_of(settings.currency)


def written(amount: Decimal) -> str:
    """An amount for people, such as £1,234.50."""
    return store_currency().written(amount)
