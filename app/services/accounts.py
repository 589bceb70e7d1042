"""Users: who may sign in, as what, with which password."""

import re
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from app.database import constraint_name, db, transactional
from app.domain.errors import Duplicate, InvalidInput, NotFound
from app.domain.roles import Role
from app.models import User

PASSWORD_CHARACTERS_MIN = 8
PASSWORD_CHARACTERS_MAX = 1000
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")

hasher = PasswordHasher()
#: Checked when there is no such user, so that the answer takes as long.
NOBODYS_HASH = hasher.hash("nobody has this password")


@transactional
def create_user(email: str, *, name: str, role: str, password: str) -> UUID:
    """The new user's id. Raises InvalidInput per field, Duplicate for a known address."""
    email, name = email.strip(), name.strip()
    errors = {**_email_errors(email), **_name_errors(name), **_role_errors(role)}
    errors |= _password_errors(password)
    if errors:
        raise InvalidInput(errors)
    user = User(
        email=email,
        name=name,
        role=role,
        password_hash=hasher.hash(password),
        active=True,
        can_sign_in=True,
    )
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError as error:
        if constraint_name(error) != "uq_users_email":
            raise
        raise Duplicate(
            f"There is a user with the address {email} already.", field="email", values=[email]
        ) from None
    return user.id


@transactional
def check_password(email: str, password: str) -> UUID | None:
    """The id of the user whose password it is; None for anybody else."""
    user = _find(email)
    if not _matches(user.password_hash if user else NOBODYS_HASH, password) or user is None:
        return None
    user.last_login_at = func.clock_timestamp()
    if hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hasher.hash(password)
    return user.id


@transactional
def has_password(email: str, password: str) -> bool | None:
    """Whether it is this user's password, without a log-in; None when there is no such user."""
    user = _find(email)
    return _matches(user.password_hash, password) if user else None


@transactional
def set_password(user_id: UUID, password: str) -> None:
    """Ends every session that the user has open."""
    if errors := _password_errors(password):
        raise InvalidInput(errors)
    _change(user_id, password_hash=hasher.hash(password))


@transactional
def set_role(user_id: UUID, role: str) -> None:
    if errors := _role_errors(role):
        raise InvalidInput(errors)
    _change(user_id, role=role)


@transactional
def set_active(user_id: UUID, *, active: bool) -> None:
    """A user who is switched off is signed out at their next request."""
    _change(user_id, active=active)


def _find(email: str) -> User | None:
    # PostgreSQL knows no NUL in text, and an address has none.
    if "\x00" in email:
        return None
    return db.session.scalar(
        select(User).where(
            func.lower(User.email) == func.lower(email.strip()), User.active, User.can_sign_in
        )
    )


def _change(user_id: UUID, **values: object) -> None:
    # The system user is nobody's to change.
    changed = db.session.execute(
        update(User).where(User.id == user_id, User.can_sign_in).values(**values).returning(User.id)
    )
    if changed.first() is None:
        raise NotFound("user", [user_id])


def _matches(password_hash: str, password: str) -> bool:
    if len(password) > PASSWORD_CHARACTERS_MAX:
        return False
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _email_errors(email: str) -> dict[str, str]:
    if EMAIL.fullmatch(email) and email.isprintable():
        return {}
    return {"email": "Enter an e-mail address such as ana@example.com."}


def _name_errors(name: str) -> dict[str, str]:
    if 1 <= len(name) <= 200 and name.isprintable():
        return {}
    return {"name": "Enter a name of up to 200 characters."}


def _role_errors(role: str) -> dict[str, str]:
    if role in list(Role):
        return {}
    return {"role": f"Choose one of: {', '.join(Role)}."}


def _password_errors(password: str) -> dict[str, str]:
    if PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        return {}
    return {"password": f"Use at least {PASSWORD_CHARACTERS_MIN} characters."}
