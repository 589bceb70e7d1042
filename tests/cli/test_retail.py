import json

import pytest

from tests.retail import row, write_file


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
