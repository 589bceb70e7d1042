"""Reads the new invoice's form: prices, customer, notes."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from uuid import UUID

from flask import request

from app.domain.carts.carts import mark_of
from app.domain.errors import InvalidInput
from app.domain.invoices.invoice_lifecycle import CustomerTier, PaymentMethod
from app.services.carts.cart_sale import PRICE, CartSale, Shown
from app.services.carts.carts import TypedCustomer
from app.services.catalogue.catalogue import email_errors
from app.services.invoices.inputs import NewCustomer
from app.web.extensions import htmx
from app.web.forms.fields import money_field, text_field

SHOWN = "shown-"
DRAFT_LENGTH_MAX = 10_000
REFUSED_PRICE_LENGTH_MAX = 100


def sale_from_form() -> CartSale:
    """Raises InvalidInput with every field that is wrong."""
    prices, refused = read_prices(_price_fields())
    errors = {f"{PRICE}{product_id}": words for product_id, (_, words) in refused.items()}
    errors |= email_errors("customer_email", text_field("customer_email"))
    tier = text_field("customer_tier") or CustomerTier.STANDARD
    if tier not in set(CustomerTier):
        errors["customer_tier"] = f"Choose one of: {', '.join(CustomerTier)}."
    if errors:
        raise InvalidInput(errors)
    name = text_field("customer_name")
    return CartSale(
        shown=_shown(),
        tab=tab(),
        customer=NewCustomer(name, text_field("customer_email") or None, tier) if name else None,
        prices=prices,
        direct_sale=bool(request.form.get("direct_sale")),
        method=text_field("method") or PaymentMethod.CASH,
        notes=text_field("notes") or None,
    )


def changed_price_fields() -> dict[UUID, str]:
    """The price fields that say something else than the page showed: product -> field's name.

    A field that saves itself counts in any case: its page may not know yet what was saved before.
    """
    return {
        product_id: name
        for product_id, name in _price_fields().items()
        if htmx or request.form[name].strip() != request.form.get(f"{SHOWN}{name}")
    }


def read_prices(
    fields: Mapping[UUID, str],
) -> tuple[dict[UUID, Decimal | None], dict[UUID, tuple[str, str]]]:
    """The prices typed, and what was typed that is none, with what is wrong with it."""
    prices: dict[UUID, Decimal | None] = {}
    refused: dict[UUID, tuple[str, str]] = {}
    for product_id, name in fields.items():
        try:
            prices[product_id] = money_field(name)
        except InvalidInput as wrong:
            typed = request.form[name].strip()[:REFUSED_PRICE_LENGTH_MAX]
            refused[product_id] = (typed, wrong.errors[name])
    return prices, refused


def typed_customer() -> TypedCustomer | None:
    """As typed, right or wrong; None where it is what the page showed, or not in the form."""
    names = ("customer_name", "customer_email", "customer_tier")
    typed = [_as_typed(name) for name in names]
    return TypedCustomer(*typed) if _changed("customer_name", "shown_customer", *typed) else None


def typed_notes() -> str | None:
    """As typed; None where they are what the page showed, or not in the form."""
    typed = _as_typed("notes")
    return typed if _changed("notes", "shown_notes", typed) else None


def _changed(name: str, shown: str, *typed: str) -> bool:
    return name in request.form and (bool(htmx) or request.form.get(shown) != mark_of(*typed))


def _as_typed(name: str) -> str:
    return request.form.get(name, "")[:DRAFT_LENGTH_MAX].strip()


def tab() -> str:
    """The browser tab that sends the form; each page that is opened has a name of its own."""
    return request.form.get("tab", "")[:100]


def shown_cart_id() -> UUID | None:
    """The cart that the page showed; None for one that was not in the database yet."""
    try:
        return UUID(request.form.get("shown_cart", ""))
    except ValueError:
        return None


def _price_fields() -> dict[UUID, str]:
    fields = {}
    for name in request.form:
        if name.startswith(PRICE):
            try:
                fields[UUID(name.removeprefix(PRICE))] = name
            except ValueError:
                continue
    return fields


def _shown() -> Shown:
    return Shown(
        cart=request.form.get("shown_cart"),
        units=request.form.get("shown_units"),
        customer=request.form.get("shown_customer"),
        notes=request.form.get("shown_notes"),
        prices={
            product_id: _amount(request.form[f"{SHOWN}{name}"])
            for product_id, name in _price_fields().items()
            if f"{SHOWN}{name}" in request.form
        },
    )


def _amount(words: str) -> Decimal | None:
    try:
        return Decimal(words)
    except InvalidOperation:
        return None
