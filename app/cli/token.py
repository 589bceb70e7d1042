"""`flask token create`: makes an API token and prints it, once."""

import click
from flask.cli import AppGroup

from app.cli.whole_number import WholeNumber
from app.domain.accounts.token_scopes import Scope
from app.domain.errors import InvalidInput
from app.queries.accounts.api_tokens import find_user_by_email
from app.services.accounts.api_tokens import DAYS_MAX, create_token

token = AppGroup("token", help="Tokens for programs that use the API.")


@token.command("create")
@click.argument("email")
@click.option("--name", required=True, help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="How far it reaches; may be repeated. Without any, as far as its user.",
)
@click.option("--days", type=WholeNumber(1, DAYS_MAX), help="When it ends by itself.")
def create(email: str, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a token that acts for the user with the address EMAIL, and print it alone."""
    user_id = find_user_by_email(email)
    if user_id is None:
        raise click.ClickException(f"There is no user with the address {email}.")
    try:
        made = create_token(user_id, name=name, scopes=scopes or None, days=days)
    except InvalidInput as refusal:
        raise click.ClickException(refusal.detail) from None
    click.echo(made.secret)
