"""Numbers on the command line are read by the rule of the pages."""

import click
import pytest
from click.testing import CliRunner, Result

from app.cli.whole_number import WholeNumber


def given(text: str) -> Result:
    @click.command()
    @click.option("--days", type=WholeNumber(1, 3650))
    def show(days: int) -> None:
        click.echo(days)

    return CliRunner().invoke(show, ["--days", text])


@pytest.mark.parametrize(("text", "read"), [("7", "7"), (" 7 ", "7"), ("1,000", "1000")])
def test_a_whole_number_is_read(text: str, read: str) -> None:
    assert given(text).output == f"{read}\n"


@pytest.mark.parametrize(
    "text",
    ["1_0", "1e2", "0x10", "+5", "٣", "１２", "1.5", "0", "-1", "3651", "9" * 50, "", "£5"],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    result = given(text)
    assert result.exit_code == 2
    assert "Enter a whole number from 1 to 3,650" in result.output
