from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.imports.retail.dates import (
    DateOrder,
    date_order,
    is_twice,
    on_the_clock,
    parse_time,
)
from app.domain.imports.retail.headings import RetailFileError

DAY, MONTH = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST


def order_of(*texts, mark="."):
    return date_order({text: line for line, text in enumerate(texts, 2)}, mark)


@pytest.mark.parametrize(
    ("text", "order", "at"),
    [
        ("2010-12-01 08:26:00", None, "2010-12-01 08:26"),
        ("2010-12-01 08:26", None, "2010-12-01 08:26"),
        ("2010-12-01T08:26:00", None, "2010-12-01 08:26"),
        ("2010-12-01 8:26", None, "2010-12-01 08:26"),
        ("2010-12-01", None, "2010-12-01 00:00"),
        ("2010/12/01 08:26", None, "2010-12-01 08:26"),
        ("2010-12-01 08:26:00.123456789", None, "2010-12-01 08:26:00.123456"),
        ("  2010-12-01   08:26 ", None, "2010-12-01 08:26"),
        ("2010-12-01\u00a008:26", None, "2010-12-01 08:26"),
        ("1/12/2010 08:26", DAY, "2010-12-01 08:26"),
        ("12/1/2010 8:26", MONTH, "2010-12-01 08:26"),
        ("1-12-2010 08:26", DAY, "2010-12-01 08:26"),
        ("1.12.2010 08:26", None, "2010-12-01 08:26"),
        ("1.12.2010, 08:26", MONTH, "2010-12-01 08:26"),
        ("12/1/2010 8:26 PM", MONTH, "2010-12-01 20:26"),
        ("12/1/2010 12:05 am", MONTH, "2010-12-01 00:05"),
        ("2012-02-29 23:59:59", None, "2012-02-29 23:59:59"),
        ("1970-01-01 00:00:00", None, "1970-01-01 00:00"),
        ("2100-12-31 23:59:59", None, "2100-12-31 23:59:59"),
    ],
)
def test_a_date_is_read_in_the_forms_of_both_spreadsheets_and_programs(text, order, at):
    assert parse_time(text, order) == datetime.fromisoformat(at)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "should be a local time such as"),
        ("yesterday", "should be a local time such as"),
        ("40513.35", "should be a local time such as"),
        ("20101201", "should be a local time such as"),
        ("2010-W48-3", "should be a local time such as"),
        ("1 December 2010", "should be a local time such as"),
        ("2010-12-01 08:26:00 tomorrow", "should be a local time such as"),
        ("２０１０-12-01 08:26", "should be a local time such as"),
        ("1/12-2010 08:26", "should be a local time such as"),
        ("1/12/10 08:26", "the year with four digits"),
        ("01.12.10", "the year with four digits"),
        ("2010-12-01 08:26:00Z", "without a time zone"),
        ("2010-12-01T08:26:00+01:00", "without a time zone"),
        ("2011-02-29 10:00", "with a day and a time that exist"),
        ("2010-13-01 10:00", "with a day and a time that exist"),
        ("2010-12-01 24:00", "with a day and a time that exist"),
        ("2010-12-01 10:60", "with a day and a time that exist"),
        ("12/1/2010 13:00 PM", "with a day and a time that exist"),
        ("0000-01-01 10:00", "with a day and a time that exist"),
        ("9999-12-31 23:55:00", "should be from 1970-01-01 to 2100-12-31"),
        ("0001-01-01 00:00:00", "should be from 1970-01-01 to 2100-12-31"),
        ("1969-12-31 23:59:59", "should be from 1970-01-01 to 2100-12-31"),
        ("2101-01-01 00:00:00", "should be from 1970-01-01 to 2100-12-31"),
    ],
)
def test_what_is_no_date_of_a_sale_is_refused_with_what_is_expected(text, said):
    with pytest.raises(ValueError, match=said):
        parse_time(text, DAY)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["1/12/2010 08:26", "13/12/2010 08:26"], DAY),
        (["12/1/2010 8:26", "12/13/2010 8:26"], MONTH),
        (["31-01-2011 10:00"], DAY),
        (["1/31/2011", "2/1/2011"], MONTH),
        (["01.12.2010 08:26"], DAY),
        (["01.12.2010 08:26", "1/12/2010 08:26"], DAY),
        (["2010-12-01 08:26", "1/13/2010 08:26"], MONTH),
        (["2010-12-01 08:26:00"], None),
        (["3/3/2011 10:00"], None),
        (["rubbish", "99/99/2010"], None),
    ],
)
def test_the_whole_file_tells_which_comes_first(texts, order):
    assert order_of(*texts) == order


def test_decimal_commas_tell_that_the_day_comes_first():
    assert order_of("1/12/2010 08:26", mark=",") == DAY
    assert order_of("1/13/2010 08:26", mark=",") == MONTH


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (
            ["1/12/2010 08:26"],
            "line 2: InvoiceDate '1/12/2010 08:26' can be 1 December 2010 or 12 January 2010",
        ),
        (["2010-12-01 08:26", "3/4/2011"], "line 3: InvoiceDate '3/4/2011' can be 3 April 2011"),
        (["5-6-2011 10:00"], "Say --dates day-first or --dates month-first"),
        (["13/1/2011", "1/13/2011"], "line 2: InvoiceDate '13/1/2011' has the day first, and line"),
        (["01.12.2010", "12/13/2010"], "Write all dates of a file in one way"),
    ],
)
def test_dates_that_can_be_read_in_two_ways_are_refused_with_both(texts, said):
    with pytest.raises(RetailFileError) as refusal:
        order_of(*texts)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("zone", "at", "shown"),
    [
        ("Europe/London", "2011-03-27 01:30", "2011-03-27 02:30"),
        ("Europe/Berlin", "2011-03-27 02:00", "2011-03-27 03:00"),
        ("America/New_York", "2011-03-13 02:59:59", "2011-03-13 03:59:59"),
        ("Australia/Lord_Howe", "2011-10-02 02:10", "2011-10-02 02:40"),
        ("Pacific/Apia", "2011-12-30 10:00", "2011-12-31 10:00"),
        ("Europe/London", "2011-03-27 02:30", "2011-03-27 02:30"),
        ("UTC", "2011-03-27 01:30", "2011-03-27 01:30"),
    ],
)
def test_a_time_that_clocks_skipped_is_the_moment_that_would_have_been(zone, at, shown):
    assert on_the_clock(datetime.fromisoformat(at), ZoneInfo(zone)) == datetime.fromisoformat(shown)


@pytest.mark.parametrize(
    ("zone", "at", "twice"),
    [
        ("Europe/London", "2011-10-30 01:30", True),
        ("Europe/London", "2011-10-30 00:59", False),
        ("Europe/London", "2011-10-30 02:00", False),
        ("Europe/Berlin", "2011-10-30 02:30", True),
        ("Europe/London", "2011-03-27 01:30", False),
        ("UTC", "2011-10-30 01:30", False),
    ],
)
def test_a_time_that_clocks_showed_twice_is_known(zone, at, twice):
    assert is_twice(datetime.fromisoformat(at), ZoneInfo(zone)) == twice
