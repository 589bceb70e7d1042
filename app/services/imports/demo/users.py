"""The demo users, and their end."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text, update

from app.database.transactions import db, transactional
from app.domain.accounts.roles import Role
from app.domain.errors import InvalidInput, Refusal
from app.domain.text.folding import fold_text
from app.models import User
from app.services.accounts import users
from app.services.accounts.passwords import NO_PASSWORD, NewPassword, new_password


class DemoUser(NamedTuple):
    email: str
    name: str
    role: Role


DEMO_USERS = (
    DemoUser("staff@example.com", "Staff", Role.STAFF),
    DemoUser("manager@example.com", "Manager", Role.MANAGER),
    DemoUser("admin@example.com", "Admin", Role.ADMIN),
)
DEMO_EMAILS = tuple(user.email for user in DEMO_USERS)


class NeedsAdmin(Refusal):
    code = "needs-admin"
    title = "The store needs an admin"


@dataclass(frozen=True)
class FirstAdmin:
    email: str
    name: str
    password: NewPassword


def demo_passwords(password: str) -> list[NewPassword]:
    """One for each demo user; each hash has its own salt."""
    return [new_password(password) for _ in DEMO_USERS]


@transactional
def add_demo_users(passwords: list[NewPassword]) -> dict[Role, UUID]:
    """Make those that are missing; the ids by role."""
    return {
        user.role: _user_id(user.email)
        or users.add_user(user.email, name=user.name, role=user.role, password=password)
        for user, password in zip(DEMO_USERS, passwords, strict=True)
    }


def demo_log_ins(password: str) -> dict[str, bool]:
    """The demo users who may log in, and whether they do so with this password."""
    found = {email: users.has_password(email, password) for email in DEMO_EMAILS}
    return {email: same for email, same in found.items() if same is not None}


@transactional
def demo_has_ended() -> bool:
    ended = select(func.count()).where(User.email.in_(DEMO_EMAILS), ~User.can_sign_in)
    return db.session.scalar(ended) == len(DEMO_USERS)


@transactional
def has_other_admin() -> bool:
    """Whether somebody who is no demo user may log in as admin."""
    found = select(User.id).where(
        User.role == Role.ADMIN, User.active, User.can_sign_in, User.email.not_in(DEMO_EMAILS)
    )
    return db.session.scalar(found.limit(1)) is not None


@transactional
def end_demo(first_admin: FirstAdmin | None = None) -> list[str]:
    """Switch the demo log-ins off for good; the addresses of those that were still on.

    Their sessions and tokens end, no start and no admin brings them back, and no demo store is
    loaded any more. Raises NeedsAdmin when nobody could manage the store afterwards.
    """
    if first_admin is not None:
        _add_admin(first_admin)
    if not has_other_admin():
        raise NeedsAdmin("Nobody could manage the store afterwards. Name the first admin.")
    _make_missing()
    ended = db.session.scalars(
        update(User)
        .where(User.email.in_(DEMO_EMAILS), User.can_sign_in)
        .values(active=False, can_sign_in=False, password_hash=NO_PASSWORD)
        .returning(User.email)
    )
    return sorted(ended, key=DEMO_EMAILS.index)


def _add_admin(given: FirstAdmin) -> None:
    """Nothing to do when this admin is there already, so that the command can be repeated."""
    if fold_text(given.email) in DEMO_EMAILS:
        raise InvalidInput({"email": "This is a demo log-in. Give an address of your own."})
    role = db.session.scalar(
        select(User.role).where(
            func.fold_text(User.email) == fold_text(given.email), User.active, User.can_sign_in
        )
    )
    if role is None:
        users.add_user(given.email, name=given.name, role=Role.ADMIN, password=given.password)
    elif role != Role.ADMIN:
        raise NeedsAdmin(
            f"{given.email} may log in as {role}, not as admin. Change the role first."
        )


def _make_missing() -> None:
    """An empty store gets the three as well, switched off: that is how the next start knows."""
    statement = text("""INSERT INTO users (email, name, role, password_hash, active, can_sign_in)
        VALUES (:email, :name, :role, :hash, false, false) ON CONFLICT DO NOTHING""")
    for user in DEMO_USERS:
        db.session.execute(statement, {**user._asdict(), "hash": NO_PASSWORD})


def _user_id(email: str) -> UUID | None:
    return db.session.scalar(select(User.id).where(func.fold_text(User.email) == email))
