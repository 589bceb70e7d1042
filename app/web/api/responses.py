"""The shapes that the API answers with: what they are made from, how they are written, and how
they are described, in one place.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from app.store_currency import store_currency
from app.web.api.framework.amounts import CurrencySchema, written_money_schema
from app.web.api.framework.field_types import (
    ChangeReasonWord,
    ConditionWord,
    InventoryStatusWord,
    InvoiceStatusWord,
    MethodWord,
    PhysicalStatusWord,
    ReservedForTypeWord,
    TierWord,
)

Shape = TypeVar("Shape", bound="Output")
#: Written with all decimals of the store's currency.
Money = Annotated[
    Decimal,
    PlainSerializer(lambda amount: store_currency().plain(amount), str, when_used="json"),
    CurrencySchema(written_money_schema),
]
#: UTC, written with Z.
Instant = Annotated[
    datetime, WithJsonSchema({"type": "string", "format": "date-time", "pattern": "Z$"})
]
NextCursor = Annotated[
    str | None, Field(description="Give it as `cursor` for the next page; null on the last.")
]


class Output(BaseModel):
    """Made from a query's row by its attributes; written in camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, from_attributes=True, extra="forbid"
    )

    @classmethod
    def of(cls: type[Shape], row: Any) -> Shape:
        return cls.model_validate(row)

    @classmethod
    def all_of(cls: type[Shape], rows: Iterable[Any]) -> list[Shape]:
        return [cls.model_validate(row) for row in rows]


class Item(Output):
    id: UUID
    serial_number: str
    sku: str
    product_name: str
    condition: ConditionWord
    inventory_status: InventoryStatusWord
    status: PhysicalStatusWord
    warehouse: str
    location: str | None
    reserved_at: Instant | None
    reserved_by: UUID | None
    reserved_for_type: ReservedForTypeWord | None
    reserved_for_id: str | None
    reservation_expiry: Instant | None
    version: int
    created_at: Instant
    updated_at: Instant


class EditedItem(Item):
    warnings: Annotated[
        list[str],
        Field(description="To whom a unit is promised that is not in stock any more."),
    ]


class Items(Output):
    items: list[Item]


class ItemList(Items):
    next_cursor: NextCursor


class Person(Output):
    id: UUID
    name: str


class History(Output):
    id: UUID
    item_id: UUID
    serial_number: str
    from_status: InventoryStatusWord | None
    to_status: InventoryStatusWord
    change_reason: ChangeReasonWord
    reference_type: str | None
    reference_id: str | None
    changed_by: Person
    change_date: Instant
    notes: str | None
    created_at: Instant

    @classmethod
    def of(cls, row: Any) -> "History":
        return cls(
            id=row.id,
            item_id=row.item_id,
            serial_number=row.serial_number,
            from_status=row.from_status,
            to_status=row.to_status,
            change_reason=row.change_reason,
            reference_type=row.reference_type,
            reference_id=row.reference_id,
            changed_by=Person(id=row.changed_by, name=row.changed_by_name),
            change_date=row.change_date,
            notes=row.notes,
            created_at=row.created_at,
        )

    @classmethod
    def all_of(cls, rows: Iterable[Any]) -> "list[History]":
        return [cls.of(row) for row in rows]


class HistoryList(Output):
    items: list[History]
    next_cursor: NextCursor


class Customer(Output):
    id: UUID
    name: str
    email: str | None
    former_email: Annotated[
        str | None, Field(description="An address that belongs to another customer now.")
    ]
    tier: TierWord
    created_at: Instant


class CustomerList(Output):
    items: list[Customer]
    next_cursor: NextCursor


class Warehouse(Output):
    id: UUID
    code: str
    name: str


class WarehouseList(Output):
    items: list[Warehouse]
    next_cursor: NextCursor


class Product(Output):
    id: UUID
    sku: str
    name: str
    price: Money | None
    barcode: str | None
    category: str | None
    counts: Annotated[dict[InventoryStatusWord, int], Field(description="Units per status.")]
    version: int
    created_at: Instant
    updated_at: Instant


class ProductList(Output):
    items: list[Product]
    next_cursor: NextCursor


class InvoiceCustomer(Output):
    id: UUID
    name: str
    tier: TierWord


class InvoiceLine(Output):
    item_id: UUID
    serial_number: str
    sku: str
    unit_price: Money
    inventory_status: InventoryStatusWord


class Payment(Output):
    id: UUID
    invoice_id: UUID
    amount: Money
    method: MethodWord
    reference: str | None
    created_at: Instant
    created_by: UUID | None


class Invoice(Output):
    id: UUID
    number: str
    customer: InvoiceCustomer
    status: InvoiceStatusWord
    total: Money
    paid: Money
    balance: Annotated[Money, Field(description="Still to be paid; 0 of a cancelled invoice.")]
    credited: Annotated[Money, Field(description="Given back to the customer.")]
    refund_due: Annotated[
        Money, Field(description="Paid for an invoice that is cancelled, and not given back yet.")
    ]
    items: list[InvoiceLine]
    payments: list[Payment]
    created_at: Instant
    created_by: UUID | None
    version: int


class InvoiceList(Output):
    items: list[Invoice]
    next_cursor: NextCursor


class VoidNumber(Output):
    number: str
    drawn_after: Annotated[
        Instant | None, Field(description="When the invoice before it was made.")
    ]
    drawn_before: Annotated[
        Instant | None, Field(description="When the invoice after it was made.")
    ]


class VoidNumberList(Output):
    items: list[VoidNumber]
    next_cursor: NextCursor


class PaymentWithInvoice(Payment):
    invoice: Invoice


class Inconsistency(Output):
    id: UUID
    kind: str
    severity: str
    item_id: UUID | None
    serial_number: str | None
    invoice_id: UUID | None
    expected: str | None
    actual: str | None
    explanation: str
    suggested_fix: str | None
    detected_at: Instant
    resolved_at: Instant | None


class LifecycleStatus(Output):
    invoice_id: UUID
    invoice_number: str
    invoice_status: InvoiceStatusWord
    expected_item_status: InventoryStatusWord
    consistent: bool
    items: list[Item]
    inconsistencies: list[Inconsistency]


class PlannedStep(Output):
    """A change of a unit's inventory status, or of where it is."""

    item_id: UUID
    serial_number: str
    from_: Annotated[InventoryStatusWord | PhysicalStatusWord, Field(alias="from")]
    to: InventoryStatusWord | PhysicalStatusWord
    reason: ChangeReasonWord
    explanation: str


class FixResult(Output):
    applied: bool
    plan: list[PlannedStep]
    unfixable: list[Inconsistency]


class JobRun(Output):
    id: UUID
    status: str
    started_at: Instant
    finished_at: Instant | None
    result: Any
    error: str | None


class Rates(Output):
    """Changes of status in the last sixty minutes."""

    received_last_hour: int
    reserved_last_hour: int
    released_last_hour: int
    sold_last_hour: int
    delivered_last_hour: int


class LastRuns(Output):
    cleanup: JobRun | None
    check: JobRun | None
    report: JobRun | None


class Dashboard(Output):
    counts: dict[InventoryStatusWord, int]
    expiring_soon: int
    expired: int
    open_inconsistencies: int
    invoices: dict[InvoiceStatusWord, int]
    recent_transitions: list[History]
    rates: Rates
    last_runs: LastRuns


class Released(Output):
    released: int
    items: list[Item]
