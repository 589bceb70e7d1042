"""`flask user create`: makes a user."""

import click
from flask.cli import AppGroup

from app.domain.accounts.roles import Role
from app.domain.errors import Duplicate, InvalidInput
from app.services.accounts import users

user = AppGroup("user", help="Users and their roles.")


@user.command("create")
@click.argument("email")
@click.option("--name", required=True, help="What colleagues see.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
def create(email: str, name: str, role: str, password: str) -> None:
    """Make a user. Asks for the password when none is given."""
    try:
        users.create_user(email, name=name, role=role, password=password)
    except (InvalidInput, Duplicate) as refusal:
        raise click.ClickException(refusal.detail) from None
    click.echo(f"{email} may log in as {role}.")
