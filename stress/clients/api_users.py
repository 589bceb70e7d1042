"""`python -m stress.clients.api_users RUN`: the users who act in a run, each with a token.

A process of its own, so that the store's code below runs as the store's settings say. Prints one
JSON list; the database is the one that the environment names.
"""

import json
import secrets
import sys
from dataclasses import asdict

from app import create_app
from app.domain.accounts.roles import Role
from app.services.accounts.api_tokens import create_token
from app.services.accounts.users import create_user
from app.settings import Settings
from stress.clients.api_user import ApiUser

#: Two clerks at least, so that each meets holds that are not his to release.
ROLES = (Role.STAFF, Role.STAFF, Role.STAFF, Role.MANAGER, Role.ADMIN)


def make_people(run: str) -> list[ApiUser]:
    return [_make(run, number, role) for number, role in enumerate(ROLES, start=1)]


def _make(run: str, number: int, role: Role) -> ApiUser:
    user_id = create_user(
        f"{role}-{number}-{run}@example.com",
        name=f"{role.title()} {number}",
        role=role,
        password=secrets.token_urlsafe(),
    )
    made = create_token(user_id, name="stress")
    return ApiUser(str(user_id), role.value, made.secret)


def main() -> None:
    with create_app(Settings.from_environment()).app_context():
        print(json.dumps([asdict(person) for person in make_people(sys.argv[1])]))


if __name__ == "__main__":
    main()
