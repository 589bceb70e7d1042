"""Each way in which a store may have broken its word is found, and said of the right law."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stress.checker import Invariant
from tests.stress.checker.operation_recorder import Ledger

Story = Callable[[Ledger], None]
PAYMENT, KEY = "DELETE FROM payments", "DELETE FROM idempotency_keys WHERE key = %s"


def held(ledger: Ledger, count: int = 1) -> list[str]:
    units = ledger.receive(count)
    ledger.hold(units, "cart")
    return units


def lost(ledger: Ledger) -> None:
    """As after a commit that was not written: only the client knows of it."""
    hold = ledger.hold(ledger.receive(), "cart")
    ledger.keep(replace(hold, tag="lost"))


def lost_payment(ledger: Ledger) -> None:
    ledger.pay(ledger.invoice(ledger.receive()), "5.00")
    break_with(PAYMENT)(ledger)


def lost_key(ledger: Ledger) -> None:
    hold = ledger.hold(ledger.receive(), "cart")
    break_with(KEY, hold.tag)(ledger)


def lost_line(ledger: Ledger) -> None:
    ledger.invoice(ledger.receive(2))
    break_with(
        "DELETE FROM invoice_items WHERE item_id = (SELECT min(item_id::text)::uuid"
        " FROM invoice_items)"
    )(ledger)


def half_told(ledger: Ledger) -> None:
    """More was done than the answer says."""
    hold = ledger.hold(ledger.receive(2), "cart")
    ledger.forge(hold, items=hold.answer["items"][:1])


def for_another(ledger: Ledger) -> None:
    """Done for another cart than it was asked for."""
    hold = ledger.hold(ledger.receive(), "cart")
    ledger.keep(replace(hold, body={**hold.body, "sessionId": "another cart"}))


def by_another(ledger: Ledger) -> None:
    hold = ledger.hold(ledger.receive(), "cart")
    ledger.keep(replace(hold, user_id=str(ledger.shop.colleague)))


def other_amount(ledger: Ledger) -> None:
    paid = ledger.pay(ledger.invoice(ledger.receive()), "5.00")
    break_with("UPDATE payments SET amount = 6 WHERE reference IS NULL")(ledger)
    assert paid.outcome == "ok"


def in_two_transactions(ledger: Ledger) -> None:
    hold = ledger.hold(ledger.receive(), "cart")
    break_with("UPDATE idempotency_keys SET created_at = created_at WHERE key = %s", hold.tag)(
        ledger
    )


def denied(ledger: Ledger) -> None:
    ledger.deny(ledger.hold(ledger.receive(), "cart"))


def denied_payment(ledger: Ledger) -> None:
    ledger.deny(ledger.pay(ledger.invoice(ledger.receive()), "10.00"))


def half_there(ledger: Ledger) -> None:
    """Its key is there, a part of what it stands for is not."""
    ledger.silence(ledger.pay(ledger.invoice(ledger.receive()), "5.00"))
    break_with(PAYMENT)(ledger)


def there_without_key(ledger: Ledger) -> None:
    hold = ledger.silence(ledger.hold(ledger.receive(), "cart"))
    break_with(KEY, hold.tag)(ledger)


def key_alone(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    hold = ledger.silence(ledger.hold([unit], "cart"))
    ledger.release(itemIds=[unit])
    break_with("DELETE FROM inventory_status_history WHERE request_id = %s", hold.tag)(ledger)


def other_replay(ledger: Ledger) -> None:
    hold = ledger.again(ledger.hold(ledger.receive(), "cart"))
    told = replace(hold.settled[0], answer={"items": []})
    ledger.keep(replace(hold, settled=(told,)))


def done_twice(ledger: Ledger) -> None:
    hold = ledger.again(ledger.hold(ledger.receive(), "cart"))
    ledger.keep(replace(hold, settled=(replace(hold.settled[0], replayed=False),)))


def refused_afterwards(ledger: Ledger) -> None:
    hold = ledger.again(ledger.hold(ledger.receive(), "cart"))
    told = replace(hold.settled[0], status=409, answer={"code": "invoice-state"})
    ledger.keep(replace(hold, settled=(told,)))


def other_key(ledger: Ledger) -> None:
    hold = ledger.hold(ledger.receive(), "cart")
    break_with("UPDATE idempotency_keys SET body = '{}' WHERE key = %s", hold.tag)(ledger)


def fell_over(ledger: Ledger) -> None:
    hold = ledger.hold(ledger.receive(), "cart")
    broken = replace(hold.attempts[0], status=500, answer={"code": "internal-error"})
    ledger.keep(replace(hold, attempts=(broken, *hold.attempts)))


def unasked(ledger: Ledger) -> None:
    del ledger.operations[ledger.hold(ledger.receive(), "cart").tag]


def unasked_payment(ledger: Ledger) -> None:
    del ledger.operations[ledger.pay(ledger.invoice(ledger.receive()), "5.00").tag]


def taken_too_soon(ledger: Ledger) -> None:
    hold = ledger.hold(ledger.receive(), "cart", expiresInMinutes=1)
    ledger.later(hold, 0)
    ledger.expire(hold)
    ledger.keep(hold)
    ledger.hold(hold.body["itemIds"], "another cart")


def lost_edit(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    edit = ledger.edit(unit, 1)
    ledger.keep(replace(edit, tag="lost"))


def edited_over(ledger: Ledger) -> None:
    """Two clerks saw version 1, and both were told that their edit was made."""
    (unit,) = ledger.receive()
    ledger.edit(unit, 1)
    again = ledger.edit(unit, 2)
    body = {**again.body, "version": 1}
    ledger.keep(replace(ledger.forge(again, version=2), body=body))


def cart_of_another(ledger: Ledger) -> None:
    ledger.hold(ledger.receive(), "cart")
    with ledger.broken() as vandal:
        vandal.run("UPDATE carts SET user_id = %s", ledger.shop.colleague)
        vandal.leave()


def reserved_for_nobody(ledger: Ledger) -> None:
    (unit,) = held(ledger)
    break_with("UPDATE items SET reserved_for_id = 'nobody' WHERE id = %s", unit)(ledger)


def break_with(statement: str, *parameters: Any) -> Story:
    def breaking(ledger: Ledger) -> None:
        with ledger.broken() as vandal:
            vandal.run("SET session_replication_role = replica")
            assert vandal.run(statement, *parameters)

    return breaking


def after(prepare: Story, *statements: str) -> Story:
    def story(ledger: Ledger) -> None:
        prepare(ledger)
        with ledger.broken() as vandal:
            for statement in statements:
                vandal.run(statement)

    return story


def invoiced(ledger: Ledger) -> None:
    ledger.invoice(ledger.receive(2))


def paid_in_part(ledger: Ledger) -> None:
    ledger.pay(ledger.invoice(ledger.receive(2)), "5.00")


def sold(ledger: Ledger) -> None:
    ledger.pay(ledger.invoice(ledger.receive()), "10.00")


def two_invoices(ledger: Ledger) -> None:
    units = ledger.receive(2)
    ledger.invoice(units[:1])
    ledger.invoice(units[1:])


def listed_twice(status: str = "Open") -> Story:
    """The first unit is on both invoices."""
    return after(
        two_invoices,
        "DROP INDEX uq_invoice_items_live_item",
        "INSERT INTO invoice_items (invoice_id, item_id, unit_price)"
        " SELECT v.id, l.item_id, 10 FROM invoices v JOIN invoice_items l ON l.invoice_id <> v.id"
        " ORDER BY v.number DESC LIMIT 1",
        "UPDATE invoices SET total = 20 WHERE number = (SELECT max(number) FROM invoices)",
        f"UPDATE invoices SET paid = total, status = '{status}'"
        if status != "Open"
        else "SELECT 1",
    )


def listed_twice_once(ledger: Ledger) -> None:
    """The second invoice, now cancelled, had the first one's unit as well."""
    units = ledger.receive(2)
    ledger.invoice(units[:1])
    second = ledger.invoice(units[1:])
    ledger.transition(second, "Cancelled")
    with ledger.broken() as vandal:
        vandal.run("UPDATE invoice_items SET item_id = %s WHERE NOT live", units[0])
        vandal.run(
            "UPDATE inventory_status_history SET item_id = %s, seq = seq + 1"
            " WHERE item_id = %s AND seq > 1",
            *units,
        )


STORIES: dict[str, tuple[Invariant, Story]] = {
    "an acknowledged operation is lost": (Invariant.THERE, lost),
    "an acknowledged payment is lost": (Invariant.THERE, lost_payment),
    "the key of an acknowledged operation is lost": (Invariant.THERE, lost_key),
    "a line of an acknowledged invoice is lost": (Invariant.THERE, lost_line),
    "more was done than was acknowledged": (Invariant.THERE, half_told),
    "it was done for another": (Invariant.THERE, for_another),
    "it was done in another's name": (Invariant.THERE, by_another),
    "another amount was taken": (Invariant.THERE, other_amount),
    "it was done in two transactions": (Invariant.THERE, in_two_transactions),
    "what was refused was done": (Invariant.NO_TRACE, denied),
    "a payment that was refused was taken": (Invariant.NO_TRACE, denied_payment),
    "of what nobody knows a half is there": (Invariant.ALL_OR_NOTHING, half_there),
    "what nobody knows is there and its key is not": (Invariant.ALL_OR_NOTHING, there_without_key),
    "of what nobody knows there is only the key": (Invariant.ALL_OR_NOTHING, key_alone),
    "asking again gives another answer": (Invariant.SAME_ANSWER, other_replay),
    "asking again does it again": (Invariant.SAME_ANSWER, done_twice),
    "what was done is refused when asked again": (Invariant.SAME_ANSWER, refused_afterwards),
    "another answer is kept": (Invariant.SAME_ANSWER, other_key),
    "the store fell over": (Invariant.NO_INTERNAL_ERROR, fell_over),
    "a unit moved by itself": (Invariant.ASKED_FOR, unasked),
    "money came by itself": (Invariant.ASKED_FOR, unasked_payment),
    "a line without a step": (Invariant.ASKED_FOR, listed_twice()),
    "a hold was taken away too soon": (Invariant.IN_TIME, taken_too_soon),
    "an acknowledged edit is lost": (Invariant.SEEN_VERSION, lost_edit),
    "an edit was made over another one": (Invariant.SEEN_VERSION, edited_over),
    "another used the cart": (Invariant.OWN_CART, cart_of_another),
    "a unit is reserved for nobody": (Invariant.FOR_SOMEBODY, reserved_for_nobody),
    "a step of no law": (
        Invariant.LEGAL_STEP,
        after(
            held,
            "ALTER TABLE inventory_status_history"
            " DROP CONSTRAINT fk_inventory_status_history_transition",
            "UPDATE inventory_status_history SET change_reason = 'BECAUSE' WHERE seq = 2",
        ),
    ),
    "a word was changed in a history": (
        Invariant.REPLAY,
        after(held, "UPDATE inventory_status_history SET notes = 'x' WHERE seq = 1"),
    ),
    "a row is missing in a history": (
        Invariant.REPLAY,
        after(held, "DELETE FROM inventory_status_history WHERE seq = 1"),
    ),
    "a unit is not where its history ends": (
        Invariant.REPLAY,
        after(held, "UPDATE items SET reserved_for_id = 'another cart'"),
    ),
    "a unit was reserved at another time": (
        Invariant.REPLAY,
        after(held, "UPDATE items SET reserved_at = reserved_at - interval '1 hour'"),
    ),
    "a unit has no history": (
        Invariant.REPLAY,
        after(held, "DELETE FROM inventory_status_history"),
    ),
    "a unit is gone": (Invariant.REPLAY, after(held, "DELETE FROM items")),
    "an invoice's history ends elsewhere": (
        Invariant.INVOICE_REPLAY,
        after(
            paid_in_part,
            "UPDATE invoice_status_history SET to_status = 'Paid' WHERE from_status IS NOT NULL",
        ),
    ),
    "an invoice's history has a gap": (
        Invariant.INVOICE_REPLAY,
        after(paid_in_part, "DELETE FROM invoice_status_history WHERE from_status IS NULL"),
    ),
    "an invoice is gone": (
        Invariant.INVOICE_REPLAY,
        after(
            invoiced,
            "ALTER TABLE invoice_items DROP CONSTRAINT fk_invoice_items_live",
            "DELETE FROM invoices",
        ),
    ),
    "an invoice's total is another": (
        Invariant.SUMS,
        after(invoiced, "UPDATE invoices SET total = total + 1"),
    ),
    "an invoice's paid sum is another": (
        Invariant.SUMS,
        after(paid_in_part, "UPDATE invoices SET paid = paid + 1"),
    ),
    "an invoice's status is not what was paid": (
        Invariant.SUMS,
        after(paid_in_part, "UPDATE invoices SET status = 'Open'"),
    ),
    "a unit is on two live invoices": (Invariant.ONE_INVOICE, listed_twice()),
    "a unit was on two live invoices": (Invariant.ONE_INVOICE, listed_twice_once),
    "a unit is paid for twice": (Invariant.SOLD_ONCE, listed_twice("Paid")),
    "a unit was sold twice in its history": (
        Invariant.SOLD_ONCE,
        after(
            sold,
            "UPDATE inventory_status_history SET to_status = 'Sold', change_reason = 'DIRECT_SALE'"
            " WHERE seq = 2",
        ),
    ),
    "a sold unit is free": (
        Invariant.STANDS_AS_INVOICED,
        after(sold, "UPDATE items SET inventory_status = 'Available'"),
    ),
    "a taken unit is on no invoice": (
        Invariant.STANDS_AS_INVOICED,
        after(sold, "DELETE FROM invoice_items"),
    ),
    "the kept stock is wrong": (
        Invariant.TALLIES,
        after(held, "UPDATE stock_tallies SET quantity = quantity + 1"),
    ),
    "the kept number of invoices is wrong": (
        Invariant.TALLIES,
        after(sold, "UPDATE invoice_tallies SET quantity = quantity + 1"),
    ),
    "the kept number of transitions is wrong": (
        Invariant.TALLIES,
        after(held, "UPDATE transition_tallies SET quantity = quantity + 1"),
    ),
    "a unit that came in is not there": (Invariant.CONSERVED, after(held, "DELETE FROM items")),
    "a unit never came in": (
        Invariant.CONSERVED,
        after(held, "DELETE FROM inventory_status_history WHERE seq = 1"),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_is_found(ledger: Ledger, name: str) -> None:
    law, story = STORIES[name]
    story(ledger)
    assert law in ledger.violated()


def test_every_law_is_seen_broken() -> None:
    """The refusals have a page of their own."""
    assert {law for law, _ in STORIES.values()} == set(Invariant) - {Invariant.RIGHT_REFUSAL}
