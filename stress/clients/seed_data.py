"""Products, customers and first items of a scratch store."""

from collections.abc import Sequence
from random import Random
from typing import Any

from app.domain.accounts.roles import Role
from app.runtime.problems import RuntimeProblem
from stress.clients.api_user import ApiUser
from stress.clients.client import learn
from stress.clients.client_view import Floor
from stress.clients.operation import Attempt
from stress.clients.operation_log import Record
from stress.clients.request import HttpConnection, OperationRequest
from stress.clients.retrying_client import operation_of

#: In the run's numbering of clients: who opens the store.
OPENER = 0
PRICES = {"STRESS-1": "19.99", "STRESS-2": "5.00", "STRESS-3": "240.50"}
CUSTOMERS = ("Ada", "Ben", "Chloe", "Dev")
FIRST_UNITS = 15


class Opening:
    """All that is done here is asked for over HTTP, too; the units count as operations."""

    def __init__(self, url: str, people: Sequence[ApiUser], seed: str, record: Record) -> None:
        self.line = HttpConnection(url)
        self.person = next(person for person in people if person.role == Role.ADMIN)
        self.seed, self.record = seed, record
        self.number = 0

    def open(self) -> Floor:
        """Raises RuntimeProblem where the store refuses."""
        for sku, price in PRICES.items():
            self._ask("product", "/api/products", {"sku": sku, "name": sku.title(), "price": price})
        customers = [self._ask("customer", "/api/customers", {"name": name}) for name in CUSTOMERS]
        floor = Floor(PRICES, [each["id"] for each in customers], Random(f"{self.seed}/floor"))
        for sku in PRICES:
            self._receive(sku, floor)
        self.line.close()
        return floor

    def _receive(self, sku: str, floor: Floor) -> None:
        request = self._request("receive", "/api/items", {"sku": sku, "quantity": FIRST_UNITS})
        request.body["notes"] = request.tag
        operation = operation_of(request, [self._sent(request)])
        self.record.add(operation)
        learn(floor, operation)

    def _ask(self, action: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._sent(self._request(action, path, body)).answer
        return answer

    def _sent(self, request: OperationRequest) -> Attempt:
        attempt = self.line.send(request)
        if not attempt.done:
            said = attempt.error or attempt.answer
            raise RuntimeProblem(f"the store could not be opened: {request.path}: {said}")
        return attempt

    def _request(self, action: str, path: str, body: dict[str, Any]) -> OperationRequest:
        self.number += 1
        tag = f"{self.seed}-{OPENER}-{self.number}"
        return OperationRequest(tag, OPENER, action, "POST", path, body, self.person)
