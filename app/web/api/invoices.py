"""Operations on invoices and payments."""

from typing import Annotated, Any
from uuid import UUID

from annotated_types import Len
from pydantic import Field, model_validator

from app.domain.accounts.roles import Permission
from app.domain.errors import InvalidInput
from app.domain.invoices.invoice_lifecycle import PaymentMethod
from app.queries.invoices import invoices as queries
from app.queries.invoices import void_numbers
from app.queries.invoices.invoice_documents import load_invoice, payment_by_id, whole_invoices
from app.services.invoices.finance import FinanceService
from app.services.invoices.inputs import NamedUnit, NewCustomer, NewInvoice, NewPayment
from app.services.invoices.inputs import Quantity as QuantityOfProduct
from app.services.ledger.hold_rules import ITEMS_MAX
from app.web.api.framework.field_types import (
    AmountIn,
    Code,
    Email,
    HolderId,
    Id,
    Input,
    InvoiceStatusWord,
    ListQuery,
    MethodWord,
    MoneyInput,
    Notes,
    OneOf,
    Quantity,
    Text,
    Version,
    exactly_one,
    given_fields,
    refuse_unless_one,
)
from app.web.api.framework.operation import Link, operation
from app.web.api.framework.optional_fields import one_of
from app.web.api.readback import invoice_of
from app.web.api.responses import (
    Invoice,
    InvoiceList,
    Payment,
    PaymentWithInvoice,
    VoidNumber,
    VoidNumberList,
)
from app.web.authentication import signed_in_user

ID = {"invoice_id": "$response.body#/id"}
LINKS = {
    "read": Link("get_invoice", ID),
    "pay": Link("record_payment", ID),
    "status": Link("get_lifecycle_status", ID),
    "transition": Link("transition_invoice", ID),
    "fix": Link("fix_inconsistencies", ID),
    "markSold": Link("mark_sold", body={"invoiceId": "$response.body#/id"}),
    "deliver": Link("mark_delivered", body={"invoiceId": "$response.body#/id"}),
    "release": Link("release", body={"invoiceId": "$response.body#/id"}),
}
OF_PRODUCT = ("sku", "quantity", "warehouse")


def describe_line(schema: dict[str, Any]) -> None:
    one_of(schema, (["itemId"], list(OF_PRODUCT)), (["sku", "quantity"], ["itemId"]))


class InvoiceCustomerInput(Input):
    """A customer by name and address: who has the address, whatever the name, or a new one."""

    name: Text
    email: Email | None = None


class InvoiceLineInput(Input, json_schema_extra=describe_line):
    """One unit, or so many free units of a product, oldest first; priced as given."""

    item_id: Id | None = None
    sku: Code | None = None
    quantity: Quantity | None = None
    unit_price: MoneyInput | None = None
    warehouse: Text | None = None


class InvoiceInput(Input, json_schema_extra=exactly_one("customerId", "customer")):
    customer_id: Id | None = None
    customer: InvoiceCustomerInput | None = None
    items: Annotated[list[InvoiceLineInput], Len(1, ITEMS_MAX)]
    session_id: HolderId | None = Field(None, description="The cart whose units it takes over.")
    direct_sale: bool = Field(False, description="Paid in full and sold at once.")
    method: MethodWord = Field(PaymentMethod.CASH.value, description="How a direct sale is paid.")
    notes: Notes | None = None

    @model_validator(mode="after")
    def check(self) -> "InvoiceInput":
        refuse_unless_one(self, "customerId", "customer")
        errors = dict(
            error for position, line in enumerate(self.items) for error in _errors(position, line)
        )
        if errors:
            raise InvalidInput(errors)
        return self


class PaymentInput(Input):
    amount: AmountIn
    method: MethodWord
    reference: Text | None = None
    version: Version | None = Field(None, description="The invoice's, as it was last seen.")


class InvoicesQuery(ListQuery):
    status: InvoiceStatusWord | None = None
    customer_id: Id | None = None
    q: Text | None = Field(
        None,
        description="Words in any order: the beginning of the number, a part of the customer's "
        "name or e-mail address, a whole serial number on it.",
    )


class NumbersQuery(ListQuery):
    void: Annotated[str, OneOf("true")] = Field("true", description="Only void ones are listed.")


@operation("GET", "/invoices", Permission.INVOICE_READ, InvoiceList, query=InvoicesQuery)
def list_invoices(query: InvoicesQuery) -> InvoiceList:
    """Invoices, the newest first."""
    page = queries.list_invoices(
        status=query.status,
        customer_id=query.customer_id,
        q=query.q,
        cursor=query.cursor,
        limit=query.limit,
    )
    found = whole_invoices([invoice.id for invoice in page.items])
    return InvoiceList(items=Invoice.all_of(found), next_cursor=page.next_cursor)


@operation(
    "POST",
    "/invoices",
    Permission.INVOICE_CREATE,
    Invoice,
    status=201,
    body=InvoiceInput,
    refusals=(
        "items-not-available",
        "not-enough-stock",
        "hold-expired",
        "session-closed",
        "item-busy",
    ),
    finds=True,
    location="/api/invoices/{id}",
    links=LINKS,
)
def create_invoice(body: InvoiceInput) -> Invoice:
    """Make an invoice and reserve its units, or sell them at once; all or nothing."""
    return invoice_of(FinanceService().create_invoice(_order(body), signed_in_user().id))


@operation("GET", "/invoices/numbers", Permission.INVOICE_READ, VoidNumberList, query=NumbersQuery)
def list_void_numbers(query: NumbersQuery) -> VoidNumberList:
    """Numbers that no invoice has and none will have, the highest first."""
    page = void_numbers.list_void_numbers(cursor=query.cursor, limit=query.limit)
    return VoidNumberList(items=VoidNumber.all_of(page.items), next_cursor=page.next_cursor)


@operation("GET", "/invoices/{invoice_id}", Permission.INVOICE_READ, Invoice)
def get_invoice(invoice_id: UUID) -> Invoice:
    """One invoice."""
    return invoice_of(invoice_id)


@operation(
    "POST",
    "/invoices/{invoice_id}/payments",
    Permission.INVOICE_PAY,
    PaymentWithInvoice,
    status=201,
    body=PaymentInput,
    refusals=(
        "exceeds-balance",
        "invoice-state",
        "invalid-transition",
        "version-conflict",
        "item-busy",
    ),
)
def record_payment(invoice_id: UUID, body: PaymentInput) -> PaymentWithInvoice:
    """Take money; when nothing is left to pay the invoice is Paid and its units Sold."""
    payment_id = FinanceService().record_payment(
        NewPayment(invoice_id, body.amount, body.method, body.reference, body.version),
        signed_in_user().id,
    )
    invoice = load_invoice(invoice_id)
    payment = Payment.of(payment_by_id(payment_id, invoice))
    return PaymentWithInvoice(**payment.model_dump(), invoice=Invoice.of(invoice))


def _errors(position: int, line: InvoiceLineInput) -> list[tuple[str, str]]:
    said = given_fields(line)
    if "itemId" in said:
        wrong = [name for name in OF_PRODUCT if name in said]
    else:
        wrong = [name for name in ("sku", "quantity") if name not in said]
    words = "Give either itemId, or sku and quantity."
    return [(f"items.{position}.{name}", words) for name in wrong]


def _order(body: InvoiceInput) -> NewInvoice:
    customer = body.customer
    return NewInvoice(
        customer_id=body.customer_id,
        customer=NewCustomer(customer.name, customer.email) if customer else None,
        units=tuple(
            NamedUnit(line.item_id, line.unit_price) for line in body.items if line.item_id
        ),
        quantities=tuple(
            QuantityOfProduct(line.sku, line.quantity, line.unit_price, line.warehouse)
            for line in body.items
            if line.sku and line.quantity
        ),
        session_id=body.session_id,
        direct_sale=body.direct_sale,
        method=body.method,
        notes=body.notes,
    )
