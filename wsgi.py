"""What `flask` loads. The web processes load app.web, which is given its servers' addresses."""

import sys

from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.queries.monitoring.readiness import OtherSchema, refuse_newer_schema, refuse_other_schema
from app.runtime.problems import RuntimeProblem, in_one_line
from app.runtime.state import needs_servers, resolve, started_here, without_servers
from app.settings import Settings, SettingsError

#: These see to the schema themselves.
MIGRATING_COMMANDS = {"db", "prepare"}


def check_schema(command: str, *, migrate: bool) -> None:
    if command in MIGRATING_COMMANDS:
        return
    if migrate:
        refuse_newer_schema()
        upgrade()
    elif command != "dbshell":
        refuse_other_schema()


def application() -> Flask:
    try:
        settings = Settings.from_environment()
        if not needs_servers(sys.argv[1:]):
            return create_app(without_servers(settings))
        settings = resolve(settings)
        app = create_app(settings)
        with app.app_context():
            check_schema(sys.argv[1], migrate=started_here(settings))
        return app
    except OSError as error:
        raise SystemExit(f"Holdfast: {in_one_line(error)}") from None
    except (RuntimeProblem, SettingsError, OtherSchema) as problem:
        # Not an exception that `flask` would print with a traceback or turn into a usage error.
        raise SystemExit(f"Holdfast: {problem}") from None


app = application()
