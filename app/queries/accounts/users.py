"""Reads about users, without their secrets."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select

from app.database.transactions import db
from app.domain.accounts.roles import Permission
from app.domain.errors import NotFound
from app.domain.text.folding import fold_text
from app.models import User


@dataclass(frozen=True)
class SignedInUser:
    """What Flask-Login knows of a user; its id changes with the password."""

    id: UUID
    email: str
    name: str
    role: str
    password_mark: str

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def lacks_scope(self, permission: Permission) -> str | None:
        """The scope that is missing; nobody's own log-in lacks any."""
        return None

    def get_id(self) -> str:
        return f"{self.id}.{self.password_mark}"


def find_signed_in_user(user_id: str | UUID) -> SignedInUser | None:
    """None when there is no such user or they may not sign in (any more)."""
    try:
        user_id = UUID(str(user_id))
    except ValueError:
        return None
    row = db.session.execute(
        select(User.id, User.email, User.name, User.role, User.password_hash).where(
            User.id == user_id, User.active, User.can_sign_in
        )
    ).one_or_none()
    if row is None:
        return None
    mark = hashlib.sha256(row.password_hash.encode()).hexdigest()[:16]
    return SignedInUser(row.id, row.email, row.name, row.role, mark)


def find_password_hash(email: str) -> tuple[UUID, str] | None:
    """The id and the password's hash of who may sign in with this address."""
    # PostgreSQL knows no NUL in text, and an address has none.
    if "\x00" in email:
        return None
    row = db.session.execute(
        select(User.id, User.password_hash).where(
            func.fold_text(User.email) == fold_text(email), User.active, User.can_sign_in
        )
    ).one_or_none()
    return (row.id, row.password_hash) if row else None


def has_users() -> bool:
    """Whether anybody may sign in."""
    return bool(db.session.scalar(select(exists().where(User.active, User.can_sign_in))))


@dataclass(frozen=True)
class ListedUser:
    """``changeable``: the one who looks may switch them off and change their role."""

    id: UUID
    email: str
    name: str
    role: str
    active: bool
    last_login_at: datetime | None
    created_at: datetime
    changeable: bool


_LISTED = select(
    User.id, User.email, User.name, User.role, User.active, User.last_login_at, User.created_at
).where(User.can_sign_in)


def list_users(viewer_id: UUID) -> list[ListedUser]:
    """Everybody with a log-in, active ones first, by name. Nobody may lock themselves out."""
    rows = db.session.execute(_LISTED.order_by(User.active.desc(), User.name, User.id))
    return [ListedUser(**row._mapping, changeable=row.id != viewer_id) for row in rows]


def get_user(user_id: UUID, viewer_id: UUID) -> ListedUser:
    """One of them, or NotFound."""
    row = db.session.execute(_LISTED.where(User.id == user_id)).one_or_none()
    if row is None:
        raise NotFound("user", [user_id])
    return ListedUser(**row._mapping, changeable=user_id != viewer_id)
