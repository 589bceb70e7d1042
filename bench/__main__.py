"""Runs every benchmark on servers of its own and prints one table."""

import argparse
import shutil

from bench import consistency, http, inventory_pages, reservations
from bench.store import bench_servers
from bench.table import print_table

PARTS = ("reservations", "http", "pages", "consistency")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--units", type=int, default=1_000_000, help="units in the large store")
    parser.add_argument("--only", choices=PARTS, help="one part of it")
    options = parser.parse_args()
    with bench_servers() as (servers, instance):
        rows = []
        if options.only in (None, "reservations"):
            rows += reservations.measure(servers)
        if options.only in (None, "http"):
            rows += http.measure(servers, options.units)
        if options.only in (None, "pages"):
            rows += inventory_pages.measure(servers, options.units)
        if options.only in (None, "consistency"):
            rows += consistency.measure(servers, options.units)
    shutil.rmtree(instance, ignore_errors=True)
    print_table(rows)


if __name__ == "__main__":
    main()
