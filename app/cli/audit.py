"""`flask audit verify`: proves history complete and untouched."""

import json
import sys
import time

import click
from flask.cli import AppGroup

from app.queries.audit import verify_history
from app.services.alerts import alert_failed_audit

audit = AppGroup("audit", help="Proof that history is complete and untouched.")


@audit.command("verify")
def verify() -> None:
    """Check every unit's history; prints one JSON object, exit status 1 if anything is wrong."""
    began = time.monotonic()
    result = verify_history()
    click.echo(json.dumps(result.as_json() | {"seconds": round(time.monotonic() - began, 2)}))
    if not result.ok:
        alert_failed_audit([f"{each.kind}: {each.count}" for each in result.problems])
    sys.exit(0 if result.ok else 1)
