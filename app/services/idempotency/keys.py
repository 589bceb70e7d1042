"""Runs a request once per idempotency key and stores its response."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.database.driver import execute
from app.database.transactions import db, sqlstate, transactional
from app.domain.errors import FirstAnswer, IdempotencyInProgress, IdempotencyMismatch

LOCK_NOT_AVAILABLE = "55P03"
KEPT_HOURS = 24
FORGET_BATCH = 1000


@dataclass(frozen=True)
class StoredResponse:
    """What was answered, whole; ``replayed_from`` is when, if it was answered before."""

    status: int
    headers: Mapping[str, str]
    body: str
    replayed_from: datetime | None = None

    @property
    def replayed(self) -> bool:
        return self.replayed_from is not None


@transactional
def run_once(
    user_id: UUID, key: str, fingerprint: bytes, act: Callable[[], StoredResponse]
) -> StoredResponse:
    """Do ``act`` in this transaction and keep its answer, or answer as it was answered before.

    The key is claimed first: whoever comes second waits for the first one's commit. A refusal must
    be raised; it takes the claim back with everything else. Raises IdempotencyMismatch for a key
    that stands for another request, IdempotencyInProgress when the twin takes too long.
    """
    if not _claim(user_id, key, fingerprint):
        return _answered_before(user_id, key, fingerprint)
    answer = act()
    _keep(user_id, key, answer)
    return answer


@transactional
def delete_expired_keys(limit: int = FORGET_BATCH) -> int:
    """Forget up to ``limit`` keys older than KEPT_HOURS; returns how many there were."""
    gone = db.session.execute(
        text("""DELETE FROM idempotency_keys WHERE (user_id, key) IN (
                SELECT user_id, key FROM idempotency_keys
                WHERE created_at < clock_timestamp() - make_interval(hours => :hours)
                ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED)
            RETURNING key"""),
        {"hours": KEPT_HOURS, "limit": limit},
    )
    return len(gone.all())


def _claim(user_id: UUID, key: str, fingerprint: bytes) -> bool:
    try:
        claimed = execute(
            """INSERT INTO idempotency_keys (user_id, key, fingerprint)
                VALUES (:user_id, :key, :fingerprint) ON CONFLICT DO NOTHING""",
            {"user_id": user_id, "key": key, "fingerprint": fingerprint},
        )
        return claimed == 1
    except DBAPIError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise IdempotencyInProgress from error
        raise


def _answered_before(user_id: UUID, key: str, fingerprint: bytes) -> StoredResponse:
    row = db.session.execute(
        text("""SELECT fingerprint, status_code, headers, body, created_at FROM idempotency_keys
            WHERE user_id = :user_id AND key = :key"""),
        {"user_id": user_id, "key": key},
    ).one_or_none()
    if row is None:  # forgotten between the two looks
        raise IdempotencyInProgress
    if row.fingerprint != fingerprint:
        raise IdempotencyMismatch(FirstAnswer(row.created_at, row.headers))
    return StoredResponse(row.status_code, row.headers, row.body, replayed_from=row.created_at)


def _keep(user_id: UUID, key: str, answer: StoredResponse) -> None:
    parameters: dict[str, Any] = {
        "user_id": user_id,
        "key": key,
        "status": answer.status,
        "headers": Jsonb(dict(answer.headers)),
        "body": answer.body,
    }
    execute(
        """UPDATE idempotency_keys
            SET status_code = :status, headers = :headers, body = :body
            WHERE user_id = :user_id AND key = :key""",
        parameters,
    )
