"""`flask stress`: proves on a scratch store that nothing is sold twice and nothing is lost.

A program of its own, so that the store's processes need not load it.
"""

import json
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from app.runtime.problems import RuntimeProblem
from app.settings import Settings, SettingsError
from stress.control import CONTROLS, Control, run_control
from stress.environments.environment import Place
from stress.environments.remote import FAULTS as FAULTS_ELSEWHERE
from stress.environments.remote import outside_site
from stress.environments.scratch import scratch_site
from stress.faults import FAULTS
from stress.faults.fault import Fault
from stress.load_run import LoadPlan
from stress.progress import Progress, say
from stress.report import Report
from stress.run import run
from stress.table import table_of

ALL, NONE = "all", "none"
SEED_DIGITS = 6


class FaultList(click.ParamType[tuple[Fault, ...]]):
    name = "faults"

    def convert(
        self,
        value: str | tuple[Fault, ...],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[Fault, ...]:
        if isinstance(value, tuple):
            return value
        names = {ALL: list(FAULTS), NONE: []}.get(value, value.split(","))
        unknown = [name for name in names if name not in FAULTS]
        if unknown:
            self.fail(f"{', '.join(unknown)}: one or more of {', '.join(FAULTS)}; or all, or none")
        return tuple(FAULTS[name] for name in names)


@click.command("stress", context_settings={"show_default": True})
@click.option("--seconds", type=click.FloatRange(1), default=60, help="How long the storm lasts.")
@click.option("--clients", type=click.IntRange(1, 64), default=8, help="How many work at once.")
@click.option(
    "--faults", type=FaultList(), help="Which strike: names with commas, all, none.  [default: all]"
)
@click.option("--seed", type=int, help="Repeats a run's choices; drawn and shown without it.")
@click.option("--operations", type=click.IntRange(1), help="End sooner, after so many.")
@click.option("--log", type=click.Path(path_type=Path), help="Keep each operation here, as JSON.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="The result, as JSON.")
@click.option("--keep", is_flag=True, help="Leave the scratch store's folder behind.")
@click.option("--web", multiple=True, help="A store elsewhere, by its address; may be repeated.")
@click.option(
    "--control", "control_name", type=click.Choice(list(CONTROLS)), help="A store that does break."
)
def stress(
    seconds: float,
    clients: int,
    faults: tuple[Fault, ...] | None,
    seed: int | None,
    operations: int | None,
    log: Path | None,
    json_file: Path | None,
    keep: bool,
    web: tuple[str, ...],
    control_name: str | None,
) -> None:
    """Work on a scratch store while faults strike it, then prove that its books are right.

    The store's own database is never touched. Ctrl-C ends the storm early; what was done until
    then is still proved. Exit status 1 if anything is wrong.

    With --web the work is done on a store that stands elsewhere, on one host or several, whose
    empty database DATABASE_URL names (holdfast_stress…); only what SQL can do strikes it.

    With --control the scratch store is one that loses what it acknowledged, or sells twice, and no
    fault strikes unless named: exit status 0 only if the proof fails, as it then must.
    """
    if control_name and web:
        raise click.UsageError("--control is for a scratch store, not for one elsewhere")
    control = CONTROLS.get(control_name or "")
    drawn = secrets.randbelow(10**SEED_DIGITS) if seed is None else seed
    chosen = faults_for(faults, control, web)
    plan = LoadPlan(str(drawn), seconds, clients, chosen, operations)
    settings = read_settings()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    # A shell that starts it in the background has it ignore Ctrl-C, with all that it was told.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with place(settings, plan, web, control, keep=keep) as site:
            path = log or site.folder / f"stress-{plan.seed}-operations.jsonl"
            report = prove(site, plan, path, control)
            click.echo(table_of(report))
            if log is None:
                put_away(path, report, control, settings.instance_dir)
    except RuntimeProblem as problem:
        raise click.ClickException(str(problem)) from None
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    sys.exit(0 if as_it_must_be(report, control) else 1)


def read_settings() -> Settings:
    try:
        return Settings.from_environment()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def faults_for(
    named: tuple[Fault, ...] | None, control: Control | None, web: tuple[str, ...]
) -> tuple[Fault, ...]:
    """All of them for a scratch store; for one that stands elsewhere, those that reach it."""
    if named is None:
        named = () if control else tuple(FAULTS.values())
    return tuple(fault for fault in named if not web or fault.name in FAULTS_ELSEWHERE)


@contextmanager
def place(
    settings: Settings,
    plan: LoadPlan,
    web: tuple[str, ...],
    control: Control | None,
    *,
    keep: bool,
) -> Iterator[Place]:
    if web:
        if settings.embedded or settings.database_url is None:
            raise click.UsageError("--web goes with DATABASE_URL, the database of that store")
        yield outside_site(web, settings.database_url, plan.seed, settings.instance_dir)
        return
    say(f"Starting a scratch store (seed {plan.seed}) …")
    server_settings = control.server_settings if control else {}
    with scratch_site(settings.instance_dir, keep=keep, server_settings=server_settings) as site:
        yield site
        if keep:
            say(f"The scratch store's data is in {site.folder}")


def prove(place: Place, plan: LoadPlan, log: Path, control: Control | None) -> Report:
    weather = Progress(plan)
    if control is None:
        return run(place, plan, log, weather=weather, say=say)
    report = run_control(control, place, plan, log, weather=weather, say=say)
    seen = "found broken, as it is" if control.found_in(report.findings) else "NOT FOUND BROKEN"
    say(f"Control {control.name}: {control.law.value}: {seen}.")
    return report


def as_it_must_be(report: Report, control: Control | None) -> bool:
    return control.found_in(report.findings) if control else report.holds


def put_away(log: Path, report: Report, control: Control | None, instance: Path) -> None:
    """Where something is wrong, somebody will want to see what was asked and answered."""
    if as_it_must_be(report, control):
        log.unlink()
        return
    kept = instance / f"stress-{report.plan.seed}-{time.time_ns()}.jsonl"
    shutil.move(log, kept)
    say(f"What was asked and answered is in {kept}")


if __name__ == "__main__":
    stress(prog_name="flask stress")
