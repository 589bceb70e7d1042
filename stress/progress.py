"""Prints the progress of a run on standard error."""

import sys

import click

from stress.load_run import LoadPlan, RunProgress

#: Between two lines, where the progress does not stay on one.
LINE_SECONDS = 10.0
#: To the beginning of the terminal's line, and what stands there away.
OVER_THE_LINE = "\r\x1b[K"


def say(words: str) -> None:
    click.echo(f"{OVER_THE_LINE}{words}" if sys.stderr.isatty() else words, err=True)


class Progress:
    """One line that moves on a terminal; elsewhere a line now and then."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan
        self.moves = sys.stderr.isatty()
        self.said_at = 0.0

    def __call__(self, weather: RunProgress) -> None:
        if self.moves:
            click.echo(f"{OVER_THE_LINE}{self._line(weather)}", nl=False, err=True)
        elif weather.seconds - self.said_at >= LINE_SECONDS:
            self.said_at = weather.seconds
            say(self._line(weather))

    def _line(self, weather: RunProgress) -> str:
        last = f", the last {weather.last_blow}" if weather.last_blow else ""
        return (
            f"{weather.seconds:,.0f} of {self.plan.seconds:,.0f} s,"
            f" {weather.operations:,} operations, {weather.blows:,} faults{last}"
        )
