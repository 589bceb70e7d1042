from datetime import date, datetime
from decimal import Decimal

import pytest

from app.domain.imports.retail.events import EventKind, FinalStatus, events
from app.domain.imports.retail.lines import SkipReason
from app.domain.imports.retail.plan import Selection, plan
from tests.support.retail_files import parse_rows, row


def planned(*rows, **selection):
    lines, _ = parse_rows(rows)
    return plan(lines, Selection(**selection))


def story(*rows, ending=FinalStatus.DELIVERED, **selection):
    """Invoice, what happens to it, and the units that are then left on it."""
    stream = events(planned(*rows, **selection).sales, lambda sale: ending)
    return [(event.sale.number, event.kind, event.left) for event in stream]


def cancelled(*rows):
    return {
        sale.number: sum(cancellation.units for cancellation in sale.cancellations)
        for sale in planned(*rows).sales
    }


K = EventKind


def test_an_invoice_is_created_paid_and_delivered():
    assert story(row("1", quantity=2), row("1", "22112", 3)) == [
        ("1", K.CREATED, 5),
        ("1", K.PAID, 5),
        ("1", K.DELIVERED, 5),
    ]


def test_a_cancelled_invoice_is_never_paid():
    assert story(row("1", quantity=2), row("C2", quantity=-2, at="2011-03-01 11:00:00")) == [
        ("1", K.CREATED, 2),
        ("1", K.CANCELLED, 0),
    ]


def test_an_invoice_is_paid_after_the_last_of_its_cancellations():
    assert story(
        row("1", quantity=5),
        row("C2", quantity=-1, at="2011-03-05 10:00:00"),
        row("C3", quantity=-2, at="2011-06-05 10:00:00"),
    ) == [
        ("1", K.CREATED, 5),
        ("1", K.PART_CANCELLED, 4),
        ("1", K.PART_CANCELLED, 2),
        ("1", K.PAID, 2),
        ("1", K.DELIVERED, 2),
    ]


def test_the_latest_purchase_is_cancelled_first():
    later = "2011-03-02 10:00:00"
    cancellation = row("C3", quantity=-6, at="2011-03-03 10:00:00")
    assert cancelled(row("1", quantity=5), row("2", quantity=4, at=later), cancellation) == {
        "1": 2,
        "2": 4,
    }


def test_a_purchase_at_the_same_price_is_cancelled_before_a_later_one_at_another():
    later = row("2", quantity=5, at="2011-03-02 10:00:00", price="3.00")
    cancellation = row("C3", quantity=-6, at="2011-03-03 10:00:00", price="2.50")
    assert cancelled(row("1", quantity=5), later, cancellation) == {"1": 5, "2": 1}


def test_a_cancellation_takes_nothing_from_other_customers_products_or_later_days():
    result = planned(
        row("1", quantity=5, customer="1"),
        row("2", "22112", 5),
        row("C3", quantity=-2),
        row("4", quantity=5, at="2011-03-02 10:00:00"),
    )
    assert [sale.cancellations for sale in result.sales] == [[], [], []]
    ((line, reason, units, _),) = result.skipped
    assert (line.number, units) == (4, 2)
    assert reason == SkipReason.CANCELLATION_WITHOUT_PURCHASE


def test_what_a_cancellation_has_too_much_is_skipped():
    result = planned(row("1", quantity=5), row("C2", quantity=-7))
    ((_, reason, units, _),) = result.skipped
    assert (reason, units) == (SkipReason.CANCELLATION_EXCEEDS_PURCHASE, 2)


def test_events_follow_one_another_in_time_whatever_the_order_of_the_file():
    stream = events(
        planned(row("2", at="2011-03-02 10:00:00"), row("1", at="2011-03-01 10:00:00")).sales
    )
    assert [event.sale.number for event in stream] == ["1", "1", "1", "2", "2", "2"]
    assert [event.at for event in stream] == sorted(event.at for event in stream)


def test_units_at_two_prices_on_one_invoice_are_kept_apart():
    (sale,) = planned(row("1", quantity=2), row("1", quantity=3, price="1.00")).sales
    assert sale.articles == {("22111", Decimal("2.50")): 2, ("22111", Decimal("1.00")): 3}


@pytest.mark.parametrize(
    ("ending", "kinds"),
    [
        (FinalStatus.OPEN, []),
        (FinalStatus.PARTIALLY_PAID, [K.PART_PAID]),
        (FinalStatus.PAID, [K.PAID]),
        (FinalStatus.DELIVERED, [K.PAID, K.DELIVERED]),
    ],
)
def test_an_ending_says_how_far_an_invoice_gets(ending, kinds):
    assert [kind for _, kind, _ in story(row("1"), ending=ending)] == [K.CREATED, *kinds]


def test_a_selection_of_days_includes_both_ends():
    rows = [row(str(day), at=f"2011-03-0{day} 10:00:00") for day in range(1, 6)]
    sales = planned(*rows, first_day=date(2011, 3, 2), last_day=date(2011, 3, 4)).sales
    assert [sale.number for sale in sales] == ["2", "3", "4"]


def test_every_second_customer_and_every_second_walk_in_invoice_are_taken():
    rows = [
        row(str(number), customer=str(number % 4) if number < 8 else "") for number in range(12)
    ]
    assert [sale.number for sale in planned(*rows, every=2).sales] == [
        "0",
        "2",
        "4",
        "6",
        "8",
        "10",
    ]


def test_an_invoice_has_the_same_fate_in_a_sample_as_in_the_whole():
    rows = [
        row("1", quantity=5, customer=""),
        row("2", quantity=5, customer="", at="2011-03-02 10:00:00"),
        row("C3", quantity=-6, customer="", at="2011-03-03 10:00:00"),
    ]
    (whole, _), (sampled,) = planned(*rows).sales, planned(*rows, every=2).sales
    assert whole == sampled
    assert whole.cancellations[0].units == 1


def test_all_dates_move_so_that_the_last_day_is_the_given_one():
    first, last = planned(
        row("1", at="2011-03-01 10:00:00"),
        row("2", at="2011-03-03 16:00:00"),
        shift_to=date(2026, 1, 10),
    ).sales
    assert first.at == datetime(2026, 1, 8, 10)  # noqa: DTZ001
    assert last.at == datetime(2026, 1, 10, 16)  # noqa: DTZ001
