"""An import that cannot begin or go on says so in one line; a second run finishes it."""

import gzip
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
import pytest

from app.domain.imports.retail.headings import RetailFileError
from app.domain.imports.retail.plan import Selection, plan
from app.runtime.processes.privileges import before_exec
from app.services.imports.retail.file import read_retail_file
from app.services.imports.retail.importer import import_retail
from stress.environments.proxy import Proxy, proxy_to
from tests.conftest import ROOT, running_app, settings_for
from tests.support.invariants import WRONG
from tests.support.retail_files import DEMO_SLICE, HEADINGS, row, write_file
from tests.support.running_store import until
from tests.support.shop import plain_url

SECONDS_MAX = 60.0
AGAIN = "Run it again: it goes on where it stopped."


@pytest.fixture
def run(app):
    runner = app.test_cli_runner()
    return lambda *arguments: runner.invoke(args=["retail", "import", *map(str, arguments)])


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
        yield connection


@pytest.fixture
def behind_proxy(database_url: str, empty_redis: str, tmp_path: Path) -> Iterator[tuple]:
    """The command on a line that can be cut, and the line."""
    parts = urlsplit(database_url)
    with proxy_to(parts.hostname or "", parts.port or 0) as proxy:
        url = database_url.replace(f":{parts.port}/", f":{proxy.port}/")
        with running_app(settings_for(url, empty_redis, tmp_path)) as app:
            runner = app.test_cli_runner()
            yield lambda file: runner.invoke(args=["retail", "import", str(file)]), proxy


def is_one_line(result, *words: str) -> None:
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = [line for line in result.stderr.splitlines() if "invoices," not in line]
    assert line.startswith("Error: ")
    for each in words:
        assert each in line


def everything_is_in(database: psycopg.Connection) -> None:
    sales = plan(read_retail_file(DEMO_SLICE).lines, Selection()).sales
    units = sum(sale.units for sale in sales)
    found = database.execute("SELECT count(*), count(DISTINCT source_reference) FROM invoices")
    assert found.fetchone() == (len(sales), len(sales))
    assert database.execute("SELECT count(*) FROM items").fetchone() == (units,)
    assert database.execute("SELECT DISTINCT status FROM invoices ORDER BY 1").fetchall() == [
        ("Cancelled",),
        ("Delivered",),
    ]
    for rule, query in WRONG.items():
        assert database.execute(query).fetchall() == [], rule


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (",".join(HEADINGS).encode(), "there are none"),
        (b"\n\n\n", "the file has nothing but empty rows"),
        (gzip.compress(b"x" * 10_000, mtime=0)[:-12], "the gzip file is damaged or cut off"),
        (b"\x1f\x8b\x08", "the gzip file is damaged or cut off"),
        (b"PK\x03\x04", "this is an Excel workbook"),
        (b"\x00" * 100, "this is no text"),
        (b"\xff\xfe", "expected the headings"),
    ],
)
def test_a_file_that_is_none_is_one_clear_line(run, tmp_path, content, said):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    is_one_line(run(path), said, "Nothing was imported.")


def test_a_folder_and_a_missing_file_are_one_clear_line(run, tmp_path):
    is_one_line(run(tmp_path), "Is a directory")
    is_one_line(run(tmp_path / "missing.csv"), "No such file or directory")
    is_one_line(run(tmp_path / "missing.csv" / "below"), "No such file or directory")


def test_a_file_of_what_was_skipped_that_cannot_be_written_stops_it(run, settings, tmp_path):
    settings.instance_dir.mkdir(parents=True, exist_ok=True)
    (settings.instance_dir / "imports").write_text("in the way")
    is_one_line(run(write_file(tmp_path / "f.csv", [row("1")])), "Nothing was imported.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_disk_stops_it_before_anything_is_written(app, database, tmp_path):
    path = write_file(tmp_path / "file.csv", [row("1"), row("2", "POST")])
    with app.app_context(), pytest.raises(RetailFileError, match="No space left on device"):
        import_retail(path, Selection(), timezone=ZoneInfo("UTC"), skipped_file=Path("/dev/full"))
    query = "SELECT (SELECT count(*) FROM products), (SELECT count(*) FROM customers)"
    assert database.execute(query).fetchone() == (0, 0)


def test_a_database_that_is_away_is_one_clear_line(behind_proxy):
    run, proxy = behind_proxy
    proxy.close_all()
    is_one_line(run(DEMO_SLICE), "The connection to the database was lost.", AGAIN)


def test_a_database_that_goes_away_in_between_loses_and_doubles_nothing(
    behind_proxy, database, tmp_path
):
    run, proxy = behind_proxy
    cutter = threading.Thread(target=_close_after_invoices, args=(proxy, database))
    cutter.start()
    result = run(DEMO_SLICE)
    cutter.join()
    is_one_line(result, "The connection to the database was lost.", AGAIN)
    proxy.open = True
    again = run(DEMO_SLICE)
    assert again.exit_code == 0
    assert json.loads(again.stdout)["importedBefore"] > 0
    everything_is_in(database)


def _close_after_invoices(proxy: Proxy, connection: psycopg.Connection) -> None:
    query = "SELECT EXISTS (SELECT FROM invoices)"
    until(lambda: connection.execute(query).fetchone()[0], SECONDS_MAX, "an invoice")
    proxy.close_all()


def test_a_stopped_import_says_so_and_goes_on_when_it_is_run_again(
    database_url, empty_redis, database, tmp_path
):
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": empty_redis,
        "SECRET_KEY": "only for tests, nothing is kept",
        "INSTANCE_DIR": str(tmp_path / "instance"),
        "PATH": "/usr/bin:/bin",
    }
    arguments = [sys.executable, "-m", "flask", "retail", "import", str(DEMO_SLICE)]
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, preexec_fn=before_exec(None, signal.SIGTERM),
    )  # fmt: skip
    query = "SELECT EXISTS (SELECT FROM invoices)"
    until(lambda: database.execute(query).fetchone()[0], SECONDS_MAX, "an invoice")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "")
    assert errors.strip().splitlines() == [
        f"Error: Stopped. What was imported until then stays. {AGAIN}"
    ]
    again = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(again.stdout)["invoices"] > 0
    everything_is_in(database)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--encoding", "klingon"], "There is no encoding 'klingon' of texts"),
        (["--encoding", "rot13"], "There is no encoding 'rot13' of texts"),
        (["--encoding", "undefined"], "There is no encoding 'undefined' of texts"),
        (["--dates", "year-first"], "is not one of 'day-first', 'month-first'"),
        (["--decimal-mark", "."], "is not one of 'point', 'comma'"),
        (["--from", "2011-03-02", "--to", "2011-03-01"], "--from is after --to"),
        (["--every", "-1"], "Enter a whole number from 1"),
    ],
)
def test_options_that_cannot_be_are_usage_errors(run, tmp_path, options, said):
    result = run(write_file(tmp_path / "file.csv", [row("1")]), *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.parametrize("option", ["--from", "--to", "--shift-to"])
@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2101-01-01", "9999-12-31"])
def test_a_day_that_no_sale_is_on_is_one_clear_line(run, tmp_path, option, day):
    is_one_line(run(write_file(tmp_path / "file.csv", [row("1")]), option, day), option, "1970")
