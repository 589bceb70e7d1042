import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg
import pytest

from app.runtime.problems import RuntimeProblem
from app.runtime.processes.children import Child
from app.runtime.processes.privileges import close_to_others
from app.runtime.servers.postgres import Postgres
from tests.conftest import Servers


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    instance = tmp_path_factory.mktemp("postgres")
    half_done = instance / "postgres.new-abandoned" / "data"
    half_done.mkdir(parents=True)
    (half_done / "PG_VERSION").write_text("18\n")
    postgres = Postgres(instance, durable=False)
    child = started(postgres)
    yield postgres
    child.stop()


def started(postgres: Postgres) -> Child:
    child = postgres.child()
    child.start()
    postgres.wait_ready(child)
    postgres.ensure_store()
    return child


def connect(postgres: Postgres) -> psycopg.Connection:
    return psycopg.connect(postgres.url.replace("+psycopg", ""))


def test_an_interrupted_first_start_is_cleared_away(postgres: Postgres) -> None:
    assert list(postgres.instance.glob("postgres.new-*")) == []


def test_the_store_is_owned_by_a_role_that_is_no_superuser(postgres: Postgres) -> None:
    with connect(postgres) as connection:
        row = connection.execute(
            "SELECT current_user, rolsuper, rolcreaterole, pg_get_userbyid(datdba)"
            " FROM pg_roles, pg_database"
            " WHERE rolname = current_user AND datname = current_database()"
        ).fetchone()
    assert row == ("holdfast", False, False, "holdfast")


def test_tables_can_be_made_on_a_reserved_connection(postgres: Postgres) -> None:
    with ExitStack() as stack:
        for _ in range(45):  # of 100, 60 of them reserved
            stack.enter_context(connect(postgres))
        late = stack.enter_context(connect(postgres))
        late.execute("CREATE TABLE made_late (id integer)")


def test_sorts_and_compares_text_alike_on_every_machine(postgres: Postgres) -> None:
    with connect(postgres) as connection:
        row = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datlocprovider::text, datlocale"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row == ("UTF8", "b", "C.UTF-8")


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host="127.0.0.1", port=postgres.port, user="postgres", password="guess")


def test_preparing_the_store_again_changes_nothing(postgres: Postgres) -> None:
    postgres.ensure_store()
    with connect(postgres) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_does_not_run_as_root(postgres: Postgres) -> None:
    pid = int((postgres.data / "postmaster.pid").read_text().split()[0])
    assert psutil.Process(pid).uids().effective != 0


def test_a_folder_closed_to_the_database_user_stays_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres = Postgres(closed / "instance", durable=False)
    child = started(postgres)
    try:
        with connect(postgres) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        child.stop()
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the database another user")
def test_the_database_passes_through_a_folder_that_is_closed_to_others(servers: Servers) -> None:
    """Below a folder that is open to it, unlike pytest's own."""
    instance = servers.postgres.instance / "closed-to-others"
    close_to_others(instance)
    assert instance.stat().st_mode & 0o777 == 0o710
    postgres = Postgres(instance, durable=False)
    child = started(postgres)
    try:
        with connect(postgres) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert child.identity is not None
        assert not child.identity.searches
    finally:
        child.stop()


def test_a_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(RuntimeProblem, match="made by PostgreSQL 15"):
        Postgres(tmp_path).child()
