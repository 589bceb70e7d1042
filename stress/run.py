"""A whole run: store, load, checker."""

from collections.abc import Callable
from pathlib import Path

from app.settings import Settings
from stress.checker import check
from stress.clients.operation_log import Record
from stress.clients.resolve_unknown import Settling, wait_until_quiet
from stress.clients.seed_data import Opening
from stress.environments.environment import Place
from stress.environments.scratch import wait_until_serving
from stress.load_run import LoadPlan, LoadRun, RunProgress
from stress.report import Report


def run(
    place: Place,
    plan: LoadPlan,
    log: Path,
    *,
    weather: Callable[[RunProgress], None],
    say: Callable[[str], None],
) -> Report:
    """``weather`` hears often how the storm stands, ``say`` what comes after it.

    Raises RuntimeProblem where the store does not come back by itself.
    """
    with Record(log) as record:
        floor = Opening(place.web_urls[0], place.people, plan.seed, record).open()
        passed = LoadRun(place, plan, floor, record).pass_over(weather)
        say("Waiting until all is quiet …")
        wait_until_serving(place)
        with place.connect() as connection:
            wait_until_quiet(connection)
            say(f"Asking about {len(record.tags('unknown')):,} of unknown outcome …")
            Settling(place.web_urls[0], place.people, record, plan.seed).settle()
            wait_until_quiet(connection)
            say(f"Checking {len(record):,} operations …")
            findings = check(record.operations(), connection, hold_minutes=hold_minutes(place))
    return Report(plan, passed, record, findings)


def hold_minutes(place: Place) -> int:
    return Settings.from_environment(place.environment).hold_minutes
