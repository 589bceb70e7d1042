"""Operations on items: receive, read, edit."""

from typing import Annotated, Any
from uuid import UUID

from annotated_types import Len
from pydantic import AfterValidator, Field, Strict, model_validator

from app.domain.accounts.roles import Permission
from app.domain.errors import InvalidInput
from app.domain.inventory.item_lifecycle import Condition
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.services.inventory.serial_correction import REASON_LENGTH_MAX, correct_serial
from app.services.inventory.serial_numbers import SERIAL_LENGTH_MAX
from app.services.ledger.hold_rules import ITEMS_MAX
from app.web.api.framework.field_types import (
    NOTES_PATTERN,
    ConditionWord,
    Input,
    Label,
    LabelOrEmpty,
    Line,
    Notes,
    PhysicalStatusWord,
    Quantity,
    Text,
    Version,
    as_notes,
    exactly_one,
    refuse_unless_one,
)
from app.web.api.framework.operation import Link, operation
from app.web.api.framework.optional_fields import KeepsEmpty, one_of
from app.web.api.readback import item_of, items_of
from app.web.api.responses import EditedItem, Item, Items
from app.web.authentication import signed_in_user
from app.web.authorization import require

Serial = Annotated[str, Strict(), Len(1, SERIAL_LENGTH_MAX), *Line]
CorrectionReason = Annotated[
    str,
    Strict(),
    Len(0, REASON_LENGTH_MAX),
    AfterValidator(as_notes),
    Field(json_schema_extra={"pattern": NOTES_PATTERN}),
]
FIRST = "$response.body#/items/0/id"
ONE_OF = ("serialNumbers", "quantity")


def describe_correction(schema: dict[str, Any]) -> None:
    both = ["serialNumber", "reason"]
    one_of(schema, (both, []), ([], both))


class NewItems(Input, json_schema_extra=exactly_one(*ONE_OF)):
    """Units that arrive, with serial numbers of their own or with generated ones."""

    sku: Text
    serial_numbers: (
        Annotated[list[Serial], Len(1, ITEMS_MAX), Field(json_schema_extra={"uniqueItems": True})]
        | None
    ) = None
    quantity: Quantity | None = None
    condition: ConditionWord = Condition.NEW.value
    warehouse: Text | None = Field(None, description="A warehouse's code; MAIN without one.")
    location: Label | None = Field(None, description="A place in it; made if it is new.")
    notes: Notes | None = None

    @model_validator(mode="after")
    def check(self) -> "NewItems":
        refuse_unless_one(self, *ONE_OF)
        return self


class ItemChanges(Input, json_schema_extra=describe_correction):
    """What is left out stays; an empty location or note is taken away.

    An admin may correct a `serialNumber`, with a `reason`, while the unit has no history but its
    receipt.
    """

    condition: ConditionWord | None = None
    status: PhysicalStatusWord | None = None
    location: LabelOrEmpty | None = None
    notes: Annotated[Notes, KeepsEmpty()] | None = None
    serial_number: Serial | None = None
    reason: CorrectionReason | None = Field(
        None, description="Why the serial number is corrected; kept."
    )
    version: Version


@operation(
    "POST",
    "/items",
    Permission.ITEM_RECEIVE,
    Items,
    status=201,
    body=NewItems,
    refusals=("duplicate",),
    finds=True,
    links={
        "readFirst": Link("get_item", {"item_id": FIRST}),
        "editFirst": Link("edit_item", {"item_id": FIRST}),
        "hold": Link("reserve", body={"itemIds": [FIRST], "sessionId": "a-cart"}),
        "sell": Link(
            "create_invoice",
            body={
                "customer": {"name": "Somebody"},
                "items": [{"itemId": FIRST, "unitPrice": "1.00"}],
            },
        ),
    },
)
def receive_items(body: NewItems) -> Items:
    """Take units into stock."""
    received = InventoryLifecycleService().receive_items(
        body.sku,
        signed_in_user().id,
        serial_numbers=body.serial_numbers,
        quantity=body.quantity,
        condition=body.condition,
        warehouse=body.warehouse,
        location=body.location,
        notes=body.notes,
    )
    return items_of(received)


@operation("GET", "/items/{item_id}", Permission.ITEM_READ, Item)
def get_item(item_id: UUID) -> Item:
    """One unit."""
    return item_of(item_id)


@operation(
    "PATCH",
    "/items/{item_id}",
    Permission.ITEM_EDIT,
    EditedItem,
    body=ItemChanges,
    refusals=("version-conflict", "invalid-transition", "duplicate"),
)
def edit_item(item_id: UUID, body: ItemChanges) -> EditedItem:
    """Change what is said of a unit; its inventory status is never set here."""
    user = signed_in_user()
    given: dict[str, Any] = body.model_dump(exclude_none=True)
    serial_number, reason = given.pop("serial_number", None), given.pop("reason", None)
    if serial_number is not None:
        require(Permission.ITEM_CORRECT_SERIAL)
    elif reason is not None:
        raise InvalidInput({"reason": "It is for correcting the serial number: give both."})
    warnings = InventoryLifecycleService().edit_item(item_id, user.id, **given)
    if serial_number is not None:
        correct_serial(item_id, serial_number, user.id, reason=reason)
    return EditedItem(**item_of(item_id).model_dump(), warnings=warnings)
