"""A daily report as CSV: one figure a line."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.reports.daily_report import HEADLINES
from app.domain.text.csv_text import csv_text

COLUMNS = ("section", "name", "figure", "value", "day_before", "week_before")
LISTS = {"findings": "kind", "bestSellers": "sku", "longestReservations": "serialNumber"}


def report_csv(figures: Mapping[str, Any]) -> str:
    empty = ("",) * len(COLUMNS)
    return csv_text([COLUMNS, *((*row, *empty)[: len(COLUMNS)] for row in _rows(figures))])


def _rows(figures: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    yield "report", "", "day", figures["day"]
    yield "report", "", "time zone", figures["timeZone"]
    comparison = figures["comparison"]
    for name in HEADLINES:
        others = [(comparison[day] or {}).get(name) for day in ("dayBefore", "weekBefore")]
        if name in figures["headlines"]:
            yield "headlines", "", name, figures["headlines"][name], *others
    for section in ("transitions", "stock"):
        for name, units in figures[section].items():
            yield section, name, "units", units
    for line in figures["money"]["byMethod"]:
        yield "money", line["method"], "amount", line["amount"]
        yield "money", line["method"], "payments", line["payments"]
    for line in figures.get("refunds", {}).get("oldest", ()):
        yield "refunds", line["number"], "due", line["due"]
    for hour in figures["hours"]:
        for status, units in hour["units"].items():
            yield "hours", hour["from"], status, units
    for section, key in LISTS.items():
        for line in figures[section]:
            for figure, value in line.items():
                if figure != key:
                    yield section, line[key], figure, value
