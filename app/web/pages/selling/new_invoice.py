"""The page of a new invoice: find items, cart, customer, create."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, render_template, url_for
from werkzeug.wrappers import Response

from app.domain.accounts.roles import Permission
from app.domain.errors import AlreadyInCart, InvalidInput
from app.domain.invoices.invoice_lifecycle import CustomerTier, PaymentMethod
from app.domain.text.folding import fold_text
from app.queries.carts.cart_rows import carts_put_aside, open_cart_row
from app.queries.carts.carts import get_cart
from app.queries.catalogue.customers import customer_of_invoice, get_customer, list_customers
from app.queries.inventory.sellable_items import find_units
from app.services.carts import carts
from app.services.carts.cart_sale import sell_cart
from app.services.invoices.inputs import NewCustomer
from app.services.ledger.hold_rules import ITEMS_MAX
from app.web.authentication import signed_in_user
from app.web.authorization import requires
from app.web.extensions import htmx
from app.web.forms.fields import id_field, number_field, search_words, text_field
from app.web.pages.selling.sale_forms import (
    changed_price_fields,
    read_prices,
    sale_from_form,
    shown_cart_id,
    tab,
    typed_customer,
    typed_notes,
)
from app.web.responses import headers_for, see_other, wants_fragment

new_invoice = Blueprint("new_invoice", __name__, url_prefix="/invoices/new")

CUSTOMERS_SHOWN = 6
#: Part of the page that HTMX swaps -> its template.
FRAGMENTS = {
    "results": "new_invoice/_results.html",
    "cart": "new_invoice/_cart_and_finder.html",
    "customer": "new_invoice/_customer.html",
    "customer-results": "new_invoice/_customer_results.html",
}
#: What the service calls it -> what the form calls it.
FIELDS = {
    "customer": "customer_name",
    "customer.name": "customer_name",
    "customer.email": "customer_email",
}


@new_invoice.get("")
@requires(Permission.INVOICE_CREATE)
def show() -> str:
    page = "new_invoice/show.html"
    template = FRAGMENTS.get(htmx.target or "", page) if wants_fragment() else page
    return _render(template, is_fragment=template != page)


@new_invoice.post("/hold")
@requires(Permission.INVOICE_CREATE)
def hold() -> Response:
    item_id = id_field("item_id")
    if item_id:
        _hold([item_id])
    else:
        quantity = number_field("quantity", most=ITEMS_MAX, of="units")
        carts.hold_quantity(text_field("sku"), quantity, signed_in_user().id)
    return _back(text_field("q"))


@new_invoice.post("/keep")
@requires(Permission.INVOICE_CREATE)
def keep() -> Response:
    """Hold everything for the full time again, also what has run out and is still free."""
    carts.keep_holding(signed_in_user().id)
    return _back(text_field("q"))


@new_invoice.post("/release")
@requires(Permission.INVOICE_CREATE)
def release() -> Response:
    """One unit, all of a product, or the whole cart."""
    item_id, product_id = id_field("item_id"), id_field("product_id")
    if item_id:
        carts.release_unit(item_id, signed_in_user().id)
    elif product_id:
        carts.release_product(product_id, signed_in_user().id)
    else:
        carts.release_all(signed_in_user().id)
    return _back(text_field("q"))


@new_invoice.post("/leave-out")
@requires(Permission.INVOICE_CREATE)
def leave_out() -> Response:
    """Do without the units whose hold ran out."""
    carts.leave_out_lapsed(signed_in_user().id)
    return _back(text_field("q"))


@new_invoice.post("/draft")
@new_invoice.post("/prices", endpoint="set_prices")
@requires(Permission.INVOICE_CREATE)
def save_draft() -> Response:
    """Keep what was typed, right or wrong. What is wrong is said beside its field."""
    prices, refused = _save_draft()
    if not htmx:
        return _back(text_field("q"))
    if not prices and not refused:
        return headers_for("", 204)
    return headers_for(_saved_prices(prices, refused), 422 if refused else 200)


@new_invoice.post("/customer")
@requires(Permission.INVOICE_CREATE)
def choose_customer() -> Response:
    carts.choose_customer(id_field("customer_id"), signed_in_user().id)
    return _back(text_field("q"))


@new_invoice.post("/put-aside")
@requires(Permission.INVOICE_CREATE)
def put_aside() -> Response:
    """With what was typed; the next cart starts empty."""
    _save_draft()
    if carts.put_aside(signed_in_user().id):
        flash("The cart is put aside. Its units stay held until their time runs out.")
    else:
        flash("The cart is empty: there is nothing to put aside.")
    return _back()


@new_invoice.post("/take-up-again")
@requires(Permission.INVOICE_CREATE)
def take_up_again() -> Response:
    if carts.take_up_again(_cart_id(), signed_in_user().id):
        flash("The cart that was open is put aside.")
    return _back()


@new_invoice.post("/give-up")
@requires(Permission.INVOICE_CREATE)
def give_up() -> Response:
    """Do without a cart that was put aside: its units are free again."""
    carts.give_up(_cart_id(), signed_in_user().id)
    flash("The cart is given up and its units are free again.")
    return _back()


@new_invoice.post("")
@requires(Permission.INVOICE_CREATE)
def create() -> Response:
    sale = sale_from_form()
    try:
        invoice_id = sell_cart(sale, signed_in_user().id)
    except InvalidInput as refused:
        raise InvalidInput(
            {FIELDS.get(name, name): words for name, words in refused.errors.items()}
        ) from refused
    said = "Sold and paid." if sale.direct_sale else "The invoice is created."
    flash(" ".join([said, *_known_by_another_name(invoice_id, sale.customer)]))
    return see_other(url_for("invoices.show", invoice_id=invoice_id))


def _known_by_another_name(invoice_id: UUID, typed: NewCustomer | None) -> list[str]:
    """What to tell when the address that was typed belongs to a customer of another name."""
    if typed is None or not typed.email:
        return []
    customer = customer_of_invoice(invoice_id)
    if fold_text(customer.email or "") != fold_text(typed.email):
        return []
    if fold_text(customer.name) == fold_text(typed.name):
        return []
    return [
        f"It is made out to {customer.name}: the e-mail address {customer.email} belongs to them."
    ]


def _render(template: str, *, is_fragment: bool) -> str:
    user_id, q, customer_q = signed_in_user().id, search_words(), search_words("customer_q")
    kept = open_cart_row(user_id)
    return render_template(
        template,
        is_fragment=is_fragment,
        cart=get_cart(kept.session_id, lapsed_after=kept.lapsed_after),
        kept=kept,
        put_aside=[] if is_fragment else carts_put_aside(user_id),
        price_errors={},
        q=q,
        found=find_units(q),
        customer=get_customer(kept.customer_id) if kept.customer_id else None,
        customer_q=customer_q,
        customers=list_customers(q=customer_q, limit=CUSTOMERS_SHOWN).items if customer_q else [],
        methods=[(method, method) for method in PaymentMethod],
        tiers=[(tier, tier) for tier in CustomerTier],
    )


def _saved_prices(saved: Iterable[UUID], refused: Mapping[UUID, tuple[str, str]]) -> str:
    """The lines of these prices, and of those that other tabs have set, with the total."""
    kept = open_cart_row(signed_in_user().id)
    others = {product for product, price in kept.prices.items() if price.tab != tab()}
    return render_template(
        "new_invoice/_saved_prices.html",
        is_fragment=True,
        is_saved=True,
        cart=get_cart(kept.session_id, lapsed_after=kept.lapsed_after),
        kept=kept,
        saved={*saved, *refused, *others},
        price_errors={product_id: words for product_id, (_, words) in refused.items()},
    )


def _hold(item_ids: list[UUID]) -> None:
    try:
        carts.hold_units(item_ids, signed_in_user().id)
    except AlreadyInCart:
        flash("It is in this cart already.")


def _save_draft() -> tuple[set[UUID], dict[UUID, tuple[str, str]]]:
    """Returns the products whose price was saved, and what was typed as prices and is none."""
    user_id = signed_in_user().id
    where: dict[str, Any] = {"cart_id": shown_cart_id()}
    prices, refused = read_prices(changed_price_fields())
    if prices:
        carts.set_prices(prices, user_id, tab=tab(), **where)
    for product_id, (typed, _) in refused.items():
        carts.keep_refused_price(product_id, typed, user_id, tab=tab(), **where)
    customer = typed_customer()
    if customer:
        carts.save_customer(customer, user_id, tab=tab(), **where)
    notes = typed_notes()
    if notes is not None:
        carts.save_notes(notes, user_id, **where)
    return set(prices), refused


def _cart_id() -> UUID:
    cart_id = id_field("cart_id")
    if cart_id is None:
        raise InvalidInput({"cart_id": "Say which cart. Reload the page and try again."})
    return cart_id


def _back(words: str = "") -> Response:
    return see_other(url_for("new_invoice.show", q=words or None))
