"""Applies planned repairs, each in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.database.transactions import db, transactional
from app.domain.accounts.roles import Permission, may
from app.domain.consistency.kinds import MEANINGS, InconsistencyKind
from app.domain.consistency.repair_steps import RepairStep
from app.domain.consistency.unit_repair import UnitRepair
from app.domain.errors import InvalidInput, NotFound, NotPermitted, Refusal
from app.domain.inventory.item_lifecycle import (
    ChangeReason,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
)
from app.queries.consistency.checks import INVOICE_DRIFT, STOCK_DRIFT, scope_of
from app.queries.consistency.repair_plan import (
    RepairPlan,
    is_long,
    plan_for_finding,
    plan_for_items,
    units_of_invoice,
)
from app.queries.consistency.unit_facts import invoices_of, open_findings
from app.services.accounts.acting_user import acting_role
from app.services.consistency.findings import check_again, checked_note
from app.services.ledger.change_context import ChangeContext
from app.services.ledger.hold_rules import ReservedFor
from app.services.ledger.item_status import ItemStatusWriter
from app.services.ledger.row_locks import LockedItem, lock_items


class PreviewOutdated(Refusal):
    """A unit moved since the plan was shown."""

    code = "version-conflict"
    title = "Something moved since you looked"

    def __init__(self) -> None:
        super().__init__(
            "A unit moved since this plan was made, so another one is needed. "
            "Look at the new plan, then decide again. Nothing was changed."
        )


class NothingToMend(Refusal):
    code = "nothing-to-mend"
    title = "No plan mends this"


@dataclass(frozen=True)
class _Change:
    """Steps that many units take together, as they are written."""

    after: InventoryStatus
    reason: ChangeReason
    holder: tuple[ReservedForType, str] | None


class RepairService:
    """``reason`` is the admin's own and is written to history with their name.

    ``preview`` is the fingerprint of the plan that they saw; PreviewOutdated when it is no longer
    the plan. Raises NotPermitted for who may not mend, NothingToMend where there is no plan.
    """

    def __init__(self, occurred_at: datetime | None = None) -> None:
        self.statuses = ItemStatusWriter(occurred_at)

    @transactional
    def fix_finding(
        self, finding_id: UUID, user_id: UUID, reason: str, *, preview: str | None = None
    ) -> RepairPlan:
        """Mend what one finding is about."""
        require_fixer(user_id)
        row = _finding(finding_id)
        if row.item_id is None:
            if row.kind == InconsistencyKind.REFUND_DUE:
                raise NothingToMend(MEANINGS[InconsistencyKind.REFUND_DUE].remedy)
            plan = plan_for_finding(finding_id)
            return self._retally(plan, user_id, reason, preview)
        return self._apply([row.item_id], user_id, reason, preview, is_long(row.kind))

    @transactional
    def fix_kind(
        self, kind: str, user_id: UUID, reason: str, *, limit: int, preview: str | None = None
    ) -> RepairPlan:
        """Mend the oldest ``limit`` open findings of a kind that have a plan."""
        require_fixer(user_id)
        if kind not in set(InconsistencyKind):
            raise InvalidInput({"kind": f"One of {', '.join(InconsistencyKind)}."})
        found = open_findings(kind, limit)
        item_ids = sorted({finding.item_id for finding in found if finding.item_id})
        tallies = any(each.item_id is None and each.invoice_id is None for each in found)
        return self._apply(item_ids, user_id, reason, preview, is_long(kind), tallies)

    @transactional
    def fix_invoice(
        self, invoice_id: UUID, user_id: UUID, reason: str, *, preview: str | None = None
    ) -> RepairPlan:
        """Mend all units that an invoice lists or that are reserved for it, as far as they can be.

        Nothing to mend is no refusal here. Raises NotFound.
        """
        require_fixer(user_id)
        _lock_invoices([invoice_id])
        item_ids = units_of_invoice(invoice_id)
        try:
            return self._apply(item_ids, user_id, reason, preview)
        except NothingToMend:
            return plan_for_items(item_ids)

    def _apply(
        self,
        item_ids: Sequence[UUID],
        user_id: UUID,
        reason: str,
        preview: str | None,
        release_long: bool = False,
        repair_totals: bool = False,
    ) -> RepairPlan:
        said = checked_note(reason, "reason")
        _lock_invoices(invoices_of(item_ids), at_least=0)
        items = {item.id: item for item in lock_items(item_ids)}
        scope = scope_of(item_ids=item_ids)
        check_again(scope)
        planned = plan_for_items(item_ids, release_long=release_long)
        plan = RepairPlan(planned.units, repair_totals)
        if preview is not None and plan.fingerprint != preview:
            raise PreviewOutdated
        if not plan.changes:
            raise NothingToMend(_why_not(plan))
        self._take_steps(plan.repairable, items, user_id, said)
        _set_places(plan.repairable)
        accept_history([unit.unit.item_id for unit in plan.repairable if unit.steps])
        if repair_totals:
            _add_what_totals_lack()
            _resolve_tallies(user_id, said)
        check_again(scope, user_id=user_id, resolution=f"Fixed: {said}")
        return plan

    def _take_steps(
        self,
        units: Sequence[UnitRepair],
        items: dict[UUID, LockedItem],
        user_id: UUID,
        said: str,
    ) -> None:
        """All units' first steps together, then all second ones: few statements for many units."""
        for place in range(max((len(unit.steps) for unit in units), default=0)):
            groups: dict[_Change, list[LockedItem]] = {}
            for unit in units:
                if place < len(unit.steps):
                    change = _change(unit.steps[place])
                    groups.setdefault(change, []).append(items[unit.unit.item_id])
            for change, together in groups.items():
                self._write(change, together, user_id, said)

    def _write(
        self, change: _Change, items: Sequence[LockedItem], user_id: UUID, said: str
    ) -> None:
        holder = ReservedFor(*change.holder) if change.holder else None
        is_reservation = change.after is InventoryStatus.RESERVED
        reference = change.holder if change.holder and not is_reservation else ("", "")
        context = ChangeContext(
            user_id=user_id,
            reason=change.reason,
            reference=reference,
            occurred_at=self.statuses.occurred_at,
            notes=said,
        )
        self.statuses.change_status(
            items, change.after, context, holder if is_reservation else None
        )

    def _retally(
        self, plan: RepairPlan, user_id: UUID, reason: str, preview: str | None
    ) -> RepairPlan:
        said = checked_note(reason, "reason")
        if not plan.repair_totals:
            raise NothingToMend(
                "An invoice's sums and status are kept by the database and changed by nobody. "
                "Compare it with its payments, and have it restored from a backup."
            )
        if preview is not None and plan.fingerprint != preview:
            raise PreviewOutdated
        _add_what_totals_lack()
        _resolve_tallies(user_id, said)
        return plan


def require_fixer(user_id: UUID) -> None:
    """NotPermitted for who may not mend inconsistencies."""
    if not may(acting_role(user_id), Permission.INCONSISTENCY_FIX):
        raise NotPermitted("Only an admin may fix inconsistencies.")


def set_place(item_ids: Sequence[UUID], place: PhysicalStatus) -> None:
    """Say where locked units are."""
    db.session.execute(
        text("UPDATE items SET status = :place WHERE id = ANY(CAST(:ids AS uuid[]))"),
        {"place": place, "ids": list(item_ids)},
    )


def accept_history(item_ids: Sequence[UUID]) -> None:
    """Have the open findings about these units' history say up to where it is accepted as it is."""
    db.session.execute(
        text("""UPDATE inconsistencies k SET actual = i.inventory_status,
                settled_through = greatest(i.history_length, (SELECT max(seq)
                    FROM inventory_status_history h WHERE h.item_id = i.id))
            FROM items i
            WHERE i.id = k.item_id AND k.item_id = ANY(CAST(:ids AS uuid[]))
                AND k.kind = 'AUDIT_MISMATCH' AND k.resolved_at IS NULL"""),
        {"ids": list(item_ids)},
    )


def _set_places(units: Sequence[UnitRepair]) -> None:
    places: dict[PhysicalStatus, list[UUID]] = {}
    for unit in units:
        if unit.place is not None:
            places.setdefault(unit.place, []).append(unit.unit.item_id)
    for place, item_ids in places.items():
        set_place(item_ids, place)


def _change(step: RepairStep) -> _Change:
    holder = (step.holder.type, step.holder.id) if step.holder else None
    return _Change(step.after, step.reason, holder)


def _lock_invoices(invoice_ids: Sequence[UUID], at_least: int = 1) -> None:
    found = db.session.scalars(
        text("""SELECT id FROM invoices WHERE id = ANY(CAST(:ids AS uuid[]))
            ORDER BY id FOR NO KEY UPDATE"""),
        {"ids": list(invoice_ids)},
    ).all()
    if len(found) < at_least:
        raise NotFound("invoice", invoice_ids)


def _finding(finding_id: UUID) -> Row[Any]:
    row = db.session.execute(
        text("SELECT kind, item_id, invoice_id FROM inconsistencies WHERE id = :id"),
        {"id": finding_id},
    ).one_or_none()
    if row is None:
        raise NotFound("inconsistency", [finding_id])
    return row


def _why_not(plan: RepairPlan) -> str:
    reasons = [unit.unfixable for unit in plan.units if unit.unfixable]
    return reasons[0] if reasons else "Everything is where it should be: there is nothing to mend."


def _add_what_totals_lack() -> None:
    """Appends each difference in one statement, so clerks may go on selling meanwhile."""
    db.session.execute(
        text(f"""INSERT INTO stock_tallies
            (product_id, warehouse_id, inventory_status, quantity) {STOCK_DRIFT}""")
    )
    db.session.execute(text(f"INSERT INTO invoice_tallies (status, quantity) {INVOICE_DRIFT}"))


def _resolve_tallies(user_id: UUID, said: str) -> None:
    db.session.execute(
        text("""WITH mended AS (
                UPDATE inconsistencies SET resolved_at = clock_timestamp(),
                    resolved_by = :user_id, resolution = :resolution
                WHERE kind = 'AUDIT_MISMATCH' AND item_id IS NULL AND invoice_id IS NULL
                    AND resolved_at IS NULL RETURNING id)
            INSERT INTO inconsistency_steps (inconsistency_id, step, taken_by, note)
            SELECT id, 'resolved', :user_id, :resolution FROM mended"""),
        {"user_id": user_id, "resolution": f"Fixed: {said}"},
    )
