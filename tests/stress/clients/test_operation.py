"""What is claimed of an operation is never better than what was seen."""

from pathlib import Path

import pytest

from stress.clients.operation import Attempt, ClientOperation, read_log


def attempt(status: int | None, code: str | None = None, at: float = 1.0) -> Attempt:
    return Attempt(at, at + 0.5, status, {"code": code} if code else {"id": "x"}, error=None)


DONE = attempt(201)
REFUSED = attempt(409, "items-not-available")
BUSY = attempt(409, "item-busy")
AWAY = attempt(503, "database-away")
UNCERTAIN = attempt(503, "outcome-unknown")
SILENCE = Attempt(1.0, 16.0, None, None, error="timed out")
BROKEN = attempt(500, "internal-error")


def operation(*attempts: Attempt, settled: tuple[Attempt, ...] = ()) -> ClientOperation:
    return ClientOperation(
        "7-1-2", 1, "reserve", "POST", "/api/x", {"notes": "7-1-2"}, "u", attempts, settled
    )


@pytest.mark.parametrize(
    ("attempts", "outcome"),
    [
        ((DONE,), "ok"),
        ((SILENCE, DONE), "ok"),
        ((REFUSED, DONE), "ok"),
        ((REFUSED,), "refused"),
        ((BUSY, AWAY, REFUSED), "refused"),
        ((BUSY, AWAY), "refused"),
        ((attempt(429),), "refused"),
        ((SILENCE,), "unknown"),
        ((UNCERTAIN,), "unknown"),
        ((SILENCE, REFUSED), "unknown"),
        ((REFUSED, SILENCE), "unknown"),
        ((UNCERTAIN, BUSY), "unknown"),
        ((BROKEN,), "unknown"),
        ((attempt(502),), "unknown"),
        ((attempt(503),), "unknown"),
        ((), "unknown"),
    ],
)
def test_an_outcome_is_what_was_seen(attempts: tuple[Attempt, ...], outcome: str):
    assert operation(*attempts).outcome == outcome


def test_what_was_learnt_later_does_not_change_the_outcome_of_the_storm():
    assert operation(SILENCE, settled=(DONE,)).outcome == "unknown"


def test_the_code_of_a_refusal_goes_before_that_of_a_delay():
    assert operation(BUSY, REFUSED, AWAY).code == "items-not-available"
    assert operation(BUSY, AWAY).code == "database-away"
    assert operation(DONE).code is None


def test_it_lasts_from_the_first_sending_to_the_last_answer():
    asked = operation(attempt(503, "database-away", at=5.0), attempt(201, at=2.0))
    assert (asked.sent_at, asked.ended_at) == (2.0, 5.5)


def test_a_log_reads_back_as_it_was_written_the_last_line_of_each(tmp_path: Path):
    written = [operation(SILENCE), operation(SILENCE, settled=(BUSY, DONE))]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(each.as_line() for each in written))
    assert read_log(path) == written[1:]
