"""The changes that an answer promises."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from sys import intern
from typing import Any

from stress.checker.clients.requests import Kind, RequestSummary, ids

HOLDS = {"Invoice": "INVOICE_CREATED", "Session": "SESSION_HOLD", "Manual": "MANUAL_HOLD"}


@dataclass(frozen=True, slots=True)
class Expectation:
    """``reason`` is that of the steps of ``items``; None where no unit changes its status."""

    reason: str | None = None
    items: tuple[str, ...] = ()
    some: bool = False
    """Of ``items``, some steps were made before: a delivery of what is left."""
    holder: tuple[str, str] | None = None
    invoice_id: str | None = None
    invoice_path: tuple[str, ...] = ()
    """The statuses that the invoice goes through in this act."""
    may_pass: tuple[str, ...] = ()
    """Statuses that it may reach beside those; the answer does not tell."""
    payment_id: str | None = None
    amount: Decimal | None = None
    flaws: tuple[str, ...] = ()
    """What is wrong with the answer itself, seen beside the question."""


def expectation_of(request: RequestSummary, answer: Any) -> Expectation:
    """What a 2xx ``answer`` to ``request`` says was done."""
    try:
        return _EXPECTED[request.kind](request, answer)
    except (KeyError, TypeError, IndexError) as error:
        return Expectation(flaws=(f"its answer has not the contract's shape ({error!r})",))


def _reserved(request: RequestSummary, answer: Any) -> Expectation:
    assert request.holder
    items = ids(item["id"] for item in answer["items"])
    return Expectation(
        HOLDS[request.holder[0]],
        items,
        holder=request.holder,
        invoice_id=request.invoice_id,
        flaws=_differ(items, request.items),
    )


def _released(request: RequestSummary, answer: Any) -> Expectation:
    items = ids(item["id"] for item in answer["items"])
    flaws = _differ(items, request.items) if request.items else ()
    return Expectation("HOLD_RELEASED", items, holder=request.holder, flaws=flaws)


def _cancelled(request: RequestSummary, answer: Any) -> Expectation:
    assert request.invoice_id
    return Expectation(
        "INVOICE_CANCELLED",
        _units_of(answer),
        holder=("Invoice", request.invoice_id),
        invoice_id=request.invoice_id,
        invoice_path=("Cancelled",),
        flaws=_status_flaws(answer, "Cancelled"),
    )


def _paid(request: RequestSummary, answer: Any) -> Expectation:
    """Units are sold when nothing is left to pay."""
    assert request.invoice_id
    pays = request.kind is Kind.PAY
    invoice = answer["invoice"] if pays else answer
    status = invoice.get("status", "Paid")
    amount = Decimal(answer["amount"]) if pays else None
    paid = status == "Paid"
    return Expectation(
        "INVOICE_PAID" if paid else None,
        _units_of(invoice) if paid else (),
        holder=("Invoice", request.invoice_id),
        invoice_id=request.invoice_id,
        invoice_path=("Paid",) if paid else (),
        may_pass=() if paid else ("PartiallyPaid",),
        payment_id=intern(answer["id"]) if pays else None,
        amount=amount,
        flaws=("another amount was taken",) if amount != request.amount else (),
    )


def _delivered(request: RequestSummary, answer: Any) -> Expectation:
    assert request.invoice_id
    items = _units_of(answer)
    whole = request.status == "Delivered"
    flaws = _status_flaws(answer, "Delivered") if whole else ()
    return Expectation(
        "INVOICE_DELIVERED",
        items,
        some=whole,
        holder=("Invoice", request.invoice_id),
        invoice_id=request.invoice_id,
        invoice_path=("Delivered",) if whole else (),
        may_pass=() if whole else ("Delivered",),
        flaws=flaws or (_differ(items, request.items) if request.items else ()),
    )


def _invoiced(request: RequestSummary, answer: Any) -> Expectation:
    invoice_id = intern(answer["id"])
    direct = request.kind is Kind.DIRECT_SALE
    total = Decimal(answer["total"])
    return Expectation(
        "DIRECT_SALE" if direct else "INVOICE_CREATED",
        _units_of(answer),
        holder=("Invoice", invoice_id),
        invoice_id=invoice_id,
        invoice_path=("Open", "Paid") if direct else ("Open",),
        amount=total if direct and total else None,
        flaws=_order_flaws(request, answer),
    )


def _received(request: RequestSummary, answer: Any) -> Expectation:
    items = ids(item["id"] for item in answer["items"])
    serials = {item["serialNumber"] for item in answer["items"]}
    wrong = len(items) != request.quantity or (request.serials and serials != set(request.serials))
    return Expectation(
        "RECEIVED", items, flaws=("not the units that were sent in",) if wrong else ()
    )


def _edited(request: RequestSummary, answer: Any) -> Expectation:
    after = (request.version or 0) + request.edits
    wrong = answer["version"] != after
    return Expectation(flaws=(f"its version is {answer['version']}, not {after}",) if wrong else ())


def _nothing_known(request: RequestSummary, answer: Any) -> Expectation:
    return Expectation()


_EXPECTED = {
    Kind.RESERVE: _reserved,
    Kind.RELEASE: _released,
    Kind.CANCEL: _cancelled,
    Kind.SELL: _paid,
    Kind.PAY: _paid,
    Kind.PAY_BALANCE: _paid,
    Kind.DELIVER: _delivered,
    Kind.INVOICE: _invoiced,
    Kind.DIRECT_SALE: _invoiced,
    Kind.RECEIVE: _received,
    Kind.EDIT: _edited,
    Kind.CLEAN_UP: _nothing_known,
    Kind.OTHER: _nothing_known,
}


def _units_of(answer: Any) -> tuple[str, ...]:
    """The units of an Invoice, or of a list of Items."""
    return ids(line.get("itemId") or line["id"] for line in answer["items"])


def _differ(given: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    return () if sorted(given) == sorted(asked) else ("not the units that were asked for",)


def _status_flaws(answer: Any, status: str) -> tuple[str, ...]:
    """A list of units tells no invoice's status."""
    if answer.get("status", status) == status:
        return ()
    return (f"the answer says {answer['status']}, not {status}",)


def _order_flaws(request: RequestSummary, answer: Any) -> tuple[str, ...]:
    """The units named, and as many of each product as were asked for."""
    lines = {line["itemId"]: line["sku"] for line in answer["items"]}
    if len(lines) != request.units or len(answer["items"]) != request.units:
        return (f"{len(answer['items'])} units instead of {request.units}",)
    if not set(request.items) <= lines.keys():
        return ("a unit that was named is not on it",)
    picked = Counter(sku for item_id, sku in lines.items() if item_id not in set(request.items))
    wanted = Counter[str]()
    for line in request.quantities:
        wanted[line.sku] += line.quantity
    return () if picked == wanted else ("other products than were asked for",)
