"""Customers."""

from uuid import UUID

from pydantic import Field

from app.domain.accounts.roles import Permission
from app.domain.invoices.invoice_lifecycle import CustomerTier
from app.queries.catalogue import customers as queries
from app.services.catalogue.catalogue import create_customer as create
from app.web.api.framework.field_types import Email, Input, ListQuery, Text, TierWord
from app.web.api.framework.operation import Link, operation
from app.web.api.responses import Customer, CustomerList

LINKS = {"read": Link("get_customer", {"customer_id": "$response.body#/id"})}


class CustomersQuery(ListQuery):
    q: Text | None = Field(
        None, description="Words in any order, each a part of the name or the e-mail address."
    )


class NewCustomer(Input):
    name: Text
    email: Email | None = None
    tier: TierWord = CustomerTier.STANDARD.value


@operation("GET", "/customers", Permission.CUSTOMER_READ, CustomerList, query=CustomersQuery)
def list_customers(query: CustomersQuery) -> CustomerList:
    """Customers by name."""
    page = queries.list_customers(q=query.q, cursor=query.cursor, limit=query.limit)
    return CustomerList(items=Customer.all_of(page.items), next_cursor=page.next_cursor)


@operation(
    "POST",
    "/customers",
    Permission.CUSTOMER_EDIT,
    Customer,
    status=201,
    body=NewCustomer,
    refusals=("duplicate",),
    location="/api/customers/{id}",
    links=LINKS,
)
def create_customer(body: NewCustomer) -> Customer:
    """Make a customer."""
    return get_customer(create(**body.model_dump()))


@operation("GET", "/customers/{customer_id}", Permission.CUSTOMER_READ, Customer)
def get_customer(customer_id: UUID) -> Customer:
    """One customer."""
    return Customer.of(queries.get_customer(customer_id))
