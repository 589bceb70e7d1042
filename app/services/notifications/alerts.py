"""Alerts: stored with the change, sent once to every channel after it.

A channel that is away is tried again, ever more seldom; what it has not got stays in the outbox.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.database.transactions import db, on_transaction_error, sqlstate, transactional
from app.domain.errors import DatabaseAway, ItemBusy, OutcomeUnknown

BATCH = 50
#: While a batch is on its way nobody else takes it; after a crash it is taken again.
LEASE_SECONDS = 120
BACKOFF_SECONDS_FIRST = 30
BACKOFF_SECONDS_MAX = 3600
LINES_MAX = 20
GUARD_SQLSTATES = "HF"


class AlertChannel(Protocol):
    """``key`` names it in the outbox without saying its address, which may hold a password."""

    @property
    def key(self) -> str: ...

    def send(self, title: str, body: str) -> str | None:
        """None when it has it, else in a few words why not."""


@dataclass(frozen=True)
class WaitingAlert:
    id: UUID
    topic: str
    payload: dict[str, Any]
    delivered_to: list[str]


@transactional
def raise_alert(topic: str, payload: Mapping[str, Any], *, key: str | None = None) -> None:
    """Have people told, once this transaction is committed.

    ``payload``: ``title`` (one line), and if they help ``body`` and ``path`` (a page of the store,
    such as ``/inconsistencies``). Alerts of the same ``key`` are one.
    """
    db.session.execute(
        text("""INSERT INTO outbox (topic, payload, key) VALUES (:topic, :payload, :key)
            ON CONFLICT (key) DO NOTHING"""),
        {"topic": topic, "payload": Jsonb(dict(payload)), "key": key},
    )


def alert_fired_guard(error: DBAPIError) -> None:
    """A guard of the database stopped our own code: a bug of ours. Told once an hour for each."""
    state = sqlstate(error) or ""
    if not state.startswith(GUARD_SQLSTATES):
        return
    said = (str(error.orig).splitlines() or [""])[0]
    title = f"A guard of the database fired ({state})"
    # What went wrong first is what the caller has to hear of.
    with suppress(DBAPIError, DatabaseAway, ItemBusy, OutcomeUnknown):
        raise_alert(
            "guard",
            {"title": title, "body": said, "path": "/inconsistencies"},
            key=f"guard:{state}:{datetime.now(UTC):%Y%m%dT%H}",
        )


def alert_failed_audit(problems: Sequence[str]) -> None:
    """History does not verify. ``problems`` in words."""
    body = "; ".join(problems)
    raise_alert("audit", {"title": "The audit does not verify", "body": body, "path": "/jobs"})


def deliver_alerts(channels: Sequence[AlertChannel], base_url: str) -> dict[str, Any]:
    """Send what waits, in batches; ``{"sent": alerts, "failed": alerts}``.

    Nothing is sent inside a transaction. Alerts without any channel count as told.
    """
    sent = failed = 0
    while batch := _take(BATCH):
        errors = [
            error for channel in channels if (error := _send(channel, batch, base_url)) is not None
        ]
        _settle([alert.id for alert in batch], "; ".join(errors) or None)
        if errors:
            failed += len(batch)
        else:
            sent += len(batch)
    return {"sent": sent, "failed": failed}


def message(alerts: Sequence[WaitingAlert], base_url: str) -> tuple[str, str]:
    """Title and text of one message about all of them, each with the address of its page."""
    titles = [str(alert.payload.get("title") or alert.topic) for alert in alerts]
    title = titles[0] if len(titles) == 1 else f"{len(titles)} alerts"
    parts = [
        _paragraph(words, alert.payload, base_url)
        for words, alert in zip(titles[:LINES_MAX], alerts, strict=False)
    ]
    if len(alerts) > LINES_MAX:
        parts.append(f"… and {len(alerts) - LINES_MAX} more: {base_url}/jobs")
    return f"Holdfast: {title}", "\n\n".join(parts)


def _paragraph(title: str, payload: Mapping[str, Any], base_url: str) -> str:
    lines = [title, payload.get("body"), f"{base_url}{payload.get('path') or '/'}"]
    return "\n".join(str(line) for line in lines if line)


def _send(channel: AlertChannel, batch: Sequence[WaitingAlert], base_url: str) -> str | None:
    wanting = [alert for alert in batch if channel.key not in alert.delivered_to]
    if not wanting:
        return None
    error = channel.send(*message(wanting, base_url))
    if error is None:
        _note_delivery([alert.id for alert in wanting], channel.key)
    return error


@transactional
def _take(limit: int) -> list[WaitingAlert]:
    rows = db.session.execute(
        text("""UPDATE outbox SET attempts = attempts + 1,
                next_attempt_at = clock_timestamp() + make_interval(secs => :lease)
            WHERE id IN (SELECT id FROM outbox
                WHERE delivered_at IS NULL AND next_attempt_at <= clock_timestamp()
                ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
            RETURNING id, topic, payload, delivered_to"""),
        {"limit": limit, "lease": LEASE_SECONDS},
    )
    return sorted((WaitingAlert(*row) for row in rows), key=lambda alert: alert.id)


@transactional
def _note_delivery(ids: Sequence[UUID], channel_key: str) -> None:
    db.session.execute(
        text("""UPDATE outbox SET delivered_to = delivered_to || CAST(:key AS text)
            WHERE id = ANY(CAST(:ids AS uuid[]))"""),
        {"ids": list(ids), "key": channel_key},
    )


@transactional
def _settle(ids: Sequence[UUID], error: str | None) -> None:
    db.session.execute(
        text("""UPDATE outbox SET error = :error,
                delivered_at = CASE WHEN CAST(:error AS text) IS NULL THEN clock_timestamp() END,
                next_attempt_at = clock_timestamp() + make_interval(
                    secs => least(:first * power(2, least(attempts, 20) - 1), :most))
            WHERE id = ANY(CAST(:ids AS uuid[]))"""),
        {
            "ids": list(ids),
            "error": error,
            "first": BACKOFF_SECONDS_FIRST,
            "most": BACKOFF_SECONDS_MAX,
        },
    )


on_transaction_error.append(alert_fired_guard)
