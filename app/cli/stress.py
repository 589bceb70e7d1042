"""`flask stress`: proves on a scratch store that nothing is sold twice and nothing is lost."""

import os
import sys

import click


@click.command("stress", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def stress(arguments: tuple[str, ...]) -> None:
    """Strike a scratch store while clients work on it, and prove its books right."""
    # In this process's place: what the proof needs is nothing that a store should load.
    os.execv(sys.executable, [sys.executable, "-m", "stress", *arguments])
