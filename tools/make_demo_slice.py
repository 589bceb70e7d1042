"""Cuts the demo store's invoices out of the whole Online Retail file.

    .venv/bin/python tools/make_demo_slice.py online_retail.csv.gz > app/demo/online_retail.csv

Small invoices from November 2011 on: every wholly cancelled one, some of those cancelled in part,
and every tenth of the others, with all lines of theirs as they stand in the file.
"""

import csv
import gzip
import sys
from datetime import date
from pathlib import Path

from app.domain.imports.retail.plan import Selection, plan
from app.domain.imports.retail.sales import Sale
from app.services.imports.retail.file import read_retail_file

FIRST_DAY = date(2011, 11, 1)
UNITS_MAX = 120
CANCELLED_IN_PART = 10
EVERY = 10


def chosen_sales(sales: list[Sale]) -> list[Sale]:
    small = [sale for sale in sales if sale.units <= UNITS_MAX]
    cancelled = [sale for sale in small if sale.units == units_cancelled(sale)]
    in_part = [sale for sale in small if 0 < units_cancelled(sale) < sale.units]
    kept = [sale for sale in small if not sale.cancellations]
    return cancelled + in_part[-CANCELLED_IN_PART:] + kept[::EVERY]


def units_cancelled(sale: Sale) -> int:
    return sum(cancellation.units for cancellation in sale.cancellations)


def main(path: Path) -> None:
    lines = read_retail_file(path).lines
    sales = chosen_sales(plan(lines, Selection(first_day=FIRST_DAY)).sales)
    invoices = {sale.number for sale in sales}
    cancelled = {
        (cancellation.number, stock_code)
        for sale in sales
        for cancellation in sale.cancellations
        for stock_code, _ in cancellation.articles
    }
    wanted = {
        line.number
        for line in lines
        if line.invoice in invoices or (line.invoice, line.stock_code) in cancelled
    }
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(next(reader))
        writer.writerows(row for row in reader if reader.line_num in wanted)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
