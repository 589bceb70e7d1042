"""`python -m tests.scaling.across`: `flask stress` across five hosts while they are struck.

Prints the table of the stress command, and how long the store took to be back after each blow.
Exit status 1 if anything was wrong.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from tests.scaling.disturbances import Endured, disturb
from tests.scaling.hosts import why_not
from tests.scaling.store import Store, store_on_hosts
from tests.support.running_store import ROOT, environment

#: By then the clients are at work, and not still being made.
OPERATIONS_FIRST = 20
OPEN_SECONDS_MAX = 120.0
#: For a last blow's mending before the storm ends.
CALM_SECONDS = 5.0


def stress(store: Store, folder: Path, *, seconds: float, clients: int, seed: int) -> list[str]:
    """The command line, for this machine, of clients who know both web nodes."""
    addresses = [word for node in store.web for word in ("--web", node.url)]
    limits = ["--seconds", f"{seconds}", "--clients", f"{clients}", "--seed", f"{seed}"]
    kept = ["--log", str(folder / "operations.jsonl"), "--json", str(folder / "result.json")]
    return [sys.executable, "-m", "flask", "stress", *addresses, *limits, *kept]


def run(
    store: Store, folder: Path, *, seconds: float, clients: int, seed: int
) -> tuple[int, list[Endured]]:
    """The stress command's exit status, and what its hosts endured meanwhile."""
    storm = subprocess.Popen(
        stress(store, folder, seconds=seconds, clients=clients, seed=seed),
        cwd=ROOT,
        env=environment(folder / "instance", **store.settings),
        stdin=subprocess.DEVNULL,
    )
    try:
        began = wait_for_clients(storm, folder / "operations.jsonl")
        endured = list(disturb(store, began + seconds - CALM_SECONDS))
        return storm.wait(), endured
    finally:
        if storm.poll() is None:
            storm.terminate()
            storm.wait()


def wait_for_clients(storm: subprocess.Popen[bytes], log: Path) -> float:
    """Until they have begun; when that was."""
    deadline = time.monotonic() + OPEN_SECONDS_MAX
    while not log.exists() or log.read_bytes().count(b"\n") < OPERATIONS_FIRST:
        assert storm.poll() is None, "the stress command gave up"
        assert time.monotonic() < deadline, "the clients did not begin"
        time.sleep(0.1)
    return time.monotonic()


def table(endured: Iterable[Endured]) -> str:
    lines = ["host blow          times   back after s (median, longest)"]
    by_name = groupby(sorted(endured, key=lambda each: each.name), key=lambda each: each.name)
    for name, group in by_name:
        seconds = [each.back_seconds for each in group]
        median = statistics.median(seconds)
        lines.append(f"{name:<18} {len(seconds):>5}   {median:>6.2f} {max(seconds):>8.2f}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if why_not():
        print(why_not(), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with store_on_hosts(folder) as store:
            status, endured = run(
                store, folder, seconds=given.seconds, clients=given.clients, seed=given.seed
            )
        print(table(endured))
    return status


if __name__ == "__main__":
    sys.exit(main())
