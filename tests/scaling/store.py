"""A store on five hosts: two for the web, one for background work, the servers, and a replica."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from app.runtime.processes.privileges import before_exec
from tests.scaling.hosts import Host, hosts
from tests.support.running_store import ROOT, environment

NAMES = ("web1", "web2", "worker", "database", "replica")
ROLES = {"web1": "web", "web2": "web", "worker": "worker,scheduler"}
PORT = 8000
READY_SECONDS = 180.0
NO_RATE_LIMIT = "999999999 per minute"


@dataclass
class Node:
    """One host's supervisor and all it started."""

    host: Host
    settings: dict[str, str]
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://{self.host.address}:{PORT}"

    def start(self) -> None:
        with (self.folder / "output.txt").open("ab") as log:
            self.process = subprocess.Popen(
                self.host.command(sys.executable, "-m", "app.runtime"),
                cwd=ROOT,
                env=environment(self.folder / "instance", **self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=before_exec(None, signal.SIGTERM),
            )

    def kill(self) -> None:
        """As a power cut does."""
        family = psutil.Process(self.process.pid)
        for each in [family, *family.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.wait()

    def is_ready(self) -> bool:
        """As the machine with the clients sees it."""
        with suppress(URLError, OSError), urlopen(f"{self.url}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
        return False

    def output(self) -> str:
        return (self.folder / "output.txt").read_text()


@dataclass
class Store:
    hosts: dict[str, Host]
    settings: dict[str, str]
    nodes: dict[str, Node]

    @property
    def web(self) -> list[Node]:
        return [self.nodes["web1"], self.nodes["web2"]]


@contextmanager
def store_on_hosts(folder: Path) -> Iterator[Store]:
    """Running, migrated and empty."""
    with ExitStack() as stack:
        found = stack.enter_context(hosts(NAMES))
        settings = stack.enter_context(servers_on(found, folder)) | {
            "SECRET_KEY": "the same on every node",
            "RATE_LIMIT": NO_RATE_LIMIT,
            "RATE_LIMIT_ADDRESS": NO_RATE_LIMIT,
            "HOST": "0.0.0.0",
            "PORT": str(PORT),
        }
        nodes: dict[str, Node] = {}
        stack.callback(stop, nodes)
        for name, roles in ROLES.items():
            (folder / name).mkdir()
            nodes[name] = Node(found[name], settings | {"NODE_ROLES": roles}, folder / name)
            nodes[name].start()
        store = Store(found, settings, nodes)
        wait_ready(store)
        yield store


def stop(nodes: dict[str, Node]) -> None:
    for node in nodes.values():
        node.process.terminate()
    for node in nodes.values():
        node.process.wait(60)


@contextmanager
def servers_on(found: dict[str, Host], folder: Path) -> Iterator[dict[str, str]]:
    """DATABASE_URL, REDIS_URL and DATABASE_REPLICA_URL as the other hosts know them."""
    database, replica = found["database"], found["replica"]
    data = folder / "database"
    data.mkdir(mode=0o711)
    with running(database, "database_host", str(data), database.address) as urls:
        primary = (str(data), urls["DATABASE_URL"])
        copy = (str(folder / "replica"), replica.address)
        with running(replica, "replica_host", *copy, *primary) as replica_url:
            yield urls | replica_url


@contextmanager
def running(host: Host, module: str, *arguments: str) -> Iterator[dict[str, str]]:
    """What a program on that host says of itself in its first line; it ends with the context."""
    process = subprocess.Popen(
        host.command(sys.executable, "-m", f"tests.scaling.{module}", *arguments),
        cwd=ROOT,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=before_exec(None, signal.SIGTERM),
    )
    try:
        line = process.stdout.readline()
        assert line, f"{module} did not start"
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(120)
        process.stdout.close()


def wait_ready(store: Store) -> None:
    deadline = time.monotonic() + READY_SECONDS
    for node in store.nodes.values():
        while not (node.is_ready() if node in store.web else "Ctrl-C" in node.output()):
            assert node.process.poll() is None, node.output()
            assert time.monotonic() < deadline, node.output()
            time.sleep(0.1)
