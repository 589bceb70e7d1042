"""The store as processes: kill any of them, nothing is lost and none is left behind.

One store for the file, used in the order of the tests.
"""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from app.services.background.job_queue import queue_state
from tests.support.running_store import Store, command, is_gone, until
from tests.support.small_disk import small_disk


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = {"DEMO_PASSWORD": "not for servers", "PGHOST": "elsewhere"}
    store = Store(tmp_path_factory.mktemp("store") / "instance", settings=settings)
    store.start()
    yield store
    if store.process.poll() is None:
        store.stop()


def database_url(store: Store) -> str:
    return state(store)["database_url"].replace("+psycopg", "")


def state(store: Store) -> dict[str, str]:
    return json.loads((store.instance / "run" / "state.json").read_text())


def accepts_connections(store: Store) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(database_url(store)):
        return True
    return False


def kill_and_await_successor(store: Store, word: str, seconds: float) -> None:
    before = store.direct(word)
    assert before, word
    before[0].kill()
    until(lambda: is_gone(before[0]), 5, "kill")
    others = {each.pid for each in before[1:]}
    until(
        lambda: len([each for each in store.direct(word) if each.pid not in others]) == 1,
        seconds,
        f"{word} again",
    )


def test_runs_every_kind_of_process(store: Store) -> None:
    assert store.answers()
    assert len(store.direct("app.runtime.web")) == 2
    words = ("app.runtime.fork_server", "jobs.worker", "jobs.scheduler", "bin/postgres")
    for word in (*words, "valkey-server"):
        assert len(store.direct(word)) == 1, word


def test_keeps_its_secrets_to_its_owner(store: Store) -> None:
    assert store.instance.stat().st_mode & 0o777 == 0o700
    private = [*(store.instance / "secrets").iterdir(), store.instance / "run" / "state.json"]
    assert {path.stat().st_mode & 0o077 for path in private} == {0}


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("app.runtime.web", 1),
        ("app.runtime.fork_server", 2),
        ("jobs.worker", 3),
        ("jobs.scheduler", 3),
        ("valkey-server", 3),
    ],
)
def test_a_killed_process_is_back_at_once(store: Store, word: str, seconds: float) -> None:
    kill_and_await_successor(store, word, seconds)
    until(store.answers, 10, "an answer")


def test_background_work_goes_on_when_the_queue_has_lost_everything(store: Store) -> None:
    with psycopg.connect(database_url(store), autocommit=True) as connection:
        (aof,) = (store.instance / "valkey" / "appendonlydir").glob("*.incr.aof")
        with aof.open("ab") as file:
            file.write(b"\0" * 4096)
        kill_and_await_successor(store, "valkey-server", 3)
        (run_id,) = connection.execute(
            "INSERT INTO job_runs (job, slot, status, origin, started_at)"
            " VALUES ('cleanup', now(), 'queued', 'request', NULL) RETURNING id"
        ).fetchone()

        def done() -> bool:
            query = "SELECT status = 'succeeded' FROM job_runs WHERE id = %s"
            return connection.execute(query, [run_id]).fetchone()[0]

        until(done, 40, "the cleanup")
    assert queue_state(state(store)["redis_url"]).workers == 1
    assert store.output().count("The queue's files were damaged.") == 1


def test_a_killed_database_is_back_with_its_data(store: Store) -> None:
    with psycopg.connect(database_url(store)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    kill_and_await_successor(store, "bin/postgres", 5)
    until(lambda: accepts_connections(store), 20, "a connection")
    until(store.answers, 10, "an answer")
    with psycopg.connect(database_url(store)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_database_that_somebody_told_to_stop_is_started_again(store: Store) -> None:
    (postmaster,) = store.direct("bin/postgres")
    with closing(psycopg.connect(database_url(store))):  # who keeps it from stopping by itself
        postmaster.terminate()
        until(lambda: is_gone(postmaster), 10, "an end of the old one")
    until(lambda: accepts_connections(store), 10, "a connection")
    until(store.answers, 10, "an answer")
    assert store.output().count("told to stop by somebody else") == 1


def test_servers_know_nothing_of_the_stores_secrets(store: Store) -> None:
    for word in ("bin/postgres", "valkey-server"):
        (server,) = store.direct(word)
        names = set(server.environ())
        assert not names & {"DEMO_PASSWORD", "SECRET_KEY", "DATABASE_URL", "REDIS_URL"}
        assert not any(name.startswith(("PG", "HOLDFAST", "ALERT")) for name in names)


def test_others_cannot_take_the_stores_connections(store: Store) -> None:
    with psycopg.connect(database_url(store), autocommit=True) as connection:
        reserved = "SELECT current_setting('reserved_connections')::int"
        assert connection.execute(reserved).fetchone()[0] >= 50
        role = "SELECT pg_has_role(current_user, 'pg_use_reserved_connections', 'USAGE')"
        assert connection.execute(role).fetchone() == (True,)


def test_a_command_refuses_the_schema_of_a_newer_program(store: Store) -> None:
    with psycopg.connect(database_url(store), autocommit=True) as connection:
        (known,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("UPDATE alembic_version SET version_num = '999'")
        refused = [command(store.instance, "-m", "flask", "check")]
        connection.execute("UPDATE alembic_version SET version_num = '001'")
        refused.append(command(store.instance, "-m", "flask", "check"))
        connection.execute("UPDATE alembic_version SET version_num = %s", [known])
    assert [each.returncode for each in refused] == [1, 1]
    newer, older = (each.stderr.strip() for each in refused)
    assert "made by a newer Holdfast" in newer
    assert f"needs {known}" in older
    assert "\n" not in newer + older


def test_a_second_start_says_where_the_first_runs(store: Store) -> None:
    second = command(store.instance, "-m", "app.runtime", PORT=str(store.port + 1))
    assert second.returncode == 1
    assert second.stderr.strip().count("\n") == 0
    assert f"already running at http://127.0.0.1:{store.port}" in second.stderr


def test_a_command_uses_the_running_servers(store: Store) -> None:
    answer = command(store.instance, "-m", "flask", "dbshell", "--", "-Atc", "SELECT current_user")
    assert (answer.returncode, answer.stdout) == (0, "holdfast\n"), answer.stderr
    assert store.answers()


def test_a_killed_supervisor_leaves_no_process_and_loses_nothing(store: Store) -> None:
    family = store.processes()
    store.kill()
    until(lambda: all(is_gone(each) for each in family), 10, "an end of all processes")
    store.start()
    with psycopg.connect(database_url(store)) as connection:
        connection.execute("CREATE TABLE survivor AS SELECT 7 AS answer")


def test_sigterm_stops_everything_and_the_next_start_finds_its_data(store: Store) -> None:
    family = store.processes()
    assert store.stop(signal.SIGTERM) == 0
    assert all(is_gone(each) for each in family)
    assert not (store.instance / "postgres" / "postmaster.pid").exists()
    store.start()
    with psycopg.connect(database_url(store)) as connection:
        assert connection.execute("SELECT answer FROM survivor").fetchone() == (7,)


def test_sigint_stops_everything(store: Store) -> None:
    family = store.processes()
    assert store.stop(signal.SIGINT) == 0
    assert all(is_gone(each) for each in family)


def test_a_command_starts_the_servers_for_its_own_time(store: Store) -> None:
    answer = command(store.instance, "-m", "flask", "dbshell", "--", "-Atc", "SELECT 6 * 7")
    assert (answer.returncode, answer.stdout) == (0, "42\n"), answer.stderr
    assert not (store.instance / "postgres" / "postmaster.pid").exists()


def test_a_pid_file_with_another_programs_number_does_not_block(store: Store) -> None:
    (store.instance / "postgres" / "postmaster.pid").write_text("1\n/elsewhere\n0\n1\n\n\n0 0\n")
    answer = command(store.instance, "-m", "flask", "dbshell", "--", "-Atc", "SELECT 1")
    assert answer.returncode == 0, answer.stderr


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = command(tmp_path / "instance", "-m", "app.runtime", PORT=str(port))
    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert refused.stderr.strip().count("\n") == 0
    assert not (tmp_path / "instance" / "postgres").exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as folder:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        for arguments in (("-m", "app.runtime"), ("-m", "flask", "check")):
            refused = command(folder / "instance", *arguments)
            assert refused.returncode == 1
            assert refused.stderr.startswith("Holdfast: Read-only file system: ")
            assert refused.stderr.strip().count("\n") == 0


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PORT": "eighty"}, "PORT"),
        ({"TIMEZONE": "Mars/Olympus"}, "TIMEZONE"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x"}, "SECRET_KEY"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(tmp_path: Path, variables, named: str) -> None:
    refused = command(tmp_path / "instance", "-m", "app.runtime", **variables)
    assert refused.returncode == 1
    assert named in refused.stderr
    assert refused.stderr.strip().count("\n") == 0


def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    refused = command(
        tmp_path / "instance",
        *("-m", "flask", "dbshell"),
        DATABASE_URL="postgresql://u:p@127.0.0.1:1/x",
        REDIS_URL="redis://127.0.0.1:1",
        SECRET_KEY="0123456789abcdef",
    )
    assert refused.returncode == 1
    assert "the database does not answer" in refused.stderr
    assert refused.stderr.strip().count("\n") == 0


def test_no_test_left_a_server_behind(store: Store) -> None:
    folder = str(store.instance.resolve())
    left = [
        each
        for each in psutil.process_iter()
        if not is_gone(each) and folder in " ".join(each.cmdline())
    ]
    assert left == []
