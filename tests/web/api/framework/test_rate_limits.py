"""How much one may ask for, told in headers, and what happens without the server that counts."""

from dataclasses import replace

import pytest
from limits import parse

from app.web.api.framework.rate_limits import EXTENSION, RateLimits
from tests.support.api_caller import caller_for, problem


@pytest.fixture
def limits(own_shop, empty_redis):
    return own_shop.app.extensions[EXTENSION]


def test_headers_say_what_is_left(own_shop, limits):
    caller = caller_for(own_shop.app, own_shop.staff)
    first, second = caller.get("/api/products"), caller.get("/api/products")
    left = [int(answer.headers["RateLimit-Remaining"]) for answer in (first, second)]
    assert left[0] - left[1] in (1, 1 - int(first.headers["RateLimit-Limit"]))
    assert first.headers["RateLimit-Policy"] == '"token";q=60000;w=60'
    assert first.headers["RateLimit"].startswith(f'"token";r={left[0]};t=')


def test_who_asks_too_much_waits(own_shop, limits):
    limits.per_user, limits.per_address = parse("2 per day"), parse("1 per day")
    caller, other = (caller_for(own_shop.app, own_shop.staff) for _ in range(2))
    assert [caller.get("/api/products").status_code for _ in range(2)] == [200, 200]
    answer = caller.get("/api/products")
    problem(answer, 429, "too-many-requests")
    assert int(answer.headers["Retry-After"]) >= 1
    assert other.get("/api/products").status_code == 200
    stranger = replace(caller, token="wrong")
    problem(stranger.get("/api/products"), 401, "unauthorized")
    problem(stranger.get("/api/products"), 429, "too-many-requests")


def test_without_the_counting_server_the_api_works_on(own_shop, limits, caplog):
    def away(*_: object, **__: object) -> int:
        raise ConnectionError("away")

    limits.storage.incr = away
    caller = caller_for(own_shop.app, own_shop.staff)
    answers = [caller.get("/api/products") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit-Limit" not in answers[0].headers
    assert caplog.text.count("no rate limits") == 1


def test_processes_count_together_without_asking_the_server_each_time(own_shop, limits):
    limit = parse("5000 per day")
    one, other = (RateLimits(limits.storage, per_user=limit, per_address=limit) for _ in range(2))
    for _ in range(100):
        one.count("somebody", limit, 1)
    assert 95 <= other.count("somebody", limit, 1) <= 101


def test_a_new_window_begins_at_one(own_shop, limits):
    limit = parse("5000 per day")
    processes = RateLimits(limits.storage, per_user=limit, per_address=limit)
    assert [processes.count("somebody", limit, window) for window in (1, 1, 2)] == [1, 2, 1]
