import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.input.text import (
    clean_line,
    clean_optional_line,
    clean_optional_text,
    clean_text,
    is_usable,
    is_visible,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    {
        "K7-1": "K7-1",
        "  K7-1\t\r\n": "K7-1",
        "\u00a0Tea\u00a0pot\u2003 two\u3000": "Tea pot two",
        "\ufeffK7-1\u200b": "K7-1",
        "Cafe\u0301": "Café",
        "👨\u200d👩\u200d👧 mug": "👨\u200d👩\u200d👧 mug",
        "❤\ufe0f": "❤\ufe0f",
        "می\u200cخواهم": "می\u200cخواهم",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f": "🏴\U000e0067"
        "\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\U0001fae8 newer than our tables": "\U0001fae8 newer than our tables",
    }.items(),
)
def test_a_line_is_composed_and_its_spaces_are_plain(typed: str, kept: str) -> None:
    assert clean_line(typed, length_max=200) == kept


@pytest.mark.parametrize(
    ("typed", "named"),
    {
        "K7-1\u200e": "Character 5 is U+200E LEFT-TO-RIGHT MARK",
        "K7\u202e-1": "Character 3 is U+202E RIGHT-TO-LEFT OVERRIDE",
        " a\u2066b": "Character 3 is U+2066 LEFT-TO-RIGHT ISOLATE",
        "a\x00": "Character 2 is U+0000 NULL",
        "a\tb": "Character 2 is U+0009 TAB",
        "a\nb": "Character 2 is U+000A LINE BREAK",
        "a\x1fb": "Character 2 is U+001F (a control character)",
        "a\x1b[31m": "Character 2 is U+001B ESCAPE",
        "a\u2028b": "Character 2 is U+2028 LINE SEPARATOR",
        "a\u200bb": "Character 2 is U+200B ZERO WIDTH SPACE",
        "a\ufeffb": "Character 2 is U+FEFF ZERO WIDTH NO-BREAK SPACE",
        "a\ud800": "Character 2 is U+D800 (no character)",
    }.items(),
)
def test_a_character_that_cannot_be_used_is_named_with_its_place(typed: str, named: str) -> None:
    with pytest.raises(ValueError, match="cannot be used") as refused:
        clean_line(typed, length_max=200)
    assert str(refused.value).startswith(named)


@pytest.mark.parametrize("typed", ["", "   ", "\u00a0", "\ufeff", "x" * 9])
def test_a_line_has_something_to_see_and_fits(typed: str) -> None:
    with pytest.raises(ValueError, match="Enter 1 to 8 characters"):
        clean_line(typed, length_max=8)


def test_spaces_around_do_not_count_and_a_text_may_be_longer_composed() -> None:
    assert clean_line("  " + "x" * 8 + "  ", length_max=8) == "x" * 8
    assert clean_line("\u0958" * 8, length_max=8) == "\u0915\u093c" * 8


def test_nothing_is_none_where_a_text_is_optional() -> None:
    for nothing in (None, "", " \u00a0 "):
        assert clean_optional_line(nothing, length_max=8) is None
        assert clean_optional_text(nothing, length_max=8) is None


def test_notes_keep_their_lines_and_spacing() -> None:
    typed = " one\r\ntwo\u2028three\n\n\tfour\u00a0 five \r"
    assert clean_text(typed, length_max=99) == "one\ntwo\nthree\n\n\tfour  five"
    with pytest.raises(ValueError, match="Character 2 is U\\+202E"):
        clean_text("a\u202eb", length_max=99)
    with pytest.raises(ValueError, match="Enter at most 3 characters"):
        clean_text("four", length_max=3)


@given(st.text())
def test_what_is_taken_is_taken_as_it_is_the_second_time(typed: str) -> None:
    try:
        line = clean_line(typed, length_max=1000)
    except ValueError:
        return
    assert line == clean_line(line, length_max=5000)
    assert line == line.strip()
    assert unicodedata.is_normalized("NFC", line)
    assert all(map(is_usable, line))
    assert is_visible(line)


@pytest.mark.parametrize("typed", ["\u00ad", "\u200d", "\u00ad\u200c"])
@pytest.mark.parametrize("length_min", [0, 1])
def test_a_line_that_cannot_be_seen_is_refused_for_that(typed: str, length_min: int) -> None:
    with pytest.raises(ValueError, match="at least one character that can be seen"):
        clean_line(typed, length_max=8, length_min=length_min)
