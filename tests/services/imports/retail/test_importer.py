from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest

from app.domain.errors import Refusal
from app.domain.imports.retail.headings import RetailFileError
from app.domain.imports.retail.plan import Selection
from app.services.imports.retail import importer
from app.services.imports.retail.importer import import_retail
from tests.support.invariants import WRONG
from tests.support.retail_files import DEMO_SLICE, REAL_FILE, read_rows, row, write_file

COUNTS = """
    SELECT (SELECT count(*) FROM items WHERE inventory_status = 'Available'),
        (SELECT count(*) FROM items WHERE inventory_status = 'Delivered'),
        (SELECT count(*) FROM items),
        (SELECT count(*) FROM invoices WHERE status = 'Delivered'),
        (SELECT count(*) FROM invoices WHERE status = 'Cancelled'),
        (SELECT count(*) FROM invoices)
"""
EVERYTHING = """
    SELECT (SELECT count(*) FROM inventory_status_history), (SELECT sum(version) FROM items),
        (SELECT sum(version) FROM invoices), (SELECT count(*) FROM payments),
        (SELECT sum(quantity) FROM transition_tallies), (SELECT count(*) FROM products),
        (SELECT count(*) FROM customers), (SELECT sum(next_serial) FROM products)
"""


@pytest.fixture
def bring(own_shop, tmp_path):
    def run(path, *, timezone="UTC", report=lambda progress: None, **selection):
        return import_retail(
            path,
            Selection(**selection),
            timezone=ZoneInfo(timezone),
            skipped_file=tmp_path / "skipped.csv",
            report=report,
        )

    return run


@pytest.fixture
def small_file(tmp_path):
    return write_file(
        tmp_path / "small.csv",
        [
            row("1", quantity=3),
            row("1", "POST", price="18.00"),
            row("2", quantity=4, at="2011-03-02 10:00:00"),
            row("C3", quantity=-2, at="2011-03-02 12:00:00"),
            row("4", "22112", 2, at="2011-03-03 10:00:00", customer=""),
            row("C5", "22112", -2, at="2011-03-03 12:00:00", customer=""),
            row("6", "22113", 1, at="2011-03-04 10:00:00", price="0.0"),
        ],
    )


def fates_of_single_units(path, *, first_day=date.min, last_day=date.max, every=1):
    """Each unit of each purchase by itself: how many were sold and cancelled, by invoice."""
    rows = read_rows(path)
    buyers = set(list(dict.fromkeys(r["CustomerID"] or r["InvoiceNo"] for r in rows))[::every])
    units, cancelled = {}, set()
    in_range = [r for r in rows if str(first_day) <= r["InvoiceDate"][:10] <= str(last_day)]
    for r in sorted(in_range, key=lambda r: r["InvoiceDate"]):
        code, quantity = r["StockCode"].upper(), int(r["Quantity"])
        price = Decimal(r["UnitPrice"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        if not (code[:5].isdigit() and len(code) >= 5) and not code.startswith("DCGS"):
            continue
        bought = units.setdefault((r["CustomerID"], code), [])
        if quantity > 0 and (price > 0 or (price == 0 and r["CustomerID"])):
            if r["InvoiceNo"][0] != "C":
                bought.extend(
                    (r["CustomerID"] or r["InvoiceNo"], r["InvoiceNo"], price, len(bought) + n)
                    for n in range(quantity)
                )
        elif quantity < 0 and r["InvoiceNo"][0] == "C":
            for _ in range(-quantity):
                left = [unit for unit in bought if (r["CustomerID"], code, unit) not in cancelled]
                best = [unit for unit in left if unit[2] == price] or left
                if best:
                    cancelled.add((r["CustomerID"], code, best[-1]))
    sold, freed = Counter(), Counter()
    for (customer, code), bought in units.items():
        for unit in bought:
            if unit[0] in buyers:
                sold[unit[1]] += 1
                freed[unit[1]] += (customer, code, unit) in cancelled
    return sold, freed


@pytest.mark.parametrize(
    ("path", "selection"),
    [
        pytest.param(DEMO_SLICE, {"every": 2}, id="the slice in the repository"),
        pytest.param(
            REAL_FILE,
            {"first_day": date(2011, 5, 1), "last_day": date(2011, 5, 25), "every": 30},
            id="the real file",
            marks=pytest.mark.skipif(not REAL_FILE.exists(), reason="the whole file is not here"),
        ),
    ],
)
def test_units_and_invoices_end_as_the_file_says(own_shop, bring, path, selection):
    summary = bring(path, **selection)
    sold, freed = fates_of_single_units(path, **selection)
    cancelled = {number for number in sold if sold[number] == freed[number]}
    assert freed.total() > 0
    assert own_shop.row(COUNTS) == (
        freed.total(),
        sold.total() - freed.total(),
        sold.total(),
        len(sold) - len(cancelled),
        len(cancelled),
        len(sold),
    )
    left = dict(
        own_shop.rows(
            """SELECT substr(i.source_reference, 8), count(*) FROM invoices i
            JOIN invoice_items l ON l.invoice_id = i.id WHERE i.status = 'Delivered' GROUP BY 1"""
        )
    )
    assert left == {no: sold[no] - freed[no] for no in sold if no not in cancelled}
    assert (summary.counts.invoices, summary.counts.units) == (len(sold), sold.total())
    assert summary.counts.transitions == own_shop.value(
        "SELECT count(*) FROM inventory_status_history"
    )
    for rule, query in WRONG.items():
        assert own_shop.rows(query) == [], rule


def test_a_second_import_changes_nothing(own_shop, bring, small_file):
    bring(small_file)
    with own_shop.unchanged():
        summary = bring(small_file)
    assert (summary.counts.invoices, summary.counts.transitions) == (0, 0)
    assert summary.imported_before == 4


@pytest.mark.parametrize("stop_after", range(1, 9))
def test_an_interrupted_import_goes_on_where_it_stopped(
    own_shop, bring, small_file, monkeypatch, stop_after
):
    monkeypatch.setattr(importer, "BATCH_EVENTS_MAX", 1)
    done = []

    def interrupt(progress):
        done.append(progress)
        if len(done) == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(small_file, report=interrupt)
    assert own_shop.row(COUNTS) != (4, 6, 10, 3, 1, 4)
    bring(small_file)
    assert own_shop.row(COUNTS) == (4, 6, 10, 3, 1, 4)
    assert own_shop.value("SELECT count(*) FROM inventory_status_history") == 10 + 10 + 4 + 6 + 6


def test_a_sample_first_and_the_rest_later_is_as_the_whole_at_once(own_shop, bring, small_file):
    bring(small_file, every=2)
    summary = bring(small_file)
    assert summary.imported_before > 0
    assert own_shop.row(COUNTS) == (4, 6, 10, 3, 1, 4)


def test_a_cancellation_of_an_invoice_that_was_finished_before_is_skipped(
    bring, own_shop, tmp_path
):
    path = write_file(
        tmp_path / "file.csv",
        [row("1", quantity=3), row("C2", quantity=-1, at="2011-03-02 10:00:00")],
    )
    bring(path, last_day=date(2011, 3, 1))
    with own_shop.unchanged():
        summary = bring(path)
    assert summary.skipped == {"invoice-finished-before": 1}
    ((line,),) = [[r["Line"] for r in read_rows(summary.skipped_file)]]
    assert line == "3"


def test_a_cancellation_that_was_brought_before_is_not_skipped(bring, small_file):
    bring(small_file)
    assert bring(small_file).skipped == {"not-a-product": 1}


def test_a_cancelled_unit_is_free_again_and_tells_why(own_shop, bring, small_file):
    bring(small_file)
    freed = own_shop.rows(
        """SELECT h.changed_by::text, h.notes, h.change_date FROM inventory_status_history h
        JOIN items i ON i.id = h.item_id JOIN products p ON p.id = i.product_id
        WHERE h.change_reason = 'INVOICE_CANCELLED' AND p.sku = '22111'"""
    )
    at = datetime(2011, 3, 2, 12, tzinfo=UTC)
    assert freed == [("00000000-0000-7000-8000-000000000001", "Cancelled by C3", at)] * 2


def test_times_of_the_file_are_in_the_zone_of_the_store(own_shop, bring, tmp_path):
    path = write_file(tmp_path / "summer.csv", [row("1", at="2011-07-01 10:00:00")])
    bring(path, timezone="Europe/London")
    assert own_shop.rows("SELECT change_date FROM inventory_status_history ORDER BY seq") == [
        (datetime(2011, 7, 1, *time, tzinfo=UTC),) for time in [(9, 0), (9, 0), (9, 10), (10, 10)]
    ]
    assert own_shop.value("SELECT created_at FROM invoices") == datetime(2011, 7, 1, 9, tzinfo=UTC)


def test_what_would_lie_in_the_future_happens_now(own_shop, bring, small_file):
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    bring(small_file, shift_to=tomorrow)
    assert own_shop.row(COUNTS) == (4, 6, 10, 3, 1, 4)
    assert own_shop.value(
        "SELECT max(change_date) <= clock_timestamp() FROM inventory_status_history"
    )


def test_products_have_their_most_usual_name_and_price(own_shop, bring, tmp_path):
    rows = [
        row("1", description="MUG", price="2.00"),
        row("2", description="MUG", price="2.00"),
        row("3", description="mug, chipped", price="1.00"),
        row("4", "22112", description=""),
    ]
    bring(write_file(tmp_path / "file.csv", rows))
    assert own_shop.rows("SELECT sku, name, price FROM products ORDER BY sku") == [
        ("22111", "MUG", Decimal("2.00")),
        ("22112", "22112", Decimal("2.50")),
    ]
    assert own_shop.rows("SELECT serial_number FROM items ORDER BY 1 LIMIT 2") == [
        ("22111-000001",),
        ("22111-000002",),
    ]


def test_customers_have_their_number_and_walk_ins_are_one(own_shop, bring, small_file):
    bring(small_file)
    assert own_shop.rows(
        "SELECT source_reference, name FROM customers WHERE source_reference IS NOT NULL ORDER BY 1"
    ) == [
        ("retail:17850", "Customer 17850 (United Kingdom)"),
        ("retail:walk-in", "Walk-in customer"),
    ]


def test_an_invoice_of_more_units_than_a_clerk_may_enter_goes_through(own_shop, bring, tmp_path):
    rows = [
        row("1", quantity=10_500),
        row("C2", quantity=-10_100, at="2011-03-02 10:00:00"),
    ]
    bring(write_file(tmp_path / "large.csv", rows))
    assert own_shop.row(COUNTS) == (10_100, 400, 10_500, 1, 0, 1)


def test_what_was_skipped_is_counted_and_written_line_by_line(bring, tmp_path):
    rows = [
        row("1"),
        row("1", "POST", price="18.00"),
        row("2", quantity=-7, price="0.0", customer="", description="damages"),
        row("C3", quantity=-3, at="2011-03-02 10:00:00"),
    ]
    summary = bring(write_file(tmp_path / "file.csv", rows))
    assert summary.skipped == {
        "not-a-product": 1,
        "stock-adjustment": 1,
        "cancellation-exceeds-purchase": 1,
    }
    assert [
        (r["Line"], r["Reason"], r["UnitsSkipped"], r["InvoiceNo"], r["StockCode"])
        for r in read_rows(summary.skipped_file)
    ] == [
        ("3", "not-a-product", "1", "1", "POST"),
        ("4", "stock-adjustment", "7", "2", "22111"),
        ("5", "cancellation-exceeds-purchase", "2", "C3", "22111"),
    ]


def test_a_file_with_a_bad_last_line_leaves_the_store_as_it_was(own_shop, bring, tmp_path):
    path = write_file(tmp_path / "file.csv", [row("1"), row("2"), row("3", quantity="?")])
    with own_shop.unchanged(), pytest.raises(RetailFileError, match="line 4"):
        bring(path)
    assert not (tmp_path / "skipped.csv").exists()


def test_a_second_import_beside_a_running_one_is_refused(own_shop, bring, small_file):
    own_shop.execute("SELECT pg_advisory_lock(hashtext('holdfast.retail_import'))")
    with own_shop.unchanged(), pytest.raises(Refusal, match="Another import is running"):
        bring(small_file)
    own_shop.execute("SELECT pg_advisory_unlock(hashtext('holdfast.retail_import'))")
