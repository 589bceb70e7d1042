"""API tokens and whom they act for."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.database.driver import fetch_rows
from app.database.transactions import db
from app.domain.accounts.roles import Permission
from app.domain.accounts.token_scopes import PERMISSION_SCOPES, in_scope
from app.domain.text.folding import fold_text
from app.queries.accounts.users import SignedInUser

TOKENS_MAX = 500


@dataclass(frozen=True)
class ApiToken:
    """A token as a list shows it; ``ended`` is Revoked, Expired or empty."""

    id: UUID
    name: str
    hint: str
    user_name: str
    user_email: str
    user_role: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    ended: str


@dataclass(frozen=True)
class Bearer(SignedInUser):
    """Who a token acts for, and how far it reaches."""

    token_id: UUID
    scopes: frozenset[str]
    use_is_noted: bool

    def lacks_scope(self, permission: Permission) -> str | None:
        """The scope that this token would need for it."""
        return None if in_scope(self.scopes, permission) else PERMISSION_SCOPES[permission]


def token_hash(secret: str) -> bytes:
    """A token has as much chance in it as a key, so it needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def list_tokens() -> list[ApiToken]:
    """The newest first, at most TOKENS_MAX."""
    rows = db.session.execute(
        text("""
            SELECT t.id, t.name, t.hint, u.name AS user_name, u.email AS user_email,
                u.role AS user_role, t.scopes, t.created_at, t.expires_at, t.last_used_at,
                CASE WHEN t.revoked_at IS NOT NULL THEN 'Revoked'
                    WHEN t.expires_at <= clock_timestamp() THEN 'Expired' ELSE '' END AS ended
            FROM api_tokens t JOIN users u ON u.id = t.user_id
            ORDER BY t.id DESC LIMIT :limit"""),
        {"limit": TOKENS_MAX},
    )
    return [ApiToken(**row._mapping) for row in rows]


def find_bearer(secret: str) -> Bearer | None:
    """None for a token that is unknown, revoked or expired, or whose user was switched off."""
    rows = fetch_rows(
        """SELECT u.id, u.email, u.name, u.role, t.id, t.scopes,
                coalesce(t.last_used_at > clock_timestamp() - interval '1 minute', false)
            FROM api_tokens t JOIN users u ON u.id = t.user_id
            WHERE t.token_hash = :hash AND t.revoked_at IS NULL
                AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp())
                AND u.active AND u.can_sign_in""",
        {"hash": token_hash(secret)},
    )
    if not rows:
        return None
    user_id, email, name, role, token_id, scopes, use_is_noted = rows[0]
    return Bearer(
        id=user_id,
        email=email,
        name=name,
        role=role,
        password_mark="",
        token_id=token_id,
        scopes=frozenset(scopes),
        use_is_noted=use_is_noted,
    )


def find_user_by_email(email: str) -> UUID | None:
    """The user who can sign in with this address."""
    found: UUID | None = db.session.scalar(
        text("""SELECT id FROM users
            WHERE fold_text(email) = :email AND active AND can_sign_in"""),
        {"email": fold_text(email)},
    )
    return found
