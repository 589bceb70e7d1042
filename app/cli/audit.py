"""`flask audit verify`: proves history complete and untouched."""

import json
import sys
import time

import click
from flask.cli import AppGroup

from app.services.background.audit import audit_history

audit = AppGroup("audit", help="Proof that history is complete and untouched.")


@audit.command("verify")
def verify() -> None:
    """Check every unit's history; prints one JSON object, exit status 1 if anything is wrong."""
    began = time.monotonic()
    result = audit_history()
    click.echo(json.dumps(result.as_json() | {"seconds": round(time.monotonic() - began, 2)}))
    sys.exit(0 if result.ok else 1)
