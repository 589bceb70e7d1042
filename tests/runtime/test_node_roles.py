"""One store on several nodes: each runs its part, all on one database and one queue."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.support.running_store import Store, command, until

pytestmark = pytest.mark.proof


@pytest.fixture
def shared(database_url: str, empty_redis: str) -> dict[str, str]:
    """What every node of a store is told alike."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": empty_redis,
        "SECRET_KEY": "the same on every node",
    }


@contextmanager
def node(folder: Path, settings: dict[str, str]) -> Iterator[Store]:
    folder.mkdir()
    store = Store(folder / "instance", settings=settings)
    with ExitStack() as stack:
        store.start()
        stack.callback(store.stop)
        yield store


def programs(store: Store) -> list[str]:
    """The modules that the node's own children run."""
    children = psutil.Process(store.process.pid).children()
    return sorted(child.cmdline()[2] for child in children)


def test_each_node_runs_its_part_and_they_work_together(
    shared: dict[str, str], tmp_path: Path
) -> None:
    web = shared | {"NODE_ROLES": "web", "WEB_PROCESSES": "1"}
    work = shared | {"NODE_ROLES": "worker,scheduler"}
    with node(tmp_path / "web", web) as web_node, node(tmp_path / "work", work) as work_node:
        assert programs(web_node) == ["app.runtime.fork_server", "app.runtime.web"]
        assert programs(work_node) == ["jobs.scheduler", "jobs.worker"]
        assert web_node.answers()
        assert not work_node.answers()
        assert "This node's part: worker, scheduler" in work_node.output()
        run_is_done(shared["DATABASE_URL"])


def run_is_done(database_url: str) -> None:
    url = database_url.replace("+psycopg", "")
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        (run_id,) = connection.execute(
            "INSERT INTO job_runs (job, slot, status, origin, started_at)"
            " VALUES ('cleanup', now(), 'queued', 'request', NULL) RETURNING id"
        ).fetchone()
        query = "SELECT status = 'succeeded' FROM job_runs WHERE id = %s"
        until(lambda: connection.execute(query, [run_id]).fetchone()[0], 40, "the cleanup")


def test_a_part_that_there_is_not_is_refused(tmp_path: Path) -> None:
    answer = command(tmp_path / "instance", "-m", "app.runtime", NODE_ROLES="web,database")
    assert answer.returncode == 1
    assert (
        answer.stderr == "Holdfast: NODE_ROLES: 'database' is not one of: web, worker, scheduler\n"
    )
