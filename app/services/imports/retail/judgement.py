"""Decides for every line of a file what the import does with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from app.domain.imports.retail.checks import refuse_future, same_spelling
from app.domain.imports.retail.headings import RetailFileError
from app.domain.imports.retail.lines import Notice, RetailLine, Skipped
from app.domain.imports.retail.plan import Plan, Selection, plan, settle_times
from app.domain.imports.retail.sales import Sale
from app.domain.text.folding import fold_text
from app.services.imports.retail.catalogue import Article, articles, spellings_in_store
from app.services.imports.retail.comparison import Comparison, Difference, differences
from app.services.imports.retail.file import RetailFile
from app.services.imports.retail.progress import (
    ImportedInvoice,
    imported_invoices,
    late_cancellations,
)
from app.services.imports.retail.source import PREFIX


@dataclass(frozen=True)
class Judged:
    """``sales`` are those to bring or to go on with; ``sold`` are their products."""

    sales: list[Sale]
    sold: list[Article]
    skipped: list[Skipped]
    notices: list[Notice]
    imported: dict[str, ImportedInvoice]
    imported_before: int


def judge(path: Path, file: RetailFile, selection: Selection, timezone: ZoneInfo) -> Judged:
    """Reads the store, and writes nothing. RetailFileError names the file and the line."""
    now = datetime.now(timezone).replace(tzinfo=None)
    lines, spelled = same_spelling(
        file.lines, spellings_in_store({line.stock_code for line in file.lines})
    )
    try:
        if selection.shift_to is None:
            refuse_future(list(filter(selection.covers, lines)), now, timezone.key)
        planned = plan(lines, selection)
    except RetailFileError as error:
        raise RetailFileError(f"{path}: {error}. Nothing was imported.") from None
    settled = settle_times(planned.sales, timezone, now)
    noticed = _taken([*file.notices, *spelled], planned, selection)
    return _beside_the_store(planned, lines, [*noticed, *settled], selection, timezone)


def _taken(notices: Iterable[Notice], planned: Plan, selection: Selection) -> list[Notice]:
    """Those of lines that this import is about."""
    return [
        each
        for each in notices
        if each.line.buyer in planned.buyers and selection.covers(each.line)
    ]


def _beside_the_store(
    planned: Plan,
    lines: list[RetailLine],
    notices: list[Notice],
    selection: Selection,
    timezone: ZoneInfo,
) -> Judged:
    imported = imported_invoices(PREFIX)
    known = [sale for sale in planned.sales if sale.number in imported]
    comparison = Comparison(PREFIX, timezone, compare_times=selection.shift_to is None)
    said = {**comparison.differing(known), **_spelled_otherwise(planned.sales, imported)}
    sales = [sale for sale in planned.sales if sale.number not in said]
    catalogue = articles(lines)
    skipped = [
        *planned.skipped,
        *late_cancellations(sales, imported),
        *(differences(said, lines) if said else ()),
    ]
    return Judged(
        sales=sales,
        sold=[
            catalogue[sku] for sku in sorted({sku for sale in sales for sku, _ in sale.articles})
        ],
        skipped=skipped,
        notices=notices,
        imported=imported,
        imported_before=len(known),
    )


def _spelled_otherwise(
    sales: Iterable[Sale], imported: Mapping[str, ImportedInvoice]
) -> dict[str, list[Difference]]:
    """Invoices that the store has, were it not for the case of a letter in their number."""
    stored = {fold_text(number): number for number in imported}
    return {
        sale.number: [Difference("", f"InvoiceNo is {there} in the store", sale.units)]
        for sale in sales
        if sale.number not in imported and (there := stored.get(fold_text(sale.number)))
    }
