"""Sends unexpected errors to the tracker that SENTRY_DSN names."""

import sys
from importlib import import_module

CLIENT = "app.observability.sentry_client"


def register(dsn: str | None) -> None:
    # Loading the client takes a tenth of a second, by which a killed web process would be back
    # later; so only who uses it waits for it.
    if dsn is not None:
        import_module(CLIENT).start(dsn)


def deliver() -> None:
    """Send what waits, for a process that is about to end."""
    if CLIENT in sys.modules:
        sys.modules[CLIENT].deliver()
