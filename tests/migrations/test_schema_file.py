"""migrations/schema.sql is the schema that the migrations make."""

import difflib
import subprocess

import psycopg
import pytest

from app.runtime.servers.postgres import programs_folder
from tests.conftest import ROOT
from tests.support.shop import plain_url
from tools.schema.dump import dump_schema

FILE = ROOT / "migrations" / "schema.sql"
SHOWN_MAX = 40
WITHOUT_BRACKETS = str.maketrans("", "", "()")


def test_the_schema_file_is_up_to_date(shared_database_url: str) -> None:
    with psycopg.connect(plain_url(shared_database_url)) as connection:
        dumped = dump_schema(connection)
    difference = difflib.unified_diff(
        FILE.read_text().splitlines(),
        dumped.splitlines(),
        "schema.sql",
        "migrations",
        n=1,
        lineterm="",
    )
    lines = list(difference)
    if lines:
        shown = "\n".join(lines[:SHOWN_MAX])
        pytest.fail(f"migrations/schema.sql is out of date: run `make schema`.\n{shown}")


def test_the_schema_file_leaves_nothing_out(
    shared_database_url: str, empty_database_url: str
) -> None:
    """What the file makes in an empty database is the same to PostgreSQL's own pg_dump."""
    with psycopg.connect(plain_url(empty_database_url), autocommit=True) as connection:
        connection.execute(FILE.read_bytes())
    assert pg_dump(empty_database_url) == pg_dump(shared_database_url)


def pg_dump(database_url: str) -> list[str]:
    """The schema's lines without those that differ at each run, and without brackets.

    PostgreSQL nests ORs deeper where a comparison of rows stood than where ORs were written.
    """
    done = subprocess.run(
        [
            programs_folder() / "pg_dump",
            "--schema-only",
            "--exclude-table=alembic_version",
            plain_url(database_url),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    ignored = ("\\restrict", "\\unrestrict")
    return [
        line.translate(WITHOUT_BRACKETS)
        for line in done.stdout.splitlines()
        if not line.startswith(ignored)
    ]
