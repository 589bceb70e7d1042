"""A bug of the proof's own is no calm day."""

import threading
from random import Random

import pytest

from stress.clients.client_view import Floor
from stress.load_run import noted_failures


def test_what_a_thread_failed_at_is_noted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    with noted_failures() as failures:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    assert [type(failure) for failure in failures] == [ZeroDivisionError]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_the_floor_leaves_answers_as_they_were():
    floor = Floor({"A": "1.00"}, ["c"], Random(1))
    unit = {"id": "u", "version": 1, "inventoryStatus": "Available", "reservedForType": None}
    answer = {"items": [unit]}
    floor.learn(answer)
    floor.learn({"items": [{"id": "u", "inventoryStatus": "Reserved"}]})
    assert answer == {"items": [unit]}
    assert unit["inventoryStatus"] == "Available"
    assert floor.units["u"]["inventoryStatus"] == "Reserved"
