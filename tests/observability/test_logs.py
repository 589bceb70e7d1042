"""The log: one line an event, for people or for programs."""

import json
import logging
import re
from collections.abc import Iterator

import pytest

from app.observability import logs
from app.observability.request_id import HEADER, working_on
from tests.support.api_caller import LIFECYCLE, caller_for
from tests.support.shop import Shop, own_shop, shared_shop, shop

__all__ = ["own_shop", "shared_shop", "shop"]


@pytest.fixture
def as_json() -> Iterator[None]:
    logs.configure("json")
    yield
    logs.configure("console")


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], as_json: None):
    def read() -> list[dict]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    read()
    return read


def test_a_request_is_one_line(shared_shop: Shop, lines) -> None:
    caller = caller_for(shared_shop.app, shared_shop.staff)
    answer = caller.send("GET", "/api/products?limit=1", headers={HEADER: "till-1"})
    assert answer.status_code == 200
    (line,) = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert 0 < line.pop("query_ms") < line.pop("ms")
    assert line.pop("queries") > 0
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": "till-1",
        "method": "GET",
        "route": "/api/products",
        "status": 200,
        "user_id": str(shared_shop.staff),
    }


def test_a_refusal_says_its_code_and_nothing_that_was_typed(shared_shop: Shop, lines) -> None:
    caller = caller_for(shared_shop.app, shared_shop.staff)
    caller.post(f"{LIFECYCLE}/reserve", {"itemIds": ["jane@example.com"]})
    (line,) = lines()
    assert (line["status"], line["code"]) == (422, "invalid-input")
    assert "jane" not in json.dumps(line)


def test_what_is_asked_without_end_is_quiet_while_all_is_well(shared_shop: Shop, lines) -> None:
    client = shared_shop.app.test_client()
    for path in ("/healthz", "/readyz", "/metrics", "/static/app.css"):
        with client.get(path) as answer:
            assert answer.status_code == 200
    assert [line["event"] for line in lines()] == []
    assert client.get("/static/none.css").status_code == 404
    assert [line["status"] for line in lines()] == [404]


def test_what_libraries_log_takes_the_same_form(lines) -> None:
    with working_on("till-2"):
        try:
            raise ValueError("for a test\nwith two lines")
        except ValueError:
            logging.getLogger("some.library").exception("it failed on %s", "Monday")
    (line,) = lines()
    assert (line["event"], line["level"]) == ("it failed on Monday", "error")
    assert (line["logger"], line["request_id"]) == ("some.library", "till-2")
    assert "ValueError: for a test" in line["exception"]


def test_for_people_it_is_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console")
    logs.event_log.info("request", request_id="till-3", status=200)
    written = capsys.readouterr().err
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d{3} info    request request_id=till-3 status=200\n", written
    )
