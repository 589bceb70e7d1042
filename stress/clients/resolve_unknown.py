"""Asks for the outcome of operations whose answer was lost."""

import time
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import psycopg

from app.runtime.problems import RuntimeProblem
from stress.clients.api_user import ApiUser
from stress.clients.operation import Attempt, ClientOperation
from stress.clients.operation_log import Record
from stress.clients.request import HttpConnection, OperationRequest

QUIET_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.3
#: As often as nothing must be going on, one look after the other.
QUIET_LOOKS = 4
ASKED_MAX = 30
PAUSE_SECONDS = 0.5
#: Of the operations that were done, as many are asked for once more.
REPLAYS_MAX = 300
AT_WORK = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'holdfast' AND state <> 'idle'"""


def wait_until_quiet(connection: psycopg.Connection[Any]) -> None:
    """Until no request of the storm can still be at work. Raises RuntimeProblem if one stays."""
    deadline, quiet = time.monotonic() + QUIET_SECONDS_MAX, 0
    while quiet < QUIET_LOOKS:
        if time.monotonic() > deadline:
            raise RuntimeProblem(f"the store was still at work after {QUIET_SECONDS_MAX:.0f} s")
        row = connection.execute(AT_WORK).fetchone()
        quiet = quiet + 1 if row and row[0] == 0 else 0
        time.sleep(LOOK_SECONDS)


class Settling:
    """Asks with the keys of the storm, each of which must be answered as it was, or now."""

    def __init__(self, url: str, people: Sequence[ApiUser], record: Record, seed: str) -> None:
        self.line = HttpConnection(url)
        self.people = {person.user_id: person for person in people}
        self.record = record
        self.random = Random(f"{seed}/settling")

    def settle(self) -> None:
        done = self.record.tags("ok")
        sample = self.random.sample(done, min(len(done), REPLAYS_MAX))
        for operation in map(self.record.__getitem__, [*self.record.tags("unknown"), *sample]):
            if operation.method == "POST":
                self.record.settle(replace(operation, settled=tuple(self._ask(operation))))
        self.line.close()

    def _ask(self, operation: ClientOperation) -> list[Attempt]:
        """Until it is known."""
        attempts: list[Attempt] = []
        while len(attempts) < ASKED_MAX:
            attempts.append(self.line.send(self._request(operation)))
            if attempts[-1].done or attempts[-1].refused:
                break
            time.sleep(PAUSE_SECONDS)
        return attempts

    def _request(self, operation: ClientOperation) -> OperationRequest:
        return OperationRequest(
            operation.tag,
            operation.client,
            operation.action,
            operation.method,
            operation.path,
            operation.body,
            self.people[operation.user_id],
        )
