"""`python -m tests.scaling.replica_host FOLDER ADDRESS PRIMARY_FOLDER PRIMARY_URL`: a standby.

Copies the primary, says in one JSON line where the copy is, and follows the primary until SIGTERM.
"""

import json
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from app.runtime.servers.ports import LOOPBACK
from app.runtime.servers.postgres import Postgres
from tests.scaling.database_host import DATABASE, SERVER_SETTINGS, restart_if_dead
from tests.scaling.streaming import copy_of


def main(folder: Path, address: str, primary_folder: Path, primary_url: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    where = urlsplit(primary_url)
    primary = Postgres(primary_folder, port=where.port or 0)
    replica = copy_of(primary, folder, where.hostname or "")
    replica.server_settings = SERVER_SETTINGS | {"listen_addresses": f"{LOOPBACK},{address}"}
    child = replica.child()
    try:
        child.start()
        replica.wait_ready(child)
        url = replica.database_url(DATABASE).replace(LOOPBACK, address)
        print(json.dumps({"DATABASE_REPLICA_URL": url}), flush=True)
        restart_if_dead([child])
    finally:
        child.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4])
