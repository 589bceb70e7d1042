"""`python -m stress.environments.server_host FOLDER`: runs a scratch store.

A process without threads that does what the system does for a real store: it starts PostgreSQL,
Valkey and the store's supervisor, and starts again whatever a fault kills. Its orders are JSON
objects on standard input, its answers on standard output, a line each:

    {"servers": {PostgreSQL's settings}}  ->  {"database_url": …, "redis_url": …}
    {"store": {environment}}              ->  {"started": pid}
    {"scheduler": {environment}}          ->  {"started": pid}, once more, and not started again

At the end of its input, also when the giver of orders was killed, it stops all and removes the
folder, unless FOLDER is followed by ``--keep``.
"""

import json
import os
import select
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from app.runtime.problems import RuntimeProblem
from app.runtime.processes.children import Child
from app.runtime.servers.embedded import EmbeddedServers
from app.settings import Settings
from stress.environments.processes import SCHEDULER, STORE

TEND_SECONDS = 0.05
STOP_SECONDS = 60.0


class Hosting:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers = EmbeddedServers(Settings(instance_dir=folder))
        self.tended: list[Child] = []
        self.extras: list[Child] = []

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        ((word, given),) = order.items()
        if word == "servers":
            return self.start_servers(given)
        if word == "store":
            return self.start("store", STORE, given, self.tended)
        return self.start("scheduler", SCHEDULER, given, self.extras)

    def start_servers(self, server_settings: dict[str, str]) -> dict[str, Any]:
        assert self.servers.postgres is not None
        self.servers.postgres.server_settings = server_settings
        self.servers.start()
        self.tended += self.servers.children
        settings = self.servers.settings()
        return {"database_url": settings.database_url, "redis_url": settings.redis_url}

    def start(
        self, name: str, module: str, environment: dict[str, str], kind: list[Child]
    ) -> dict[str, Any]:
        child = Child(
            name,
            [sys.executable, "-m", module],
            environment,
            death_signal=signal.SIGTERM,
            stop_seconds=STOP_SECONDS,
            log=self.folder / "log" / f"{name}.log",
        )
        kind.append(child)
        child.start()
        assert child.process is not None
        return {"started": child.process.pid}

    def restart_if_dead(self) -> None:
        for child in self.tended:
            child.restart_if_dead()
        # Asking whether it lives is what takes a dead one off the system's list.
        self.extras = [child for child in self.extras if child.alive]

    def stop(self) -> None:
        ours = [child for child in self.tended if child not in self.servers.children]
        for child in [*self.extras, *ours]:
            child.stop()
        self.servers.stop()


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # The end of its input is what ends it. (Children would inherit SIG_IGN.)
        signal.signal(number, lambda *_: None)
    folder = Path(sys.argv[1])
    hosting = Hosting(folder)
    try:
        serve(hosting)
    finally:
        hosting.stop()
        if "--keep" not in sys.argv:
            shutil.rmtree(folder, ignore_errors=True)


def serve(hosting: Hosting) -> None:
    heard = b""
    while True:
        hosting.restart_if_dead()
        if not select.select([0], [], [], TEND_SECONDS)[0]:
            continue
        said = os.read(0, 65_536)
        if not said:
            return
        *lines, heard = (heard + said).split(b"\n")
        for line in lines:
            answer(hosting, line)


def answer(hosting: Hosting, line: bytes) -> None:
    try:
        told = hosting.obey(json.loads(line))
    except RuntimeProblem as problem:
        told = {"problem": str(problem)}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
