"""Counts of what the checker looked at and found violated."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

#: So many sentences of a kind are kept; the others are counted.
SENTENCES_MAX = 50


class Invariant(StrEnum):
    """What must hold, as a sentence that a violation contradicts."""

    THERE = "an acknowledged operation is there, once and whole"
    NO_TRACE = "a refused operation left no trace"
    ALL_OR_NOTHING = "an operation of unknown outcome is there whole or not at all, as its key says"
    SAME_ANSWER = "asking again gives the first answer"
    NO_INTERNAL_ERROR = "no answer is an internal error"
    RIGHT_REFUSAL = "a refusal was right at some moment while it was asked"
    LEGAL_STEP = "every step in history is one that the law allows"
    REPLAY = "a unit's history replays to its row"
    INVOICE_REPLAY = "an invoice's history replays to its row"
    ASKED_FOR = "everything in the books was asked for"
    OWN_CART = "a cart is used by its user alone"
    IN_TIME = "a hold is not taken away before it runs out"
    SEEN_VERSION = "an edit is made on the version that its editor saw"
    ONE_INVOICE = "a unit is on one live invoice at any time"
    SOLD_ONCE = "a unit is sold once"
    FOR_SOMEBODY = "a reservation is for somebody"
    STANDS_AS_INVOICED = "a unit stands where its invoice asks"
    SUMS = "an invoice's sums and status are those of its lines and payments"
    TALLIES = "the maintained totals equal the counts"
    CONSERVED = "the units received are the units there are"


@dataclass
class InvariantResult:
    law: Invariant
    checked: int = 0
    violated: int = 0
    sentences: list[str] = field(default_factory=list)

    def violate(self, sentence: str) -> None:
        self.violated += 1
        if len(self.sentences) < SENTENCES_MAX:
            self.sentences.append(sentence)


class Findings:
    """Every law, with the number of things that were held against it."""

    def __init__(self) -> None:
        self.invariants = {law: InvariantResult(law) for law in Invariant}

    def __iter__(self) -> Iterator[InvariantResult]:
        return iter(self.invariants.values())

    def __getitem__(self, law: Invariant) -> InvariantResult:
        return self.invariants[law]

    @property
    def violated(self) -> int:
        return sum(invariant.violated for invariant in self)

    def count(self, law: Invariant, number: int = 1) -> None:
        self.invariants[law].checked += number

    def violate(self, law: Invariant, sentence: str) -> None:
        self.invariants[law].violate(sentence)

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "name": invariant.law.value,
                "checked": invariant.checked,
                "violated": invariant.violated,
                "violations": invariant.sentences,
            }
            for invariant in self
        ]
