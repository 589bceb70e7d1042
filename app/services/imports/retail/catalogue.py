"""Adds the products and customers that an import lacks."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from app.database.transactions import db, transactional
from app.domain.imports.retail.lines import RetailLine, reason_to_skip
from app.domain.imports.retail.sales import Sale
from app.domain.text.folding import fold_text

WALK_IN = "walk-in"


class Article(NamedTuple):
    sku: str
    name: str
    price: Decimal


def articles(lines: Iterable[RetailLine]) -> dict[str, Article]:
    """Every product that is sold, with its most usual description and price, the later of equals.

    From the whole file, so that a slice of it makes the same products.
    """
    names: dict[str, Counter[str]] = {}
    prices: dict[str, Counter[Decimal]] = {}
    for line in reversed(list(lines)):
        if not line.is_cancellation and reason_to_skip(line) is None:
            names.setdefault(line.stock_code, Counter())[line.description] += 1
            prices.setdefault(line.stock_code, Counter())[line.unit_price] += 1
    return {
        sku: Article(sku, _most_usual(names[sku]) or sku, prices[sku].most_common(1)[0][0])
        for sku in names
    }


def _most_usual(names: Counter[str]) -> str:
    return next((name for name, _ in names.most_common() if name), "")


@transactional
def add_products(wanted: Iterable[Article]) -> None:
    """Make the products whose SKUs the store does not have; known ones stay as they are."""
    rows = list(wanted)
    db.session.execute(
        text("""INSERT INTO products (sku, name, price)
            SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:names AS text[]),
                CAST(:prices AS numeric[]))
            ON CONFLICT (sku) DO NOTHING"""),
        {
            "skus": [article.sku for article in rows],
            "names": [article.name for article in rows],
            "prices": [article.price for article in rows],
        },
    )


@transactional
def spellings_in_store(stock_codes: Iterable[str]) -> dict[str, list[str]]:
    """The SKUs of the store that are these codes but for their case, by the folded code."""
    wanted = sorted({fold_text(code) for code in stock_codes})
    found: dict[str, list[str]] = {}
    for sku in db.session.scalars(
        text("SELECT sku FROM products WHERE fold_text(sku) = ANY(:codes) ORDER BY sku"),
        {"codes": wanted},
    ):
        found.setdefault(fold_text(sku), []).append(sku)
    return found


def customer_reference(number: str, prefix: str) -> str:
    return f"{prefix}:{number or WALK_IN}"


@transactional
def add_customers(sales: Iterable[Sale], prefix: str) -> Mapping[str, UUID]:
    """The ids of these invoices' customers by their number; one for all without a number."""
    names = {
        sale.customer: f"Customer {sale.customer} ({sale.country})"
        if sale.customer
        else "Walk-in customer"
        for sale in sales
    }
    references = {customer_reference(number, prefix): number for number in names}
    db.session.execute(
        text("""INSERT INTO customers (name, source_reference)
            SELECT * FROM unnest(CAST(:names AS text[]), CAST(:refs AS text[]))
            ON CONFLICT (source_reference) DO NOTHING"""),
        {"names": list(names.values()), "refs": list(references)},
    )
    rows = db.session.execute(
        text("SELECT id, source_reference FROM customers WHERE source_reference = ANY(:refs)"),
        {"refs": list(references)},
    )
    return {references[row.source_reference]: row.id for row in rows}
