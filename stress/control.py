"""Negative controls: broken stores that the checker must notice.

``lost-commit`` answers before its commits are written and is then killed. ``no-guards`` has a shop
beside it that neither locks nor lets the database look at what it does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from stress.checker import Findings, Invariant, check
from stress.clients.client_view import Floor
from stress.clients.operation_log import Record
from stress.clients.resolve_unknown import wait_until_quiet
from stress.clients.seed_data import Opening
from stress.control_without_locks import UnlockedShop
from stress.environments.environment import Place
from stress.environments.scratch import wait_until_serving
from stress.faults.database import KillPostgres
from stress.load_run import LoadPlan, LoadRun, Passed, RunProgress
from stress.report import Report
from stress.run import hold_minutes

Act = Callable[[Place, LoadPlan, Floor, Record, Callable[[RunProgress], None]], Passed]


@dataclass(frozen=True)
class Control:
    """``law`` is the one that must be found broken."""

    name: str
    law: Invariant
    act: Act
    server_settings: Mapping[str, str] = field(default_factory=dict)

    def found_in(self, findings: Findings) -> bool:
        return findings[self.law].violated > 0


def lose_commits(
    site: Place, plan: LoadPlan, floor: Floor, record: Record, report: Callable[[RunProgress], None]
) -> Passed:
    """The last commits before the kill are still in the memory of those who die."""
    passed = LoadRun(site, plan, floor, record).pass_over(report)
    KillPostgres().inject(site, Random(plan.seed))
    return passed


def sell_unlocked(
    site: Place, plan: LoadPlan, floor: Floor, record: Record, report: Callable[[RunProgress], None]
) -> Passed:
    """The store works as ever, and somebody sells from the same shelves without looking."""
    with site.connect() as connection:
        UnlockedShop.take_guards_away(connection)
    passed = LoadRun(site, plan, floor, record).pass_over(report)
    wait_until_serving(site)
    UnlockedShop(site, plan.seed, floor.customer_ids[0], record).sell()
    return passed


CONTROLS = {
    control.name: control
    for control in (
        Control(
            "lost-commit",
            Invariant.THERE,
            lose_commits,
            {
                "synchronous_commit": "off",
                # Long enough to lose something, and what the store was opened with is written.
                "wal_writer_delay": "2s",
                "wal_writer_flush_after": "1GB",
            },
        ),
        Control("no-guards", Invariant.ONE_INVOICE, sell_unlocked),
    )
}


def run_control(
    control: Control,
    site: Place,
    plan: LoadPlan,
    log: Path,
    *,
    weather: Callable[[RunProgress], None],
    say: Callable[[str], None],
) -> Report:
    """As a run, but that nobody asks again: what was lost would be done anew."""
    with Record(log) as record:
        floor = Opening(site.web_urls[0], site.people, plan.seed, record).open()
        passed = control.act(site, plan, floor, record, weather)
        say("Waiting until all is quiet …")
        wait_until_serving(site)
        with site.connect() as connection:
            wait_until_quiet(connection)
            say(f"Checking {len(record):,} operations …")
            findings = check(record.operations(), connection, hold_minutes=hold_minutes(site))
    return Report(plan, passed, record, findings)
