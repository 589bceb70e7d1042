"""Small retail files to import, and where the real one lies."""

import csv
import gzip
import io
from collections.abc import Iterable
from pathlib import Path

from app.domain.currency import currency_of
from app.domain.imports.retail.columns import TextColumns
from app.domain.imports.retail.dates import DateOrder
from app.domain.imports.retail.lines import Notice, RetailLine
from app.domain.imports.retail.parsing import LineParser

ROOT = Path(__file__).parents[2]
REAL_FILE = ROOT.parent / "shared" / "data" / "online_retail.csv.gz"
DEMO_SLICE = ROOT / "app" / "demo" / "online_retail.csv"
HEADINGS = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]


def row(
    invoice: str,
    stock_code: str = "22111",
    quantity: object = 1,
    at: str = "2011-03-01 10:00:00",
    price: str = "2.50",
    customer: str = "17850.0",
    description: str = "SCOTTIE DOG HOT WATER BOTTLE",
) -> list[str]:
    return [
        invoice,
        stock_code,
        description,
        str(quantity),
        at,
        price,
        customer,
        "United Kingdom",
    ]


def parse_rows(
    rows: Iterable[list[str]],
    *,
    first: int = 2,
    mark: str | None = ".",
    order: DateOrder | None = None,
    currency: str = "GBP",
) -> tuple[list[RetailLine], list[Notice]]:
    """Lines as they are read from a file, numbered from ``first`` on, and what is to be told."""
    cells = list(rows)
    texts = TextColumns()
    texts.add(range(first, first + len(cells)), zip(*cells, strict=True))
    return LineParser(currency_of(currency), mark, order).parse(texts)


def write_file(path: Path, rows: Iterable[list[str]], *, packed: bool = False) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADINGS, *rows])
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))
