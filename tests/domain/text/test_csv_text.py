import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.text.csv_text import csv_cell, csv_text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        '=HYPERLINK("http://x")',
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "\ttext",
        "\rtext",
        " =1+1",
        "  +1+1",
        "\u00a0=1+1",
        "\u3000=1+1",
        "\u200b=1+1",
        "\ufeff=1+1",
        "\x00=1+1",
        " \n\t @x",
        "＝1+1",
        "＋1",
        "－1+1",
        "＠x",
        "﹦1",
        "\u22121+1",
        "+44 20 7946 0018",
        "-5-3",
        "-",
        "=",
        "-5e3",
        "- 5",
    ],
)
def test_what_a_spreadsheet_would_run_stands_behind_an_apostrophe(text):
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-5, "-5"),
        (-5.5, "-5.5"),
        (Decimal("-5.00"), "-5.00"),
        ("-5", "-5"),
        ("-11062.06", "-11062.06"),
        (None, ""),
        ("", ""),
        (0, "0"),
        (True, "True"),
        ("MUG", "MUG"),
        ("a=b", "a=b"),
        ("5-3", "5-3"),
        ("É", "É"),
        ("(x)", "(x)"),
        ("'=1", "'=1"),
        (" plain", " plain"),
        ("3 @ £2", "3 @ £2"),
        ("¥5", "¥5"),
    ],
)
def test_everything_else_stays_as_it_is(value, cell):
    assert csv_cell(value) == cell


def test_cells_are_quoted_where_they_must_be_and_lines_end_as_the_standard_says():
    assert csv_text([["a,b", 'say "so"', "two\nlines", "plain"], [1, None, -2, "x;y"]]) == (
        '"a,b","say ""so""","two\nlines",plain\r\n1,,-2,x;y\r\n'
    )


@given(
    st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1), max_size=4)
)
def test_every_text_reads_back_but_for_the_apostrophe(rows):
    back = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    plain = [[cell.removeprefix("'") for cell in row] for row in back]
    assert plain == [[cell.removeprefix("'") for cell in row] for row in rows]
