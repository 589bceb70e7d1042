"""Verifies every item's history: complete, chained, allowed, ending at the item.

The hashes are worked out here anew, not by the function that wrote them.
"""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text

from app.database.transactions import db, lift_time_limits

EXAMPLES_MAX = 20

MEANINGS = {
    "gap": "rows of history are missing or doubled: the sequence has a hole",
    "altered": "a row is not what was written: its hash does not fit",
    "broken-step": "a row does not begin where the one before it ended",
    "not-allowed": "a step that the transition table does not have",
    "no-history": "a unit without history, or history without its unit",
    "wrong-end": "a unit's status, or the tail that it keeps, is not where its history ends",
    "unknown-user": "a change by a user who does not exist",
    "guard-missing": "a trigger, index or constraint that keeps the rules is gone or switched off",
}

#: ``{which}`` narrows it to some units.
HISTORY_FAULTS = """
WITH chained AS (
    SELECT h.item_id, h.seq, h.from_status, h.to_status, h.change_reason, h.changed_by, h.hash,
        lag(h.seq) OVER unit AS seq_before, lag(h.to_status) OVER unit AS status_before,
        lead(h.seq) OVER unit IS NULL AS is_last,
        sha256(coalesce(lag(h.hash) OVER unit, '\\x') || uuid_send(h.item_id) || int4send(h.seq)
            || uuid_send(h.changed_by) || timestamptz_send(h.change_date)
            || timestamptz_send(h.created_at)
            || convert_to(concat_ws(E'\\x1f', coalesce(h.from_status, ''), h.to_status,
                h.change_reason, coalesce(h.reference_type, ''), coalesce(h.reference_id, ''),
                coalesce(h.request_id, ''), coalesce(h.notes, '')), 'UTF8')) AS hash_anew
    FROM inventory_status_history h {which} WINDOW unit AS (PARTITION BY h.item_id ORDER BY h.seq)),
checked AS (
    SELECT c.item_id, c.seq, c.to_status,
        c.seq <> coalesce(c.seq_before, 0) + 1 AS gap,
        c.hash <> c.hash_anew AS altered,
        c.from_status IS DISTINCT FROM c.status_before AS broken_step,
        c.from_status IS NOT NULL AND t.to_status IS NULL AS not_allowed,
        u.id IS NULL AS unknown_user,
        c.is_last AND i.id IS NULL AS no_history,
        c.is_last AND i.id IS NOT NULL AND (i.inventory_status, i.history_length, i.history_hash)
            IS DISTINCT FROM (c.to_status, c.seq, c.hash) AS wrong_end
    FROM chained c
    LEFT JOIN inventory_transitions t ON (t.from_status, t.to_status, t.change_reason)
        = (c.from_status, c.to_status, c.change_reason)
    LEFT JOIN users u ON u.id = c.changed_by
    LEFT JOIN items i ON i.id = c.item_id AND c.is_last)
SELECT item_id, seq, to_status,
    gap, altered, broken_step, not_allowed, unknown_user, no_history, wrong_end
FROM checked
WHERE gap OR altered OR broken_step OR not_allowed OR unknown_user OR no_history OR wrong_end
"""

_WITHOUT_HISTORY = """
SELECT i.id AS item_id FROM items i
WHERE NOT EXISTS (SELECT FROM inventory_status_history h WHERE h.item_id = i.id)
"""

#: What migrations/sql installs: (table, trigger), each ENABLE ALWAYS.
GUARD_TRIGGERS = frozenset(
    {
        ("inventory_status_history", "append_only"),
        ("inventory_status_history", "guard_insert"),
        ("inventory_transitions", "append_only"),
        ("invoice_items", "add_to_total"),
        ("invoice_items", "keep"),
        ("invoice_items", "keep_line"),
        ("invoice_items", "take_from_total"),
        ("invoice_status_history", "append_only"),
        ("invoice_status_history", "guard_insert"),
        ("invoice_transitions", "append_only"),
        ("invoices", "check_sums"),
        ("invoices", "give_number"),
        ("invoices", "keep"),
        ("invoices", "write_history_on_insert"),
        ("invoices", "write_history_on_update"),
        ("invoices", "zz_guard_invoice"),
        ("items", "follow_serial_number"),
        ("items", "keep"),
        ("items", "write_history_on_insert"),
        ("items", "write_history_on_update"),
        ("items", "write_serial_correction"),
        ("items", "zz_guard_item"),
        ("items", "zzz_guard_place_on_insert"),
        ("items", "zzz_guard_place_on_update"),
        ("payments", "add_to_paid"),
        ("payments", "append_only"),
        ("serial_corrections", "append_only"),
        ("serial_corrections", "guard_insert"),
        ("step_places", "append_only"),
        ("unit_places", "append_only"),
        ("users", "keep"),
    }
)
GUARD_CONSTRAINTS = frozenset(
    {
        "ck_inventory_status_history_first",
        "ck_inventory_status_history_past",
        "ck_invoices_paid",
        "ck_invoices_settled",
        "ck_items_expiry",
        "ck_items_history",
        "ck_items_reservation",
        "fk_inventory_status_history_transition",
        "fk_invoice_items_live",
        "uq_inventory_status_history_item_id",
    }
)
GUARD_INDEXES = frozenset(
    {"uq_customers_email", "uq_invoice_items_live_item", "uq_items_serial_key"}
)


@dataclass(frozen=True)
class AuditProblem:
    """``where`` is a unit's id with its row of history, or a guard's name."""

    kind: str
    meaning: str
    count: int
    where: list[str]


@dataclass(frozen=True)
class AuditResult:
    ok: bool
    items: int
    history_rows: int
    problems: list[AuditProblem]

    def as_json(self) -> dict[str, Any]:
        """The shape that ``flask audit verify`` prints."""
        return {
            "ok": self.ok,
            "items": self.items,
            "historyRows": self.history_rows,
            "problems": [asdict(problem) for problem in self.problems],
        }


def verify_history() -> AuditResult:
    """Read all of history and every unit, in one snapshot; about 6 µs a row."""
    db.session.close()
    db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    lift_time_limits()
    db.session.execute(text("SET LOCAL work_mem = '256MB'"))
    found: dict[str, list[str]] = {}
    for row in db.session.execute(text(HISTORY_FAULTS.format(which=""))):
        for kind in MEANINGS.keys() & {name.replace("_", "-") for name in row._fields}:
            if getattr(row, kind.replace("-", "_")):
                found.setdefault(kind, []).append(f"{row.item_id} row {row.seq}")
    for row in db.session.execute(text(_WITHOUT_HISTORY)):
        found.setdefault("no-history", []).append(str(row.item_id))
    if missing := _missing_guards():
        found["guard-missing"] = missing
    items, rows = db.session.execute(
        text("SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM inventory_status_history)")
    ).one()
    db.session.close()
    return AuditResult(
        ok=not found,
        items=items,
        history_rows=rows,
        problems=[
            AuditProblem(kind, meaning, len(found[kind]), found[kind][:EXAMPLES_MAX])
            for kind, meaning in MEANINGS.items()
            if kind in found
        ],
    )


def _missing_guards() -> list[str]:
    triggers = {
        (row.table_name, row.tgname)
        for row in db.session.execute(
            text("""SELECT tgrelid::regclass::text AS table_name, tgname FROM pg_trigger
                WHERE NOT tgisinternal AND tgenabled = 'A'""")
        )
    }
    constraints = set(
        db.session.scalars(text("SELECT conname FROM pg_constraint WHERE convalidated"))
    )
    indexes = set(
        db.session.scalars(
            text("""SELECT indexrelid::regclass::text FROM pg_index
                WHERE indisunique AND indisvalid AND indisready""")
        )
    )
    return sorted(
        [f"trigger {name} on {table}" for table, name in GUARD_TRIGGERS - triggers]
        + [f"constraint {name}" for name in GUARD_CONSTRAINTS - constraints]
        + [f"index {name}" for name in GUARD_INDEXES - indexes]
    )
