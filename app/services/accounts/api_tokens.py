"""API tokens: created, shown once, kept as a hash, revoked."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db, transactional
from app.domain.accounts.token_scopes import Scope
from app.domain.errors import NotFound
from app.domain.input.fields import TextFields
from app.queries.accounts.api_tokens import token_hash

PREFIX = "hf_"
SECRET_BYTES = 32
HINT_CHARACTERS = 8
NAME_LENGTH_MAX = 100
DAYS_MAX = 3650
USE_NOTED_EVERY_SECONDS = 60


@dataclass(frozen=True)
class NewToken:
    """``secret`` is the token itself; nothing can show it again."""

    id: UUID
    secret: str


@transactional
def create_token(
    user_id: UUID, *, name: str, scopes: Sequence[str] | None = None, days: int | None = None
) -> NewToken:
    """A token that acts for a user; every scope unless some are named. Raises InvalidInput."""
    chosen = sorted(set(Scope if scopes is None else scopes))
    fields = TextFields()
    name = fields.line("name", name, length_max=NAME_LENGTH_MAX)
    fields.errors |= _errors(chosen, days)
    fields.refuse()
    if not db.session.scalar(
        text("SELECT true FROM users WHERE id = :id AND active AND can_sign_in"), {"id": user_id}
    ):
        raise NotFound("user", [user_id])
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token_id = db.session.scalars(
        text("""INSERT INTO api_tokens (user_id, name, token_hash, hint, scopes, expires_at)
            VALUES (:user_id, :name, :hash, :hint, :scopes,
                clock_timestamp() + make_interval(days => CAST(:days AS integer)))
            RETURNING id"""),
        {
            "user_id": user_id,
            "name": name,
            "hash": token_hash(secret),
            "hint": secret[:HINT_CHARACTERS],
            "scopes": chosen,
            "days": days,
        },
    ).one()
    return NewToken(token_id, secret)


@transactional
def revoke_token(token_id: UUID) -> None:
    """End a token now; ended ones stay ended. Raises NotFound."""
    found = db.session.execute(
        text("""UPDATE api_tokens SET revoked_at = coalesce(revoked_at, clock_timestamp())
            WHERE id = :id RETURNING id"""),
        {"id": token_id},
    )
    if found.first() is None:
        raise NotFound("token", [token_id])


@transactional
def record_use(token_id: UUID) -> None:
    """Remember that a token was used, at most once a minute, without waiting for anybody."""
    db.session.execute(
        text("""UPDATE api_tokens SET last_used_at = clock_timestamp() WHERE id = (
            SELECT id FROM api_tokens WHERE id = :id AND (last_used_at IS NULL
                OR last_used_at < clock_timestamp() - make_interval(secs => :seconds))
            FOR NO KEY UPDATE SKIP LOCKED)"""),
        {"id": token_id, "seconds": USE_NOTED_EVERY_SECONDS},
    )


def _errors(scopes: Sequence[str], days: int | None) -> dict[str, str]:
    errors = {}
    if not scopes or not set(scopes) <= set(Scope):
        errors["scopes"] = f"Choose at least one of: {', '.join(Scope)}."
    if days is not None and not 1 <= days <= DAYS_MAX:
        errors["days"] = f"Give a whole number of days from 1 to {DAYS_MAX:,}."
    return errors
