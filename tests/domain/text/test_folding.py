import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.text.folding import barcode_key, fold_text, search_text, search_words, serial_key


@pytest.mark.parametrize(
    "spellings",
    [
        ("Ü-100", "ü-100", "U\u0308-100", "u\u0308-100"),
        ("STRASSE", "straße", "STRAẞE", "Stra\u00adße"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", "σίσυφοσ"),
        ("ﬁne", "FINE", "ﬁNE"),
        ("ＡＢＣ１２", "abc12"),
        ("K7\u200d-1", "k7-1", "K7-1\ufe0f"),
        ("NAT 2", " nat\u00a0\u2003 2 "),
        ("Å", "\u212b", "a\u030a"),
        ("ЖУК", "жук"),
        ("№5", "no5"),
    ],
)
def test_spellings_of_one_text_are_the_same(spellings: tuple[str, ...]) -> None:
    assert len({fold_text(one) for one in spellings}) == 1
    assert len({serial_key(one) for one in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("U-100", "Ü-100"), ("ı", "i"), ("NAT-2", "NAT-02"), ("a b", "ab")]
)
def test_other_texts_stay_others(one: str, other: str) -> None:
    assert fold_text(one) != fold_text(other)
    assert serial_key(one) != serial_key(other)


@pytest.mark.parametrize(
    ("typed", "found"),
    [("uber", "Über"), ("cafe", "CAFÉ"), ("istanbul", "İSTANBUL"), ("елка", "Ёлка"), ("ü", "Ü")],
)
def test_a_search_forgives_accents(typed: str, found: str) -> None:
    assert search_text(typed) in search_text(found)


def test_words_are_looked_for_without_the_comma_after_them() -> None:
    assert search_words("  Lunch, BAG;\n mug lunch a,b ,") == ["lunch", "bag", "mug", "a,b", ","]
    assert search_words(" \u00a0") == []


@pytest.mark.parametrize(
    "in_order",
    [
        ["NAT-1", "NAT-2", "NAT-10", "NAT-10b", "NAT-11", "NAT-100"],
        ["NAT-9a", "NAT-10b"],
        ["nat-2", "NAT-3", "nat-20"],
        ["7", "07", "007", "8"],
        ["a", "a1", "a1-1", "a1-2", "a1-10", "a2", "ab"],
        ["X" + "9" * 9, "X1" + "0" * 9, "X" + "9" * 63, "X1" + "0" * 63],
        ["v1.2", "v1.10", "v2.1", "v10.0"],
        ["2024-9-1", "2024-10-1", "2024-10-02", "2024-10-10"],
    ],
)
def test_serials_sort_as_people_count(in_order: list[str]) -> None:
    keys = [serial_key(one) for one in in_order]
    assert all(before < after for before, after in pairwise(keys))


SERIALS = st.text(st.sampled_from("0019ab-B é"), max_size=12)


@given(SERIALS, SERIALS)
def test_serials_have_one_key_just_when_they_are_one(one: str, other: str) -> None:
    assert (serial_key(one) == serial_key(other)) == (fold_text(one) == fold_text(other))


@given(SERIALS, SERIALS)
def test_keys_sort_as_a_plain_comparison_of_parts(one: str, other: str) -> None:
    parts, others = _parts(one), _parts(other)
    if parts != others:
        assert (serial_key(one) < serial_key(other)) == (parts < others)


def _parts(serial: str) -> list[tuple[int, int, str]]:
    """Characters and whole numbers; a number stands where its first digit would."""
    parts = re.findall("[0-9]+|[^0-9]", fold_text(serial))
    return [(ord("0"), int(part), "") if part.isdigit() else (ord(part), 0, part) for part in parts]


@pytest.mark.parametrize(
    "same",
    [
        ("012345678905", "0012345678905", "00012345678905", " 12345678905 "),
        ("96385074", "0000096385074"),
        ("ABC-1", "abc-1"),
    ],
)
def test_leading_zeros_make_no_other_barcode(same: tuple[str, ...]) -> None:
    assert len({barcode_key(one) for one in same}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("7", "07"), ("A012", "A12"), ("012345678905", "112345678905")]
)
def test_other_barcodes_stay_others(one: str, other: str) -> None:
    assert barcode_key(one) != barcode_key(other)
