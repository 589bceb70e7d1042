"""`flask dbshell [-- ARGS]`: the shipped psql on the store's database, as its owner."""

import os
import signal
import subprocess

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import URL, make_url

from app.runtime.servers.postgres import programs_folder


def psql_command(url: URL) -> list[str]:
    """The password stays out of it: every user of the machine can read a command line."""
    address = URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database, url.query
    )
    return [str(programs_folder() / "psql"), f"--dbname={address.render_as_string()}"]


def psql_environment(url: URL) -> dict[str, str]:
    return dict(os.environ) | ({"PGPASSWORD": str(url.password)} if url.password else {})


def run_psql(database_url: str, arguments: tuple[str, ...]) -> int:
    """The exit status of psql, whose Ctrl-C is its own affair."""
    url = make_url(database_url)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done = subprocess.run(
            [*psql_command(url), *arguments],
            env=psql_environment(url),
            check=False,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    return done.returncode


@click.command("dbshell")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_appcontext
def dbshell(arguments: tuple[str, ...]) -> None:
    """psql on the store's database, as its owner; ARGUMENTS after -- go to psql."""
    raise SystemExit(run_psql(current_app.config["SQLALCHEMY_DATABASE_URI"], arguments))
