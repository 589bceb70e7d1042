"""Checks that nobody shared, resold or lost an item too soon."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from math import inf
from typing import NamedTuple

from stress.checker.access_refusals import USES_OF_CART
from stress.checker.clients.outcomes import Fulfilment
from stress.checker.database.rows import HistoryEntry
from stress.checker.database.snapshot import DatabaseSnapshot
from stress.checker.database.state_timeline import ItemStateSpan, StateTimelines
from stress.checker.findings import Findings, Invariant

SOLD_INVOICE = frozenset({"Paid", "Delivered"})


class HoldClaim(NamedTuple):
    """From when to when, by commit, a live invoice listed a unit."""

    since: float
    until: float
    invoice_id: str


def check_one_invoice(books: DatabaseSnapshot, findings: Findings) -> None:
    """No two live invoices at any time, by the invoices' own lives; nor now."""
    claims = _claims(books)
    for item_id, of_unit in claims.items():
        findings.count(Invariant.ONE_INVOICE)
        live = [claim.invoice_id for claim in of_unit if claim.until == inf]
        if len(live) > 1:
            findings.violate(
                Invariant.ONE_INVOICE,
                f"unit {item_id} is on the live invoices {' and '.join(live)}",
            )
        for earlier, later in _overlapping(of_unit):
            findings.violate(
                Invariant.ONE_INVOICE,
                f"unit {item_id} was put on invoice {later.invoice_id} while it was on invoice"
                f" {earlier.invoice_id}",
            )


def _claims(books: DatabaseSnapshot) -> dict[str, list[HoldClaim]]:
    ends = {
        step.invoice_id: step.committed_at
        for history in books.invoice_histories.values()
        for step in history
        if step.after == "Cancelled"
    }
    claims = defaultdict[str, list[HoldClaim]](list)
    for invoice_id, lines in books.lines.items():
        for line in lines:
            listed = books.listings.get((invoice_id, line.item_id))
            since = listed.committed_at if listed else line.committed_at
            until = inf if line.live else ends.get(invoice_id, since)
            claims[line.item_id].append(HoldClaim(since, until, invoice_id))
    return claims


def _overlapping(claims: list[HoldClaim]) -> Iterator[tuple[HoldClaim, HoldClaim]]:
    in_order = sorted(claims)
    for earlier, later in pairwise(in_order):
        if later.since < earlier.until:
            yield earlier, later


def check_sold_once(books: DatabaseSnapshot, findings: Findings) -> None:
    """By its history, and by the invoices that were paid for it."""
    paid_for = defaultdict[str, list[str]](list)
    for invoice_id, lines in books.lines.items():
        invoice = books.invoices.get(invoice_id)
        if invoice and invoice.status in SOLD_INVOICE:
            for line in lines:
                paid_for[line.item_id].append(invoice.number)
    for item_id in books.histories.keys() | paid_for.keys():
        findings.count(Invariant.SOLD_ONCE)
        history = books.histories.get(item_id, ())
        sales = sum(step.after == "Sold" for step in history)
        taken_back = sum(step.before == "Sold" and step.after == "Available" for step in history)
        if sales > 1 + taken_back:
            findings.violate(Invariant.SOLD_ONCE, f"unit {item_id} was sold {sales} times")
        if len(paid_for[item_id]) > 1:
            findings.violate(
                Invariant.SOLD_ONCE,
                f"unit {item_id} is paid for on {' and '.join(paid_for[item_id])}",
            )


def check_carts(books: DatabaseSnapshot, findings: Findings) -> None:
    """Whoever was told that a cart took units, or became an invoice, is its user."""
    for told in books.told.values():
        holder = told.request.holder
        if told.request.kind not in USES_OF_CART or not holder or holder[0] != "Session":
            continue
        findings.count(Invariant.OWN_CART)
        if told.fate is Fulfilment.DONE and books.carts.get(holder[1]) != told.user_id:
            findings.violate(
                Invariant.OWN_CART, f"{told} used the cart {holder[1]} of another user"
            )


def check_expiries(lifelines: StateTimelines, findings: Findings) -> None:
    """Whoever ended a hold because it had run out was not before its time."""
    for history in lifelines.books.histories.values():
        for before, step in pairwise(history):
            if step.reason != "RESERVATION_EXPIRED":
                continue
            findings.count(Invariant.IN_TIME)
            held = ItemStateSpan(before, 0, 0, 0, 0)
            if step.written_at < lifelines.expiry(held).since - lifelines.clock_error:
                findings.violate(Invariant.IN_TIME, _too_soon(before, step))


def _too_soon(hold: HistoryEntry, step: HistoryEntry) -> str:
    lasted = step.written_at - hold.written_at
    return f"unit {step.item_id}: the hold of {hold.owner} was ended after {lasted:.3f} s"
