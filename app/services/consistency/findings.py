"""Findings: opened, seen again, snoozed, resolved, reopened."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db, lift_time_limits, transactional
from app.domain.consistency.kinds import MEANINGS, InconsistencyKind
from app.domain.errors import InvalidInput, NotFound, Refusal
from app.domain.input.fields import cleaned_optional_text
from app.models.user import SYSTEM_USER_ID
from app.queries.consistency.checks import (
    COLUMNS,
    TIME_DEPENDENT_CHECKS,
    WHOLE,
    CheckScope,
    questions,
    same_finding,
    scope_of,
)
from app.services.ledger.row_locks import database_time
from app.services.notifications.alerts import raise_alert

NOTE_LENGTH_MAX = 2000
ALERT_LINES_MAX = 10
MANY = 1000
SNOOZE_DAYS_MAX = 365
AUTO_RESOLUTION = "By itself: the check found it no more."
#: A transaction may commit this long after it gave its rows their time.
OVERLAP = "interval '1 minute'"


class FindingResolved(Refusal):
    code = "finding-resolved"
    title = "That is resolved already"


@transactional
def check_everything() -> dict[str, Any]:
    """The full check: every unit, every invoice, every row of history. Takes its time."""
    lift_time_limits()
    # One core is for the clerks, and sorting goes to disk before it goes to their memory.
    db.session.execute(
        text("""SELECT set_config('max_parallel_workers_per_gather', '0', true),
            set_config('work_mem', '128MB', true)""")
    )
    return _recorded(WHOLE)


@transactional
def check_changes() -> dict[str, Any]:
    """What changed since the last check, and what only time makes wrong."""
    since: datetime | None = db.session.scalar(
        text(f"SELECT max(started_at) - {OVERLAP} FROM consistency_checks")
    )
    if since is None:
        return check_everything()
    return _recorded(scope_of(since=since))


@transactional
def check_again(
    scope: CheckScope, *, user_id: UUID = SYSTEM_USER_ID, resolution: str = AUTO_RESOLUTION
) -> dict[str, Any]:
    """Look at these units and invoices; what is gone is resolved by this user, in these words."""
    return _record_findings(scope, whole_kinds=(), user_id=user_id, resolution=resolution)


def _recorded(scope: CheckScope) -> dict[str, Any]:
    _one_check_at_a_time()
    started = database_time()
    whole_kinds = tuple(InconsistencyKind) if scope.is_whole else tuple(TIME_DEPENDENT_CHECKS)
    result = _record_findings(
        scope, whole_kinds=whole_kinds, user_id=SYSTEM_USER_ID, resolution=AUTO_RESOLUTION
    )
    _alert(started)
    db.session.execute(
        text("""INSERT INTO consistency_checks (started_at, is_full, result)
            VALUES (:started, :is_full, CAST(:result AS jsonb))"""),
        {"started": started, "is_full": scope.is_whole, "result": json.dumps(result)},
    )
    return result


def _record_findings(
    scope: CheckScope, *, whole_kinds: Sequence[InconsistencyKind], user_id: UUID, resolution: str
) -> dict[str, Any]:
    """Ask every question and bring the record up to date, in as many statements as questions."""
    started = database_time()
    db.session.execute(
        text(f"""CREATE TEMPORARY TABLE found ON COMMIT DROP AS
            SELECT {COLUMNS}, ''::text AS severity, ''::text AS suggested_fix
            FROM inconsistencies WHERE false""")
    )
    for kind in InconsistencyKind:
        asked = WHOLE if kind in whole_kinds else scope
        for question in questions(asked, kind):
            db.session.execute(
                text(f"""INSERT INTO pg_temp.found ({COLUMNS}, severity, suggested_fix)
                    SELECT {COLUMNS}, :severity, :suggested_fix FROM ({question}) q"""),
                {
                    **asked.parameters(),
                    "severity": MEANINGS[kind].severity,
                    "suggested_fix": MEANINGS[kind].remedy,
                },
            )
    db.session.execute(_ONE_EACH)
    db.session.execute(_SKIP_CHANGED_MEANWHILE, {"started": started})
    db.session.execute(text("ANALYZE pg_temp.found"))
    # Thousands of findings may be new since anybody counted them: a loop over them in a loop over
    # what was found would take minutes.
    _set_nested_loops("off")
    by_kind = {row.kind: row.found for row in db.session.execute(_COUNT)}
    reopened = db.session.execute(_REOPEN, {"user_id": SYSTEM_USER_ID}).all()
    db.session.execute(_REFRESH_OPEN)
    opened = db.session.execute(_OPEN).all()
    resolved = db.session.execute(
        _RESOLVE,
        {
            "whole_kinds": list(whole_kinds),
            "item_ids": list(scope.item_ids),
            "invoice_ids": list(scope.invoice_ids),
            "started": started,
            "user_id": user_id,
            "resolution": resolution,
        },
    ).all()
    _set_nested_loops("on")
    db.session.execute(text("DROP TABLE pg_temp.found"))
    if len(opened) + len(resolved) > MANY:
        db.session.execute(text("ANALYZE inconsistencies"))
    return {
        "found": sum(by_kind.values()),
        "opened": len(opened) + len(reopened),
        "resolved": len(resolved),
        "open": db.session.scalar(
            text("SELECT count(*) FROM inconsistencies WHERE resolved_at IS NULL")
        ),
        "byKind": {kind: by_kind.get(kind, 0) for kind in InconsistencyKind},
    }


def _set_nested_loops(setting: str) -> None:
    db.session.execute(
        text("SELECT set_config('enable_nestloop', :setting, true)"), {"setting": setting}
    )


def _alert(started: datetime) -> None:
    """One alert for all grave findings that are new or back, however many they are."""
    grave = db.session.scalars(
        text("""SELECT explanation FROM inconsistencies
            WHERE resolved_at IS NULL AND severity = 'high'
                AND greatest(detected_at, reopened_at) >= :started ORDER BY id"""),
        {"started": started},
    ).all()
    if grave:
        count = (
            "A grave inconsistency" if len(grave) == 1 else f"{len(grave)} grave inconsistencies"
        )
        more = (
            f"\n… and {len(grave) - ALERT_LINES_MAX} more" if len(grave) > ALERT_LINES_MAX else ""
        )
        raise_alert(
            "finding",
            {
                "title": f"{count} found",
                "body": "\n".join(grave[:ALERT_LINES_MAX]) + more,
                "path": "/inconsistencies",
            },
        )


def _one_check_at_a_time() -> None:
    """The second one waits and then finds little to do. A repair's own look does not wait."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('holdfast.consistency'))"))


_SAME_KEY = same_finding("k", "f")

_ONE_EACH = text("""
    DELETE FROM pg_temp.found WHERE ctid IN (SELECT ctid FROM (
        SELECT ctid, row_number() OVER (PARTITION BY kind, item_id, invoice_id) AS place
        FROM pg_temp.found) numbered WHERE place > 1)
""")
#: Somebody may have mended it while the other questions were asked; the next check looks again.
_SKIP_CHANGED_MEANWHILE = text("""
    DELETE FROM pg_temp.found f USING items i
    WHERE i.id = f.item_id AND i.updated_at >= :started
""")
_COUNT = text("SELECT kind, count(*) AS found FROM pg_temp.found GROUP BY kind")
_REFRESH_OPEN = text(f"""
    UPDATE inconsistencies k SET last_seen_at = clock_timestamp(), severity = f.severity,
        expected = f.expected, actual = f.actual, explanation = f.explanation,
        suggested_fix = f.suggested_fix, evidence = f.evidence
    FROM pg_temp.found f WHERE k.resolved_at IS NULL AND {_SAME_KEY}
""")
_REOPEN = text(f"""
    WITH last AS (
        SELECT DISTINCT ON (k.kind, k.item_id, k.invoice_id) k.id
        FROM inconsistencies k JOIN pg_temp.found f ON {_SAME_KEY}
        WHERE NOT EXISTS (SELECT FROM inconsistencies o WHERE o.resolved_at IS NULL
            AND {same_finding("o", "k")})
            AND k.settled_through IS NULL
        ORDER BY k.kind, k.item_id, k.invoice_id, k.resolved_at DESC, k.id DESC),
    reopened AS (
        UPDATE inconsistencies SET resolved_at = NULL, resolution = NULL, resolved_by = NULL,
            acknowledged_at = NULL, acknowledged_by = NULL, acknowledgement = NULL,
            snoozed_until = NULL, reopened_at = clock_timestamp(),
            times_reopened = times_reopened + 1
        WHERE id IN (SELECT id FROM last) AND resolved_at IS NOT NULL RETURNING id)
    INSERT INTO inconsistency_steps (inconsistency_id, step, taken_by)
    SELECT id, 'reopened', :user_id FROM reopened RETURNING inconsistency_id
""")
_OPEN = text(f"""
    INSERT INTO inconsistencies (kind, severity, item_id, invoice_id, expected, actual,
        explanation, suggested_fix, evidence)
    SELECT f.kind, f.severity, f.item_id, f.invoice_id, f.expected, f.actual, f.explanation,
        f.suggested_fix, f.evidence
    FROM pg_temp.found f
    WHERE NOT EXISTS (
        SELECT FROM inconsistencies k WHERE k.resolved_at IS NULL AND {_SAME_KEY})
    ON CONFLICT DO NOTHING RETURNING id
""")
_RESOLVE = text(f"""
    WITH gone AS (
        UPDATE inconsistencies k SET resolved_at = clock_timestamp(), resolved_by = :user_id,
            resolution = :resolution
        WHERE k.resolved_at IS NULL
            AND (k.kind = ANY(CAST(:whole_kinds AS text[]))
                OR k.item_id = ANY(CAST(:item_ids AS uuid[]))
                OR (k.item_id IS NULL AND k.invoice_id = ANY(CAST(:invoice_ids AS uuid[]))))
            AND k.last_seen_at < :started
            AND NOT EXISTS (SELECT FROM pg_temp.found f WHERE {_SAME_KEY})
            AND (k.item_id IN (SELECT id FROM items WHERE updated_at >= :started)) IS NOT TRUE
        RETURNING k.id)
    INSERT INTO inconsistency_steps (inconsistency_id, step, taken_by, note)
    SELECT id, 'resolved', :user_id, :resolution FROM gone RETURNING inconsistency_id
""")


@transactional
def acknowledge(finding_id: UUID, user_id: UUID, note: str) -> None:
    """Say that somebody knows of it, and what is to become of it. It stays open."""
    _lock_open(finding_id)
    said = checked_note(note)
    db.session.execute(
        text("""UPDATE inconsistencies SET acknowledged_at = clock_timestamp(),
            acknowledged_by = :user_id, acknowledgement = :note WHERE id = :id"""),
        {"id": finding_id, "user_id": user_id, "note": said},
    )
    _note_step(finding_id, "acknowledged", user_id, said)


@transactional
def snooze(finding_id: UUID, user_id: UUID, days: int, note: str) -> None:
    """Keep it off the list of what is to be done for some days. It stays open."""
    _lock_open(finding_id)
    if not 1 <= days <= SNOOZE_DAYS_MAX:
        raise InvalidInput({"days": f"Give a whole number of days from 1 to {SNOOZE_DAYS_MAX}."})
    db.session.execute(
        text("""UPDATE inconsistencies
            SET snoozed_until = clock_timestamp() + make_interval(days => :days)
            WHERE id = :id"""),
        {"id": finding_id, "days": days},
    )
    said = f"For {days} days: {checked_note(note)}"
    _note_step(finding_id, "snoozed", user_id, said)


def checked_note(note: str, field: str = "note") -> str:
    """The reason that somebody gave; InvalidInput where there is none."""
    said = cleaned_optional_text(field, note, length_max=NOTE_LENGTH_MAX)
    if said is None:
        raise InvalidInput({field: "Say why; it is kept with the finding and in history."})
    return said


def _lock_open(finding_id: UUID) -> None:
    row = db.session.execute(
        text("SELECT resolved_at FROM inconsistencies WHERE id = :id FOR NO KEY UPDATE"),
        {"id": finding_id},
    ).one_or_none()
    if row is None:
        raise NotFound("inconsistency", [finding_id])
    if row.resolved_at:
        raise FindingResolved("This finding was resolved meanwhile.")


def _note_step(finding_id: UUID, step: str, user_id: UUID, note: str) -> None:
    db.session.execute(
        text("""INSERT INTO inconsistency_steps (inconsistency_id, step, taken_by, note)
            VALUES (:id, :step, :user_id, :note)"""),
        {"id": finding_id, "step": step, "user_id": user_id, "note": note},
    )
