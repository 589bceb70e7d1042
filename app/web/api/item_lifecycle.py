"""Operations on items: hold, reserve, release, sell, deliver."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from app.domain.accounts.roles import Permission
from app.domain.errors import InvalidInput
from app.domain.inventory.delivery import DeliveryInfo
from app.domain.inventory.item_lifecycle import ReservedForType
from app.services.background.cleanup import BackgroundCleanupService
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.web.api.framework.field_types import (
    HolderId,
    Id,
    Ids,
    Input,
    Minutes,
    Notes,
    OneOf,
    Text,
    Version,
    exactly_one,
    given_fields,
    refuse_unless_one,
)
from app.web.api.framework.operation import operation
from app.web.api.framework.optional_fields import one_of
from app.web.api.readback import items_of
from app.web.api.responses import Item, Items, Released
from app.web.authentication import signed_in_user
from app.web.authorization import require

BASE = "/inventory/lifecycle"
RESERVED_FOR = ("invoiceId", "sessionId", "reservedForType")
RELEASED_BY = ("invoiceId", "sessionId", "itemIds")


def describe_reservation(schema: dict[str, Any]) -> None:
    one_of(
        schema,
        (["invoiceId"], ["sessionId", "reservedForType", "reservedForId", "expiresInMinutes"]),
        (["sessionId"], ["invoiceId", "reservedForType", "reservedForId"]),
        (["reservedForType", "reservedForId"], ["invoiceId", "sessionId"]),
    )


class Reservation(Input, json_schema_extra=describe_reservation):
    """For an invoice, in a cart until it expires, or by hand for whatever it says."""

    item_ids: Ids
    invoice_id: Id | None = None
    session_id: HolderId | None = None
    reserved_for_type: Annotated[str, OneOf(ReservedForType.MANUAL)] | None = None
    reserved_for_id: HolderId | None = Field(None, description="For whom or what, by hand.")
    expires_in_minutes: Minutes | None = None
    notes: Notes | None = None

    @model_validator(mode="after")
    def check(self) -> "Reservation":
        refuse_unless_one(self, *RESERVED_FOR)
        said = given_fields(self)
        errors = {}
        if self.reserved_for_type and self.reserved_for_id is None:
            errors["reservedForId"] = "Say for whom or what."
        if not self.reserved_for_type and "reservedForId" in said:
            errors["reservedForId"] = 'This goes with reservedForType "Manual".'
        if "expiresInMinutes" in said and self.invoice_id:
            errors["expiresInMinutes"] = "A reservation for an invoice is permanent; leave it out."
        if errors:
            raise InvalidInput(errors)
        return self


class Release(Input, json_schema_extra=exactly_one(*RELEASED_BY)):
    """An invoice's units by cancelling it, a whole cart, or held units."""

    invoice_id: Id | None = None
    session_id: HolderId | None = None
    item_ids: Ids | None = None
    notes: Notes | None = None

    @model_validator(mode="after")
    def check(self) -> "Release":
        refuse_unless_one(self, *RELEASED_BY)
        return self


class Sale(Input):
    invoice_id: Id


class DeliveryDetails(Input):
    carrier: Text | None = None
    tracking_number: Text | None = None
    delivered_to: Text | None = None
    notes: Notes | None = None

    def as_info(self) -> DeliveryInfo:
        return DeliveryInfo(self.carrier, self.tracking_number, self.delivered_to, self.notes)


class Delivery(Input):
    invoice_id: Id
    item_ids: Ids | None = Field(None, description="Some of its units; without it, all.")
    delivery_info: DeliveryDetails | None = None
    version: Version | None = Field(None, description="The invoice's, as it was last seen.")


@operation(
    "POST",
    f"{BASE}/reserve",
    Permission.ITEM_HOLD,
    Items,
    body=Reservation,
    refusals=("items-not-available", "invoice-state", "session-closed", "item-busy"),
    finds=True,
)
def reserve(body: Reservation) -> Items:
    """Reserve units; all or nothing."""
    service, user_id = InventoryLifecycleService(), signed_in_user().id
    if body.invoice_id:
        reserved = service.reserve_items_for_invoice(
            body.item_ids, body.invoice_id, user_id, body.notes
        )
    elif body.session_id:
        reserved = service.hold_items_for_session(
            body.item_ids,
            body.session_id,
            user_id,
            expires_in_minutes=body.expires_in_minutes,
            notes=body.notes,
        )
    else:
        reserved = service.hold_items_manually(
            body.item_ids,
            body.reserved_for_id or "",
            user_id,
            expires_in_minutes=body.expires_in_minutes,
            notes=body.notes,
        )
    return Items(items=Item.all_of(reserved.rows()))


@operation(
    "POST",
    f"{BASE}/release",
    Permission.ITEM_RELEASE_OWN,
    Items,
    body=Release,
    refusals=("invalid-transition", "invoice-state", "item-busy"),
    finds=True,
)
def release(body: Release) -> Items:
    """End holds, or an invoice's reservation by cancelling it."""
    service, user_id = InventoryLifecycleService(), signed_in_user().id
    if body.invoice_id:
        require(Permission.INVOICE_CANCEL)
        released = service.release_items_for_invoice_cancellation(
            body.invoice_id, user_id, body.notes
        )
    elif body.session_id:
        released = service.release_session(body.session_id, user_id, body.notes)
    else:
        released = service.release_items(body.item_ids or [], user_id, body.notes)
    return items_of(released)


@operation(
    "POST",
    f"{BASE}/mark-sold",
    Permission.INVOICE_PAY,
    Items,
    body=Sale,
    refusals=("invalid-transition", "invoice-state", "item-busy"),
    finds=True,
)
def mark_sold(body: Sale) -> Items:
    """Sell the units of an invoice with nothing left to pay."""
    service = InventoryLifecycleService()
    return items_of(service.mark_items_as_sold_for_invoice(body.invoice_id, signed_in_user().id))


@operation(
    "POST",
    f"{BASE}/mark-delivered",
    Permission.INVOICE_DELIVER,
    Items,
    body=Delivery,
    refusals=("invalid-transition", "invoice-state", "version-conflict", "item-busy"),
    finds=True,
)
def mark_delivered(body: Delivery) -> Items:
    """Hand over a paid invoice's units; it is Delivered when its last unit is."""
    delivered = InventoryLifecycleService().mark_items_as_delivered_for_invoice(
        body.invoice_id,
        signed_in_user().id,
        body.delivery_info.as_info() if body.delivery_info else None,
        item_ids=body.item_ids,
        version=body.version,
    )
    return items_of(delivered)


@operation("DELETE", f"{BASE}/cleanup-expired", Permission.JOB_RUN, Released)
def cleanup_expired() -> Released:
    """Free every unit whose hold has run out."""
    result = BackgroundCleanupService().run_cleanup_now()
    released = items_of([UUID(item_id) for item_id in result["items"]])
    return Released(released=result["released"], items=released.items)
