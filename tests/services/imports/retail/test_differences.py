"""Files that say of one thing two things: refused, or told with both values, never decided."""

import gzip
import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.domain.imports.retail.headings import RetailFileError
from app.domain.imports.retail.plan import Selection
from app.services.imports.retail import importer
from app.services.imports.retail.importer import import_retail
from app.services.invoices.finance import FinanceService
from tests.support.invariants import WRONG
from tests.support.retail_files import HEADINGS, read_rows, row, write_file

FILES = Path(__file__).parent / "retail_files"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def bring(own_shop, tmp_path):
    """Imports rows, or a file; the n-th call writes its own files of what it tells."""
    calls = iter(range(1000))

    def run(source, *, timezone="UTC", report=lambda progress: None, **selection):
        number = next(calls)
        path = source
        if not isinstance(source, Path):
            path = write_file(tmp_path / f"{number}.csv", source)
        return import_retail(
            path,
            Selection(**selection),
            timezone=ZoneInfo(timezone),
            skipped_file=tmp_path / f"skipped-{number}.csv",
            report=report,
        )

    return run


def with_field(cells, column, text):
    changed = list(cells)
    changed[HEADINGS.index(column)] = text
    return changed


# Beside the store

FIRST = row("900101", "85123A", 2, "2011-12-01 08:26:00", "2.55")


def test_a_corrected_quantity_is_told_with_both_values_and_changes_nothing(own_shop, bring):
    bring([FIRST])
    with own_shop.unchanged():
        summary = bring(FILES / "69-corrected-quantity.csv")
    assert summary.skipped == {"differs-from-store": 1}
    assert (summary.imported_before, summary.counts.invoices) == (1, 0)
    (told,) = read_rows(summary.skipped_file)
    assert told["Detail"] == "85123A: 5 at 2.55 here; in the store 2 at 2.55"
    assert (told["Line"], told["InvoiceNo"], told["UnitsSkipped"]) == ("2", "900101", "3")


@pytest.mark.parametrize(
    ("rows", "details"),
    [
        ([with_field(FIRST, "UnitPrice", "2.95")], ["2 at 2.95 here; in the store 2 at 2.55"]),
        ([with_field(FIRST, "Quantity", "1")], ["1 at 2.55 here; in the store 2 at 2.55"]),
        (
            [with_field(FIRST, "CustomerID", "17851")],
            ["CustomerID is 17851 here; in the store it is Customer 17850 (United Kingdom)"],
        ),
        (
            [with_field(FIRST, "CustomerID", "")],
            ["CustomerID is none here; in the store it is Customer 17850 (United Kingdom)"],
        ),
        (
            [with_field(FIRST, "StockCode", "22111")],
            ["22111: 2 at 2.55 here; in the store none", "85123A: none here; in the store 2"],
        ),
        (
            [FIRST, row("900101", "22111", 1, "2011-12-01 08:26:00")],
            ["22111: 1 at 2.50 here; in the store none"],
        ),
        (
            [with_field(FIRST, "InvoiceDate", "2011-12-02 08:26:00")],
            ["InvoiceDate is 2011-12-02 08:26:00 here; in the store it is 2011-12-01 08:26:00"],
        ),
        (
            [with_field(FIRST, "InvoiceDate", "2011-12-01 08:27:00")],
            ["InvoiceDate is 2011-12-01 08:27:00 here"],
        ),
        (
            [
                with_field(FIRST, "Quantity", "1"),
                with_field(with_field(FIRST, "Quantity", "1"), "UnitPrice", "3.00"),
            ],
            ["1 at 2.55 and 1 at 3.00 here; in the store 2 at 2.55"],
        ),
        (
            [with_field(with_field(FIRST, "UnitPrice", "1"), "CustomerID", "1")],
            ["CustomerID is 1 here", "2 at 1.00 here; in the store 2 at 2.55"],
        ),
    ],
)  # fmt: skip
def test_an_invoice_that_is_in_the_store_and_differs_is_told(own_shop, bring, rows, details):
    bring([FIRST])
    with own_shop.unchanged():
        summary = bring(rows)
    told = [each["Detail"] for each in read_rows(summary.skipped_file)]
    assert summary.skipped == {"differs-from-store": len(details)}
    assert len(told) == len(details)
    for said, detail in zip(sorted(told), sorted(details), strict=True):
        assert detail in said


def test_beside_one_that_differs_the_others_are_brought(own_shop, bring):
    bring([FIRST])
    summary = bring([with_field(FIRST, "Quantity", "5"), row("900102")])
    assert (summary.counts.invoices, summary.skipped) == (1, {"differs-from-store": 1})


def test_an_invoice_number_in_another_case_is_the_same_invoice(own_shop, bring):
    bring([row("inv-1")])
    with own_shop.unchanged():
        summary = bring([row("INV-1")])
    (told,) = read_rows(summary.skipped_file)
    assert told["Detail"] == "InvoiceNo is inv-1 in the store"


def test_an_invoice_in_the_store_that_was_cancelled_in_part_is_the_same(own_shop, bring):
    rows = [
        row("1", quantity=5),
        row("C2", quantity=-2, at="2011-03-02 10:00:00"),
        row("3", "22112", 2),
        row("C4", "22112", -2, at="2011-03-02 10:00:00"),
    ]
    bring(rows)
    with own_shop.unchanged():
        assert bring(rows).skipped == {}
        assert bring(rows, first_day=date(2011, 3, 1), last_day=date(2011, 3, 1)).skipped == {}
    with own_shop.unchanged():
        summary = bring([with_field(rows[0], "Quantity", "6"), *rows[1:]])
    (told,) = read_rows(summary.skipped_file)
    assert told["Detail"] == (
        "22111: 6 at 2.50 here; in the store 3 at 2.50 and 2 taken off it since"
    )


def test_a_unit_that_a_clerk_took_off_an_invoice_is_no_difference(own_shop, bring, monkeypatch):
    monkeypatch.setattr(importer, "BATCH_EVENTS_MAX", 1)
    with pytest.raises(KeyboardInterrupt):
        bring([row("1", quantity=3)], report=interrupt)
    invoice, item = own_shop.row("SELECT invoice_id, item_id FROM invoice_items LIMIT 1")
    FinanceService().remove_lines(invoice, [item], own_shop.manager)
    summary = bring([row("1", quantity=3)])
    assert (summary.skipped, summary.counts.delivered) == ({}, 1)


def interrupt(progress):
    raise KeyboardInterrupt


def test_dates_that_were_moved_are_not_compared(own_shop, bring):
    rows = [row("1"), row("2", at="2011-03-05 10:00:00")]
    bring(rows, shift_to=date(2020, 1, 1))
    with own_shop.unchanged():
        assert bring(rows, shift_to=date(2020, 1, 2)).skipped == {}
    assert bring(rows).skipped == {"differs-from-store": 2}


# Within the file


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (row("1", customer="17851.0"), "line 3: CustomerID is 17851, but 17850 in line 2 of the"),
        (row("1", customer=""), "line 3: CustomerID is empty, but 17850 in line 2 of the same"),
        (row("1", "POST", customer="17851.0"), "line 3: CustomerID is 17851, but 17850 in line 2"),
        (row("1", at="2011-03-02 10:00:00"), "line 3: InvoiceDate is 2011-03-02 10:00:00, but"),
        (row("1", at="2011-03-01 11:00:01"), "of the same invoice 1. An invoice is made at one"),
        (row("2", customer="017850"), "line 3: CustomerID 017850 is written 17850 in line 2"),
        (row("2", quantity=1_000_000, price="10000000"), "comes to 10,000,000,000,000.00"),
        (row("2", at="2999-03-01 10:00:00"), "line 3: InvoiceDate should be from 1970-01-01"),
    ],
)
def test_lines_that_contradict_each_other_are_refused(own_shop, bring, second, said):
    with own_shop.unchanged(), pytest.raises(RetailFileError) as refusal:
        bring([row("1"), second])
    assert said in str(refusal.value)
    assert str(refusal.value).endswith("Nothing was imported.")


def test_an_invoice_number_in_two_spellings_is_refused(own_shop, bring):
    with own_shop.unchanged(), pytest.raises(RetailFileError, match="'INV-1' is 'inv-1' in line 2"):
        bring([row("inv-1"), row("INV-1")])


def test_an_invoice_of_too_many_units_is_refused_before_anything_is_written(own_shop, bring):
    rows = [row("1"), row("2", quantity=900_000), row("2", "22112", 900_000)]
    with own_shop.unchanged(), pytest.raises(RetailFileError, match="line 3: invoice 2 has 1,800,"):
        bring(rows)


@pytest.mark.parametrize(
    ("rows", "kind", "detail"),
    [
        ([row("1"), row("1")], "same-line-twice", "Like line 2; both count"),
        (
            [row("1"), row("1", "22112", at="2011-03-01 10:01:00")],
            "another-time-on-the-invoice",
            "Line 2 of the invoice says 2011-03-01 10:00:00; the earliest time counts",
        ),
        (
            [row("1"), with_field(row("2"), "Country", "EIRE")],
            "another-country-of-the-customer",
            "United Kingdom in line 2; the last one counts",
        ),
        (
            [row("1", "85123A"), row("2", "85123A"), row("3", "85123a")],
            "other-spelling-of-the-stock-code",
            "Taken for the product 85123A",
        ),
        ([row("1", price="2.555")], "price-rounded", "UnitPrice 2.555 was read as 2.56"),
    ],
)
def test_what_is_read_in_one_way_of_two_is_told(own_shop, bring, rows, kind, detail):
    summary = bring(rows)
    assert summary.noticed == {kind: 1}
    assert summary.skipped == {}
    (told,) = read_rows(summary.noticed_file)
    assert (told["Notice"], told["Detail"]) == (kind, detail)
    assert told["Line"] == str(1 + len(rows))
    assert own_shop.value("SELECT count(*) FROM items") == len(rows)
    for rule, query in WRONG.items():
        assert own_shop.rows(query) == [], rule


def test_a_file_that_leaves_no_question_has_no_file_of_notices(bring):
    summary = bring([row("1"), row("2")])
    assert (summary.noticed, summary.noticed_file) == ({}, None)


def test_notices_are_of_the_chosen_days_and_customers_only(bring):
    rows = [row("1"), row("1"), row("2", at="2011-03-05 10:00:00", customer="2"),
            row("2", at="2011-03-05 10:00:00", customer="2")]  # fmt: skip
    assert bring(rows, last_day=date(2011, 3, 2)).noticed == {"same-line-twice": 1}
    assert bring(rows, every=2).noticed == {"same-line-twice": 1}


def test_one_product_in_two_cases_is_one_product(own_shop, bring):
    bring([row("1", "85123a"), row("2", "85123A", 2), row("3", "85123A")])
    assert own_shop.rows("SELECT sku FROM products") == [("85123A",)]
    assert own_shop.value("SELECT count(DISTINCT lower(serial_number)) FROM items") == 4


def test_a_cancellation_finds_a_purchase_in_another_case(own_shop, bring):
    summary = bring([row("1", "85123A", 3), row("C2", "85123a", -1, "2011-03-02 10:00:00")])
    assert (summary.skipped, summary.counts.cancelled_units) == ({}, 1)


def test_the_spelling_of_the_store_counts(own_shop, bring):
    own_shop.execute("INSERT INTO products (sku, name) VALUES ('85123a', 'Heart')")
    summary = bring([row("1", "85123A")])
    assert own_shop.rows("SELECT sku, name FROM products") == [("85123a", "Heart")]
    assert summary.noticed == {"other-spelling-of-the-stock-code": 1}
    with own_shop.unchanged():
        assert bring([row("1", "85123A")]).skipped == {}


# Times


def test_a_date_in_the_future_is_refused_with_its_line(own_shop, bring):
    with own_shop.unchanged(), pytest.raises(RetailFileError) as refusal:
        bring(FILES / "29-future.csv")
    assert "line 2: InvoiceDate 2030-01-01 10:00:00 is in the future; it is" in str(refusal.value)


@pytest.mark.parametrize("name", ["27-year-9999", "28-year-0001"])
def test_a_year_that_no_sale_was_made_in_is_refused_in_every_zone(own_shop, bring, name):
    with own_shop.unchanged(), pytest.raises(RetailFileError, match="line 2: InvoiceDate"):
        bring(FILES / f"{name}.csv", timezone="Europe/Berlin")


def test_the_future_begins_in_the_zone_of_the_store(own_shop, bring):
    soon = datetime.now(UTC).replace(tzinfo=None, microsecond=0) + timedelta(hours=1)
    with own_shop.unchanged(), pytest.raises(RetailFileError, match="is in the future"):
        bring([row("1", at=str(soon))])
    assert bring([row("1", at=str(soon))], timezone="Asia/Tokyo").counts.invoices == 1


def test_lines_in_the_future_can_be_left_out(bring):
    rows = [row("1"), row("2", at="2090-01-01 10:00:00")]
    assert bring(rows, last_day=date(2012, 1, 1)).counts.invoices == 1


def test_what_is_moved_into_the_future_is_made_now_and_told(own_shop, bring):
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    summary = bring([row("1"), row("2", at="2011-03-05 10:00:00")], shift_to=tomorrow)
    assert summary.noticed == {"moved-into-the-future": 1}
    assert own_shop.value("SELECT max(created_at) <= clock_timestamp() FROM invoices")


def test_a_move_before_the_first_year_is_refused(own_shop, bring):
    rows = [row("1"), row("2", at="2015-03-05 10:00:00")]
    with own_shop.unchanged(), pytest.raises(RetailFileError, match="line 2: InvoiceDate 2011-03"):
        bring(rows, shift_to=date(1971, 1, 1))


@pytest.mark.parametrize("at", ["1970-01-01 00:00:00", "2000-02-29 23:59:59"])
def test_the_first_day_there_is_can_be_imported_east_of_greenwich(own_shop, bring, at):
    assert bring([row("1", at=at)], timezone="Europe/Berlin").counts.delivered == 1
    assert bring([row("1", at=at)], timezone="Europe/Berlin").skipped == {}


def test_a_time_that_clocks_skipped_is_told(own_shop, bring):
    summary = bring(
        [row("1", quantity=3, at="2011-03-27 02:55:00"),
         row("C2", quantity=-1, at="2011-03-27 03:10:00")],
        timezone="Europe/Berlin",
    )  # fmt: skip
    assert summary.noticed == {"time-not-on-the-clock": 1}
    assert own_shop.value("SELECT created_at FROM invoices") == datetime(
        2011, 3, 27, 3, 55, tzinfo=BERLIN
    )
    assert own_shop.value(
        """SELECT bool_and(change_date >= before) FROM (SELECT change_date,
        lag(change_date, 1, change_date) OVER (PARTITION BY item_id ORDER BY seq) AS before
        FROM inventory_status_history) AS changes"""
    )


def test_a_time_that_clocks_showed_twice_is_taken_for_the_first_and_told(own_shop, bring):
    summary = bring([row("1", at="2011-10-30 02:30:00")], timezone="Europe/Berlin")
    assert summary.noticed == {"time-twice-on-the-clock": 1}
    assert own_shop.value("SELECT created_at FROM invoices") == datetime(
        2011, 10, 30, 0, 30, tzinfo=UTC
    )


# What is told goes to spreadsheets


def test_no_cell_of_what_is_told_is_a_formula(bring):
    summary = bring(FILES / "43-formula-skipped.csv")
    (told,) = read_rows(summary.skipped_file)
    assert told["Description"] == '\'=HYPERLINK("http://x")'
    assert (summary.counts.invoices, summary.skipped) == (1, {"not-a-product": 1})


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@x", " =1+1", "＝1+1", "\u00a0@x"])
def test_no_text_of_the_file_is_run_by_a_spreadsheet(bring, text):
    summary = bring([row("1"), row("2", "POST", description=text), row("C3", "22112", -7)])
    first, second = read_rows(summary.skipped_file)
    assert first["Description"].startswith("'")
    assert (second["Quantity"], second["UnitsSkipped"]) == ("-7", "7")


def test_a_packed_copy_of_a_file_changes_nothing(own_shop, bring, tmp_path):
    shutil.copy(FILES / "16-float-quantity.csv", tmp_path / "plain.csv")
    bring(tmp_path / "plain.csv")
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress((FILES / "16-float-quantity.csv").read_bytes()))
    with own_shop.unchanged():
        assert bring(packed).imported_before == 1
    assert own_shop.value("SELECT total FROM invoices") == Decimal("5.10")
