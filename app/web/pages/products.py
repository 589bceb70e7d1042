"""Products: the list, one product, receiving."""

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain.accounts.roles import Permission
from app.domain.errors import InvalidInput
from app.domain.inventory.item_lifecycle import Condition, InventoryStatus
from app.queries.catalogue.products import get_product, list_products, stock_by_warehouse
from app.queries.catalogue.warehouses import list_warehouses
from app.services.catalogue import catalogue
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.ledger.hold_rules import ITEMS_MAX
from app.web.authentication import signed_in_user
from app.web.authorization import requires
from app.web.forms.fields import (
    money_field,
    optional_number_field,
    search_words,
    text_field,
)
from app.web.responses import page_or_fragment, see_other
from app.web.template_filters import counted, label

products = Blueprint("products", __name__, url_prefix="/products")

#: Ten thousand serial numbers of 64 characters, and what parts them.
SERIALS_LENGTH_MAX = 700_000


@products.get("")
@requires(Permission.PRODUCT_READ)
def index() -> str:
    q, cursor = search_words(), request.args.get("cursor")
    return page_or_fragment(
        "products/index.html",
        "products/_list.html",
        page=list_products(q=q, cursor=cursor),
        statuses=list(InventoryStatus),
        q=q,
        cursor=cursor,
    )


@products.get("/new")
@requires(Permission.PRODUCT_EDIT)
def new() -> str:
    return render_template("products/new.html")


@products.post("")
@requires(Permission.PRODUCT_EDIT)
def create() -> Response:
    product_id = catalogue.create_product(sku=text_field("sku"), **_facts())
    flash("The product is there. Now take in its units.")
    return see_other(_page_of(product_id))


@products.get("/<uuid:product_id>")
@requires(Permission.PRODUCT_READ)
def show(product_id: UUID) -> str:
    return render_template(
        "products/show.html",
        product=get_product(product_id),
        stock=stock_by_warehouse(product_id),
        statuses=list(InventoryStatus),
        warehouses=[(one.code, f"{one.code}, {one.name}") for one in list_warehouses()],
        conditions=[(condition.value, label(condition)) for condition in Condition],
    )


@products.post("/<uuid:product_id>")
@requires(Permission.PRODUCT_EDIT)
def edit(product_id: UUID) -> Response:
    version = optional_number_field("version")
    catalogue.edit_product(product_id, version=version, **_facts())
    flash("The product is saved.")
    return see_other(_page_of(product_id))


@products.post("/<uuid:product_id>/units")
@requires(Permission.ITEM_RECEIVE)
def receive(product_id: UUID) -> Response:
    serial_numbers, quantity = (
        _serials(),
        optional_number_field("quantity", most=ITEMS_MAX, of="units"),
    )
    if bool(serial_numbers) == (quantity is not None):
        raise InvalidInput({"quantity": "Say how many, or paste the serial numbers: one of both."})
    received = InventoryLifecycleService().receive_items(
        get_product(product_id).sku,
        signed_in_user().id,
        serial_numbers=serial_numbers or None,
        quantity=quantity,
        condition=text_field("condition"),
        warehouse=text_field("warehouse") or None,
        location=text_field("location", length_max=100) or None,
        notes=text_field("notes") or None,
    )
    flash(f"Received {counted(len(received), 'unit')}.")
    return see_other(_page_of(product_id))


def _facts() -> dict[str, Any]:
    return {
        "name": text_field("name"),
        "price": money_field("price"),
        "barcode": text_field("barcode"),
        "category": text_field("category"),
    }


def _serials() -> list[str]:
    pasted = text_field("serial_numbers", length_max=SERIALS_LENGTH_MAX)
    return [serial for serial in re.split(r"[\n\t,;]+", pasted) if serial.strip()]


def _page_of(product_id: UUID) -> str:
    return url_for("products.show", product_id=product_id)
