"""Commands of `flask …`, one file each."""

from flask import Flask

from app.cli.audit import audit
from app.cli.dbshell import dbshell
from app.cli.demo import demo
from app.cli.jobs import check, cleanup, report
from app.cli.prepare import prepare
from app.cli.retail import retail
from app.cli.stress import stress
from app.cli.token import token
from app.cli.user import user

COMMANDS = (audit, check, cleanup, dbshell, demo, prepare, report, retail, stress, token, user)


def register(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
