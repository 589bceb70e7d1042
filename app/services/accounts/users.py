"""Users: created, changed, switched off."""

from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError

from app.database.transactions import constraint_name, db, transactional
from app.domain.accounts.roles import Role
from app.domain.errors import Duplicate, InvalidInput, NoSpace, NotFound
from app.domain.input.email_address import clean_email
from app.domain.input.fields import TextFields
from app.models import User
from app.queries.accounts.users import find_password_hash
from app.services.accounts.passwords import (
    NOBODYS_HASH,
    NewPassword,
    matches,
    new_password,
    outdated,
)

NAME_LENGTH_MAX = 200


def create_user(email: str, *, name: str, role: str, password: str) -> UUID:
    """The new user's id. Raises InvalidInput per field, Duplicate for a known address."""
    return add_user(email, name=name, role=role, password=new_password(password))


@transactional
def add_user(email: str, *, name: str, role: str, password: NewPassword) -> UUID:
    """As create_user, with a password that was hashed before the transaction."""
    fields = TextFields()
    name = fields.line("name", name, length_max=NAME_LENGTH_MAX)
    fields.errors |= _email_errors(email) | _role_errors(role) | password.errors
    fields.refuse()
    email = clean_email(email)
    user = User(
        email=email,
        name=name,
        role=role,
        password_hash=password.required(),
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


def check_password(email: str, password: str) -> UUID | None:
    """The id of the user whose password it is; None for anybody else. Raises LogInBusy."""
    user_id, checked = find_password_hash(email) or (None, NOBODYS_HASH)
    if not matches(checked, password) or user_id is None:
        return None
    renewed = new_password(password).hashed if outdated(checked) else None
    try:
        still_theirs = _note_login(user_id, checked, renewed or checked)
    except NoSpace:
        # Reading goes on, so who may read is let in.
        still_theirs = find_password_hash(email) == (user_id, checked)
    return user_id if still_theirs else None


def has_password(email: str, password: str) -> bool | None:
    """Whether it is this user's password, without a log-in; None when there is no such user."""
    found = find_password_hash(email)
    return matches(found[1], password) if found else None


def set_password(user_id: UUID, password: str) -> None:
    """Ends every session that the user has open."""
    replace_password(user_id, new_password(password))


@transactional
def replace_password(user_id: UUID, password: NewPassword) -> None:
    """As set_password, with a password that was hashed before the transaction."""
    _change(user_id, password_hash=password.required())


@transactional
def set_role(user_id: UUID, role: str) -> None:
    if errors := _role_errors(role):
        raise InvalidInput(errors)
    _change(user_id, role=role)


@transactional
def set_active(user_id: UUID, *, active: bool) -> None:
    """A user who is switched off is signed out at their next request."""
    _change(user_id, active=active)


@transactional
def _note_login(user_id: UUID, checked: str, renewed: str) -> bool:
    """False for who was switched off, or got another password, while this one was checked."""
    noted = db.session.execute(
        update(User)
        .where(User.id == user_id, User.password_hash == checked, User.active, User.can_sign_in)
        .values(last_login_at=func.clock_timestamp(), password_hash=renewed)
        .returning(User.id)
    )
    return noted.first() is not None


def _change(user_id: UUID, **values: object) -> None:
    # The system user is nobody's to change.
    changed = db.session.execute(
        update(User).where(User.id == user_id, User.can_sign_in).values(**values).returning(User.id)
    )
    if changed.first() is None:
        raise NotFound("user", [user_id])


def _email_errors(email: str) -> dict[str, str]:
    try:
        clean_email(email)
    except ValueError as wrong:
        return {"email": str(wrong)}
    return {}


def _role_errors(role: str) -> dict[str, str]:
    if role in list(Role):
        return {}
    return {"role": f"Choose one of: {', '.join(Role)}."}
