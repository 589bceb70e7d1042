"""Makes an invoice of the open cart if it is as its page showed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from app.database.transactions import transactional
from app.domain.carts.carts import mark_of
from app.domain.errors import CartChanged, InvalidInput
from app.domain.invoices.invoice_lifecycle import PaymentMethod
from app.queries.carts.cart_rows import CartRow, open_cart_row
from app.queries.carts.carts import PricedUnit, cart_units
from app.services.carts.carts import close_cart, open_cart
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NamedUnit, NewCustomer, NewInvoice
from app.store_currency import written

PRICE = "price-"


@dataclass(frozen=True)
class Shown:
    """What the page showed before anything was typed; None where its form does not say.

    ``units``, ``customer`` and ``notes`` are the marks of these; prices are by product.
    """

    cart: str | None = None
    units: str | None = None
    customer: str | None = None
    notes: str | None = None
    prices: Mapping[UUID, Decimal | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CartSale:
    """``prices`` are those typed, by product; None there stands for the list price.

    ``tab`` is the browser tab that all of it was typed in.
    """

    shown: Shown = Shown()
    tab: str = ""
    customer: NewCustomer | None = None
    prices: Mapping[UUID, Decimal | None] = field(default_factory=dict)
    direct_sale: bool = False
    method: str = PaymentMethod.CASH
    notes: str | None = None


@transactional
def sell_cart(sale: CartSale, user_id: UUID) -> UUID:
    """The new invoice's id; the cart is closed. All or nothing.

    Raises CartChanged, InvalidInput, and what FinanceService.create_invoice raises.
    """
    cart_id = open_cart(user_id).id
    cart = open_cart_row(user_id)
    units = cart_units(cart.session_id, lapsed_after=cart.lapsed_after)
    changes = [
        *_other_cart(cart, sale.shown),
        *_other_units(units, sale.shown),
        *_other_customer(cart, sale),
        *_other_prices(cart, units, sale),
    ]
    if changes:
        raise CartChanged(f"{' '.join(changes)} Look at it as it is now, then press again.")
    invoice_id = FinanceService().create_invoice(_order(cart, units, sale), user_id)
    close_cart(cart_id, invoice_id)
    return invoice_id


def _other_cart(cart: CartRow, shown: Shown) -> list[str]:
    if not shown.cart or shown.cart == str(cart.id):
        return []
    return [
        "The cart that this page showed became an invoice or was put aside in another window; "
        "this is the one that is open now."
    ]


def _other_units(units: Sequence[PricedUnit], shown: Shown) -> list[str]:
    if shown.units is None or shown.units == (units[0].mark if units else "0"):
        return []
    count = f"{len(units)} {'unit' if len(units) == 1 else 'units'}" if units else "nothing"
    return [f"Other units are in the cart than this page showed: it holds {count} now."]


def _other_customer(cart: CartRow, sale: CartSale) -> list[str]:
    shown = sale.shown.customer
    if shown is None or shown == cart.customer_mark:
        return []
    if not cart.customer_id and not shown.startswith(cart.CHOSEN):
        typed = sale.customer or NewCustomer("")
        same = (typed.name, typed.email or "", typed.tier) == (
            cart.customer_name,
            cart.customer_email,
            cart.customer_tier,
        )
        if same or (cart.customer_tab and cart.customer_tab == sale.tab):
            return []
    return ["The customer was changed in another window."]


def _other_prices(cart: CartRow, units: Sequence[PricedUnit], sale: CartSale) -> list[str]:
    list_prices = {unit.product_id: unit for unit in units}
    found = []
    for product_id, shown in sale.shown.prices.items():
        unit, kept = list_prices.get(product_id), cart.prices.get(product_id)
        if unit is None:
            continue
        now = kept.unit_price if kept and kept.unit_price is not None else unit.list_price
        asked = sale.prices.get(product_id, shown)
        ours = bool(kept and kept.tab and kept.tab == sale.tab)
        typed_here = asked != shown and (now == shown or ours)
        if asked != now and not typed_here:
            found.append(
                f"The price of {unit.sku} is {_price(now)} now, another than this page showed."
            )
    return found


def _price(price: Decimal | None) -> str:
    return "no price" if price is None else written(price)


def _order(cart: CartRow, units: Sequence[PricedUnit], sale: CartSale) -> NewInvoice:
    prices = {**cart.unit_prices, **sale.prices}
    errors = {
        f"{PRICE}{unit.product_id}": f"{unit.sku} has no list price: enter one."
        for unit in units
        if unit.list_price is None and prices.get(unit.product_id) is None
    }
    errors |= {
        f"{PRICE}{unit.product_id}": f"The price of {unit.sku} cannot be read. Enter it again."
        for unit in units
        if unit.product_id not in sale.prices
        and (price := cart.prices.get(unit.product_id))
        and price.refused
    }
    if errors:
        raise InvalidInput(errors)
    return NewInvoice(
        customer_id=cart.customer_id,
        customer=None if cart.customer_id else sale.customer,
        units=tuple(NamedUnit(unit.item_id, prices.get(unit.product_id)) for unit in units),
        session_id=cart.session_id,
        direct_sale=sale.direct_sale,
        method=sale.method,
        notes=_notes(cart, sale),
    )


def _notes(cart: CartRow, sale: CartSale) -> str | None:
    """What was typed here, or in another window where nothing was typed here."""
    unchanged = sale.shown.notes == mark_of(sale.notes or "")
    return cart.notes if unchanged else sale.notes
