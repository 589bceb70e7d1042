"""Where nothing is wrong the checker says so, however things came about."""

from dataclasses import replace

import pytest

from app.services.background.cleanup import BackgroundCleanupService
from stress.checker import Invariant
from tests.stress.checker.operation_recorder import Ledger
from tests.support.api_caller import LIFECYCLE


def test_a_whole_day_gives_no_cause_for_complaint(ledger: Ledger) -> None:
    units = ledger.receive(20)
    ledger.receive(serialNumbers=["S-1", "S-2"])
    ledger.edit(units[0], 1)
    ledger.hold(units[:2], "cart")
    ledger.hold_by_hand(units[2:3], "the window")
    invoice = ledger.invoice(units[3:5])
    ledger.reserve(units[5:6], invoice)
    converted = ledger.invoice(units[:2], sessionId="cart")
    ledger.pay(invoice, "5.00")
    ledger.pay(invoice, "6.00")
    ledger.pay(invoice, "19.00")
    ledger.deliver(invoice, units[3:4])
    ledger.transition(invoice, "Delivered")
    ledger.transition(converted, "Cancelled")
    ledger.release(itemIds=units[2:3])
    ledger.invoice(units[:1], directSale=True, method="Card")
    by_quantity = ledger.order([{"sku": ledger.sku, "quantity": 3, "unitPrice": "2.00"}])
    ledger.transition(by_quantity, "Paid")
    ledger.deliver(by_quantity, units_of_invoice(by_quantity.answer))
    cart = ledger.hold(units[10:12], "another cart")
    ledger.release(sessionId="another cart")
    cancelled = ledger.invoice(units[10:12])
    ledger.release("manager", invoiceId=cancelled.answer["id"])
    ledger.again(cart)
    ledger.hold(units[12:13], "a cart that stays")
    findings = ledger.check()
    assert {each.law: each.sentences for each in findings if each.violated} == {}
    unseen = {each.law for each in findings if not each.checked}
    assert unseen == {
        Invariant.NO_TRACE,
        Invariant.ALL_OR_NOTHING,
        Invariant.RIGHT_REFUSAL,
        Invariant.IN_TIME,
    }


def units_of_invoice(invoice: dict) -> list[str]:
    return [line["itemId"] for line in invoice["items"]]


def test_every_refusal_of_the_real_store_is_found_right(ledger: Ledger) -> None:
    units = ledger.receive(10)
    sold = ledger.invoice(units[:2])
    refused = [ledger.invoice(units[1:3]), ledger.pay(sold, "20.01")]
    ledger.pay(sold, "20.00")
    refused += [ledger.pay(sold, "1.00"), ledger.transition(sold, "Cancelled")]
    ledger.deliver(sold, units[:1])
    refused += [ledger.deliver(sold, units[:1]), ledger.deliver(sold, units[4:5])]
    refused += [ledger.transition(sold, "Cancelled", "staff")]
    ledger.hold(units[5:6], "cart")
    refused += [
        ledger.hold(units[4:6], "other cart"),
        ledger.release("colleague", sessionId="cart"),
        ledger.hold(units[6:7], "cart", "colleague"),
        ledger.hold(units[6:7], "cart", "manager"),
        ledger.invoice(units[5:6], "manager", sessionId="cart"),
    ]
    refused += [ledger.release(itemIds=units[6:7]), ledger.release(sessionId="no cart")]
    refused += [ledger.edit(units[5], 1), ledger.reserve(units[6:7], sold)]
    too_many = [{"sku": ledger.sku, "quantity": 8, "unitPrice": "1.00"}]
    refused += [ledger.order(too_many)]
    refused += [ledger.order([{"itemId": units[7], "unitPrice": "1.00"}, *too_many])]
    codes = {operation.code for operation in refused}
    assert codes == {
        "items-not-available",
        "exceeds-balance",
        "invoice-state",
        "invalid-transition",
        "not-found",
        "forbidden",
        "version-conflict",
        "not-enough-stock",
    }
    findings = ledger.check()
    assert {each.law: each.sentences for each in findings if each.violated} == {}
    assert findings[Invariant.RIGHT_REFUSAL].checked == len(refused)


def test_an_expired_hold_may_be_taken_by_the_next_one_or_tidied_up(ledger: Ledger) -> None:
    units = ledger.receive(3)
    hold = ledger.hold(units, "cart", expiresInMinutes=1)
    ledger.expire(hold)
    ledger.hold(units[:1], "the next cart")
    expired = ledger.invoice(units[:2], sessionId="cart")
    assert expired.code == "hold-expired"
    with ledger.shop.app.app_context():
        assert BackgroundCleanupService().run_cleanup_now()["released"] == 2
    ledger.ask("cleanup", f"{LIFECYCLE}/cleanup-expired", {}, "manager", "DELETE")
    findings = ledger.check()
    assert {each.law: each.sentences for each in findings if each.violated} == {}
    assert findings[Invariant.IN_TIME].checked == 3


def test_what_was_asked_three_times_and_done_the_first_time_is_there_once(
    ledger: Ledger,
) -> None:
    (unit,) = ledger.receive()
    first = ledger.hold([unit], "cart")
    (done,) = first.attempts
    silent = replace(done, status=None, answer=None)
    (told,) = ledger.again(first).settled
    ledger.keep(replace(first, attempts=(silent, silent, told)))
    assert told.replayed
    assert ledger.violated() == set()


@pytest.mark.parametrize("asked_again", [True, False])
def test_an_answer_that_never_came_may_have_been_given(ledger: Ledger, asked_again: bool) -> None:
    (unit,) = ledger.receive()
    silent = ledger.silence(ledger.hold([unit], "cart"))
    if asked_again:
        ledger.again(silent)
    assert ledger.violated() == set()
    assert ledger.check()[Invariant.ALL_OR_NOTHING].checked == 1


def test_what_was_refused_when_asked_again_was_never_done(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    ledger.hold([unit], "cart")
    silent = ledger.silence(ledger.hold([unit], "another cart"))
    assert ledger.again(silent).settled[0].code == "items-not-available"
    assert ledger.violated() == set()


def test_a_refusal_may_tell_of_what_was_so_before_the_answer_came(ledger: Ledger) -> None:
    (unit,) = ledger.receive()
    ledger.hold([unit], "cart")
    refused = ledger.hold([unit], "another cart")
    ledger.release(itemIds=[unit])
    (attempt,) = refused.attempts
    late = replace(attempt, ended_at=attempt.ended_at + 5)
    ledger.keep(replace(refused, attempts=(late,)))
    assert ledger.violated() == set()
