"""Adds a scanned or typed serial number to the cart.

The page sends each scan as JSON, under a key of its own, and repeats it until it is answered
(static/selling/scanner.js). Without script the form is sent like any other.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from uuid import UUID

from flask import Blueprint, Flask, flash, jsonify, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from pydantic.alias_generators import to_camel
from werkzeug.wrappers import Response

from app.domain.accounts.roles import Permission
from app.domain.errors import AlreadyInCart, InvalidInput, ItemsNotAvailable, UnavailableItem
from app.queries.inventory.items import find_items
from app.queries.inventory.sellable_items import find_serial, find_units
from app.services.carts import carts
from app.web.api.framework import problem_json
from app.web.authentication import signed_in_user
from app.web.authorization import requires
from app.web.errors import Problem, add_renderer, problem_of, render_fragment, render_page
from app.web.extensions import htmx
from app.web.forms.fields import SEARCH_LENGTH_MAX, text_field
from app.web.responses import see_other
from app.web.template_filters import label, local

PATH = "/invoices/new/scan"
scanning = Blueprint("scanning", __name__)


@dataclass(frozen=True)
class Scan:
    """What became of a code; ``refusal`` is HTML that says who has the unit and what is free."""

    outcome: str
    code: str
    message: str
    item_id: UUID | None = None
    serial_number: str | None = None
    product_name: str | None = None
    refusal: str | None = None


@scanning.record
def tell_problems_as_json(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    add_renderer(state.app, PATH, render_problem)


@scanning.post(PATH)
@requires(Permission.INVOICE_CREATE)
def scan() -> Response:
    code = text_field("q", length_max=SEARCH_LENGTH_MAX)
    item_id = find_serial(code)
    if wants_json():
        found = _scanned(code, item_id) if item_id else _looked_for(code)
        return jsonify({to_camel(name): value for name, value in asdict(found).items()})
    if item_id is None:
        return _back(code)
    if not _hold(item_id):
        flash("It is in this cart already.")
    return _back()


def wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def render_problem(problem: Problem) -> Response:
    """As the page's script reads it, or as a page."""
    if wants_json():
        return problem_json.render(problem)
    render: Callable[[Problem], Response] = render_fragment if htmx else render_page
    response = render(problem)
    response.headers.extend(dict(problem.headers))
    return response


def _scanned(code: str, item_id: UUID) -> Scan:
    (unit,) = find_items([item_id])
    about = (item_id, unit.serial_number, unit.product_name)
    try:
        added = _hold(item_id)
    except ItemsNotAvailable as refused:
        why = render_template("errors/_refusal.html", problem=problem_of(refused))
        return Scan("refused", code, _taken(refused.items[0]), *about, refusal=why)
    if added:
        return Scan("added", code, "In the cart.", *about)
    return Scan("already", code, "It is in this cart already.", *about)


def _looked_for(code: str) -> Scan:
    if not code:
        raise InvalidInput({"q": "Scan or type a code."})
    found = find_units(code)
    if not found:
        return Scan("unknown", code, f"Nothing is called “{code}”.")
    name = found[0].name if len(found) == 1 else None
    return Scan(
        "found",
        code,
        "Scan the serial number of the unit, or take any from the list.",
        product_name=name,
    )


def _taken(item: UnavailableItem) -> str:
    holder = item.holder
    if holder is None:
        return f"It is not in stock: {label(item.status).lower()}."
    parts = [f"{label(item.inventory_status)}: {holder.label}", holder.user or ""]
    parts += [f"since {local(holder.since)}" if holder.since else ""]
    parts += [f"until {local(holder.until)}" if holder.until else ""]
    return ", ".join(part for part in parts if part) + "."


def _hold(item_id: UUID) -> bool:
    """Whether the unit went into the cart now; False when it was there before."""
    try:
        carts.hold_units([item_id], signed_in_user().id)
    except AlreadyInCart:
        return False
    return True


def _back(words: str = "") -> Response:
    return see_other(url_for("new_invoice.show", q=words or None))
