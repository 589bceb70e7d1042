"""The acting user's permissions, read from the database at this moment."""

from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.accounts.roles import Role
from app.domain.errors import NotFound


def acting_role(user_id: UUID) -> Role:
    """The user's role, or NotFound."""
    role = db.session.scalar(text("SELECT role FROM users WHERE id = :id"), {"id": user_id})
    if role is None:
        raise NotFound("user", [user_id])
    return Role(role)
