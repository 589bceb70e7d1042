"""Items: the list, its export, one item, its actions."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, request, stream_with_context, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.database.transactions import db
from app.domain.accounts.roles import Permission
from app.domain.errors import InvalidInput
from app.domain.inventory.item_actions import Viewer
from app.domain.inventory.item_lifecycle import (
    Condition,
    InventoryStatus,
    PhysicalStatus,
    ReservedForType,
)
from app.domain.inventory.sort_order import ItemOrder
from app.queries.catalogue.warehouses import list_warehouses
from app.queries.inventory.item_timeline import timeline_of_item
from app.queries.inventory.items import find_item, list_items
from app.queries.inventory.serial_corrections import corrections_of, has_only_its_receipt
from app.queries.invoices.invoice_lines import invoice_that_lists
from app.queries.reports.dashboard import unit_counts
from app.services.consistency.manual_repair import ManualRepair
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.inventory.serial_correction import correct_serial
from app.web.authentication import signed_in_user
from app.web.authorization import requires
from app.web.charts.state_machine import draw_state_machine
from app.web.exports.export_slots import in_a_place
from app.web.exports.items import csv_chunks
from app.web.forms.fields import optional_number_field, raw_field, text_field
from app.web.pages.item_forms import chosen_item_ids, edited_fields, filters_from_query, hold_form
from app.web.responses import page_or_fragment, return_path, see_other
from app.web.template_filters import counted, store_settings

items = Blueprint("items", __name__, url_prefix="/inventory")


def viewer() -> Viewer:
    user = signed_in_user()
    return Viewer(user.id, user.role)


@items.get("")
@requires(Permission.ITEM_READ)
def index() -> str:
    filters = filters_from_query()
    page = list_items(filters, viewer(), cursor=request.args.get("cursor"))
    return page_or_fragment(
        "items/index.html",
        "items/_list.html",
        page=page,
        filters=filters,
        query={name: value for name, value in request.args.items() if value and name != "cursor"},
        is_later_page="cursor" in request.args,
        counts=unit_counts(),
        warehouses=list_warehouses(),
        choices=_choices(),
        hold_minutes=store_settings().hold_minutes,
    )


@items.get("/export.csv")
@requires(Permission.ITEM_READ)
def export() -> Response:
    """The whole filtered list, at most EXPORT_ROWS_MAX units of it."""
    filters = filters_from_query()
    who = viewer()
    return in_a_place(
        lambda: Response(
            stream_with_context(_released(csv_chunks(filters, who))),
            mimetype="text/csv",
            headers={"Content-Disposition": "attachment; filename=inventory.csv"},
        )
    )


def _released(chunks: Iterator[str]) -> Iterator[str]:
    # A slow download must not keep a transaction open between two pages.
    for chunk in chunks:
        db.session.close()
        yield chunk


@items.get("/<uuid:item_id>")
@requires(Permission.ITEM_READ)
def show(item_id: UUID) -> str:
    item = find_item(item_id, viewer())
    timeline = timeline_of_item(item_id)
    taken = [(entry.from_status, entry.to_status, entry.change_reason) for entry in timeline]
    return page_or_fragment(
        "items/show.html",
        "items/_item.html",
        item=item,
        timeline=timeline,
        corrections=corrections_of(item_id),
        is_just_received=len(timeline) == 1 and has_only_its_receipt(item_id),
        last_invoice=next((entry for entry in timeline if entry.invoice_id), None),
        drawing=draw_state_machine(item.inventory_status, taken),
        choices=_choices(),
        hold_minutes=store_settings().hold_minutes,
    )


@items.post("/<uuid:item_id>/hold")
@requires(Permission.ITEM_HOLD)
def hold(item_id: UUID) -> BaseResponse:
    _hold([item_id])
    return see_other(return_path(url_for(".show", item_id=item_id)))


@items.post("/<uuid:item_id>/release")
@requires(Permission.ITEM_RELEASE_OWN)
def release(item_id: UUID) -> BaseResponse:
    _release([item_id])
    return see_other(return_path(url_for(".show", item_id=item_id)))


@items.post("/<uuid:item_id>/edit")
@requires(Permission.ITEM_EDIT)
def edit(item_id: UUID) -> BaseResponse:
    user = signed_in_user()
    warnings = InventoryLifecycleService().edit_item(item_id, user.id, **edited_fields())
    flash(" ".join(["Saved.", *warnings]))
    return see_other(return_path(url_for(".show", item_id=item_id)))


@items.post("/<uuid:item_id>/serial-number")
@requires(Permission.ITEM_CORRECT_SERIAL)
def correct_serial_number(item_id: UUID) -> BaseResponse:
    """For a serial number that was typed wrong at receiving."""
    correct_serial(
        item_id,
        request.form.get("serial_number", ""),
        signed_in_user().id,
        reason=request.form.get("reason"),
        version=optional_number_field("version"),
    )
    flash("The serial number is corrected.")
    return see_other(return_path(url_for(".show", item_id=item_id)))


@items.post("/<uuid:item_id>/swap")
@requires(Permission.INCONSISTENCY_FIX)
def swap(item_id: UUID) -> BaseResponse:
    """The invoice that lists the unit gets another one of the same product."""
    reason = text_field("reason")
    invoice_id = invoice_that_lists(item_id)
    if invoice_id is None:
        raise InvalidInput({"reason": "No invoice lists this unit any more. Reload the page."})
    new_id = ManualRepair().swap_unit(invoice_id, item_id, signed_in_user().id, reason)
    flash(f"The invoice has {find_item(new_id, viewer()).serial_number} in its place now.")
    return see_other(return_path(url_for(".show", item_id=item_id)))


@items.post("/bulk")
@requires(Permission.ITEM_HOLD)
def bulk() -> BaseResponse:
    """Holds or releases all chosen units, or none of them."""
    item_ids = chosen_item_ids()
    match request.form.get("action"):
        case "hold":
            _hold(item_ids)
        case "release":
            _release(item_ids)
        case _:
            raise InvalidInput({"action": "Choose Reserve or Release."})
    return see_other(return_path(url_for(".index")))


def _hold(item_ids: list[UUID]) -> None:
    user = signed_in_user()
    form = hold_form(user.name, store_settings().hold_minutes)
    held = InventoryLifecycleService().hold_items_manually(
        item_ids,
        form.reserved_for_id,
        user.id,
        expires_in_minutes=form.expires_in_minutes,
        notes=form.notes,
    )
    flash(f"Reserved {_units(held)} for {form.reserved_for_id}.")


def _release(item_ids: list[UUID]) -> None:
    released = InventoryLifecycleService().release_items(
        item_ids, signed_in_user().id, raw_field("notes") or None
    )
    flash(f"Released {_units(released)}.")


def _units(item_ids: list[UUID]) -> str:
    return counted(len(item_ids), "unit")


def _choices() -> dict[str, Any]:
    return {
        "inventory_status": list(InventoryStatus),
        "status": list(PhysicalStatus),
        "condition": list(Condition),
        "reserved_for_type": list(ReservedForType),
        "sort": list(ItemOrder),
    }
