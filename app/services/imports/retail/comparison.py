"""Compares invoices of an earlier import with the file."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.database.transactions import db, transactional
from app.domain.imports.retail.lines import RetailLine, Skipped, SkipReason
from app.domain.imports.retail.sales import Article, Sale
from app.domain.text.folding import fold_text
from app.services.imports.retail.catalogue import customer_reference
from app.services.imports.retail.source import moment_of

INVOICES_AT_ONCE = 2_000


@dataclass
class StoredInvoice:
    """``articles`` are its lines, by the folded SKU and the price."""

    id: UUID
    created_at: datetime
    customer_reference: str | None
    customer_name: str
    articles: Counter[Article] = field(default_factory=Counter)


class Difference(NamedTuple):
    """``sku`` is folded, or empty; ``detail`` names both values; ``units`` are not brought."""

    sku: str
    detail: str
    units: int = 0


@dataclass(frozen=True)
class Comparison:
    """``compare_times`` is false where the dates of the file were moved."""

    prefix: str
    timezone: ZoneInfo
    compare_times: bool

    def differing(self, sales: Sequence[Sale]) -> dict[str, list[Difference]]:
        """By the invoice's number; those that do not differ are left out."""
        found = {}
        for start in range(0, len(sales), INVOICES_AT_ONCE):
            references = {self._ref(sale): sale for sale in sales[start : start + INVOICES_AT_ONCE]}
            stored = stored_invoices(list(references))
            known = [(references[reference], invoice) for reference, invoice in stored.items()]
            removed = removed_units(
                [invoice.id for sale, invoice in known if _other(sale, invoice)]
            )
            for sale, invoice in known:
                if said := list(self._said(sale, invoice, removed.get(invoice.id, Counter()))):
                    found[sale.number] = said
        return found

    def _ref(self, sale: Sale) -> str:
        return f"{self.prefix}:{sale.number}"

    def _said(
        self, sale: Sale, stored: StoredInvoice, removed: Counter[str]
    ) -> Iterator[Difference]:
        if stored.customer_reference != customer_reference(sale.customer, self.prefix):
            number = sale.customer or "none"
            yield Difference(
                "", f"CustomerID is {number} here; in the store it is {stored.customer_name}"
            )
        made_at = moment_of(sale.at, self.timezone)
        if self.compare_times and made_at != stored.created_at:
            there = stored.created_at.astimezone(self.timezone).replace(tzinfo=None)
            yield Difference("", f"InvoiceDate is {sale.at} here; in the store it is {there}")
        if _other(sale, stored):
            yield from _articles_said(_folded(sale), stored.articles, removed)


def _articles_said(
    here: Counter[Article], there: Counter[Article], removed: Counter[str]
) -> Iterator[Difference]:
    """Units that were taken off the invoice since are no difference."""
    for sku in dict.fromkeys(sku for sku, _ in [*here, *there]):
        ours, theirs = _of(sku, here), _of(sku, there)
        missing = ours.total() - theirs.total() - removed[sku]
        if missing or theirs - ours:
            gone = f" and {removed[sku]} taken off it since" if removed[sku] else ""
            detail = f"{sku.upper()}: {_listed(ours)} here; in the store {_listed(theirs)}{gone}"
            yield Difference(sku, detail, max(missing, 0))


def differences(
    said: Mapping[str, Sequence[Difference]], lines: Iterable[RetailLine]
) -> Iterator[Skipped]:
    """What was found, beside the line of the file that says otherwise."""
    first: dict[str, RetailLine] = {}
    by_sku: dict[tuple[str, str], RetailLine] = {}
    for line in lines:
        if line.invoice in said:
            first.setdefault(line.invoice, line)
            by_sku.setdefault((line.invoice, fold_text(line.stock_code)), line)
    for number, each in said.items():
        for sku, detail, units in each:
            line = by_sku.get((number, sku), first[number])
            yield Skipped(line, SkipReason.DIFFERS_FROM_STORE, units, detail)


def _other(sale: Sale, stored: StoredInvoice) -> bool:
    return _folded(sale) != stored.articles


def _folded(sale: Sale) -> Counter[Article]:
    articles = sale.articles.items()
    return Counter({(fold_text(sku), price): units for (sku, price), units in articles})


def _of(sku: str, articles: Counter[Article]) -> Counter[Decimal]:
    return Counter({price: units for (each, price), units in articles.items() if each == sku})


def _listed(units: Counter[Decimal]) -> str:
    return " and ".join(f"{count} at {price}" for price, count in units.items()) or "none"


@transactional
def stored_invoices(references: Sequence[str]) -> dict[str, StoredInvoice]:
    """By reference; those that are not there are left out."""
    rows = db.session.execute(
        text("""SELECT i.source_reference, i.id, i.created_at,
                c.source_reference AS customer_reference, c.name AS customer_name,
                p.sku, l.unit_price, count(l.item_id) AS units
            FROM invoices i JOIN customers c ON c.id = i.customer_id
            LEFT JOIN invoice_items l ON l.invoice_id = i.id
            LEFT JOIN items u ON u.id = l.item_id LEFT JOIN products p ON p.id = u.product_id
            WHERE i.source_reference = ANY(:refs)
            GROUP BY i.id, c.id, p.id, l.unit_price"""),
        {"refs": list(references)},
    )
    found: dict[str, StoredInvoice] = {}
    for row in rows:
        invoice = found.setdefault(
            row.source_reference,
            StoredInvoice(row.id, row.created_at, row.customer_reference, row.customer_name),
        )
        if row.units:
            invoice.articles[(fold_text(row.sku), row.unit_price)] += row.units
    return found


@transactional
def removed_units(invoice_ids: Sequence[UUID]) -> dict[UUID, Counter[str]]:
    """Units that were on these invoices and are no more, by their folded SKU."""
    if not invoice_ids:
        return {}
    rows = db.session.execute(
        text("""SELECT h.reference_id, p.sku, count(DISTINCT h.item_id) AS units
            FROM inventory_status_history h
            JOIN items u ON u.id = h.item_id JOIN products p ON p.id = u.product_id
            WHERE h.reference_id = ANY(:ids)
                AND h.from_status = 'Reserved' AND h.to_status = 'Available'
                AND NOT EXISTS (SELECT FROM invoice_items l
                    WHERE l.item_id = h.item_id AND l.invoice_id::text = h.reference_id)
            GROUP BY h.reference_id, p.sku"""),
        {"ids": [str(invoice_id) for invoice_id in invoice_ids]},
    )
    found: dict[UUID, Counter[str]] = {}
    for row in rows:
        found.setdefault(UUID(row.reference_id), Counter())[fold_text(row.sku)] += row.units
    return found
