"""Commands of `flask …`, one file each."""

from flask import Flask

from app.cli.dbshell import dbshell
from app.cli.user import user

COMMANDS = (dbshell, user)


def register(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
