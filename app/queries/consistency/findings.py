"""Recorded findings, as lists and one by one."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.consistency.kinds import MEANINGS, InconsistencyKind, Meaning
from app.domain.errors import InvalidInput, NotFound
from app.queries.paging import LIMIT_DEFAULT, Page, decode_cursor, encode_cursor


class FindingState(StrEnum):
    """Snoozed ones are open, too, and not to be looked at for a while."""

    OPEN = "open"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class RecordedFinding:
    """A finding with its life so far; names of people, times in UTC."""

    id: UUID
    kind: str
    severity: str
    item_id: UUID | None
    serial_number: str | None
    invoice_id: UUID | None
    invoice_number: str | None
    expected: str | None
    actual: str | None
    explanation: str
    suggested_fix: str | None
    evidence: dict[str, Any]
    detected_at: datetime
    last_seen_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledgement: str | None
    snoozed_until: datetime | None
    times_reopened: int
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None

    @property
    def meaning(self) -> Meaning:
        return MEANINGS[InconsistencyKind(self.kind)]

    @property
    def evidence_in_words(self) -> list[tuple[str, str]]:
        """What was seen, each with its name as people read it; what is unknown is left out."""
        return [
            (_WORD.sub(r" \1", name).lower().capitalize(), _said(value))
            for name, value in self.evidence.items()
            if value is not None
        ]


@dataclass(frozen=True)
class FindingEvent:
    step: str
    taken_by: str
    note: str | None
    created_at: datetime


@dataclass(frozen=True)
class KindCount:
    """Open findings of a kind; ``oldest`` is since when there has been one."""

    kind: InconsistencyKind
    meaning: Meaning
    count: int
    oldest: datetime | None


@dataclass(frozen=True)
class LastCheck:
    finished_at: datetime
    seconds: float
    result: dict[str, Any] = field(default_factory=dict)


_WORD = re.compile("([A-Z])")
_SNOOZED = "k.snoozed_until > clock_timestamp()"
_WHICH = {
    FindingState.OPEN: f"k.resolved_at IS NULL AND ({_SNOOZED}) IS NOT TRUE",
    FindingState.SNOOZED: f"k.resolved_at IS NULL AND {_SNOOZED}",
    FindingState.RESOLVED: "k.resolved_at IS NOT NULL",
}
_SELECT = """
    SELECT k.id, k.kind, k.severity, k.item_id, i.serial_number, k.invoice_id,
        v.number AS invoice_number, k.expected, k.actual, k.explanation, k.suggested_fix,
        k.evidence, k.detected_at, k.last_seen_at, k.acknowledged_at,
        a.name AS acknowledged_by, k.acknowledgement, k.snoozed_until, k.times_reopened,
        k.resolved_at, r.name AS resolved_by, k.resolution
    FROM inconsistencies k
    LEFT JOIN items i ON i.id = k.item_id LEFT JOIN invoices v ON v.id = k.invoice_id
    LEFT JOIN users a ON a.id = k.acknowledged_by LEFT JOIN users r ON r.id = k.resolved_by
"""


def list_findings(
    state: FindingState = FindingState.OPEN,
    *,
    kind: str | None = None,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Page[RecordedFinding]:
    """The oldest open ones first, the last resolved ones first. InvalidInput for an odd kind."""
    which, parameters = [_WHICH[state]], dict[str, Any](limit=limit + 1)
    resolved = state is FindingState.RESOLVED
    if kind:
        which.append("k.kind = :kind")
        parameters["kind"] = known_kind(kind)
    if cursor:
        when, after = decode_cursor(cursor, 2)
        which.append(
            "(k.resolved_at, k.id) < (CAST(:when AS timestamptz), CAST(:after AS uuid))"
            if resolved
            else "k.id > CAST(:after AS uuid)"
        )
        parameters |= {"when": _moment(when), "after": _id(after)}
    order = "k.resolved_at DESC, k.id DESC" if resolved else "k.id"
    rows = db.session.execute(
        text(f"{_SELECT} WHERE {' AND '.join(which)} ORDER BY {order} LIMIT :limit"), parameters
    )
    found = [RecordedFinding(**row._mapping) for row in rows]
    if len(found) <= limit:
        return Page(found)
    last = found[limit - 1]
    when = (last.resolved_at or last.detected_at).isoformat()
    return Page(found[:limit], encode_cursor(when, str(last.id)))


def get_finding(finding_id: UUID) -> RecordedFinding:
    """One finding, or NotFound."""
    row = db.session.execute(text(f"{_SELECT} WHERE k.id = :id"), {"id": finding_id}).one_or_none()
    if row is None:
        raise NotFound("inconsistency", [finding_id])
    return RecordedFinding(**row._mapping)


def finding_events(finding_id: UUID) -> list[FindingEvent]:
    """What was done about a finding, oldest first."""
    rows = db.session.execute(
        text("""SELECT s.step, u.name AS taken_by, s.note, s.created_at
            FROM inconsistency_steps s JOIN users u ON u.id = s.taken_by
            WHERE s.inconsistency_id = :id ORDER BY s.id"""),
        {"id": finding_id},
    )
    return [FindingEvent(**row._mapping) for row in rows]


def counts_by_kind() -> list[KindCount]:
    """Every kind, the gravest first, with how many are open and not put off."""
    rows = db.session.execute(
        text(f"""SELECT k.kind, count(*) AS findings, min(k.detected_at) AS oldest
            FROM inconsistencies k WHERE {_WHICH[FindingState.OPEN]} GROUP BY k.kind""")
    )
    found = {row.kind: row for row in rows}
    return [
        KindCount(
            kind,
            meaning,
            found[kind].findings if kind in found else 0,
            found[kind].oldest if kind in found else None,
        )
        for kind, meaning in MEANINGS.items()
    ]


def last_check() -> LastCheck | None:
    """The last full check that ended."""
    row = db.session.execute(
        text("""SELECT finished_at, extract(epoch FROM finished_at - started_at)::float AS seconds,
                result
            FROM consistency_checks WHERE is_full ORDER BY started_at DESC LIMIT 1""")
    ).one_or_none()
    return LastCheck(**row._mapping) if row else None


def _said(value: Any) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def known_kind(kind: str) -> str:
    """InvalidInput for a kind that there is not."""
    if kind not in set(InconsistencyKind):
        raise InvalidInput({"kind": f"One of {', '.join(InconsistencyKind)}."})
    return kind


def _id(place: str) -> UUID:
    try:
        return UUID(place)
    except ValueError:
        raise InvalidInput({"cursor": "This is not a place in the list."}) from None


def _moment(place: str) -> datetime:
    try:
        return datetime.fromisoformat(place)
    except ValueError:
        raise InvalidInput({"cursor": "This is not a place in the list."}) from None
