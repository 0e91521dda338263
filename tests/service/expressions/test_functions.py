"""Functions: arguments, zones, and dates against Python's."""

from __future__ import annotations

import string
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.examples import examples
from support.expressions import UTC, refused, value

from pytest_datapipeline._service.expressions.parser import parse
from pytest_datapipeline._service.expressions.periods import plus_months
from pytest_datapipeline._service.expressions.template import ExpressionError

# -- functions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("plusMonths(makeDate(2011, 1, 31), 1)", "2011-02-28T00:00:00"),
        ("minusMonths(makeDate(2012, 3, 31), 1)", "2012-02-29T00:00:00"),
        ("plusYears(makeDate(2012, 2, 29), 1)", "2013-02-28T00:00:00"),
        ("plusPeriod(makeDate(2012, 2, 29), '1 year')", "2013-02-28T00:00:00"),
        ("plusPeriod(makeDate(2011, 1, 31), '1 month')", "2011-02-28T00:00:00"),
        ("plusPeriod(myDateTime, '2 weeks')", "2011-06-07T17:10:00"),
        ("plusPeriod(myDateTime, '1 Day')", "2011-05-25T17:10:00"),
        ("plusPeriod(myDateTime, '3 hours')", "2011-05-24T20:10:00"),
        ("plusPeriod(myDateTime, '90 minutes')", "2011-05-24T18:40:00"),
        ("myDateTime.plusPeriod('30 seconds')", "2011-05-24T17:10:30"),
        ("plusMonths(myDateTime, -5)", "2010-12-24T17:10:00"),
        ("sunday(makeDate(2011, 5, 22))", "2011-05-22T00:00:00"),
        ("sunday(makeDate(2011, 5, 28))", "2011-05-22T00:00:00"),
        ("dayOfYear(makeDate(2012, 12, 31))", "366"),
        ("myDateTime.plusDays(1).midnight().format('dd HH')", "25 00"),
        ("(myDateTime).year()", "2011"),
        ("'2011-05-24'.plusDays(1)", "2011-05-25T00:00:00"),
        ("plusDays(myDateTime, '2')", "2011-05-26T17:10:00"),
        ("plusDays(myDateTime, 1 + 1)", "2011-05-26T17:10:00"),
        ("plusDays(myDateTime, -1)", "2011-05-23T17:10:00"),
        ("hour(myNaive)", "17"),
        ("year(myDateTime) + 1", "2012"),
        ("'y' + year(myDateTime)", "y2011"),
        ("format(input.@actualEndTime, \"yyyy-MM-dd'T'HH\")", "2011-05-24T17"),
        ("input.@actualEndTime.format('yy')", "11"),
    ],
)
def test_functions_take_what_other_expressions_give(expression: str, result: str) -> None:
    assert value(f"#{{{expression}}}") == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2011-05-24", "2011-05-24T00:00:00"),
        ("2011-05-24T17:10", "2011-05-24T17:10:00"),
        ("2011-05-24T17:10:05", "2011-05-24T17:10:05"),
        ("2011-05-24 17:10:05.25", "2011-05-24T17:10:05"),
        ("2011-05-24T17:10:05Z", "2011-05-24T17:10:05"),
        ("2011-05-24 17:10:05 UTC", "2011-05-24T17:10:05"),
        ("2011-05-24T17:10:05+02:00", "2011-05-24T15:10:05"),
        ("2011-05-24T17:10:05-0030", "2011-05-24T17:40:05"),
    ],
)
def test_a_string_that_looks_like_a_date_is_one(text: str, result: str) -> None:
    assert value(f"#{{plusDays('{text}', 0)}}") == result


@pytest.mark.rule("in-time-zone")
@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("inTimeZone(myDateTime, 'UTC')", "2011-05-24T17:10:00"),
        ("inTimeZone(myDateTime, '+02:00')", "2011-05-24T19:10:00"),
        ("inTimeZone(myDateTime, '-0330').format('HH:mm ZZ')", "13:40 -03:30"),
        ("inTimeZone(myDateTime, 'Asia/Tokyo').midnight()", "2011-05-25T00:00:00"),
        # The clocks go from 2:00 to 3:00 on March 13.
        (
            "inTimeZone('2011-03-13T09:30', 'America/Los_Angeles').plusHours(1)",
            "2011-03-13T03:30:00",
        ),
        (
            "inTimeZone('2011-03-12T10:30', 'America/Los_Angeles').plusDays(1)",
            "2011-03-13T03:30:00",
        ),
        (
            "inTimeZone('2011-02-13T10:30', 'America/Los_Angeles').plusMonths(1)",
            "2011-03-13T03:30:00",
        ),
        # A day keeps the time of day; 24 hours pass.
        (
            "inTimeZone('2011-03-12T12:30', 'America/Los_Angeles').plusPeriod('1 day')",
            "2011-03-13T04:30:00",
        ),
        (
            "inTimeZone('2011-03-12T12:30', 'America/Los_Angeles').plusPeriod('24 hours')",
            "2011-03-13T05:30:00",
        ),
    ],
)
def test_a_date_in_a_zone_has_that_zones_time(expression: str, result: str) -> None:
    assert value(f"#{{{expression}}}") == result


@pytest.mark.parametrize(
    "zone", ["Nowhere/Atall", "America", "", "../etc/passwd", "/etc/localtime", "a" * 300, "é"]
)
def test_an_unknown_zone_is_refused(zone: str) -> None:
    error = refused(f"#{{inTimeZone(myDateTime, '{zone}')}}")

    assert "is no time zone" in error.reason


@pytest.mark.parametrize(
    ("expression", "position", "parts"),
    [
        ("fromat(myDateTime, 'Y')", 2, ["'fromat'", "Did you mean 'format'?"]),
        ("myDateTime.fromat('Y')", 13, ["'fromat'", "Did you mean 'format'?"]),
        ("qqqqqqq(1)", 2, ["no function 'qqqqqqq'."]),
        ("@day(myDateTime)", 2, ["no function '@day'"]),
        ("Day(myDateTime)", 2, ["Did you mean 'day'?"]),
        ("day()", 2, ["day(DateTime)", "takes 1 argument, not 0"]),
        ("1 + plusDays(myDateTime)", 6, ["plusDays(DateTime, int)", "2 arguments, not 1"]),
        ("myDateTime.plusDays(1, 2)", 13, ["plusDays(DateTime, int)", "2 arguments, not 3"]),
        ("day(3)", 2, ["argument 1 of day(DateTime)", "a DateTime is wanted, not the int 3"]),
        ("day('soon')", 2, ["argument 1", "a DateTime", "'soon'"]),
        ("day('2011-02-30')", 2, ["'2011-02-30' is no date"]),
        ("day('0001-01-01T00:00+01:00')", 2, ["is no date"]),
        ("day(myList)", 2, ["argument 1", "a list of 2"]),
        ("plusDays(myDateTime, 'x')", 2, ["argument 2", "'x'"]),
        ("plusDays(myDateTime, 1.0)", 2, ["argument 2", "an int", "the float 1.0"]),
        ("plusDays(myDateTime, input)", 2, ["argument 2", "the object 'MyInput'"]),
        ("format(myDateTime, 5)", 2, ["argument 2", "a String", "the int 5"]),
        ("format(myDateTime, 'yyyyT')", 2, ["'T' at position 4", "'yyyyT'"]),
        ("format(myDateTime, '')", 2, ["pattern is empty"]),
        ("makeDate(2011, 2, 30)", 2, ["makeDate(2011, 2, 30)", "day"]),
        ("makeDateTime(2011, 2, 3, 24, 0)", 2, ["hour"]),
        ("makeDate(9223372036854775807, 1, 1)", 2, ["makeDate("]),
        ("plusYears(myDateTime, 8000)", 2, ["year 10011 is out of range"]),
        ("minusMonths(myDateTime, 9223372036854775807)", 2, ["out of range"]),
        ("plusDays(myDateTime, 9223372036854775807)", 2, ["plusDays("]),
        ("plusPeriod(myDateTime, 'soon')", 2, ["'soon' is no period", "'1 day'"]),
        ("plusPeriod(myDateTime, 1)", 2, ["argument 2", "a String", "the int 1"]),
        ("plusPeriod(myDateTime, '8000 years')", 2, ["year 10011 is out of range"]),
        ("plusPeriod(myDateTime, '99999999999999 days')", 2, ["plusPeriod("]),
        ("plusHours(myDateTime, 99999999)", 2, ["plusHours("]),
    ],
)
def test_a_wrong_call_is_refused_by_name(expression: str, position: int, parts: list[str]) -> None:
    error = refused(f"#{{{expression}}}")

    assert error.position == position
    assert [part for part in parts if part not in error.reason] == []


@pytest.mark.parametrize("text", ["#{nope(1)}", "#{day()}", "#{node.a.@b}"])
def test_what_is_wrong_for_every_object_is_refused_by_the_parser(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.rule("expression-plus-period")
def test_a_period_is_added_to_a_date_as_the_guides_example_means() -> None:
    text = '#{format(plusPeriod(@scheduledStartTime, "1 day"), "YYYY-MM-dd HH:mm:ss")}'

    assert value(text) == "2011-05-25 17:10:00"


# -- dates against Python's -----------------------------------------------------------------------

UNITS = {"Minutes": 60, "Hours": 3600, "Days": 86_400, "Weeks": 604_800}
MONTHS = {"Months": 1, "Years": 12}
STEPS = st.one_of(
    st.tuples(
        st.sampled_from(["plus", "minus"]),
        st.sampled_from([*UNITS, *MONTHS]),
        st.integers(-40, 40),
    ),
    st.tuples(
        st.sampled_from(["midnight", "firstOfMonth", "sunday", "yesterday"]), st.just(""), st.none()
    ),
)


def later_by_months(moment: datetime, months: int) -> datetime:
    """The naive way: month by month, then the last day that there is."""
    year, month = moment.year, moment.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        elif month == 0:
            year, month = year - 1, 12
    for day in range(moment.day, 0, -1):
        try:
            return moment.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    raise AssertionError("unreachable")


def stepped(moment: datetime, name: str, unit: str, count: int | None) -> datetime:
    if count is not None:
        signed = count if name == "plus" else -count
        if unit in MONTHS:
            return later_by_months(moment, signed * MONTHS[unit])
        return moment + timedelta(seconds=signed * UNITS[unit])
    if name == "midnight":
        return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    if name == "firstOfMonth":
        return moment - timedelta(days=moment.day - 1)
    moment = moment - timedelta(days=1) if name == "yesterday" else moment
    while name == "sunday" and moment.strftime("%w") != "0":
        moment -= timedelta(days=1)
    return moment


@examples(300)
@given(
    start=st.datetimes(datetime(1700, 1, 1), datetime(2500, 1, 1)),
    steps=st.lists(st.tuples(STEPS, st.booleans()), max_size=6),
)
def test_dates_are_pythons(
    start: datetime, steps: list[tuple[tuple[str, str, int | None], bool]]
) -> None:
    moment = start.replace(tzinfo=UTC, second=0, microsecond=0)
    text = f"makeDateTime({start.year}, {start.month}, {start.day}, {start.hour}, {start.minute})"
    for (name, unit, count), as_method in steps:
        moment = stepped(moment, name, unit, count)
        more = "" if count is None else str(count)
        if as_method:
            text = f"{text}.{name}{unit}({more})"
        else:
            text = f"{name}{unit}({text}{', ' + more if more else ''})"

    assert value(f"#{{{text}}}") == moment.strftime("%Y-%m-%dT%H:%M:%S")
    assert value(f"#{{dayOfYear({text})}}") == str(int(moment.strftime("%j")))
    assert value(f"#{{{text}.format('yyyyMMddHHmm')}}") == moment.strftime("%Y%m%d%H%M")


@settings(deadline=None)
@given(
    moment=st.datetimes(datetime(1000, 1, 1), datetime(3000, 1, 1), timezones=st.just(UTC)),
    months=st.integers(-2000, 2000),
)
def test_months_later_is_the_same_day_or_the_months_last(moment: datetime, months: int) -> None:
    assert plus_months(moment, months) == later_by_months(moment, months)


@settings(deadline=None)
@given(
    prefix=st.text(string.ascii_letters + "#{ ").filter(lambda text: "#{" not in text),
    count=st.integers(0, 5),
)
def test_any_number_of_expressions_are_evaluated(prefix: str, count: int) -> None:
    assume(not prefix.endswith("#"))

    assert value((prefix + "#{myCount}") * count) == (prefix + "7") * count
