"""Invoices of the Online Retail file, with what was cancelled of each."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.domain.imports.retail.lines import RetailLine

Article = tuple[str, Decimal]
"""A stock code at one price: units of an invoice that are all alike."""


@dataclass(slots=True)
class Cancellation:
    """``parts`` are the lines of the file that it comes from, with the units of this invoice."""

    number: str
    at: datetime
    articles: dict[Article, int] = field(default_factory=dict)
    parts: list[tuple[RetailLine, int]] = field(default_factory=list)

    @property
    def units(self) -> int:
        return sum(self.articles.values())


@dataclass(slots=True)
class Sale:
    """One invoice, from its first ``line``; ``customer`` is empty for a walk-in, ``at`` local."""

    line: RetailLine
    at: datetime
    articles: dict[Article, int] = field(default_factory=dict)
    cancellations: list[Cancellation] = field(default_factory=list)

    @property
    def number(self) -> str:
        return self.line.invoice

    @property
    def customer(self) -> str:
        return self.line.customer

    @property
    def country(self) -> str:
        return self.line.country

    @property
    def buyer(self) -> str:
        return self.line.buyer

    @property
    def units(self) -> int:
        return sum(self.articles.values())

    def cancellation(self, number: str, at: datetime) -> Cancellation:
        """The one with this number, new if it is not there."""
        for known in self.cancellations:
            if known.number == number:
                return known
        self.cancellations.append(Cancellation(number, max(at, self.at)))
        return self.cancellations[-1]
