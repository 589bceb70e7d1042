"""A day on the command line."""

from datetime import date
from typing import Any

import click

from app.domain.input.dates import is_day, parse_day


class Day(click.ParamType[date]):
    """A day from 1970 to 2100; another one is refused in one line."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return parse_day(str(value))
        except ValueError as error:
            if not is_day(str(value)):
                self.fail(str(error), param, ctx)
            option = param.opts[0] if param else "day"
            raise click.ClickException(f"{option}: {error}") from None


DAY = Day()
