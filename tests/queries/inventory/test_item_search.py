"""A search finds just what a plain filter over all units finds, page by page, in any order."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.errors import InvalidInput
from app.domain.inventory.item_actions import Viewer
from app.domain.text.folding import barcode_key, search_text, search_words, serial_key
from app.queries.inventory import item_search, sellable_items
from app.queries.inventory.item_filters import ItemFilters
from app.queries.inventory.items import list_items
from app.queries.inventory.sellable_items import UNITS_PER_PRODUCT, find_units
from app.queries.serial_lookup import pasted_serials
from app.services.catalogue import catalogue
from app.services.inventory.lifecycle import InventoryLifecycleService
from app.web.exports.items import csv_chunks
from tests.conftest import Servers
from tests.support.shop import Shop, open_shop

VIEWER = Viewer(uuid4(), "admin")
PRODUCTS = [
    ("SUKI-1", "Suki lunch bag", None),
    ("SUKI-2", "Suki mug, large", "012345678905"),
    ("BAG", "Lunch box", "ABC-77"),
    ("Ü9", "Über mug", None),
    ("P7", "Plate 0042", "4006381333931"),
]
SERIALS = {
    "SUKI-1": [f"K7-{number:04}" for number in range(40)],
    "SUKI-2": [f"NAT-{number}" for number in range(1, 31)] + ["mug-0042", "MUG-0043"],
    "BAG": ["Ü-100", "straße 7", "A/B_C%D", "q\\1", "x--0", "50%", "K7", "7", "l1"],
    "Ü9": [f"SN{number}K7" for number in range(90, 112)] + ["Ωmega-1", "ＦＵＬＬ-2"],
    "P7": [f"P7-{number}" for number in (9, 10, 100, 11)],
}


@dataclass(frozen=True)
class Unit:
    id: str
    serial: str
    sku: str
    status: str
    texts: tuple[str, ...]
    barcode: str | None

    def has(self, word: str) -> bool:
        if self.barcode and word.isdigit() and 8 <= len(word) <= 14:
            return barcode_key(word) == barcode_key(self.barcode) or word in " ".join(self.texts)
        return any(word in text for text in self.texts)


@pytest.fixture(scope="module")
def shop(
    servers: Servers, template_database: str, redis_url: str, database_names: Iterator[str]
) -> Iterator[Shop]:
    name = next(database_names)
    with (
        open_shop(servers.create_database(name, template_database), redis_url) as opened,
        opened.app.app_context(),
    ):
        yield opened
    servers.drop_database(name)


@pytest.fixture(scope="module")
def units(shop: Shop) -> list[Unit]:
    """Received in turns, so that no product's units lie together; some are held."""
    receive = InventoryLifecycleService().receive_items
    for sku, name, barcode in PRODUCTS:
        catalogue.create_product(sku=sku, name=name, barcode=barcode)
    for place in range(max(map(len, SERIALS.values()))):
        for sku, serials in SERIALS.items():
            if place < len(serials):
                ids = receive(sku, shop.staff, serial_numbers=[serials[place]])
                if place % 5 == 0:
                    InventoryLifecycleService().hold_items_manually(ids, "Ana", shop.staff)
    return [
        Unit(
            str(row[0]),
            row[1],
            row[2],
            row[5],
            tuple(search_text(t or "") for t in row[1:5]),
            row[4],
        )
        for row in shop.rows(
            """SELECT i.id, i.serial_number, p.sku, p.name, p.barcode, i.inventory_status
            FROM items i JOIN products p ON p.id = i.product_id ORDER BY i.id DESC"""
        )
    ]


def plain(units: list[Unit], q: str, sort: str, status: str = "", sku: str = "") -> list[str]:
    found = [
        unit
        for unit in units
        if all(unit.has(word) for word in search_words(q))
        and status in ("", unit.status)
        and sku in ("", unit.sku)
    ]
    if sort == "serial":
        found.sort(key=lambda unit: serial_key(unit.serial))
    return [unit.serial for unit in (found[::-1] if sort == "oldest" else found)]


def paged(filters: ItemFilters) -> list[str]:
    found, cursor = [], None
    while True:
        page = list_items(filters, VIEWER, cursor=cursor)
        found += [item.serial_number for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found
        assert len(page.items) == filters.limit


TEXTS = [text for texts in (*PRODUCTS, *SERIALS.values()) for text in texts if text]


@st.composite
def parts(draw: st.DrawFn) -> str:
    """A part of a text that there is, in another case perhaps."""
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(text) - 1))
    part = text[start : start + draw(st.integers(1, 6))]
    return draw(st.sampled_from([part, part.lower(), part.upper(), f" {part},"]))


QUERIES = st.lists(
    parts() | st.sampled_from(["0", "7", "k7", "mug", "zz", "-", "%", "_", "\\", "0012345678905"]),
    min_size=1,
    max_size=3,
).map(" ".join)
BOUNDS = st.sampled_from(
    [
        {},
        {"RARE_UNITS_MAX": 3, "WINDOW": 5, "MATCHES_MIN": 2, "WINDOW_MAX": 20},
        {"RARE_UNITS_MAX": 0, "WINDOW": 1, "MATCHES_MIN": 0, "WINDOW_MAX": 0},
    ]
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    q=QUERIES,
    sort=st.sampled_from(["newest", "oldest", "serial"]),
    limit=st.sampled_from([1, 2, 7, 50, 500]),
    status=st.sampled_from(["", "", "Available", "Reserved"]),
    sku=st.sampled_from(["", "", "SUKI-2"]),
    bounds=BOUNDS,
)
def test_every_match_is_on_just_one_page(shop, units, q, sort, limit, status, sku, bounds) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in bounds.items():
            patch.setattr(item_search, name, value)
        filters = ItemFilters(q=q, sort=sort, limit=limit, inventory_status=status, sku=sku)
        if pasted_serials(q) is None:
            assert paged(filters) == plain(units, q, sort, status, sku)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=QUERIES, hits_max=st.sampled_from([0, 3, 300]))
def test_the_till_finds_just_the_products_that_match(units, q, hits_max) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sellable_items, "HITS_MAX", hits_max)
        found = find_units(q)
    words = search_words(q)
    # Without a word there is nothing to look for.
    matching = [unit for unit in units if words and all(unit.has(word) for word in words)]
    matching += [unit for unit in units if serial_key(unit.serial) == serial_key(q)]
    hits = {
        unit.serial
        for unit in matching
        if any(word in unit.texts[0] for word in words) or serial_key(unit.serial) == serial_key(q)
    }
    assert {product.sku for product in found} == {unit.sku for unit in matching}
    for product in found:
        shown = {unit.serial_number for unit in product.units if unit.hit}
        of_product = {unit.serial for unit in matching if unit.sku == product.sku} & hits
        assert shown <= of_product
        assert len(shown) == min(len(of_product), UNITS_PER_PRODUCT)


@pytest.mark.parametrize(
    ("q", "count"),
    {
        "suki lunch": 40,
        "lunch suki": 40,
        "LUNCH bag": 49,
        "mug 0042": 1,
        "0042 mug": 1,
        "über": 24,
        "UBER mug": 24,
        "ü-100": 1,
        "u-100": 1,
        "STRASSE": 1,
        "omega": 0,
        "ΩMEGA": 1,
        "full-2": 1,
        "0012345678905": 32,
        "12345678905": 32,
        "50%": 1,
        "k": 0,
    }.items(),
)
def test_examples(units: list[Unit], q: str, count: int) -> None:
    found = paged(ItemFilters(q=q, limit=500))
    assert found == plain(units, q, "newest")
    assert len(found) == count or q == "k"


@pytest.mark.parametrize("separator", [" ", ",", ", ", "\n", "\r\n", ";", "\t", " ; "])
def test_a_pasted_list_of_serials_finds_just_those(units, separator: str) -> None:
    wanted = ["NAT-10", "nat-2", "K7-0001", "Ü-100"]
    found = paged(ItemFilters(q=separator.join(wanted), sort="serial", limit=3))
    assert found == ["K7-0001", "NAT-2", "NAT-10", "Ü-100"]


def test_a_list_with_commas_may_have_unknown_parts_and_serials_with_spaces(units) -> None:
    assert paged(ItemFilters(q="NAT-2, NAT-999, straße 7", sort="serial")) == ["NAT-2", "straße 7"]
    assert paged(ItemFilters(q="K7 NAT")) == plain(units, "K7 NAT", "newest")


def test_a_serial_is_asked_for_in_any_case_with_spaces_around(units) -> None:
    for typed in ("nat-2", " NAT-2 ", "\u00a0Nat-2"):
        assert paged(ItemFilters(serial_number=typed)) == ["NAT-2"]
    assert paged(ItemFilters(serial_number="NAT-02")) == []
    assert len(paged(ItemFilters(sku=" SUKI-2\u00a0"))) == 32


def test_the_export_has_every_match(units) -> None:
    rows = list(csv.DictReader(io.StringIO("".join(csv_chunks(ItemFilters(q="k7"), VIEWER)))))
    assert [row["serial_number"] for row in rows] == plain(units, "k7", "newest")


def test_too_many_words_are_refused(units) -> None:
    with pytest.raises(InvalidInput, match="at most 12 words"):
        list_items(ItemFilters(q=" ".join("abcdefghijklm")), VIEWER)


def test_a_cursor_of_another_order_is_refused(units) -> None:
    filters = ItemFilters(q="k7", sort="serial", limit=5)
    cursor = list_items(filters, VIEWER).next_cursor
    with pytest.raises(InvalidInput, match="another list"):
        list_items(replace(filters, sort="newest"), VIEWER, cursor=cursor)
