"""The log-ins that the store prints when it starts."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from app.database import db, transactional
from app.domain.roles import Role
from app.models import User
from app.services import accounts


class DemoUser(NamedTuple):
    email: str
    name: str
    role: Role


DEMO_USERS = (
    DemoUser("staff@example.com", "Staff", Role.STAFF),
    DemoUser("manager@example.com", "Manager", Role.MANAGER),
    DemoUser("admin@example.com", "Admin", Role.ADMIN),
)


@transactional
def add_demo_users(password: str) -> dict[Role, UUID]:
    """Make those that are missing; the ids by role."""
    return {
        user.role: _user_id(user.email)
        or accounts.create_user(user.email, name=user.name, role=user.role, password=password)
        for user in DEMO_USERS
    }


@transactional
def renew_demo_passwords(password: str) -> None:
    """What is printed at this start lets the demo users in, whatever let them in before."""
    for user in DEMO_USERS:
        user_id = _user_id(user.email)
        if user_id and accounts.has_password(user.email, password) is False:
            accounts.set_password(user_id, password)


def _user_id(email: str) -> UUID | None:
    return db.session.scalar(select(User.id).where(func.lower(User.email) == email))
