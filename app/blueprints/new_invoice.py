"""A new invoice: find units, hold them in a cart, choose the customer, create."""

from decimal import Decimal
from uuid import UUID

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.wrappers import Response

from app.authentication import signed_in_user
from app.authorization import requires
from app.blueprints.cart_session import CartSession, cart_session, forget_cart
from app.blueprints.form_fields import (
    id_field,
    money_field,
    number_field,
    search_words,
    text_field,
)
from app.domain.errors import InvalidInput, ItemsNotAvailable
from app.domain.invoice_lifecycle import CustomerTier, PaymentMethod
from app.domain.roles import Permission
from app.extensions import htmx
from app.queries.carts import (
    cart_units,
    get_cart,
    held_ids_of_product,
    held_item_ids,
    lapsed_and_free_ids,
    last_history_id,
)
from app.queries.customers import get_customer, list_customers
from app.queries.unit_search import find_serial, find_units
from app.responses import see_other, wants_fragment
from app.services.catalogue import email_errors
from app.services.finance import FinanceService
from app.services.inventory_lifecycle import InventoryLifecycleService
from app.services.new_invoice import NamedUnit, NewCustomer, NewInvoice
from app.services.reservations import ITEMS_MAX

new_invoice = Blueprint("new_invoice", __name__, url_prefix="/invoices/new")

CUSTOMERS_SHOWN = 6
PRICE = "price-"
#: Part of the page that HTMX swaps -> its template.
FRAGMENTS = {
    "results": "new_invoice/_results.html",
    "cart": "new_invoice/_cart_and_finder.html",
    "customer": "new_invoice/_customer.html",
    "customer-results": "new_invoice/_customer_results.html",
}
#: What the service calls it -> what the form calls it.
FIELDS = {"customer": "customer_name", "customer.name": "customer_name"}


@new_invoice.get("")
@requires(Permission.INVOICE_CREATE)
def show() -> str:
    kept, q, customer_q = cart_session(), search_words(), search_words("customer_q")
    page = "new_invoice/show.html"
    template = FRAGMENTS.get(htmx.target or "", page) if wants_fragment() else page
    return render_template(
        template,
        is_fragment=template != page,
        cart=get_cart(kept.id, lapsed_after=kept.lapsed_after),
        kept=kept,
        q=q,
        found=find_units(q),
        customer=get_customer(kept.customer_id) if kept.customer_id else None,
        customer_q=customer_q,
        customers=list_customers(q=customer_q, limit=CUSTOMERS_SHOWN).items if customer_q else [],
        methods=[(method, method) for method in PaymentMethod],
        tiers=[(tier, tier) for tier in CustomerTier],
    )


@new_invoice.post("/scan")
@requires(Permission.INVOICE_CREATE)
def scan() -> Response:
    """A whole serial number goes into the cart at once; anything else is looked for."""
    words = text_field("q", length_max=200)
    item_id = find_serial(words)
    if item_id is None:
        return _back(words)
    _hold([item_id])
    return _back()


@new_invoice.post("/hold")
@requires(Permission.INVOICE_CREATE)
def hold() -> Response:
    item_id = id_field("item_id")
    if item_id:
        _hold([item_id])
    else:
        kept = _saved(cart_session())
        quantity = number_field("quantity", most=ITEMS_MAX, of="units")
        InventoryLifecycleService().hold_quantity_for_session(
            text_field("sku"), quantity, kept.id, signed_in_user().id
        )
    return _back(text_field("q"))


@new_invoice.post("/keep")
@requires(Permission.INVOICE_CREATE)
def keep() -> Response:
    """Hold everything for the full time again, also what has run out and is still free."""
    kept, service = cart_session(), InventoryLifecycleService()
    if held_item_ids(kept.id):
        service.extend_session_hold(kept.id, signed_in_user().id)
    lapsed = lapsed_and_free_ids(kept.id, lapsed_after=kept.lapsed_after)
    if lapsed:
        service.hold_items_for_session(lapsed, kept.id, signed_in_user().id)
    return _back(text_field("q"))


@new_invoice.post("/release")
@requires(Permission.INVOICE_CREATE)
def release() -> Response:
    """One unit, all of a product, or the whole cart."""
    kept, item_id, product_id = cart_session(), id_field("item_id"), id_field("product_id")
    if item_id:
        released = [item_id] if item_id in held_item_ids(kept.id) else []
    elif product_id:
        released = held_ids_of_product(kept.id, product_id)
    else:
        released = held_item_ids(kept.id)
    if released:
        InventoryLifecycleService().release_items(released, signed_in_user().id)
    return _back(text_field("q"))


@new_invoice.post("/leave-out")
@requires(Permission.INVOICE_CREATE)
def leave_out() -> Response:
    """Do without the units whose hold ran out."""
    kept = cart_session()
    kept.lapsed_after = last_history_id(kept.id)
    kept.save()
    return _back(text_field("q"))


@new_invoice.post("/prices")
@requires(Permission.INVOICE_CREATE)
def set_prices() -> Response:
    kept = cart_session()
    list_prices = {
        str(line.product_id): line.list_price
        for line in get_cart(kept.id, lapsed_after=kept.lapsed_after).lines
    }
    kept.set_prices(
        {name: price for name, price in _prices(kept).items() if price != list_prices.get(name)}
    )
    kept.draft |= {
        name: text_field(name)
        for name in ("customer_name", "customer_email", "customer_tier", "notes")
        if name in request.form
    }
    kept.save()
    return _back(text_field("q"))


@new_invoice.post("/customer")
@requires(Permission.INVOICE_CREATE)
def choose_customer() -> Response:
    kept, customer_id = cart_session(), id_field("customer_id")
    kept.customer_id = get_customer(customer_id).id if customer_id else None
    kept.save()
    return _back(text_field("q"))


@new_invoice.post("")
@requires(Permission.INVOICE_CREATE)
def create() -> Response:
    kept = cart_session()
    order = _order(kept, direct_sale=bool(request.form.get("direct_sale")))
    try:
        invoice_id = FinanceService().create_invoice(order, signed_in_user().id)
    except InvalidInput as refused:
        raise InvalidInput(
            {FIELDS.get(name, name): words for name, words in refused.errors.items()}
        ) from refused
    forget_cart()
    flash("Sold and paid." if order.direct_sale else "The invoice is created.")
    return see_other(url_for("invoices.show", invoice_id=invoice_id))


def _hold(item_ids: list[UUID]) -> None:
    kept = _saved(cart_session())
    try:
        InventoryLifecycleService().hold_items_for_session(item_ids, kept.id, signed_in_user().id)
    except ItemsNotAvailable as refused:
        if not all(item.holder and item.holder.id == kept.id for item in refused.items):
            raise
        flash("It is in this cart already.")


def _saved(kept: CartSession) -> CartSession:
    """Remember the cart before it holds anything, or nobody would find it again."""
    kept.save()
    return kept


def _back(words: str = "") -> Response:
    return see_other(url_for("new_invoice.show", q=words or None))


def _order(kept: CartSession, *, direct_sale: bool) -> NewInvoice:
    prices = _prices(kept)
    units = cart_units(kept.id, lapsed_after=kept.lapsed_after)
    errors = {
        f"{PRICE}{unit.product_id}": f"{unit.sku} has no list price: enter one."
        for unit in units
        if unit.list_price is None and str(unit.product_id) not in prices
    }
    errors |= email_errors("customer_email", text_field("customer_email"))
    if errors:
        raise InvalidInput(errors)
    return NewInvoice(
        customer_id=kept.customer_id,
        customer=None if kept.customer_id else _new_customer(),
        units=tuple(NamedUnit(unit.item_id, prices.get(str(unit.product_id))) for unit in units),
        session_id=kept.id,
        direct_sale=direct_sale,
        method=text_field("method") or PaymentMethod.CASH,
        notes=text_field("notes") or None,
    )


def _new_customer() -> NewCustomer | None:
    name = text_field("customer_name")
    if not name:
        return None
    tier = text_field("customer_tier") or CustomerTier.STANDARD
    if tier not in set(CustomerTier):
        raise InvalidInput({"customer_tier": f"Choose one of: {', '.join(CustomerTier)}."})
    return NewCustomer(name, text_field("customer_email") or None, tier)


def _prices(kept: CartSession) -> dict[str, Decimal]:
    """What a unit of each product is to cost, as typed now or kept from before."""
    names = [name for name in request.form if name.startswith(PRICE)]
    typed = {name.removeprefix(PRICE): money_field(name) for name in names}
    together = {**kept.prices, **typed}
    return {name: price for name, price in together.items() if price is not None}
