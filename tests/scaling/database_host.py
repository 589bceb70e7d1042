"""`python -m tests.scaling.database_host FOLDER ADDRESS`: PostgreSQL and Valkey for other hosts.

Says in one JSON line where they are, and runs until SIGTERM. It stands for the servers that a
store of several nodes brings itself; the embedded ones are heard on their own machine only.
"""

import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from psycopg import sql

from app.runtime.processes.children import Child
from app.runtime.servers.ports import LOOPBACK
from app.runtime.servers.postgres import STORE, Postgres
from app.runtime.servers.valkey import Valkey

#: What `flask stress` may work on, and what its checker asks of PostgreSQL.
DATABASE = "holdfast_stress"
SERVER_SETTINGS = {"track_commit_timestamp": "on"}


def postgres_for(folder: Path, address: str) -> tuple[Postgres, Child]:
    listening = {"listen_addresses": f"{LOOPBACK},{address}"}
    postgres = Postgres(folder, server_settings=SERVER_SETTINGS | listening)
    child = postgres.child()
    with (postgres.data / "pg_hba.conf").open("a") as rules:
        for database in ("all", "replication"):
            rules.write(f"host {database} all samenet scram-sha-256\n")
    return postgres, child


def valkey_for(folder: Path, address: str) -> tuple[Valkey, Child]:
    valkey = Valkey(folder)
    child = valkey.child()
    child.command = [*child.command, "--bind", LOOPBACK, address]
    return valkey, child


def main(folder: Path, address: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    postgres, postgres_child = postgres_for(folder, address)
    valkey, valkey_child = valkey_for(folder, address)
    children = [postgres_child, valkey_child]
    try:
        for child in children:
            child.start()
        postgres.wait_ready(postgres_child)
        valkey.wait_ready(valkey_child)
        postgres.ensure_store()
        with postgres.connect_as_superuser() as connection:
            names = sql.Identifier(DATABASE), sql.Identifier(STORE)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
        urls = postgres.database_url(DATABASE), valkey.url
        database_url, redis_url = (url.replace(LOOPBACK, address) for url in urls)
        print(json.dumps({"DATABASE_URL": database_url, "REDIS_URL": redis_url}), flush=True)
        restart_if_dead(children)
    finally:
        for child in children:
            child.stop()


def restart_if_dead(children: Sequence[Child]) -> NoReturn:
    """Starts again what is killed."""
    while True:
        for child in children:
            child.restart_if_dead()
        time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
