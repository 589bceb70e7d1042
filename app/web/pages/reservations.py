"""Reservations: the list and releasing."""

from flask import Blueprint, flash, request, url_for
from werkzeug.wrappers import Response

from app.domain.accounts.roles import Permission
from app.domain.errors import InvalidInput, NotFound
from app.domain.inventory.item_actions import Viewer
from app.domain.inventory.item_lifecycle import ReservedForType
from app.queries.reservations.reservations import (
    ReservationFilter,
    held_item_ids,
    list_reservations,
)
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.web.authentication import signed_in_user
from app.web.authorization import requires
from app.web.responses import page_or_fragment, return_path, see_other
from app.web.template_filters import counted

reservations = Blueprint("reservations", __name__, url_prefix="/reservations")

UNITS_RELEASED_MAX = 10_000


@reservations.get("")
@requires(Permission.ITEM_READ)
def index() -> str:
    user = signed_in_user()
    kind = _filter(request.args.get("type", ""))
    page = list_reservations(Viewer(user.id, user.role), kind, cursor=request.args.get("cursor"))
    return page_or_fragment(
        "reservations/index.html",
        "reservations/_list.html",
        page=page,
        kind=kind,
        kinds=list(ReservationFilter),
        is_later_page="cursor" in request.args,
    )


@reservations.post("/release")
@requires(Permission.ITEM_RELEASE_OWN)
def release() -> Response:
    """Releases everything that a cart or a manual hold has."""
    kind, holder_id = request.form.get("type", ""), request.form.get("holder_id", "")
    if kind not in (ReservedForType.SESSION, ReservedForType.MANUAL):
        raise InvalidInput({"type": "Only carts and manual holds can be released here."})
    released = InventoryLifecycleService().release_what_is_held(
        held_item_ids(ReservedForType(kind), holder_id, UNITS_RELEASED_MAX),
        lambda item: (item.reserved_for_type, item.reserved_for_id) == (kind, holder_id),
        signed_in_user().id,
    )
    if not released:
        raise NotFound("hold", [holder_id], by="holder")
    flash(f"Released {counted(len(released), 'unit')}.")
    return see_other(return_path(url_for(".index")))


def _filter(value: str) -> ReservationFilter:
    try:
        return ReservationFilter(value)
    except ValueError:
        kinds = ", ".join(kind for kind in ReservationFilter if kind)
        raise InvalidInput({"type": f"Choose one of: {kinds}."}) from None
