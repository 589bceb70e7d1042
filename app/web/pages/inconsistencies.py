"""Findings: the list, one with its plan, repairs."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain.accounts.roles import Permission
from app.domain.consistency.kinds import InconsistencyKind
from app.domain.consistency.unit_repair import Choice
from app.domain.errors import InvalidInput
from app.queries.consistency.findings import (
    FindingState,
    counts_by_kind,
    finding_events,
    get_finding,
    known_kind,
    last_check,
    list_findings,
)
from app.queries.consistency.repair_plan import (
    RepairPlan,
    plan_for_finding,
    plan_for_invoice,
    plan_for_kind,
)
from app.queries.invoices.invoices import get_invoice
from app.services.consistency import findings
from app.services.consistency.findings import SNOOZE_DAYS_MAX
from app.services.consistency.manual_repair import ManualRepair
from app.services.consistency.repair import RepairService
from app.web.authentication import signed_in_user
from app.web.authorization import requires
from app.web.forms.fields import id_field, number_field, text_field
from app.web.responses import page_or_fragment, see_other
from app.web.template_filters import counted

inconsistencies = Blueprint("inconsistencies", __name__, url_prefix="/inconsistencies")

#: Units that one click mends, and how many of them the page shows step by step.
UNITS_PER_FIX = 500
UNITS_SHOWN = 100


@inconsistencies.get("")
@requires(Permission.INCONSISTENCY_READ)
def index() -> str:
    state, kind = _state(request.args.get("state", "")), request.args.get("kind", "")
    return page_or_fragment(
        "inconsistencies/index.html",
        "inconsistencies/_list.html",
        page=list_findings(state, kind=kind, cursor=request.args.get("cursor")),
        kinds=counts_by_kind(),
        kind=kind,
        state=state,
        states=list(FindingState),
        checked=last_check(),
        is_later_page="cursor" in request.args,
    )


@inconsistencies.get("/<uuid:finding_id>")
@requires(Permission.INCONSISTENCY_READ)
def show(finding_id: UUID) -> str:
    """With ``?preview`` the plan as well, before and after."""
    finding = get_finding(finding_id)
    preview = "preview" in request.args and not finding.resolved_at
    return render_template(
        "inconsistencies/show.html",
        finding=finding,
        life=finding_events(finding_id),
        plan=plan_for_finding(finding_id) if preview else None,
        shown=UNITS_SHOWN,
        Choice=Choice,
    )


@inconsistencies.post("/<uuid:finding_id>/acknowledge")
@requires(Permission.INCONSISTENCY_READ)
def acknowledge(finding_id: UUID) -> Response:
    findings.acknowledge(finding_id, signed_in_user().id, text_field("note"))
    flash("Acknowledged. It stays open until it is mended.")
    return see_other(url_for(".show", finding_id=finding_id))


@inconsistencies.post("/<uuid:finding_id>/snooze")
@requires(Permission.INCONSISTENCY_READ)
def snooze(finding_id: UUID) -> Response:
    days = number_field("days", most=SNOOZE_DAYS_MAX, of="days")
    findings.snooze(finding_id, signed_in_user().id, days, text_field("note"))
    flash(f"Put off for {counted(days, 'day')}.")
    return see_other(url_for(".index"))


@inconsistencies.post("/<uuid:finding_id>/fix")
@requires(Permission.INCONSISTENCY_FIX)
def fix(finding_id: UUID) -> Response:
    plan = RepairService().fix_finding(
        finding_id, signed_in_user().id, text_field("reason"), preview=_preview()
    )
    return _fixed(plan, url_for(".show", finding_id=finding_id))


@inconsistencies.post("/<uuid:finding_id>/decide")
@requires(Permission.INCONSISTENCY_FIX)
def decide(finding_id: UUID) -> Response:
    """One of the choices that there are where no plan mends it."""
    decision = DECISIONS.get(text_field("choice"))
    item_id = get_finding(finding_id).item_id
    if decision is None or item_id is None:
        raise InvalidInput({"choice": "Choose one of what the page offers."})
    flash(decision(item_id, signed_in_user().id, text_field("reason")))
    return see_other(url_for(".show", finding_id=finding_id))


@inconsistencies.get("/kinds/<kind>")
@requires(Permission.INCONSISTENCY_FIX)
def preview_kind(kind: str) -> str:
    """The plan for all open findings of a kind."""
    known = InconsistencyKind(known_kind(kind))
    return render_template(
        "inconsistencies/fix_kind.html",
        kind=known,
        meaning=next(each.meaning for each in counts_by_kind() if each.kind == known),
        plan=plan_for_kind(known, UNITS_PER_FIX),
        shown=UNITS_SHOWN,
    )


@inconsistencies.post("/kinds/<kind>/fix")
@requires(Permission.INCONSISTENCY_FIX)
def fix_kind(kind: str) -> Response:
    plan = RepairService().fix_kind(
        kind,
        signed_in_user().id,
        text_field("reason"),
        limit=UNITS_PER_FIX,
        preview=_preview(),
    )
    return _fixed(plan, url_for(".index", kind=kind))


@inconsistencies.get("/invoices/<uuid:invoice_id>")
@requires(Permission.INCONSISTENCY_FIX)
def preview_invoice(invoice_id: UUID) -> str:
    """The plan for an invoice's units."""
    invoice = get_invoice(invoice_id)
    plan, unfixable = plan_for_invoice(invoice_id)
    return render_template(
        "inconsistencies/fix_invoice.html",
        invoice=invoice,
        plan=plan,
        unfixable=unfixable,
        shown=UNITS_SHOWN,
    )


@inconsistencies.post("/invoices/<uuid:invoice_id>/fix")
@requires(Permission.INCONSISTENCY_FIX)
def fix_invoice(invoice_id: UUID) -> Response:
    plan = RepairService().fix_invoice(
        invoice_id, signed_in_user().id, text_field("reason"), preview=_preview()
    )
    return _fixed(plan, url_for("invoices.show", invoice_id=invoice_id))


def _fixed(plan: RepairPlan, url: str) -> Response:
    units = len(plan.repairable)
    words = counted(units, "unit")
    flash("Fixed the kept totals." if plan.repair_totals and not units else f"Fixed {words}.")
    return see_other(url)


def _preview() -> str:
    """Nothing is applied that was not shown before."""
    seen = text_field("preview", length_max=100)
    if not seen:
        raise InvalidInput({"preview": "Preview the fix first."})
    return seen


def _state(value: str) -> FindingState:
    try:
        return FindingState(value or FindingState.OPEN)
    except ValueError:
        raise InvalidInput({"state": f"One of {', '.join(FindingState)}."}) from None


def _swap(item_id: UUID, user_id: UUID, reason: str) -> str:
    ManualRepair().swap_unit(_invoice_id(), item_id, user_id, reason)
    return "The invoice has another unit now."


def _remove_line(item_id: UUID, user_id: UUID, reason: str) -> str:
    ManualRepair().remove_line(_invoice_id(), item_id, user_id, reason)
    return "The unit is off the invoice."


def _put_back(item_id: UUID, user_id: UUID, reason: str) -> str:
    ManualRepair().put_back(item_id, user_id, reason)
    return "The unit is back in stock."


def _accept(item_id: UUID, user_id: UUID, reason: str) -> str:
    ManualRepair().accept_history(item_id, user_id, reason)
    return "Its history is accepted as it is. The audit still tells of it."


DECISIONS: dict[str, Callable[[UUID, UUID, str], str]] = {
    Choice.SWAP: _swap,
    Choice.REMOVE_LINE: _remove_line,
    Choice.PUT_BACK: _put_back,
    Choice.SETTLE: _accept,
}


def _invoice_id() -> UUID:
    invoice_id = id_field("invoice_id")
    if invoice_id is None:
        raise InvalidInput({"invoice_id": "Choose the invoice that this is about."})
    return invoice_id
