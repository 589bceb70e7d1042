from uuid import RFC_4122, UUID

import pytest

from app.observability.request_id import (
    accepted_or_new,
    current_request_id,
    new_request_id,
    working_on,
)


def test_a_new_id_is_a_uuid_of_version_7_and_no_two_are_alike() -> None:
    made = [new_request_id() for _ in range(10_000)]
    assert {(UUID(one).version, UUID(one).variant) for one in made} == {(7, RFC_4122)}
    assert len(set(made)) == len(made)
    times = [UUID(one).int >> 80 for one in made]
    assert times == sorted(times)


@pytest.mark.parametrize("given", ["a", "42-3-17", "req_01.AZ-az", "x" * 100])
def test_a_sane_id_is_taken_as_it_is(given: str) -> None:
    assert accepted_or_new(given) == given


@pytest.mark.parametrize("given", [None, "", "x" * 101, "a b", "a\n", "<b>", "é", "a,b", "a;b"])
def test_anything_else_is_replaced(given: str | None) -> None:
    assert UUID(accepted_or_new(given)).version == 7


def test_outside_of_a_request_there_is_none() -> None:
    assert current_request_id() == ""
    with working_on("outer"):
        with working_on("inner"):
            assert current_request_id() == "inner"
        assert current_request_id() == "outer"
    assert current_request_id() == ""
