"""Plans the repair of some items as of this moment."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db
from app.domain.consistency.kinds import InconsistencyKind
from app.domain.consistency.unit_repair import UnitRepair, plan_unit_repair
from app.domain.errors import NotFound
from app.domain.inventory.item_lifecycle import ChangeReason
from app.queries.consistency.checks import CheckScope, Finding, current_findings
from app.queries.consistency.unit_facts import facts_of, open_findings

UNITS_MAX = 1000
#: Open business, in which every unit is where its invoice wants it.
NO_FAULT_OF_UNITS = {InconsistencyKind.LONG_RESERVATION, InconsistencyKind.REFUND_DUE}


@dataclass(frozen=True)
class PlannedStep:
    """One change of one unit: of its inventory status, or (``is_place``) of where it is."""

    item_id: UUID
    serial_number: str
    from_: str
    to: str
    reason: str
    explanation: str
    is_place: bool = False


@dataclass(frozen=True)
class RepairPlan:
    """What each unit needs; ``repair_totals`` is for the kept totals."""

    units: Sequence[UnitRepair] = ()
    repair_totals: bool = False

    @property
    def repairable(self) -> list[UnitRepair]:
        return [unit for unit in self.units if unit.changes]

    @property
    def unfixable(self) -> list[UnitRepair]:
        return [unit for unit in self.units if unit.unfixable]

    @property
    def changes(self) -> bool:
        return self.repair_totals or bool(self.repairable)

    @property
    def steps(self) -> list[PlannedStep]:
        """In the order in which each unit takes them."""
        return [step for unit in self.units for step in planned_steps(unit)]

    @property
    def fingerprint(self) -> str:
        """Another one as soon as a unit moved, or another step would be taken."""
        said = [
            (
                str(unit.unit.item_id),
                unit.unit.version,
                [(step.after.value, step.reason.value) for step in unit.steps],
                unit.place and unit.place.value,
            )
            for unit in self.repairable
        ]
        return hashlib.sha256(repr((said, self.repair_totals)).encode()).hexdigest()


def planned_steps(plan: UnitRepair) -> list[PlannedStep]:
    """A unit's steps, in words."""
    unit = plan.unit
    steps = [
        PlannedStep(
            unit.item_id,
            unit.serial_number,
            step.before,
            step.after,
            step.reason,
            step.explanation,
        )
        for step in plan.steps
    ]
    if plan.place is not None:
        steps.append(
            PlannedStep(
                unit.item_id,
                unit.serial_number,
                unit.place,
                plan.place,
                ChangeReason.CORRECTION,
                plan.place_explanation,
                is_place=True,
            )
        )
    return steps


def plan_for_items(item_ids: Sequence[UUID], *, release_long: bool = False) -> RepairPlan:
    """The plan for these units; in order of their ids."""
    facts = facts_of(item_ids, release_long=release_long)
    return RepairPlan([plan_unit_repair(unit) for unit in facts])


def plan_for_finding(finding_id: UUID) -> RepairPlan:
    """The plan for what one finding is about. Raises NotFound."""
    row = db.session.execute(
        text("SELECT kind, item_id, invoice_id FROM inconsistencies WHERE id = :id"),
        {"id": finding_id},
    ).one_or_none()
    if row is None:
        raise NotFound("inconsistency", [finding_id])
    if row.item_id:
        return plan_for_items([row.item_id], release_long=is_long(row.kind))
    return RepairPlan(repair_totals=row.invoice_id is None)


def plan_for_kind(kind: str, limit: int = UNITS_MAX) -> RepairPlan:
    """The plan for the oldest open findings of a kind; those without a plan are among its units."""
    found = open_findings(kind, limit)
    item_ids = sorted({finding.item_id for finding in found if finding.item_id})
    plan = plan_for_items(item_ids, release_long=is_long(kind))
    tallies = any(finding.item_id is None and finding.invoice_id is None for finding in found)
    return RepairPlan(plan.units, repair_totals=tallies)


def plan_for_invoice(invoice_id: UUID) -> tuple[RepairPlan, list[Finding]]:
    """The plan for an invoice's units, and what of its inconsistencies it does not mend."""
    plan = plan_for_items(units_of_invoice(invoice_id))
    stuck = {unit.unit.item_id: unit.unfixable for unit in plan.unfixable}
    mended = {unit.unit.item_id for unit in plan.repairable}
    unfixable = [
        finding
        for finding in findings_of_invoice(invoice_id)
        if finding.item_id in stuck or finding.item_id not in mended
    ]
    return plan, unfixable


def findings_of_invoice(invoice_id: UUID) -> list[Finding]:
    """What is wrong with an invoice and the units that it lists or that are reserved for it."""
    return [
        finding
        for finding in current_findings(CheckScope(units_of_invoice(invoice_id), [invoice_id]))
        if finding.invoice_id in (None, invoice_id) and finding.kind not in NO_FAULT_OF_UNITS
    ]


def units_of_invoice(invoice_id: UUID) -> list[UUID]:
    """What an invoice lists, unless it is cancelled, and what is reserved for it."""
    return list(
        db.session.scalars(
            text("""SELECT l.item_id FROM invoice_items l JOIN invoices v ON v.id = l.invoice_id
                WHERE v.id = :id AND v.status <> 'Cancelled'
                UNION SELECT i.id FROM items i WHERE i.reserved_for_type = 'Invoice'
                    AND i.reserved_for_id = CAST(:id AS text) ORDER BY 1"""),
            {"id": invoice_id},
        )
    )


def is_long(kind: str) -> bool:
    return kind == InconsistencyKind.LONG_RESERVATION
