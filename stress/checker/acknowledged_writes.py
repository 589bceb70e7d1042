"""Checks that acknowledged writes are there once and refused ones are not."""

from collections.abc import Iterator

from stress.checker.clients.expectations import Expectation
from stress.checker.clients.outcomes import Fulfilment, OperationOutcome
from stress.checker.clients.requests import Kind
from stress.checker.database.rows import SYSTEM_USER_ID, HistoryEntry
from stress.checker.database.snapshot import DatabaseSnapshot
from stress.checker.findings import Findings, Invariant

#: Steps that make way for another one in the same transaction.
MAKING_WAY = frozenset({"HOLD_RELEASED", "RESERVATION_EXPIRED"})
WITHOUT_KEY = frozenset({Kind.EDIT, Kind.CLEAN_UP, Kind.OTHER})


def check_presence(books: DatabaseSnapshot, findings: Findings) -> None:
    """Each operation against the rows that are its own."""
    for told in books.told.values():
        law = _law_for(told)
        findings.count(law)
        for sentence in _wrong(told, books):
            findings.violate(law, f"{told}: {sentence}")
        findings.count(Invariant.SAME_ANSWER)
        for sentence in [*told.contradictions, *_other_answer(told, books)]:
            findings.violate(Invariant.SAME_ANSWER, f"{told}: {sentence}")
        findings.count(Invariant.NO_INTERNAL_ERROR)
        for sentence in told.breakdowns:
            findings.violate(Invariant.NO_INTERNAL_ERROR, f"{told}: {sentence}")


def _law_for(told: OperationOutcome) -> Invariant:
    if told.was_unknown:
        return Invariant.ALL_OR_NOTHING
    return Invariant.THERE if told.fate is Fulfilment.DONE else Invariant.NO_TRACE


def _wrong(told: OperationOutcome, books: DatabaseSnapshot) -> Iterator[str]:
    if told.request.kind is Kind.CLEAN_UP:
        return  # it works in many transactions, each of which stands for itself
    if told.fate is Fulfilment.DONE:
        yield from _lost(told, books)
    elif told.fate is Fulfilment.NOT_DONE:
        yield from _traces(told, books)
    elif told.tag in books.keys:
        yield from _differs(told, books.kept[told.tag], books)
    else:
        yield from _traces(told, books)


def _lost(told: OperationOutcome, books: DatabaseSnapshot) -> Iterator[str]:
    assert told.expectation is not None
    if told.request.kind not in WITHOUT_KEY and told.tag not in books.keys:
        yield "it was acknowledged and its key is not there"
    yield from _differs(told, told.expectation, books)


def _traces(told: OperationOutcome, books: DatabaseSnapshot) -> Iterator[str]:
    if told.tag in books.keys:
        yield "its key is there"
    for step in books.steps_of.get(told.tag, ()):
        yield f"unit {step.item_id} has row {step.seq} ({step.reason}) of it"
    for invoice_step in books.invoice_steps_of.get(told.tag, ()):
        yield f"invoice {invoice_step.invoice_id} became {invoice_step.after} by it"
    for payment in books.payments_of.get(told.tag, ()):
        yield f"payment {payment.id} is of it"


def _differs(
    told: OperationOutcome, expected: Expectation, books: DatabaseSnapshot
) -> Iterator[str]:
    """Everything that is not as the answer promised."""
    yield from expected.flaws
    if told.request.kind in WITHOUT_KEY:
        return
    yield from _unit_steps(told, expected, books)
    yield from _invoice_path(told, expected, books)
    yield from _payments(told, expected, books)
    yield from _lines(told, expected, books)
    yield from _scattered(told, books)


def _unit_steps(
    told: OperationOutcome, expected: Expectation, books: DatabaseSnapshot
) -> Iterator[str]:
    steps = books.steps_of.get(told.tag, ())
    main = [step for step in steps if step.reason == expected.reason and _is_last(step, books)]
    moved = sorted(step.item_id for step in main)
    promised = sorted(expected.items)
    if moved != promised and not (expected.some and _some(moved, promised)):
        missing = sorted(set(promised) - set(moved))
        yield (
            f"{expected.reason} was promised for {len(promised)} units and is written for"
            f" {len(moved)}; missing: {', '.join(missing[:5]) or 'none'}"
        )
    for step in main:
        if step.user_id != told.user_id:
            yield f"unit {step.item_id}, row {step.seq} names user {step.user_id}"
        if expected.holder and (step.holder_type, step.holder_id) != expected.holder:
            yield f"unit {step.item_id}, row {step.seq} is for {step.holder_type} {step.holder_id}"
    own = set(main)
    for step in steps:
        if step not in own and not _makes_way(step, told, own, books):
            yield f"unit {step.item_id} has row {step.seq} ({step.reason}), which was not promised"


def _some(moved: list[str], promised: list[str]) -> bool:
    return bool(moved) and len(set(moved)) == len(moved) and set(moved) <= set(promised)


def _is_last(step: HistoryEntry, books: DatabaseSnapshot) -> bool:
    """No later row of the same unit is of the same transaction."""
    history = books.histories[step.item_id]
    following = history[step.seq : step.seq + 1]
    return not following or following[0].transaction != step.transaction


def _makes_way(
    step: HistoryEntry, told: OperationOutcome, main: set[HistoryEntry], books: DatabaseSnapshot
) -> bool:
    """A hold that ended so that the same act could take the unit."""
    after = books.histories[step.item_id][step.seq : step.seq + 1]
    if step.reason not in MAKING_WAY or not after or after[0] not in main:
        return False
    if step.reason == "RESERVATION_EXPIRED":
        return step.user_id == SYSTEM_USER_ID
    return (step.holder_type, step.holder_id) == told.request.holder


def _invoice_path(
    told: OperationOutcome, expected: Expectation, books: DatabaseSnapshot
) -> Iterator[str]:
    steps = books.invoice_steps_of.get(told.tag, ())
    path = tuple(step.after for step in steps)
    if path != expected.invoice_path and path not in [(status,) for status in expected.may_pass]:
        yield f"its invoice went through {path or 'nothing'}, not {expected.invoice_path}"
    for step in steps:
        if step.invoice_id != expected.invoice_id:
            yield f"invoice {step.invoice_id} became {step.after}, which was not promised"


def _payments(
    told: OperationOutcome, expected: Expectation, books: DatabaseSnapshot
) -> Iterator[str]:
    payments = books.payments_of.get(told.tag, ())
    balance = told.request.kind is Kind.PAY_BALANCE
    if len(payments) != (expected.amount is not None) and not (balance and len(payments) == 1):
        yield f"{len(payments)} payments are of it"
    for payment in payments:
        if payment.invoice_id != expected.invoice_id:
            yield f"payment {payment.id} is for invoice {payment.invoice_id}"
        if expected.amount is not None and payment.amount != expected.amount:
            yield f"payment {payment.id} is {payment.amount}, not {expected.amount}"
        if expected.payment_id and payment.id != expected.payment_id:
            yield f"payment {payment.id} is there instead of {expected.payment_id}"


def _lines(told: OperationOutcome, expected: Expectation, books: DatabaseSnapshot) -> Iterator[str]:
    if expected.reason not in ("INVOICE_CREATED", "DIRECT_SALE") or not expected.invoice_id:
        return
    listed = {line.item_id for line in books.lines.get(expected.invoice_id, ())}
    for item_id in expected.items:
        if item_id not in listed:
            yield f"unit {item_id} is not on invoice {expected.invoice_id}"


def _scattered(told: OperationOutcome, books: DatabaseSnapshot) -> Iterator[str]:
    """All of an operation is one transaction, that of its key."""
    transactions = {step.transaction for step in books.steps_of.get(told.tag, ())}
    transactions |= {step.transaction for step in books.invoice_steps_of.get(told.tag, ())}
    transactions |= {payment.transaction for payment in books.payments_of.get(told.tag, ())}
    if told.tag in books.keys:
        transactions.add(books.keys[told.tag].transaction)
    if len(transactions) > 1:
        yield f"it was written by {len(transactions)} transactions"


def _other_answer(told: OperationOutcome, books: DatabaseSnapshot) -> Iterator[str]:
    key = books.keys.get(told.tag)
    if key is None or told.answer is None:
        return
    if (key.status, key.digest) != told.answer:
        yield "the answer kept under its key is not the one that was given"
    if key.user_id != told.user_id:
        yield f"its key belongs to user {key.user_id}"
