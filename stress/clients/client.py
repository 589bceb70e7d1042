"""A client that carries out actions and logs the outcomes."""

import itertools
from collections.abc import Callable
from random import Random
from threading import Event, Thread

from stress.clients.actions import Clerk, next_request
from stress.clients.api_user import ApiUser
from stress.clients.client_view import Floor, SeenCart
from stress.clients.operation import ClientOperation
from stress.clients.operation_log import Record
from stress.clients.request import OperationRequest
from stress.clients.retrying_client import Sender


class Client(Thread):
    """Its choices come from the seed and its number; what it meets, from all the others."""

    def __init__(
        self,
        number: int,
        seed: str,
        *,
        sender: Callable[[Random], Sender],
        floor: Floor,
        people: list[ApiUser],
        record: Record,
        stop: Event,
    ) -> None:
        super().__init__(name=f"client {number}")
        self.number, self.seed = number, seed
        self.random = Random(f"{seed}/{number}")
        self.sender = sender(self.random)
        self.floor, self.people, self.record, self.stop = floor, people, record, stop

    def run(self) -> None:
        try:
            for number in itertools.count(1):
                if self.stop.is_set():
                    break
                self._do(next_request(self._clerk(number)))
        except BaseException:  # a bug of ours: the storm ends with it
            self.stop.set()
            raise
        finally:
            self.sender.close()

    def _clerk(self, number: int) -> Clerk:
        tag = f"{self.seed}-{self.number}-{number}"
        return Clerk(tag, self.number, self.random, self.floor, self.people)

    def _do(self, request: OperationRequest) -> None:
        operation = self.sender.carry_out(request)
        self.record.add(operation)
        learn(self.floor, operation)


def learn(floor: Floor, operation: ClientOperation) -> None:
    """What everybody on the floor may know from an answer."""
    floor.learn(operation.answer)
    session_id = operation.body.get("sessionId")
    if operation.action == "hold" and operation.outcome == "ok" and session_id:
        floor.put_cart(SeenCart(session_id, operation.user_id, operation.body["itemIds"]))
