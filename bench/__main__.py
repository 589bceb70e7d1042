"""Runs benchmarks on servers of their own and prints one table: `python -m bench`."""

import argparse
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from app.runtime.servers.embedded import EmbeddedServers
from bench import bulk, consistency, contention, pages, reserve, retail, whole_invoice
from bench.store import INSTANCE, bench_servers, deadlocks
from bench.table import Row, print_table
from bench.web import served

Options = argparse.Namespace
ALL_PAGES = (1_000_000, 5_000_000)


def http(servers: EmbeddedServers, options: Options) -> list[Row]:
    plan = reserve.Plan(options.clients, options.sizes, options.ways, options.seconds)
    with served(servers, "http", options.units) as web:
        return [*reserve.measure(web, plan), deadlocks(web.connection, "holds")]


def contended(servers: EmbeddedServers, options: Options) -> list[Row]:
    with served(servers, "contended", options.units) as web:
        rows = contention.measure(web)
        return [*rows, deadlocks(web.connection, "many want the same product")]


def invoice(servers: EmbeddedServers, options: Options) -> list[Row]:
    with served(servers, "invoice", max(options.units, bulk.UNITS_MIN)) as web:
        return whole_invoice.measure(web)


PARTS: Mapping[str, Callable[[EmbeddedServers, Options], list[Row]]] = {
    "http": http,
    "contention": contended,
    "bulk": lambda servers, options: bulk.measure(servers, options.units),
    "invoice": invoice,
    "pages": lambda servers, options: pages.measure(servers, options.pages),
    "import": lambda servers, options: retail.measure(servers, options.retail, options.every),
    "consistency": lambda servers, options: consistency.measure(servers, options.units),
}


def main() -> None:
    options = _options()
    rows = []
    with bench_servers(options.instance, dict(options.set)) as servers:
        for name in options.only or PARTS:
            found = PARTS[name](servers, options)
            print_table(found)
            rows += found
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    judged = [row.met for row in rows if row.met is not None]
    print(f"{sum(judged)} of {len(judged)} targets met")
    print(f"load of this machine now: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    several = {"nargs": "+", "metavar": "N", "type": int}
    parser.add_argument("--only", nargs="+", choices=PARTS, help="some parts of it")
    parser.add_argument("--all", action="store_true", help="also pages of 5 million units")
    parser.add_argument("--units", type=int, default=1_000_000, help="units in the large store")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement of http")
    parser.add_argument("--clients", **several, default=(1, 8, 32), help="of http")
    parser.add_argument("--sizes", **several, default=(1, 20), help="units a call of http")
    parser.add_argument("--ways", nargs="+", choices=reserve.WAYS, default=reserve.WAYS)
    parser.add_argument(
        "--pages", **several, default=(1_000_000,), help="units of the stores whose pages are read"
    )
    parser.add_argument("--retail", type=Path, default=retail.DEMO, metavar="FILE")
    parser.add_argument("--every", type=int, default=1, help="each N-th customer of FILE only")
    parser.add_argument("--instance", type=Path, default=INSTANCE, metavar="FOLDER")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=lambda text: text.split("=", 1),
        metavar="NAME=VALUE",
        help="a setting of PostgreSQL to try",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    options = parser.parse_args()
    if options.all:
        options.pages = ALL_PAGES
    return options


if __name__ == "__main__":
    main()
