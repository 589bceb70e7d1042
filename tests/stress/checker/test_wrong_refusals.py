"""A refusal that was never right is found, of every kind."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from stress.checker import Invariant
from stress.clients.operation import ClientOperation
from tests.stress.checker.operation_recorder import MINUTE, Ledger
from tests.support.api_caller import LIFECYCLE

AN_HOUR = 60 * MINUTE
Story = Callable[[Ledger], None]


def refused(ledger: Ledger, operation: ClientOperation, code: str, **facts: Any) -> None:
    """What was never sent is said to have been refused."""
    status = {"not-found": 404, "forbidden": 403}.get(code, 409)
    (attempt,) = operation.attempts
    told = replace(attempt, status=status, answer={"code": code, **facts})
    ledger.keep(replace(operation, tag=f"t-{uuid4()}", attempts=(told,)))


def as_named(unit: str, status: str = "Reserved", **more: Any) -> dict[str, Any]:
    named = {"id": unit, "inventoryStatus": status, "status": "InStock", "holder": None}
    return {**named, **more}


def in_cart(session: str) -> dict[str, str]:
    return {"type": "Session", "id": session}


def free_unit(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    invoice = ledger.invoice([unit])
    holder = {"type": "Invoice", "id": invoice.answer["id"]}
    early = ledger.later(invoice, -AN_HOUR)
    refused(ledger, early, "items-not-available", items=[as_named(unit, holder=holder)])
    ledger.keep(invoice)


def other_holder(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    ledger.hold([unit], "cart")
    late = ledger.hold([unit], "another cart")
    ledger.forge(late, items=[as_named(unit, holder=in_cart("no cart"))])


def nobody_named(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    ledger.hold([unit], "cart")
    ledger.forge(ledger.hold([unit], "another cart"), items=[])


def one_left_out(ledger: Ledger) -> None:
    """Two were held, and only one is named."""
    units = ledger.receive(2)
    ledger.hold(units, "cart")
    late = ledger.hold(units, "another cart")
    ledger.forge(late, items=late.answer["items"][:1])


def never_together(ledger: Ledger) -> None:
    """Each of them was held some time while it was asked, but not both at once."""
    units = ledger.receive(2)
    hold = ledger.hold(units[:1], "one cart")
    ledger.release(sessionId="one cart")
    last = ledger.hold(units[1:], "other cart")
    lasting = replace(hold.attempts[0], sent_at=hold.sent_at - 1, ended_at=last.ended_at + 1)
    asking = replace(hold, body={**hold.body, "itemIds": units}, attempts=(lasting,))
    named = [
        as_named(units[0], holder=in_cart("one cart")),
        as_named(units[1], holder=in_cart("other cart")),
    ]
    refused(ledger, asking, "items-not-available", items=named)


def expired_hold(ledger: Ledger) -> None:
    """It had run out when it was given as the reason."""
    (unit,) = ledger.receive()
    ledger.hold([unit], "cart", expiresInMinutes=1)
    late = ledger.hold([unit], "another cart")
    assert late.code == "items-not-available"
    ledger.later(late, 2 * MINUTE)


def own_hold(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    ledger.hold([unit], "cart")
    invoice = ledger.invoice([unit])
    ledger.keep(replace(invoice, body={**invoice.body, "sessionId": "cart"}))


def never_held(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    ledger.hold([unit], "another cart")
    late = ledger.invoice([unit], sessionId="cart")
    ledger.forge(late, code="hold-expired")


def a_hold_after_all(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    hold = ledger.hold([unit], "cart")
    release = replace(hold, action="release", path=f"{LIFECYCLE}/release", body={"itemIds": [unit]})
    refused(ledger, release, "invalid-transition", items=[as_named(unit, holder=in_cart("cart"))])


def open_invoice(ledger: Ledger) -> None:
    invoice = ledger.invoice(ledger.receive())
    paid = ledger.pay(invoice, "5.00")
    facts = {"invoiceId": invoice.answer["id"], "invoiceStatus": "Paid"}
    refused(ledger, paid, "invoice-state", **facts)


def willing_status(ledger: Ledger) -> None:
    """An open invoice takes payments."""
    invoice = ledger.invoice(ledger.receive())
    paid = ledger.pay(invoice, "5.00")
    facts = {"invoiceId": invoice.answer["id"], "invoiceStatus": "Open"}
    refused(ledger, paid, "invoice-state", **facts)


def other_balance(ledger: Ledger) -> None:
    ledger.forge(ledger.pay(ledger.invoice(ledger.receive()), "11.00"), balance="9.00")


def enough_balance(ledger: Ledger) -> None:
    invoice = ledger.invoice(ledger.receive())
    refused(ledger, ledger.pay(invoice, "5.00"), "exceeds-balance", balance="10.00")


def later_balance(ledger: Ledger) -> None:
    """What was left became less only after the answer."""
    invoice = ledger.invoice(ledger.receive())
    early = ledger.pay(invoice, "20.00")
    ledger.pay(invoice, "4.00")
    ledger.forge(early, balance="6.00")


def enough_stock(ledger: Ledger) -> None:
    ledger.receive(5)
    lines = [{"sku": ledger.sku, "quantity": 6, "unitPrice": "1.00"}]
    ledger.forge(ledger.order(lines), free=2)


def stock_that_suffices(ledger: Ledger) -> None:
    ledger.receive(5)
    lines = [{"sku": ledger.sku, "quantity": 2, "unitPrice": "1.00"}]
    facts = {"sku": ledger.sku, "asked": 2, "free": 3}
    refused(ledger, ledger.order(lines), "not-enough-stock", **facts)


def stock_of_later(ledger: Ledger) -> None:
    """Most of it went only after the answer."""
    ledger.receive(5)
    lines = [{"sku": ledger.sku, "quantity": 6, "unitPrice": "1.00"}]
    early = ledger.order(lines)
    ledger.order([{**lines[0], "quantity": 4}])
    ledger.forge(early, free=1)


def version_of_later(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    ledger.edit(unit, 1)
    early = ledger.edit(unit, 1)
    ledger.edit(unit, 2)
    ledger.forge(early, currentVersion=3)


def version_as_given(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    ledger.edit(unit, 1)
    ledger.forge(ledger.edit(unit, 1), currentVersion=1)


def no_duplicate(ledger: Ledger) -> None:
    ledger.receive(serialNumbers=["S-1"])
    again = ledger.ask("receive", "/api/items", {"sku": ledger.sku, "serialNumbers": ["S-1"]})
    assert again.code == "duplicate"
    ledger.forge(again, values=["S-2"])


def unit_was_there(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    refused(ledger, ledger.hold([unit], "cart"), "not-found", ids=[unit])


def invoice_was_there(ledger: Ledger) -> None:
    invoice = ledger.invoice(ledger.receive())
    refused(ledger, ledger.pay(invoice, "5.00"), "not-found", ids=[invoice.answer["id"]])


def cart_was_full(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    ledger.hold([unit], "cart")
    colleague = ledger.release("colleague", sessionId="cart")
    refused(ledger, colleague, "not-found", ids=["cart"])


def own_hold_forbidden(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    ledger.hold([unit], "cart")
    refused(ledger, ledger.release(sessionId="cart"), "forbidden")


def own_cart_forbidden(ledger: Ledger) -> None:
    ledger.hold(ledger.receive(), "cart")
    refused(ledger, ledger.hold(ledger.receive(), "cart"), "forbidden")


def manager_forbidden(ledger: Ledger) -> None:
    invoice = ledger.invoice(ledger.receive())
    refused(ledger, ledger.transition(invoice, "Cancelled"), "forbidden")


def unheard_of(ledger: Ledger) -> None:
    refused(ledger, ledger.hold(ledger.receive(), "cart"), "idempotency-mismatch")


def too_short(ledger: Ledger) -> None:
    refused(ledger, ledger.hold(ledger.receive(), "cart"), "not-found")


STORIES: dict[str, Story] = {
    "a unit was free then": free_unit,
    "a unit was held by another": other_holder,
    "no unit is named": nobody_named,
    "a unit that was held is not named": one_left_out,
    "units were held, but never together": never_together,
    "the hold had run out": expired_hold,
    "the cart held it itself": own_hold,
    "the cart never held it": never_held,
    "the hold could be released": a_hold_after_all,
    "the invoice was not paid": open_invoice,
    "the invoice's status does not forbid it": willing_status,
    "the balance was another": other_balance,
    "the balance was enough": enough_balance,
    "the balance became so later": later_balance,
    "more units were free": enough_stock,
    "enough units were free": stock_that_suffices,
    "the units went later": stock_of_later,
    "the version came later": version_of_later,
    "the version was the one given": version_as_given,
    "the serial number is new": no_duplicate,
    "the unit was there": unit_was_there,
    "the invoice was there": invoice_was_there,
    "the cart was not empty": cart_was_full,
    "his own hold": own_hold_forbidden,
    "his own cart": own_cart_forbidden,
    "a manager may": manager_forbidden,
    "no reason that there is": unheard_of,
    "it says too little": too_short,
}


@pytest.mark.parametrize("name", STORIES)
def test_is_found(ledger: Ledger, name: str) -> None:
    STORIES[name](ledger)
    assert Invariant.RIGHT_REFUSAL in ledger.violated()
