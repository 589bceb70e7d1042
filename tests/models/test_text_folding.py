"""The functions in SQL and their twins in Python give the same for every character and serial."""

import unicodedata
from collections.abc import Callable, Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.text import folding
from tests.support.shop import plain_url

#: Every character that Python's Unicode knows; PostgreSQL's is newer.
ASSIGNED = [
    character
    for character in map(chr, range(1, 0x110000))
    if unicodedata.category(character) not in {"Cs", "Cn"}
]
FUNCTIONS = ["fold_text", "search_text", "serial_key", "barcode_key"]


@pytest.fixture(scope="module")
def connection(shared_database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(plain_url(shared_database_url)) as opened:
        yield opened


def twin(name: str) -> Callable[[str], str]:
    return getattr(folding, name)


@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("fold_text", "{}"),
        ("search_text", " é{}\u0301"),
        ("serial_key", "A{}1"),
        ("barcode_key", "{}"),
    ],
)
def test_every_character_gives_the_same(
    connection: psycopg.Connection, name: str, around: str
) -> None:
    texts = [around.format(character) for character in ASSIGNED]
    rows = connection.execute(f"SELECT t, {name}(t) FROM unnest(%s::text[]) t", [texts])
    assert [(t, result) for t, result in rows if result != twin(name)(t)] == []


@pytest.mark.parametrize("name", ["fold_text", "search_text"])
def test_what_is_folded_stays(name: str) -> None:
    folded = [twin(name)(character) for character in ASSIGNED]
    assert [one for one in folded if twin(name)(one) != one] == []


MIXED = st.text(
    st.sampled_from("0123456789019aAbÜüß-_. \t\u00a0\u0301\u200dΣςﬁ９") | st.sampled_from(ASSIGNED)
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_text_gives_the_same(connection: psycopg.Connection, name: str) -> None:
    @settings(max_examples=30)
    @given(st.lists(MIXED, min_size=30, max_size=30))
    def check(texts: list[str]) -> None:
        rows = connection.execute(f"SELECT t, {name}(t) FROM unnest(%s::text[]) t", [texts])
        assert [(t, result) for t, result in rows if result != twin(name)(t)] == []

    check()


def test_keys_sort_the_same_in_the_database(connection: psycopg.Connection) -> None:
    serials = [
        f"{letters}{n}{tail}"
        for letters in ("a", "B-", "ü")
        for n in range(0, 2000, 7)
        for tail in ("", "b", "-01")
    ]
    (found,) = connection.execute(
        'SELECT array_agg(t ORDER BY serial_key(t) COLLATE "C") FROM unnest(%s::text[]) t',
        [serials],
    ).fetchone()
    assert found == sorted(serials, key=folding.serial_key)
