"""The same request twice is one effect and one answer."""

import threading
from uuid import uuid4

import pytest

from app.services.idempotency.keys import delete_expired_keys
from app.web.api.framework.canonical_json import canonical
from app.web.api.framework.request_parsing import parse_json
from tests.support.api_caller import LIFECYCLE, Caller, problem


def send(caller: Caller, key: str, body, path="/api/customers"):
    return caller.post(path, body, Idempotency_Key=key)


def test_the_second_time_the_first_answer_comes_again(staff, store):
    key, body = str(uuid4()), {"name": f"Vera {uuid4()}"}
    first = send(staff, key, body)
    second = send(staff, key, body)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data == second.data
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert store.value("SELECT count(*) FROM customers WHERE name = %s", body["name"]) == 1


def test_another_body_or_path_with_the_same_key_is_refused(staff, store):
    key = str(uuid4())
    send(staff, key, {"name": "Vera"})
    with store.unchanged():
        problem(send(staff, key, {"name": "Viktor"}), 422, "idempotency-mismatch")
        again = send(staff, key, {"name": "Vera"}, "/api/warehouses")
        assert again.status_code in (403, 422)


def reservation(units, cart: str, order: int = 1) -> bytes:
    ids = ", ".join(f'"{unit}"' for unit in units)
    parts = [f'"itemIds": [{ids}]', f'"sessionId" : "{cart}"', '"expiresInMinutes":20']
    return ("{" + ",\n ".join(parts[::order]) + "}").encode()


def test_the_same_json_value_is_the_same_body(staff):
    units, key = staff.new_units(1), str(uuid4())
    cart = str(uuid4())
    answers = [
        staff.send(
            "POST",
            f"{LIFECYCLE}/reserve",
            data=body,
            headers={"Idempotency-Key": key},
            content_type="application/json",
        )
        for body in (reservation(units, cart), reservation(units, cart, -1))
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": 1, "b": [2, null]}', b'{ "b":[2,null],"a":1 }'),
        (b'{"a": 1}', b'{"a": 1.0}'),
        (b'{"a": 100}', b'{"a": 1e2}'),
        (b'{"a": 12.5}', b'{"a": 12.500}'),
        (b'{"a": 1000000000000000000}', b'{"a": 1e18}'),
        (b'{"a": 0}', b'{"a": -0.0}'),
        (b'{"a": "\xc3\xbc/"}', rb'{"a": "\u00fc\/"}'),
        (b"[1e400]", b"[10e399]"),
        (b"[0.1]", b"[1E-1]"),
    ],
)
def test_one_value_has_one_text(one, other):
    assert canonical(parse_json(one)) == canonical(parse_json(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": 1}', b'{"a": "1"}'),
        (b'{"a": 1}', b'{"a": true}'),
        (b'{"a": null}', b"{}"),
        (b"[1, 2]", b"[2, 1]"),
        (b"[0.1234567890123456789012345678901]", b"[0.1234567890123456789012345678902]"),
        (b"[12.5]", b"[-12.5]"),
        (b"[1e30]", b"[1e31]"),
    ],
)
def test_another_value_has_another_text(one, other):
    assert canonical(parse_json(one)) != canonical(parse_json(other))


def test_anothers_key_is_another_key(staff, manager):
    key = str(uuid4())
    assert send(staff, key, {"name": "Vera"}).status_code == 201
    assert send(manager, key, {"name": "Viktor"}).status_code == 201


def test_a_refusal_is_not_kept(staff, store):
    units, key = staff.new_units(1), str(uuid4())
    cart = staff.hold(units)
    body = {"itemIds": units, "sessionId": "another"}
    problem(send(staff, key, body, f"{LIFECYCLE}/reserve"), 409, "items-not-available")
    assert not store.rows("SELECT FROM idempotency_keys WHERE key = %s", key)
    staff.ok("POST", f"{LIFECYCLE}/release", {"sessionId": cart})
    assert send(staff, key, body, f"{LIFECYCLE}/reserve").status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\tb"])
def test_a_key_is_printable_and_short(staff, key):
    found = problem(send(staff, key, {"name": "Vera"}), 422, "invalid-input")
    assert found["errors"][0]["field"] == "Idempotency-Key"


def test_two_at_once_are_one(staff, store):
    units, key = staff.new_units(1), str(uuid4())
    answers = []
    start = threading.Barrier(6)

    def fire():
        start.wait()
        body = {"itemIds": units, "sessionId": "one"}
        answers.append(send(staff, key, body, f"{LIFECYCLE}/reserve"))

    threads = [threading.Thread(target=fire) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 5
    count = "SELECT count(*) FROM inventory_status_history WHERE item_id = %s"
    assert store.value(count, units[0]) == 2


def test_old_keys_are_forgotten(staff, store):
    key = str(uuid4())
    send(staff, key, {"name": "Vera"})
    store.execute(
        "UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = %s", key
    )
    with store.app.app_context():
        assert delete_expired_keys() >= 1
    assert not store.rows("SELECT FROM idempotency_keys WHERE key = %s", key)
