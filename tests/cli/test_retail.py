import json
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from app.domain.currency import currency_of
from app.services.invoices.amount_decimals import refuse_other_decimals
from tests.conftest import running_app, settings_for
from tests.support.retail_files import HEADINGS, read_rows, row, write_file
from tests.support.shop import plain_url


@pytest.fixture
def run(app):
    runner = app.test_cli_runner()
    return lambda *arguments: runner.invoke(args=["retail", "import", *map(str, arguments)])


def test_an_import_ends_with_one_json_object(run, tmp_path, settings):
    rows = [row("1", quantity=3), row("1", "POST"), row("C2", quantity=-1)]
    result = run(write_file(tmp_path / "file.csv", rows))
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert {name: summary[name] for name in ("invoices", "units", "transitions", "cancelled")} == {
        "invoices": 1,
        "units": 3,
        "transitions": 3 + 3 + 1 + 2 + 2,
        "cancelled": 0,
    }
    assert summary["skipped"] == {"not-a-product": 1}
    assert summary["skippedFile"].startswith(str(settings.instance_dir))
    assert "100.0%" in result.stderr


def test_a_bad_file_is_one_clear_line_and_exit_status_1(run, tmp_path):
    result = run(write_file(tmp_path / "file.csv", [row("1"), row("2", price="?")]))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "line 3: UnitPrice should be an amount such as 2.55, not '?'" in result.stderr


def test_a_missing_file_is_one_clear_line_and_exit_status_1(run, tmp_path):
    result = run(tmp_path / "missing.csv")
    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr


def test_options_choose_days_and_customers_and_move_dates(run, tmp_path):
    rows = [row(str(day), at=f"2011-03-0{day} 10:00:00", customer=str(day)) for day in range(1, 7)]
    path = write_file(tmp_path / "file.csv", rows)
    options = ["--from", "2011-03-02", "--to", "2011-03-05", "--every", 2]
    result = run(path, *options, "--shift-to", "2020-02-29")
    assert json.loads(result.stdout)["invoices"] == 2


@pytest.mark.parametrize("options", [["--every", "0"], ["--from", "yesterday"]])
def test_options_out_of_range_are_usage_errors(run, tmp_path, options):
    result = run(write_file(tmp_path / "file.csv", [row("1")]), *options)
    assert result.exit_code == 2


def test_the_result_says_how_the_file_was_read_and_what_was_noticed(run, tmp_path):
    rows = [row("1", price="2,55", customer="17850"), row("1", price="2,55", customer="17850")]
    path = tmp_path / "file.csv"
    lines = [";".join(cells) for cells in [HEADINGS, *rows]]
    path.write_text("\r\n".join(lines), encoding="cp1252")
    summary = json.loads(run(path).stdout)
    assert summary["file"] == {
        "encoding": "UTF-8",
        "delimiter": "semicolon",
        "decimalMark": "comma",
        "dates": "year-first",
        "columnsIgnored": [],
        "emptyRows": 0,
    }
    assert summary["noticed"] == {"same-line-twice": 1}
    assert [told["Line"] for told in read_rows(Path(summary["noticedFile"]))] == ["3"]
    assert read_rows(Path(summary["skippedFile"])) == []


def test_what_the_file_leaves_open_can_be_said(run, tmp_path):
    path = write_file(tmp_path / "file.csv", [row("1", at="1/12/2010 08:26", price="1,200")])
    path.write_text(path.read_text().replace("17850.0", "17850"))
    refused = run(path)
    assert refused.exit_code == 1
    assert "--decimal-mark" in refused.stderr
    refused = run(path, "--decimal-mark", "point")
    assert "can be 1 December 2010 or 12 January 2010" in refused.stderr
    said = run(path, "--decimal-mark", "point", "--dates", "month-first", "--encoding", "ascii")
    assert json.loads(said.stdout)["file"]["dates"] == "month-first"


def test_a_store_without_decimals_has_whole_prices(database_url, empty_redis, tmp_path):
    settings = replace(settings_for(database_url, empty_redis, tmp_path), currency="JPY")
    path = write_file(tmp_path / "file.csv", [row("1", price="100.50"), row("2", price="¥250")])
    with running_app(settings) as app:
        with app.app_context():
            refuse_other_decimals(currency_of("JPY"))
        result = app.test_cli_runner().invoke(args=["retail", "import", str(path)])
    summary = json.loads(result.stdout)
    assert (summary["invoices"], summary["noticed"]) == (2, {"price-rounded": 1})


def test_an_import_beside_another_is_one_clear_line(run, database_url, tmp_path):
    path = write_file(tmp_path / "file.csv", [row("1")])
    with psycopg.connect(plain_url(database_url)) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('holdfast.retail_import'))")
        result = run(path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: Another import is running on this store. Nothing was imported.\n"
    )
