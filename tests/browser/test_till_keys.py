"""What is a scan and what is typing: bursts wherever the focus is, and keys that are none."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.browser.test_till import shop, till, till_shop
from tests.browser.till import Till, units
from tests.support.shop import Shop

__all__ = ["shop", "till", "till_shop"]

NAME = "#customer_name"


@pytest.fixture(scope="module")
def site_app(till_shop: Shop) -> Flask:
    return till_shop.app


@pytest.fixture
def filled(till: Till, shop: Shop) -> Iterator[Till]:
    """A cart with one unit and a form with a customer and a price, as before a sale."""
    (serial,) = units(shop, 1)
    till.scan(serial)
    till.wait_for_results(1)
    till.page.locator("#cart .price").wait_for()
    till.page.locator(NAME).fill("Ann Smith")
    yield till
    assert till.invoices() == 0
    assert till.page.url.endswith("/invoices/new")


def caret(till: Till) -> list[int]:
    return till.page.evaluate(
        "[document.activeElement.selectionStart, document.activeElement.selectionEnd]"
    )


@pytest.mark.parametrize("end", ["Enter", "Tab"])
@pytest.mark.parametrize("where", [NAME, "#cart .price", "#customer_q", "#q"])
def test_a_burst_in_a_field_is_a_scan_and_leaves_the_field(filled: Till, shop: Shop, where, end):
    (serial,) = units(shop, 1)
    found = filled.page.locator(where).get_attribute("id")
    field = filled.page.locator(f"[id='{found}']")
    field.focus()
    if where != "#q":
        field.evaluate("field => field.setSelectionRange(2, 3)")
    before, place = field.input_value(), caret(filled)
    filled.burst(serial, end)
    assert field.input_value() == before
    assert caret(filled) == place
    filled.wait_for_results(2)
    assert filled.results()[1] == ("Added", serial)
    assert filled.held()[-1] == serial
    filled.wait_for_cart()
    assert field.input_value() == before
    assert field.evaluate("field => field === document.activeElement")


@pytest.mark.parametrize(
    "where",
    ["#sale button >> nth=0", "#method", "#customer_tier", "#cart .price ~ *, body", "main"],
)
def test_a_burst_on_anything_else_is_a_scan_and_presses_nothing(filled: Till, shop: Shop, where):
    sku = shop.new_sku()
    (serial,) = shop.new_units(1, sku)
    code = shop.serial(serial)
    filled.page.locator(where).first.evaluate("one => one.focus()")
    chosen = filled.page.locator("#method").input_value()
    held = filled.held()
    filled.burst(code)
    filled.wait_for_results(2)
    assert filled.held() == [*held, code]
    assert filled.page.locator("#method").input_value() == chosen
    assert filled.page.locator("#customer_tier").input_value() == "standard"


def test_a_code_with_a_space_presses_no_button(filled: Till):
    filled.page.get_by_role("button", name="Create invoice").focus()
    filled.burst("AB 12 34 56")
    filled.wait_for_results(2)
    assert filled.results()[1] == ("Unknown", "AB 12 34 56")


def test_a_burst_after_typed_words_is_only_the_burst(filled: Till, shop: Shop):
    (serial,) = units(shop, 1)
    filled.page.locator("#q").fill("mug")
    filled.page.locator("#results .found").first.wait_for()
    filled.page.locator("#q").press("End")
    filled.burst(serial)
    filled.wait_for_results(2)
    assert filled.results()[1] == ("Added", serial)
    assert filled.field() == ""


@pytest.mark.parametrize(
    ("code", "gap_ms"),
    [("SERIAL-123", 60), ("SERIAL-123", 40), ("ABC12", 4)],
    ids=["typed", "typed fast", "too short"],
)
def test_typing_is_no_scan(filled: Till, code: str, gap_ms: int):
    name = filled.page.locator(NAME)
    name.press("End")
    filled.burst(code, "Tab", gap_ms=gap_ms)
    assert name.input_value() == f"Ann Smith{code}"
    assert len(filled.results()) == 1
    assert filled.requests["POST /scan"] == 1


@pytest.mark.parametrize("stall_ms", [250, 900])
def test_a_burst_in_which_one_key_is_late_is_still_a_scan(filled: Till, shop: Shop, stall_ms: int):
    (serial,) = units(shop, 1)
    filled.page.locator(NAME).focus()
    filled.burst(serial, stall_ms=stall_ms)
    filled.wait_for_results(2)
    assert filled.results()[1] == ("Added", serial)
    assert filled.page.locator(NAME).input_value() == "Ann Smith"


@pytest.mark.parametrize(
    ("where", "text"),
    [(NAME, "Ada Lovelace"), ("#customer_email", "ada1@example.com"), ("#cart .price", "1234.50")],
)
def test_what_a_browser_fills_in_is_no_scan(filled: Till, where: str, text: str):
    field = filled.page.locator(where)
    field.fill("")
    field.focus()
    filled.page.keyboard.insert_text(text)
    filled.page.keyboard.press("Tab")
    assert field.input_value() == text
    assert filled.requests["POST /scan"] == 1


def test_a_burst_that_ends_in_nothing_stays_text(filled: Till):
    name = filled.page.locator(NAME)
    name.press("End")
    filled.burst("SERIAL-123", "4")
    assert name.input_value() == "Ann SmithSERIAL-1234"
    assert filled.requests["POST /scan"] == 1


def test_a_burst_in_a_text_area_is_left_alone(filled: Till):
    notes = filled.page.get_by_label("Notes")
    notes.focus()
    filled.burst("SERIAL-123")
    filled.burst("SERIAL-124")
    assert notes.input_value() == "SERIAL-123\nSERIAL-124\n"
    assert filled.requests["POST /scan"] == 1


def test_a_key_held_down_is_no_burst(filled: Till):
    name = filled.page.locator(NAME)
    name.press("End")
    for _ in range(8):
        filled.page.keyboard.down("x")  # after the first, the browser says it repeats
    filled.page.keyboard.up("x")
    filled.page.keyboard.press("Tab")
    assert name.input_value() == "Ann Smith" + "x" * 8
    assert filled.requests["POST /scan"] == 1


def test_a_code_inserted_in_one_piece_is_a_scan(filled: Till, shop: Shop):
    first, second = units(shop, 2)
    filled.page.locator("#q").focus()
    filled.page.keyboard.insert_text(first)
    filled.page.keyboard.press("Enter")
    filled.wait_for_results(2)
    filled.page.locator(NAME).focus()
    filled.page.keyboard.insert_text(f"{second}\n")
    filled.wait_for_results(3)
    assert filled.held()[-2:] == [first, second]
    assert filled.page.locator(NAME).input_value() == "Ann Smith"


def test_text_that_an_input_method_composes_is_no_scan(filled: Till):
    name = filled.page.locator(NAME)
    name.press("End")
    filled.cdp.send(
        "Input.imeSetComposition", {"text": "にほんごです", "selectionStart": 6, "selectionEnd": 6}
    )
    filled.cdp.send("Input.insertText", {"text": "にほんごです"})
    assert name.input_value() == "Ann Smithにほんごです"
    assert filled.requests["POST /scan"] == 1


def test_capital_letters_come_with_their_shift_key(filled: Till, shop: Shop):
    (serial,) = units(shop, 1)
    filled.page.locator(NAME).focus()
    for key in serial:
        filled.page.keyboard.press(f"Shift+{key}" if key.isupper() else key)
    filled.page.keyboard.press("Enter")
    filled.wait_for_results(2)
    assert filled.held()[-1] == serial


@pytest.mark.parametrize(
    ("where", "typed"),
    [(NAME, "Bob"), ("#customer_email", "b@example.com"), ("#cart .price", "12"), ("#q", "zz9")],
)
def test_enter_in_a_field_makes_no_invoice(filled: Till, where: str, typed: str):
    field = filled.page.locator(where).first
    field.fill("")
    field.press_sequentially(typed, delay=50)
    field.press("Enter")
    filled.page.wait_for_load_state("networkidle")
    if where != "#q":
        assert filled.page.locator(where).first.input_value().startswith(typed)


def test_a_second_enter_after_a_code_does_nothing(filled: Till, shop: Shop):
    (serial,) = units(shop, 1)
    filled.page.get_by_role("button", name="Create invoice").focus()
    filled.burst(serial, "Enter", "Enter")
    filled.wait_for_results(2)
    filled.wait_for_cart()


def test_typed_words_are_looked_for_and_a_burst_is_not(till: Till, shop: Shop):
    (serial,) = units(shop, 1)
    till.page.locator("#q").fill("mug")
    till.page.locator("#results .found").first.wait_for()
    assert till.field() == "mug"
    looks = [path for path in till.requests if path.startswith("GET ?q=")]
    assert looks == ["GET ?q=mug"]
    till.page.locator("#q").fill("")
    till.page.locator("#results .found").first.wait_for(state="detached")
    till.page.keyboard.insert_text(serial)
    till.page.keyboard.press("Enter")
    till.wait_for_results(1)
    assert not [path for path in till.requests if path.startswith(f"GET ?q={serial[:3]}")]


def test_an_empty_field_sends_nothing(till: Till):
    till.page.locator("#q").press("Enter")
    till.page.locator("#q").fill("   ")
    till.page.locator("#q").press("Enter")
    assert till.field() == ""
    assert till.requests["POST /scan"] == 0


def test_words_that_are_pasted_are_no_list(till: Till):
    notes = till.page.get_by_label("Notes")
    for words in ("blue jug", "BOTTLE, RED", "A-1"):
        notes.fill(words)
        notes.press("Control+A")
        notes.press("Control+C")
        till.page.locator("#q").fill("")
        till.page.locator("#q").press("Control+V")
        assert till.field() == words
    assert till.requests["POST /scan"] == 0


def test_the_sound_can_be_switched_off_and_stays_so(till: Till):
    button = till.page.get_by_role("button", name="Sound")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    till.page.reload()
    assert button.get_attribute("aria-pressed") == "false"
    till.scan("NOPE-1")
    till.wait_for_results(1)
