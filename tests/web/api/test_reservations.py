"""What a reservation must say, and whose holds one may end; test_problem_json.py has the table."""

from uuid import uuid4

import pytest

from tests.support.api_caller import LIFECYCLE, problem


def test_anothers_hold_is_not_yours_to_release(staff, colleague, manager, store):
    units = staff.new_units(1)
    staff.hold(units)
    with store.unchanged():
        problem(colleague.post(f"{LIFECYCLE}/release", {"itemIds": units}), 403, "forbidden")
    assert manager.post(f"{LIFECYCLE}/release", {"itemIds": units}).status_code == 200


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
