"""A whole number on the command line, read as on the pages."""

from typing import Any

import click

from app.domain.input.numbers import parse_whole_number


class WholeNumber(click.ParamType[int]):
    """Digits and nothing else: Python would read 1_0 as 10, and the digits of any script."""

    name = "NUMBER"

    def __init__(self, least: int, most: int = 10**9) -> None:
        self.least = least
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return parse_whole_number(str(value), least=self.least, most=self.most)
        except ValueError as error:
            self.fail(str(error), param, ctx)
