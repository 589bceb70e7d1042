"""The input of a new invoice, checked before anything is locked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.domain.errors import InvalidInput
from app.domain.input.email_address import clean_optional_email
from app.domain.input.fields import TextFields
from app.domain.invoices.invoice_lifecycle import PaymentMethod
from app.services.ledger.hold_rules import ITEMS_MAX, is_holder_id
from app.store_currency import store_currency

NAME_LENGTH_MAX = 200
REFERENCE_LENGTH_MAX = 200
#: What a program may send for an amount: no exponent, no groups, no other script's digits.
PLAIN_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]+)?")
PLAIN_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class NewCustomer:
    name: str
    email: str | None = None
    tier: str = "standard"


@dataclass(frozen=True)
class NamedUnit:
    """One particular unit; without a price it has its product's."""

    item_id: UUID
    unit_price: Decimal | None = None


@dataclass(frozen=True)
class Quantity:
    """Any free units of a product, oldest first."""

    sku: str
    quantity: int
    unit_price: Decimal | None = None
    warehouse: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewInvoice:
    """``session_id`` names the cart whose held units it may take; amounts in the store's money."""

    customer_id: UUID | None = None
    customer: NewCustomer | None = None
    units: tuple[NamedUnit, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    session_id: str | None = None
    direct_sale: bool = False
    method: str = PaymentMethod.CASH
    notes: str | None = None
    source_reference: str | None = None

    @classmethod
    def from_mapping(cls, body: Mapping[str, Any]) -> "NewInvoice":
        """From the shape of the API's POST /api/invoices."""
        customer = body.get("customer")
        lines = [(position, line) for position, line in enumerate(body.get("items") or ())]
        return cls(
            customer_id=_uuid("customerId", body.get("customerId")),
            customer=NewCustomer(customer.get("name", ""), customer.get("email"))
            if customer
            else None,
            units=tuple(
                NamedUnit(
                    _required_uuid(f"items.{position}.itemId", line["itemId"]),
                    money(f"items.{position}.unitPrice", line.get("unitPrice")),
                )
                for position, line in lines
                if "itemId" in line
            ),
            quantities=tuple(
                Quantity(
                    str(line.get("sku", "")),
                    whole_number(f"items.{position}.quantity", line.get("quantity")),
                    money(f"items.{position}.unitPrice", line.get("unitPrice")),
                    line.get("warehouse"),
                )
                for position, line in lines
                if "itemId" not in line
            ),
            session_id=body.get("sessionId"),
            direct_sale=bool(body.get("directSale")),
            method=body.get("method") or PaymentMethod.CASH,
            notes=body.get("notes"),
        )

    def check(self, *, items_max: int = ITEMS_MAX) -> None:
        """Raise InvalidInput with every field that is wrong."""
        errors = self._customer_errors()
        if not self.units and not self.quantities:
            errors["items"] = "Choose at least one unit."
        if len(self.units) + sum(max(line.quantity, 0) for line in self.quantities) > items_max:
            errors["items"] = f"At most {items_max:,} units fit on one invoice."
        ids = [unit.item_id for unit in self.units]
        if len(set(ids)) != len(ids):
            errors["items"] = "The same unit is in the list twice."
        prices = [unit.unit_price for unit in self.units]
        prices += [line.unit_price for line in self.quantities]
        currency = store_currency()
        if not all(price is None or currency.exact(price) is not None for price in prices):
            errors["unitPrice"] = currency.limits()
        for position, line in enumerate(self.quantities):
            if line.quantity < 1:
                errors[f"items.{position}.quantity"] = "Give a whole number from 1."
        if self.method not in set(PaymentMethod):
            errors["method"] = f"One of {', '.join(PaymentMethod)}."
        if self.session_id is not None and not is_holder_id(self.session_id):
            errors["sessionId"] = "Give the id of a cart, in 1 to 200 printable characters."
        if errors:
            raise InvalidInput(errors)

    def _customer_errors(self) -> dict[str, str]:
        if (self.customer_id is None) == (self.customer is None):
            return {"customer": "Choose a customer, or give the name of a new one."}
        if self.customer is None:
            return {}
        fields = TextFields()
        fields.line("customer.name", self.customer.name, length_max=NAME_LENGTH_MAX)
        try:
            clean_optional_email(self.customer.email)
        except ValueError as wrong:
            fields.errors["customer.email"] = str(wrong)
        return fields.errors


@dataclass(frozen=True)
class NewPayment:
    """``amount`` in the store's currency, more than nothing.

    ``version`` is the invoice's as its reader saw it; a newer one raises VersionConflict.
    """

    invoice_id: UUID
    amount: Decimal
    method: str = PaymentMethod.CASH
    reference: str | None = field(default=None)
    version: int | None = None

    @classmethod
    def from_mapping(cls, body: Mapping[str, Any]) -> "NewPayment":
        """From the shape of the API's payment, with ``invoiceId``."""
        amount = money("amount", body.get("amount"))
        if amount is None:
            raise InvalidInput({"amount": "Say how much was paid."})
        return cls(
            _required_uuid("invoiceId", body.get("invoiceId")),
            amount,
            body.get("method") or PaymentMethod.CASH,
            body.get("reference"),
        )

    def check(self) -> None:
        """Raise InvalidInput with every field that is wrong."""
        errors, currency = {}, store_currency()
        if not currency.exact(self.amount):
            errors["amount"] = currency.limits(currency.smallest)
        if self.method not in set(PaymentMethod):
            errors["method"] = f"One of {', '.join(PaymentMethod)}."
        if errors:
            raise InvalidInput(errors)


def money(name: str, value: Any) -> Decimal | None:
    """An amount from a string or number, never through a float; InvalidInput names the field."""
    if value is None or value == "":
        return None
    text, currency = str(value), store_currency()
    amount = currency.exact(Decimal(text)) if PLAIN_AMOUNT.fullmatch(text) else None
    if amount is None:
        raise InvalidInput({name: currency.limits()})
    return amount


def whole_number(name: str, value: Any) -> int:
    """A number from an integer or its digits; InvalidInput names the field."""
    if isinstance(value, int) or (isinstance(value, str) and PLAIN_NUMBER.fullmatch(value)):
        return int(value)
    raise InvalidInput({name: "Give a whole number from 1."})


def _uuid(name: str, value: Any) -> UUID | None:
    if value is None or isinstance(value, UUID):
        return value
    try:
        return UUID(str(value))
    except ValueError:
        raise InvalidInput({name: f"{value!r} is not an id."}) from None


def _required_uuid(name: str, value: Any) -> UUID:
    found = _uuid(name, value)
    if found is None:
        raise InvalidInput({name: "An id is needed."})
    return found
