"""What `flask` loads. The web processes load app.web, which is given its servers' addresses."""

import sys

from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.runtime.problems import RuntimeProblem
from app.runtime.state import needs_servers, resolve, started_here, without_servers
from app.settings import Settings, SettingsError

MIGRATING_COMMANDS = {"db", "prepare"}


def application() -> Flask:
    try:
        settings = Settings.from_environment()
        if not needs_servers(sys.argv[1:]):
            return create_app(without_servers(settings))
        settings = resolve(settings)
        app = create_app(settings)
        if started_here(settings) and sys.argv[1] not in MIGRATING_COMMANDS:
            with app.app_context():
                upgrade()
        return app
    except (RuntimeProblem, SettingsError) as problem:
        # Not an exception that `flask` would print with a traceback or turn into a usage error.
        raise SystemExit(f"Holdfast: {problem}") from None


app = application()
