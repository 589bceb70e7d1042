"""Invoices: the list, one invoice, its actions."""

from uuid import UUID

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain.accounts.roles import Permission
from app.domain.errors import InvalidInput
from app.domain.inventory.delivery import DeliveryInfo
from app.domain.invoices.invoice_lifecycle import InvoiceStatus, PaymentMethod
from app.queries.invoices.invoice_lines import consistency_of, lines_of, units_of
from app.queries.invoices.invoices import (
    InvoiceAction,
    get_invoice,
    list_invoices,
    payments_of,
    progress_of,
    steps_of,
)
from app.queries.invoices.void_numbers import list_void_numbers
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NewPayment
from app.web.authentication import signed_in_user
from app.web.authorization import requires
from app.web.forms.fields import (
    id_fields,
    money_field,
    optional_number_field,
    search_words,
    text_field,
)
from app.web.responses import page_or_fragment, see_other, wants_fragment
from app.web.template_filters import counted, money

invoices = Blueprint("invoices", __name__, url_prefix="/invoices")

VOID_SHOWN = 10


@invoices.get("")
@requires(Permission.INVOICE_READ)
def index() -> str:
    status, q = request.args.get("status", ""), search_words()
    cursor = request.args.get("cursor")
    is_plain = not (wants_fragment() or status or q or cursor)
    return page_or_fragment(
        "invoices/index.html",
        "invoices/_list.html",
        page=list_invoices(status=status, q=q, cursor=cursor),
        statuses=list(InvoiceStatus),
        status=status,
        q=q,
        cursor=cursor,
        void=list_void_numbers(limit=VOID_SHOWN) if is_plain else None,
    )


@invoices.get("/numbers")
@requires(Permission.INVOICE_READ)
def void_numbers() -> str:
    """Numbers that no invoice has."""
    cursor = request.args.get("cursor")
    page = list_void_numbers(cursor=cursor)
    return render_template("invoices/numbers.html", page=page, cursor=cursor)


@invoices.get("/<uuid:invoice_id>")
@requires(Permission.INVOICE_READ)
def show(invoice_id: UUID) -> str:
    invoice = get_invoice(invoice_id)
    steps = steps_of(invoice_id)
    return page_or_fragment(
        "invoices/show.html",
        "invoices/_lines.html",
        invoice=invoice,
        actions=invoice.actions(signed_in_user().role),
        Action=InvoiceAction,
        methods=[(method, method) for method in PaymentMethod],
        lines=lines_of(invoice_id, cursor=request.args.get("lines")),
        payments=payments_of(invoice),
        steps=steps,
        progress=progress_of(invoice, steps),
        consistency=consistency_of(invoice),
    )


@invoices.get("/<uuid:invoice_id>/units")
@requires(Permission.INVOICE_READ)
def units(invoice_id: UUID) -> str:
    """All units of an invoice one by one, however many they are."""
    invoice, sku = get_invoice(invoice_id), request.args.get("sku", "").replace("\x00", "")
    return page_or_fragment(
        "invoices/units.html",
        "invoices/_units.html",
        invoice=invoice,
        actions=invoice.actions(signed_in_user().role),
        Action=InvoiceAction,
        sku=sku,
        page=units_of(invoice_id, sku=sku or None, cursor=request.args.get("cursor")),
    )


@invoices.post("/<uuid:invoice_id>/payments")
@requires(Permission.INVOICE_PAY)
def record_payment(invoice_id: UUID) -> Response:
    amount = money_field("amount")
    if amount is None:
        raise InvalidInput({"amount": "Say how much was paid."})
    payment = NewPayment(
        invoice_id,
        amount,
        text_field("method"),
        text_field("reference", length_max=200) or None,
        optional_number_field("version"),
    )
    FinanceService().record_payment(payment, signed_in_user().id)
    flash(f"Took {money(amount)}.")
    return see_other(_page_of(invoice_id))


@invoices.post("/<uuid:invoice_id>/paid")
@requires(Permission.INVOICE_PAY)
def mark_paid(invoice_id: UUID) -> Response:
    """For an invoice over nothing, which no payment can settle."""
    version = optional_number_field("version")
    FinanceService().pay_balance(invoice_id, signed_in_user().id, version=version)
    flash("The invoice is paid.")
    return see_other(_page_of(invoice_id))


@invoices.post("/<uuid:invoice_id>/deliveries")
@requires(Permission.INVOICE_DELIVER)
def deliver(invoice_id: UUID) -> Response:
    delivery_info = DeliveryInfo(
        carrier=text_field("carrier", length_max=200),
        tracking_number=text_field("tracking_number", length_max=200),
        delivered_to=text_field("delivered_to", length_max=200),
        notes=text_field("notes"),
    )
    delivered = InventoryLifecycleService().mark_items_as_delivered_for_invoice(
        invoice_id,
        signed_in_user().id,
        delivery_info,
        item_ids=id_fields("item_id") or None,
        version=optional_number_field("version"),
    )
    flash(f"Delivered {counted(len(delivered), 'unit')}.")
    return see_other(_page_of(invoice_id))


@invoices.post("/<uuid:invoice_id>/cancel")
@requires(Permission.INVOICE_CANCEL)
def cancel(invoice_id: UUID) -> Response:
    FinanceService().cancel_invoice(
        invoice_id,
        signed_in_user().id,
        version=optional_number_field("version"),
        notes=text_field("reason", length_max=500) or None,
    )
    due = get_invoice(invoice_id).refund_due
    said = "The invoice is cancelled and its units are free."
    flash(f"{said} Refund due {money(due)}." if due else said)
    return see_other(_page_of(invoice_id))


def _page_of(invoice_id: UUID) -> str:
    return url_for("invoices.show", invoice_id=invoice_id)
