"""`flask demo end`: switches the demo log-ins off for good."""

import click
from flask import current_app
from flask.cli import AppGroup

from app.domain.errors import Duplicate, InvalidInput, LogInBusy, Refusal
from app.services.accounts.passwords import new_password
from app.services.imports.demo.users import (
    DEMO_EMAILS,
    FirstAdmin,
    demo_has_ended,
    end_demo,
    has_other_admin,
)

demo = AppGroup("demo", help="The demo store's log-ins.")


@demo.command("end")
@click.option("--email", help="E-mail address of the first real admin.")
@click.option("--name", help="What colleagues see.")
@click.option("--password")
def end(email: str | None, name: str | None, password: str | None) -> None:
    """Switch the demo log-ins off for good; asks for the first real admin if there is none."""
    given = any((email, name, password))
    if demo_has_ended() and not given:
        click.echo("The demo has ended already; nothing was changed.")
        return
    try:
        asked = given or not has_other_admin()
        ended = end_demo(_ask(email, name, password) if asked else None)
    except (InvalidInput, Duplicate, Refusal, LogInBusy) as refusal:
        raise click.ClickException(refusal.detail) from None
    (current_app.config["SETTINGS"].instance_dir / "demo-password").unlink(missing_ok=True)
    switched_off = ", ".join(ended or DEMO_EMAILS)
    click.echo(f"The demo log-ins are switched off for good: {switched_off}.")


def _ask(email: str | None, name: str | None, password: str | None) -> FirstAdmin:
    if not email:
        click.echo("The store needs an admin of its own.", err=True)
        email = click.prompt("E-mail address", err=True)
    name = name or click.prompt("Name", err=True)
    password = password or click.prompt(
        "Password", hide_input=True, confirmation_prompt=True, err=True
    )
    return FirstAdmin(email or "", name or "", new_password(password or ""))
