"""Texts as callers send them: mended where it is plain what was meant, else refused by name."""

from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.support.api_caller import LIFECYCLE, Caller, problem
from tests.support.shop import Shop
from tests.support.unchanged import untouched


def tag() -> str:
    return uuid4().hex[:8]


def serials(caller: Caller, query: str) -> list[str]:
    found, cursor = [], ""
    while cursor is not None:
        page = caller.ok("GET", f"{LIFECYCLE}/items/status?limit=2&{query}{cursor}")
        found += [unit["serialNumber"] for unit in page["items"]]
        cursor = f"&cursor={page['nextCursor']}" if page["nextCursor"] else None
    return found


def received(caller: Caller, *numbers: str) -> str:
    sku = caller.new_sku()
    caller.ok("POST", "/api/items", {"sku": sku, "serialNumbers": list(numbers)}, 201)
    return sku


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Tea\u00a0pot ", "Tea pot"),
        ("  Cafe\u0301\u2003 cup", "Café cup"),
        ("👩\u200d🔧 mug ❤\ufe0f", "👩\u200d🔧 mug ❤\ufe0f"),
        ("\U0001fae8", "\U0001fae8"),
        ("\ufeffTray", "Tray"),
    ],
)
def test_names_are_kept_as_they_were_meant(manager: Caller, sent: str, kept: str) -> None:
    body = {"sku": f" T-{tag()} ", "name": sent, "category": "\u00a0Home\u00a0ware "}
    made = manager.ok("POST", "/api/products", body, 201)
    assert (made["name"], made["category"]) == (kept, "Home ware")
    assert made["sku"] == body["sku"].strip()
    customer = manager.ok("POST", "/api/customers", {"name": sent}, 201)
    assert customer["name"] == kept


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("K7-1\u200e", "Character 5 is U+200E LEFT-TO-RIGHT MARK"),
        ("K\u202e7", "Character 2 is U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("K\x07", "Character 2 is U+0007"),
        ("K\t7", "Character 2 is U+0009 TAB"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(
    store: Shop, manager: Caller, sent: str, words: str
) -> None:
    sku = manager.new_sku()
    for path, body, field in [
        ("/api/products", {"sku": sent, "name": "Mug"}, "sku"),
        ("/api/products", {"sku": tag(), "name": sent}, "name"),
        ("/api/products", {"sku": tag(), "name": "Mug", "barcode": sent}, "barcode"),
        ("/api/items", {"sku": sku, "serialNumbers": ["fine", sent]}, "serialNumbers.1"),
        ("/api/items", {"sku": sku, "quantity": 1, "location": sent}, "location"),
        ("/api/customers", {"name": sent}, "name"),
    ]:
        with untouched(store):
            said = problem(manager.post(path, body), 422, "invalid-input")
        (error,) = said["errors"]
        assert (error["field"], error["message"][: len(words)]) == (field, words)


def test_serials_are_one_whatever_their_case_and_form(store: Shop, manager: Caller) -> None:
    one = tag()
    sku = received(manager, f" Ü-{one}\u00a0")
    assert serials(manager, f"sku={sku}") == [f"Ü-{one}"]
    for again in (f"ü-{one}", f"U\u0308-{one.upper()}", f"Ü-\u200d{one}"):
        with untouched(store):
            answer = manager.post("/api/items", {"sku": sku, "serialNumbers": [again]})
        assert f"Ü-{one}" in problem(answer, 409, "duplicate")["detail"]
    both = {"sku": sku, "serialNumbers": [f"A-{one}", f"a-{one}"]}
    with untouched(store):
        said = problem(manager.post("/api/items", both), 422, "invalid-input")
    assert f"A-{one} and a-{one}" in said["errors"][0]["message"]


def test_units_are_found_by_serial_and_codes_with_spaces_around(manager: Caller) -> None:
    one = tag()
    sku = received(manager, f"K7-{one}")
    for typed in (f" k7-{one} ", f"\u00a0K7-{one}"):
        assert serials(manager, f"serialNumber={quote(typed)}") == [f"K7-{one}"]
    assert serials(manager, f"sku={quote(f' {sku} ')}") == [f"K7-{one}"]
    manager.ok(
        "POST", "/api/items", {"sku": f" {sku}\u00a0", "quantity": 1, "warehouse": " MAIN "}, 201
    )
    assert len(serials(manager, f"sku={sku}&warehouse={quote(' MAIN ')}")) == 2


def test_serials_sort_as_people_count(manager: Caller) -> None:
    one = tag()
    in_order = [f"{one}-2", f"{one}-9a", f"{one}-10", f"{one}-10b", f"{one}-100"]
    sku = received(manager, *in_order[::-1])
    assert serials(manager, f"sku={sku}&sort=serial") == in_order
    assert serials(manager, f"q={one}&sort=serial") == in_order
    assert serials(manager, f"q={one}&sort=newest") == in_order
    assert serials(manager, f"q={one}&sort=oldest") == in_order[::-1]
    problem(manager.get(f"{LIFECYCLE}/items/status?sort=price"), 422, "invalid-input")


def test_a_thousand_and_one_serials_with_one_beginning_are_all_found(manager: Caller) -> None:
    start = tag()[:5]
    numbers = [f"{start}-{number:04}" for number in range(1001)]
    received(manager, *numbers)
    found, cursor = [], ""
    while cursor is not None:
        page = manager.ok("GET", f"{LIFECYCLE}/items/status?limit=400&q={start}{cursor}")
        found += [unit["serialNumber"] for unit in page["items"]]
        cursor = f"&cursor={page['nextCursor']}" if page["nextCursor"] else None
    assert found == numbers[::-1]


def test_one_barcode_belongs_to_one_product_whatever_its_leading_zeros(
    store: Shop, manager: Caller
) -> None:
    digits = str(uuid4().int)[:11]
    body = {"sku": tag(), "name": "Mug", "barcode": f"0{digits}"}
    manager.ok("POST", "/api/products", body, 201)
    for same in (f"00{digits}", f" 000{digits} ", digits):
        again = {"sku": tag(), "name": "Mug", "barcode": same}
        with untouched(store):
            problem(manager.post("/api/products", again), 409, "duplicate")
        assert len(manager.ok("GET", f"/api/products?q={same.strip()}")["items"]) == 1


def test_notes_keep_their_lines(store: Shop, manager: Caller) -> None:
    body = {"sku": manager.new_sku(), "quantity": 1, "notes": " one\r\ntwo\u2028\tthree \n"}
    (unit,) = manager.ok("POST", "/api/items", body, 201)["items"]
    kept = store.value("SELECT notes FROM items WHERE id = %s", unit["id"])
    assert kept == "one\ntwo\n\tthree"
    refused = manager.post("/api/items", body | {"notes": "a\x1bb"})
    (error,) = problem(refused, 422, "invalid-input")["errors"]
    assert error["message"].startswith("Character 2 is U+001B ESCAPE")
