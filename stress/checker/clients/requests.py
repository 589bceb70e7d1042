"""What an operation asked for, shortened: logs hold many thousands."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from sys import intern
from typing import Any

LIFECYCLE = "/api/inventory/lifecycle/"
OF_INVOICE = re.compile(
    r"/api/(?:inventory/lifecycle/invoice|invoices)/(?P<id>[0-9a-f-]{36})/(?P<act>\w+)"
)
OF_ITEM = re.compile(r"/api/items/(?P<id>[0-9a-f-]{36})")


class Kind(StrEnum):
    RESERVE = "reserve"
    RELEASE = "release"
    CANCEL = "cancel"
    SELL = "sell"
    PAY = "pay"
    PAY_BALANCE = "pay the balance"
    DELIVER = "deliver"
    INVOICE = "invoice"
    DIRECT_SALE = "direct sale"
    RECEIVE = "receive"
    EDIT = "edit"
    CLEAN_UP = "clean up"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many units of a product, from one warehouse or any."""

    sku: str
    quantity: int
    warehouse: str | None


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """Ids are text; equal ones are the same object, since a few units are asked for often."""

    kind: Kind
    items: tuple[str, ...] = ()
    quantities: tuple[Wanted, ...] = ()
    holder: tuple[str, str] | None = None
    """Whom units are to be reserved for, whose hold is to end, or which cart is invoiced."""
    invoice_id: str | None = None
    minutes: int | None = None
    amount: Decimal | None = None
    version: int | None = None
    status: str | None = None
    """Where a unit is to be, physically; or the status asked for an invoice."""
    serials: tuple[str, ...] = ()
    quantity: int = 0
    edits: bool = False
    """Whether an edit names anything to change."""

    @property
    def units(self) -> int:
        """How many units an order asks for."""
        return len(self.items) + sum(wanted.quantity for wanted in self.quantities)


def request_of(method: str, path: str, body: dict[str, Any]) -> RequestSummary:
    """What the contract says that this call asks for."""
    if method == "PATCH" and (found := OF_ITEM.fullmatch(path)):
        return RequestSummary(
            Kind.EDIT,
            items=ids([found["id"]]),
            version=body.get("version"),
            status=body.get("status"),
            edits=bool(set(body) - {"version"}),
        )
    if method == "DELETE" and path == f"{LIFECYCLE}cleanup-expired":
        return RequestSummary(Kind.CLEAN_UP)
    if method != "POST":
        return RequestSummary(Kind.OTHER)
    if found := OF_INVOICE.fullmatch(path):
        return _of_invoice(found["act"], intern(found["id"]), body)
    simple = {
        f"{LIFECYCLE}reserve": _reservation,
        f"{LIFECYCLE}release": _release,
        f"{LIFECYCLE}mark-sold": _sale,
        f"{LIFECYCLE}mark-delivered": _delivery,
        "/api/invoices": _order,
        "/api/items": _arrival,
    }
    return simple[path](body) if path in simple else RequestSummary(Kind.OTHER)


def ids(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(intern(value) for value in values)


def _reservation(body: dict[str, Any]) -> RequestSummary:
    invoice_id = body.get("invoiceId")
    if invoice_id:
        holder = ("Invoice", intern(invoice_id))
    elif body.get("sessionId"):
        holder = ("Session", intern(body["sessionId"]))
    else:
        holder = ("Manual", intern(body["reservedForId"]))
    return RequestSummary(
        Kind.RESERVE,
        items=ids(body["itemIds"]),
        holder=holder,
        invoice_id=invoice_id,
        minutes=body.get("expiresInMinutes"),
    )


def _release(body: dict[str, Any]) -> RequestSummary:
    if body.get("invoiceId"):
        return RequestSummary(Kind.CANCEL, invoice_id=intern(body["invoiceId"]), status="Cancelled")
    if body.get("sessionId"):
        return RequestSummary(Kind.RELEASE, holder=("Session", intern(body["sessionId"])))
    return RequestSummary(Kind.RELEASE, items=ids(body["itemIds"]))


def _sale(body: dict[str, Any]) -> RequestSummary:
    return RequestSummary(Kind.SELL, invoice_id=intern(body["invoiceId"]), status="Paid")


def _delivery(body: dict[str, Any]) -> RequestSummary:
    return RequestSummary(
        Kind.DELIVER,
        invoice_id=intern(body["invoiceId"]),
        items=ids(body.get("itemIds") or ()),
        version=body.get("version"),
    )


def _of_invoice(act: str, invoice_id: str, body: dict[str, Any]) -> RequestSummary:
    if act == "payments":
        amount = Decimal(str(body["amount"]))
        return RequestSummary(
            Kind.PAY, invoice_id=invoice_id, amount=amount, version=body.get("version")
        )
    kinds = {"Cancelled": Kind.CANCEL, "Paid": Kind.PAY_BALANCE, "Delivered": Kind.DELIVER}
    status = body.get("status", "")
    if act != "transition" or status not in kinds:
        return RequestSummary(Kind.OTHER)
    return RequestSummary(
        kinds[status], invoice_id=invoice_id, status=status, version=body.get("version")
    )


def _order(body: dict[str, Any]) -> RequestSummary:
    lines = body["items"]
    session_id = body.get("sessionId")
    return RequestSummary(
        Kind.DIRECT_SALE if body.get("directSale") else Kind.INVOICE,
        items=ids(line["itemId"] for line in lines if "itemId" in line),
        quantities=tuple(
            Wanted(intern(line["sku"]), line["quantity"], line.get("warehouse"))
            for line in lines
            if "itemId" not in line
        ),
        holder=("Session", intern(session_id)) if session_id else None,
    )


def _arrival(body: dict[str, Any]) -> RequestSummary:
    serials = tuple(body.get("serialNumbers") or ())
    return RequestSummary(
        Kind.RECEIVE, serials=serials, quantity=body.get("quantity") or len(serials)
    )
