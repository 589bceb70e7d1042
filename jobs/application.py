from functools import cache

from flask import Flask

from app import create_app
from app.settings import Settings


@cache
def application() -> Flask:
    """One app a process; the worker makes it before it forks, so a job starts at once."""
    return create_app(Settings.from_environment())


def settings() -> Settings:
    found: Settings = application().config["SETTINGS"]
    return found
