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
from app.stress.faults import FAULTS
from app.stress.faults.fault import Fault
from app.stress.outside import FAULTS as FAULTS_ELSEWHERE
from app.stress.outside import outside_site
from app.stress.place import Place
from app.stress.report import Report
from app.stress.run import run
from app.stress.site import scratch_site
from app.stress.storm import Plan, Weather
from app.stress.table import table_of

ALL, NONE = "all", "none"
SEED_DIGITS = 6
#: Between two lines, where the progress does not stay on one.
LINE_SECONDS = 10.0
#: To the beginning of the terminal's line, and what stands there away.
OVER_THE_LINE = "\r\x1b[K"


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
    "--faults", type=FaultList(), default=ALL, help="Which strike: names with commas, all, none."
)
@click.option("--seed", type=int, help="Repeats a run's choices; drawn and shown without it.")
@click.option("--operations", type=click.IntRange(1), help="End sooner, after so many.")
@click.option("--log", type=click.Path(path_type=Path), help="Keep each operation here, as JSON.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="The result, as JSON.")
@click.option("--keep", is_flag=True, help="Leave the scratch store's folder behind.")
@click.option("--web", multiple=True, help="A store elsewhere, by its address; may be repeated.")
def stress(
    seconds: float,
    clients: int,
    faults: tuple[Fault, ...],
    seed: int | None,
    operations: int | None,
    log: Path | None,
    json_file: Path | None,
    keep: bool,
    web: tuple[str, ...],
) -> None:
    """Work on a scratch store while faults strike it, then prove that its books are right.

    The store's own database is never touched. Ctrl-C ends the storm early; what was done until
    then is still proved. Exit status 1 if anything is wrong.

    With --web the work is done on a store that stands elsewhere, on one host or several, whose
    empty database DATABASE_URL names (holdfast_stress…); only what SQL can do strikes it.
    """
    drawn = secrets.randbelow(10**SEED_DIGITS) if seed is None else seed
    plan = Plan(str(drawn), seconds, clients, within_reach(faults, web), operations)
    settings = read_settings()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with place(settings, plan, web, keep=keep) as site:
            path = log or site.folder / f"stress-{plan.seed}-operations.jsonl"
            report = run(site, plan, path, weather=Progress(plan), say=say)
            click.echo(table_of(report))
            if log is None:
                put_away(path, report, settings.instance_dir)
    except RuntimeProblem as problem:
        raise click.ClickException(str(problem)) from None
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    sys.exit(0 if report.holds else 1)


def read_settings() -> Settings:
    try:
        return Settings.from_environment()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def within_reach(faults: tuple[Fault, ...], web: tuple[str, ...]) -> tuple[Fault, ...]:
    """All of them for a scratch store; for one that stands elsewhere, those that reach it."""
    return tuple(fault for fault in faults if not web or fault.name in FAULTS_ELSEWHERE)


@contextmanager
def place(settings: Settings, plan: Plan, web: tuple[str, ...], *, keep: bool) -> Iterator[Place]:
    if web:
        if settings.embedded or settings.database_url is None:
            raise click.UsageError("--web goes with DATABASE_URL, the database of that store")
        yield outside_site(web, settings.database_url, plan.seed, settings.instance_dir)
        return
    say(f"Starting a scratch store (seed {plan.seed}) …")
    with scratch_site(settings.instance_dir, keep=keep) as site:
        yield site
        if keep:
            say(f"The scratch store's data is in {site.folder}")


def put_away(log: Path, report: Report, instance: Path) -> None:
    """Where something is wrong, somebody will want to see what was asked and answered."""
    if report.holds:
        log.unlink()
        return
    kept = instance / f"stress-{report.plan.seed}-{time.time_ns()}.jsonl"
    shutil.move(log, kept)
    say(f"What was asked and answered is in {kept}")


def say(words: str) -> None:
    click.echo(f"{OVER_THE_LINE}{words}" if sys.stderr.isatty() else words, err=True)


class Progress:
    """One line that moves on a terminal; elsewhere a line now and then."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.moves = sys.stderr.isatty()
        self.said_at = 0.0

    def __call__(self, weather: Weather) -> None:
        if self.moves:
            click.echo(f"{OVER_THE_LINE}{self._line(weather)}", nl=False, err=True)
        elif weather.seconds - self.said_at >= LINE_SECONDS:
            self.said_at = weather.seconds
            say(self._line(weather))

    def _line(self, weather: Weather) -> str:
        last = f", the last {weather.last_blow}" if weather.last_blow else ""
        return (
            f"{weather.seconds:,.0f} of {self.plan.seconds:,.0f} s,"
            f" {weather.operations:,} operations, {weather.blows:,} faults{last}"
        )


if __name__ == "__main__":
    stress(prog_name="flask stress")
