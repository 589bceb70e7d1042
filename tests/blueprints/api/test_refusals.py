"""A refusal says what helps to mend it, and has changed nothing."""

import threading
from uuid import uuid4

import pytest

from tests.blueprints.api.caller import LIFECYCLE, Caller, problem
from tests.conftest import running_app, settings_for


def test_units_that_somebody_has_are_named_with_their_holder_and_others(staff, colleague, store):
    sku = staff.new_sku()
    held, sold, *free = staff.new_units(4, sku)
    cart = staff.hold([held])
    staff.new_invoice([sold])
    with store.unchanged():
        body = {"itemIds": [held, sold], "sessionId": "mine"}
        answer = colleague.post(f"{LIFECYCLE}/reserve", body)
        found = problem(answer, 409, "items-not-available")
    first, second = found["items"]
    assert (first["id"], first["inventoryStatus"], first["status"]) == (held, "Reserved", "InStock")
    holder = first["holder"]
    assert holder.keys() == {"type", "id", "label", "user", "since", "until", "releasableBy"}
    assert (holder["type"], holder["id"], holder["user"]) == ("Session", cart, "Staff")
    assert holder["since"].endswith("Z")
    assert holder["until"].endswith("Z")
    assert second["holder"]["type"] == "Invoice"
    assert {unit["id"] for unit in first["alternatives"]} == set(free)


def test_each_refusal_by_the_state_of_things(staff, manager, store):
    sku = staff.new_sku()
    units = staff.new_units(3, sku)
    invoice = staff.new_invoice(units[:1])
    transition = f"{LIFECYCLE}/invoice/{invoice['id']}/transition"
    payments = f"/api/invoices/{invoice['id']}/payments"
    many = {"customer": {"name": "A"}, "items": [{"sku": sku, "quantity": 9}]}
    with store.unchanged():
        found = problem(staff.post("/api/invoices", many), 409, "not-enough-stock")
        assert (found["asked"], found["free"]) == (9, 2)
        amount = {"amount": "10.01", "method": "Cash"}
        found = problem(staff.post(payments, amount), 409, "exceeds-balance")
        assert found["balance"] == "10.00"
        problem(staff.post(transition, {"status": "Delivered"}), 409, "invoice-state")
        found = problem(
            manager.post(transition, {"status": "Cancelled", "version": 999}),
            409,
            "version-conflict",
        )
        assert found["currentVersion"] == invoice["version"]
        body = {"itemIds": units[1:]}
        problem(staff.post(f"{LIFECYCLE}/release", body), 409, "invalid-transition")
        body = {"sku": sku, "serialNumbers": [invoice["items"][0]["serialNumber"]]}
        problem(staff.post("/api/items", body), 409, "duplicate")
        body = {"itemIds": [str(uuid4()), units[1]], "sessionId": "x"}
        found = problem(staff.post(f"{LIFECYCLE}/reserve", body), 404, "not-found")
        assert found["ids"] == [body["itemIds"][0]]


def test_anothers_hold_is_not_yours_to_release(staff, colleague, manager, store):
    units = staff.new_units(1)
    staff.hold(units)
    with store.unchanged():
        problem(colleague.post(f"{LIFECYCLE}/release", {"itemIds": units}), 403, "forbidden")
    assert manager.post(f"{LIFECYCLE}/release", {"itemIds": units}).status_code == 200


def test_a_unit_that_another_clerk_is_at_is_busy(staff, store):
    units = staff.new_units(1)
    with store.connection.transaction():
        store.execute("SELECT FROM items WHERE id = %s FOR UPDATE", units[0])
        answers: list = []
        body = {"itemIds": units, "sessionId": "x"}
        waiting = threading.Thread(
            target=lambda: answers.append(staff.post(f"{LIFECYCLE}/reserve", body))
        )
        waiting.start()
        waiting.join()
    problem(answers[0], 409, "item-busy")
    assert answers[0].headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sessionId": "x"},
        {"itemIds": [], "sessionId": "x"},
        {"itemIds": ["nonsense"], "sessionId": "x"},
        {"itemIds": [str(uuid4())] * 2, "sessionId": "x"},
        {"itemIds": [str(uuid4())]},
        {"itemIds": [str(uuid4())], "sessionId": "x", "invoiceId": str(uuid4())},
        {"itemIds": [str(uuid4())], "reservedForType": "Manual"},
        {"itemIds": [str(uuid4())], "reservedForType": "Session", "reservedForId": "x"},
        {"itemIds": [str(uuid4())], "sessionId": "x", "expiresInMinutes": 0},
        {"itemIds": [str(uuid4())], "sessionId": "x", "expiresInMinutes": True},
        {"itemIds": [str(uuid4())], "invoiceId": str(uuid4()), "expiresInMinutes": 5},
    ],
)
def test_a_reservation_says_for_whom_and_what(staff, store, body):
    with store.unchanged():
        problem(staff.post(f"{LIFECYCLE}/reserve", body), 422, "invalid-input")


def test_without_a_database_it_says_when_to_try_again(redis_url):
    settings = settings_for("postgresql+psycopg://nobody@127.0.0.1:1/none", redis_url)
    with running_app(settings) as app:
        for method, path in [("GET", "/api/products"), ("POST", "/api/items")]:
            answer = Caller(app, "hf_any").send(method, path)
            problem(answer, 503, "database-away")
            assert int(answer.headers["Retry-After"]) >= 1
