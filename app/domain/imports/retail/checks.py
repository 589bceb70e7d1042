"""Contradictions between the lines of a retail file."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from app.domain.imports.retail.headings import RetailFileError
from app.domain.imports.retail.lines import (
    PRODUCT_CODE,
    Notice,
    NoticeKind,
    RetailLine,
    reason_to_skip,
)
from app.domain.text.folding import fold_text

UNITS_MAX = 1_000_000
#: Tills write the lines of one invoice within a minute or two.
INVOICE_TAKES_MAX = timedelta(hours=1)


def check_lines(lines: Sequence[RetailLine], total_max: Decimal) -> list[Notice]:
    """What is to be told; RetailFileError names the first line that contradicts another."""
    folded = {number: fold_text(number) for number in {line.invoice for line in lines}}
    invoices: dict[str, list[RetailLine]] = {}
    for line in lines:
        invoices.setdefault(folded[line.invoice], []).append(line)
    notices: list[Notice] = []
    for each in invoices.values():
        if len(each) > 1:
            notices.extend(_check_invoice(each))
        _check_size(each, total_max)
    notices.extend(_check_customers(lines))
    return notices


def _check_invoice(lines: Sequence[RetailLine]) -> Iterator[Notice]:
    first = lines[0]
    seen: dict[tuple[object, ...], RetailLine] = {}
    for line in lines:
        if line.invoice != first.invoice:
            raise RetailFileError(
                f"line {line.number}: InvoiceNo '{line.invoice}' is '{first.invoice}' in line "
                f"{first.number}. Write one invoice number in one way"
            )
        if line.customer != first.customer:
            raise RetailFileError(
                f"line {line.number}: CustomerID is {_customer(line)}, but {_customer(first)} in "
                f"line {first.number} of the same invoice {line.invoice}. "
                "An invoice has one customer"
            )
        if line.at != first.at:
            yield _another_time(line, first)
        twin = seen.setdefault(line[1:], line)
        if twin is not line and reason_to_skip(line) is None:
            detail = f"Like line {twin.number}; both count"
            yield Notice(line, NoticeKind.SAME_LINE_TWICE, detail)


def _another_time(line: RetailLine, first: RetailLine) -> Notice:
    if abs(line.at - first.at) > INVOICE_TAKES_MAX:
        raise RetailFileError(
            f"line {line.number}: InvoiceDate is {line.at}, but {first.at} in line {first.number} "
            f"of the same invoice {line.invoice}. An invoice is made at one time"
        )
    detail = f"Line {first.number} of the invoice says {first.at}; the earliest time counts"
    return Notice(line, NoticeKind.ANOTHER_TIME, detail)


def _customer(line: RetailLine) -> str:
    return line.customer or "empty"


def _check_size(lines: Sequence[RetailLine], total_max: Decimal) -> None:
    """An invoice that the store cannot keep is found before anything is written."""
    units = sum(line.quantity for line in lines if line.quantity > 0)
    if units <= UNITS_MAX and units * max(line.unit_price for line in lines) <= total_max:
        return
    sold = [line for line in lines if line.quantity > 0 and reason_to_skip(line) is None]
    units = sum(line.quantity for line in sold)
    total = sum((line.quantity * line.unit_price for line in sold), Decimal(0))
    start = f"line {lines[0].number}: invoice {lines[0].invoice}"
    if units > UNITS_MAX:
        raise RetailFileError(f"{start} has {units:,} units; the most is {UNITS_MAX:,}")
    if total > total_max:
        raise RetailFileError(f"{start} comes to {total:,}; the most is {total_max:,}")


def _check_customers(lines: Sequence[RetailLine]) -> Iterator[Notice]:
    """A number written with and without leading zeros may be one customer or two."""
    first_of_pairs = {(line.customer, line.country): line for line in reversed(lines)}
    first_lines: dict[str, RetailLine] = {}
    for line in sorted(first_of_pairs.values()):
        first = first_lines.setdefault(line.customer.lstrip("0"), line)
        if line.customer != first.customer:
            raise RetailFileError(
                f"line {line.number}: CustomerID {line.customer} is written "
                f"{first.customer} in line {first.number}. Write one number in one way"
            )
        if line.country != first.country and line.customer:
            detail = f"{first.country or 'None'} in line {first.number}; the last one counts"
            yield Notice(line, NoticeKind.ANOTHER_COUNTRY, detail)


def refuse_future(lines: Sequence[RetailLine], now: datetime, zone: str) -> None:
    """``now`` is the shop's local time. Nothing can have been sold later than that."""
    line = next((line for line in lines if line.at > now), None)
    if line:
        raise RetailFileError(
            f"line {line.number}: InvoiceDate {line.at} is in the future; it is "
            f"{now:%Y-%m-%d %H:%M} in {zone}. Correct it, or leave it out with "
            f"--to {now:%Y-%m-%d}"
        )


def same_spelling(
    lines: Sequence[RetailLine], known: Mapping[str, Sequence[str]]
) -> tuple[list[RetailLine], list[Notice]]:
    """The lines with each stock code in one spelling, whatever its case, and what was changed.

    The most usual spelling counts, of two the first, unless the store has another one: ``known``
    are those in the store, by the folded code.
    """
    spellings: dict[str, Counter[str]] = {}
    for code, count in Counter(line.stock_code for line in lines).items():
        spellings.setdefault(fold_text(code), Counter())[code] += count
    chosen = {}
    for folded, counts in spellings.items():
        usual, _ = counts.most_common(1)[0]
        stored = known.get(folded, ())
        best = usual if usual in stored or not stored else stored[0]
        chosen.update({code: best for code in counts if code != best and PRODUCT_CODE.match(code)})
    if not chosen:
        return list(lines), []
    notices = []
    spelled = []
    for line in lines:
        if line.stock_code in chosen:
            code = chosen[line.stock_code]
            detail = f"Taken for the product {code}"
            notices.append(Notice(line, NoticeKind.OTHER_SPELLING, detail))
            line = line._replace(stock_code=code)
        spelled.append(line)
    return spelled, notices
