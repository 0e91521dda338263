"""Expressions: what they become, what is refused and where, and any at all against an oracle."""

from __future__ import annotations

import math
import pickle
import string
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pytest_datapipeline._service.expressions.parser import MAXIMUM_DEPTH, parse
from pytest_datapipeline._service.expressions.periods import plus_months
from pytest_datapipeline._service.expressions.template import ExpressionError
from pytest_datapipeline._service.expressions.values import Value, literal

if TYPE_CHECKING:
    from collections.abc import Callable

UTC = timezone.utc


class Thing:
    """An object with the fields that it is given."""

    def __init__(self, object_id: str, **fields: Any) -> None:
        self.id = object_id
        self.fields = fields
        self.asked: list[str] = []

    def with_runtime(self, **fields: Any) -> Thing:
        self.fields.update({f"@{name}": value for name, value in fields.items()})
        return self

    def lookup(self, name: str) -> Value:
        self.asked.append(name)
        value: Value = self.fields[name]
        return value


MOMENT = datetime(2011, 5, 24, 17, 10, tzinfo=UTC)
INPUT = Thing(
    "MyInput", directoryPath="s3://in", steps=["a", "b"], format=Thing("MyFormat", type="CSV")
).with_runtime(scheduledStartTime=MOMENT, actualEndTime=MOMENT)
OTHER = Thing("OtherInput", directoryPath="s3://other", steps=["c"])
COPY = Thing("MyCopy", input=INPUT, output=OTHER).with_runtime(scheduledStartTime=MOMENT)
SCOPE = Thing(
    "MyObject",
    myDateTime=MOMENT,
    myNaive=MOMENT.replace(tzinfo=None),
    myText="hello",
    myCount=7,
    myRatio=0.5,
    myDigits="12",
    myList=["one", "two"],
    myList1=[1, 2],
    myList2=[3, 4],
    myNested=[[1, 2], [3]],
    myEmpty=[],
    input=INPUT,
    inputs=[INPUT, OTHER],
    node=COPY,
    **{"*myPassword": "secret", "*mySecretCount": 5},
).with_runtime(scheduledStartTime=MOMENT)


def value(text: str) -> str:
    return parse(text).value(SCOPE)


def values(text: str) -> list[str]:
    return parse(text).values(SCOPE)


def refused(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as raised:
        parse(text).value(SCOPE)
    assert raised.value.expression == text
    return raised.value


# -- what is documented ---------------------------------------------------------------------------


@pytest.mark.rule(
    "expression-functions", "expression-arithmetic", "expression-strings", "expression-methods"
)
@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("day(myDateTime)", "24"),
        ("dayOfYear(myDateTime)", "144"),
        ("firstOfMonth(myDateTime)", "2011-05-01T17:10:00"),
        ("format(myDateTime,'YYYY-MM-dd HH:mm:ss z')", "2011-05-24 17:10:00 UTC"),
        ("hour(myDateTime)", "17"),
        ("makeDate(2011,5,24)", "2011-05-24T00:00:00"),
        ("makeDateTime(2011,5,24,14,21)", "2011-05-24T14:21:00"),
        ("midnight(myDateTime)", "2011-05-24T00:00:00"),
        ("minusDays(myDateTime,1)", "2011-05-23T17:10:00"),
        ("minusHours(myDateTime,1)", "2011-05-24T16:10:00"),
        ("minusMinutes(myDateTime,1)", "2011-05-24T17:09:00"),
        ("minusMonths(myDateTime,1)", "2011-04-24T17:10:00"),
        ("minusWeeks(myDateTime,1)", "2011-05-17T17:10:00"),
        ("minusYears(myDateTime,1)", "2010-05-24T17:10:00"),
        ("minute(myDateTime)", "10"),
        ("month(myDateTime)", "5"),
        ("plusDays(myDateTime,1)", "2011-05-25T17:10:00"),
        ("plusHours(myDateTime,1)", "2011-05-24T18:10:00"),
        ("plusMinutes(myDateTime,1)", "2011-05-24T17:11:00"),
        ("plusMonths(myDateTime,1)", "2011-06-24T17:10:00"),
        ("plusWeeks(myDateTime,1)", "2011-05-31T17:10:00"),
        ("plusYears(myDateTime,1)", "2012-05-24T17:10:00"),
        ("sunday(myDateTime)", "2011-05-22T17:10:00"),
        ("year(myDateTime)", "2011"),
        ("yesterday(myDateTime)", "2011-05-23T17:10:00"),
        ("inTimeZone(myDateTime,'America/Los_Angeles')", "2011-05-24T10:10:00"),
        ("1 - 2", "-1"),
        ("1 * 2", "2"),
        ("1 / 2", "0"),
        ("1.0 / 2", "0.5"),
        ("2 ^ 2", "4.0"),
        ('"hel" + "lo"', "hello"),
        ("@scheduledStartTime.format('YYYY-MM-dd-hh:mm')", "2011-05-24-05:10"),
        (
            "format(minusMinutes(@scheduledStartTime,30),'YYYY-MM-dd hh:mm:ss')",
            "2011-05-24 04:40:00",
        ),
        ("input.directoryPath", "s3://in"),
        ("node.@scheduledStartTime", "2011-05-24T17:10:00"),
        ("node.input", "MyInput"),
        ("node.output.directoryPath", "s3://other"),
        ("*myPassword", "secret"),
    ],
)
def test_a_documented_expression_gives_the_documented_result(expression: str, result: str) -> None:
    assert value(f"#{{{expression}}}") == result


@pytest.mark.rule("expression-lists")
def test_a_string_and_a_list_make_a_list() -> None:
    assert values("#{'this is ' + myList}") == ["this is one", "this is two"]


def test_lists_in_brackets_become_one_list() -> None:
    assert values("[#{myList1}, #{myList2}]") == ["1", "2", "3", "4"]


# -- texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("#{myText}, #{myCount}!", "hello, 7!"),
        ("#{myText}#{myText}", "hellohello"),
        ("s3://b/#{input}/x", "s3://b/MyInput/x"),
        ("{#{myCount}}", "{7}"),
        ("##{myCount}#", "#7#"),
        ("# {myCount} }{", "# {myCount} }{"),
        ("#{ '}' + \"#{\" }", "}#{"),
        ("#{\n myCount\t+ 1 }", "8"),
        (r"#{'it\'s' + ' \"q\" \\ a\tb'}", 'it\'s "q" \\ a\tb'),
        ('#{"it\'s"}', "it's"),
        ("#{''}", ""),
        ("[#{myCount}, #{myText}]", "[7, hello]"),
    ],
)
def test_a_text_keeps_what_is_around_its_expressions(text: str, result: str) -> None:
    assert value(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("#{myList}", ["one", "two"]),
        ("<#{myList}> #{myCount}", ["<one> 7", "<two> 7"]),
        (" [#{myList} ,#{myCount}] ", ["one", "two", "7"]),
        ("[#{myList}]", ["one", "two"]),
        ("[x, #{myList}]", ["[x, one]", "[x, two]"]),
        ("#{myNested}", ["1", "2", "3"]),
        ("#{inputs}", ["MyInput", "OtherInput"]),
        ("#{inputs.directoryPath}", ["s3://in", "s3://other"]),
        ("#{inputs.steps}", ["a", "b", "c"]),
        ("#{myEmpty}", []),
    ],
)
def test_a_list_makes_several_values(text: str, result: list[str]) -> None:
    assert values(text) == result


@pytest.mark.parametrize(
    ("text", "result"), [("#{myList}", "[one, two]"), ("#{myEmpty}", ""), ("#{myCount}", "7")]
)
def test_several_values_are_written_as_one_text_in_brackets(text: str, result: str) -> None:
    assert value(text) == result


def test_two_lists_in_one_text_are_refused() -> None:
    assert refused("#{myList} #{myList1}").position == 10


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ("x", "x"),
        (-3, "-3"),
        (4.0, "4.0"),
        (-0.5, "-0.5"),
        (0.0, "0.0"),
        (0.001, "0.001"),
        (0.00012, "1.2E-4"),
        (1e-300, "1.0E-300"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (-123456789.25, "-1.2345678925E8"),
        (1.5e300, "1.5E300"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
        (MOMENT.replace(microsecond=5), "2011-05-24T17:10:00"),
        (datetime(33, 1, 2), "0033-01-02T00:00:00"),
        (INPUT, "MyInput"),
        ([1, [2.0, "x"]], "[1, [2.0, x]]"),
    ],
)
def test_a_value_is_written_as_java_writes_it(given: Value, result: str) -> None:
    assert literal(given) == result


# -- names ----------------------------------------------------------------------------------------


def test_a_template_tells_the_paths_that_it_uses_once_each() -> None:
    template = parse(
        "#{input.directoryPath}/#{myBucket + format(@scheduledStartTime, 'Y')}"
        "#{node.input.x.format('Y')} #{*mySecret} #{myBucket}"
    )

    assert template.paths == (
        ("input", "directoryPath"),
        ("myBucket",),
        ("@scheduledStartTime",),
        ("node", "input", "x"),
        ("*mySecret",),
    )
    assert template.names == {"input", "myBucket", "@scheduledStartTime", "node", "*mySecret"}


def test_parsing_asks_no_object_for_anything() -> None:
    scope = Thing("X", a=1)
    template = parse("#{a}")

    asked_by_parsing = list(scope.asked)
    template.values(scope)

    assert (asked_by_parsing, scope.asked) == ([], ["a"])


def test_a_text_is_parsed_once() -> None:
    assert parse("#{myCount + 12345}") is parse("#{myCount + 12345}")


def test_a_template_shows_its_text() -> None:
    assert repr(parse("#{a}")) == "Template('#{a}')"


def test_a_runtime_field_of_an_object_that_is_referred_to_can_be_read() -> None:
    assert value("#{input.@actualEndTime}") == "2011-05-24T17:10:00"


@pytest.mark.rule("expression-node")
def test_a_runtime_field_can_not_be_read_through_node() -> None:
    error = refused("#{node.input.@actualEndTime}")

    assert error.position == 13
    assert "'@actualEndTime'" in error.reason


def test_a_long_path_crosses_objects() -> None:
    assert value("#{node.input.format.type}") == "CSV"


@pytest.mark.parametrize(
    ("text", "position", "parts"),
    [
        ("a #{myTypo}", 4, ["'MyObject'", "'myTypo'"]),
        ("#{input.nope}", 8, ["'MyInput'", "'nope'"]),
        ("#{inputs.format}", 9, ["'OtherInput'", "'format'"]),
        ("#{myText.length}", 9, ["'hello'", "'length'"]),
        ("#{myCount.x}", 10, ["int 7", "'x'"]),
        ("#{day}", 2, ["'MyObject'", "'day'"]),
    ],
)
def test_an_unknown_field_is_named_with_its_object(
    text: str, position: int, parts: list[str]
) -> None:
    error = refused(text)

    assert error.position == position
    assert [part for part in parts if part not in error.reason] == []


# -- operators ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 - 2 - 1", "4"),
        ("100 / 10 / 3", "3"),
        ("2 ^ 3 ^ 2", "512.0"),
        ("(2 ^ 3) ^ 2", "64.0"),
        ("-2 ^ 2", "-4.0"),
        ("2 ^ -1", "0.5"),
        ("2 ^ -1 * 4", "2.0"),
        ("2 * -3", "-6"),
        ("--3", "3"),
        ("3---3", "0"),
        ("-7 / 2", "-3"),
        ("7 / -2", "-3"),
        ("-7 / -2", "3"),
        ("7 / 2.0", "3.5"),
        (".5 + .25", "0.75"),
        ("2*myCount", "14"),
        ("2**mySecretCount", "10"),
        ("'a' + 1 + 2", "a12"),
        ("1 + 2 + 'a'", "3a"),
        ("'x' + 2 ^ 2", "x4.0"),
        ("'at ' + myDateTime", "at 2011-05-24T17:10:00"),
        ("'of ' + input", "of MyInput"),
        ("myDigits * 2", "24"),
        ("myDigits + 2", "122"),
        ("'1.5' * 2", "3.0"),
        ("-'3'", "-3"),
        ("myList1 * 10", "[10, 20]"),
        ("10 - myList1", "[9, 8]"),
        ("-myList1", "[-1, -2]"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775807 - 1", "-9223372036854775808"),
    ],
)
def test_operators_have_their_usual_precedence(expression: str, result: str) -> None:
    assert value(f"#{{{expression}}}") == result


@pytest.mark.parametrize(
    ("expression", "position", "part"),
    [
        ("1 / 0", 4, "division by zero"),
        ("1 / 0.0", 4, "division by zero"),
        ("0 ^ -1", 4, "division by zero"),
        ("9 ^ 9 ^ 9 ^ 9 ^ 9", 12, "too large"),
        ("(0 - 9) ^ 999999", 10, "too large"),
        ("(0 - 8) ^ 0.5", 10, "no real number"),
        ("9223372036854775807 + 1", 22, "too large"),
        ("9223372036854775808", 2, "too large"),
        ("9" * 5000, 2, "too large"),
        ("9" * 5000 + ".0", 2, "too large"),
        (f"'{'9' * 5000}' * 1", 5005, "too large"),
        ("10 ^ 308 * 10", 11, "too large"),
        ("myText * 2", 9, "the string 'hello'"),
        ("myDateTime + 1", 13, "the DateTime 2011-05-24T17:10:00"),
        ("1 - input", 4, "the object 'MyInput'"),
        ("-input", 2, "the object 'MyInput'"),
        ("myList1 + myList2", 10, "two lists"),
    ],
)
def test_what_has_no_result_is_refused(expression: str, position: int, part: str) -> None:
    error = refused(f"#{{{expression}}}")

    assert error.position == position
    assert part in error.reason


@pytest.mark.rule("expression-plus-period")
def test_a_period_is_added_to_a_date_as_the_guides_example_means() -> None:
    text = '#{format(plusPeriod(@scheduledStartTime, "1 day"), "YYYY-MM-dd HH:mm:ss")}'

    assert value(text) == "2011-05-25 17:10:00"


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


# -- malformed texts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "position", "part"),
    [
        ("a #{", 2, "not closed"),
        ("a #{b", 2, "not closed"),
        ("a #{b + ", 2, "not closed"),
        ("#{b} #{day(", 5, "not closed"),
        ("#{'b}", 2, "string is not closed"),
        ("#{'b\\", 2, "string is not closed"),
        ("#{'b\\'}", 2, "string is not closed"),
        ("#{'a\nb'}", 2, "string is not closed"),
        ("#{}", 2, "empty"),
        ("#{  }", 4, "empty"),
        ("#{foo(}", 2, "no function 'foo'"),
        ("#{day(}", 6, "a value is wanted, not '}'"),
        ("#{1 +}", 5, "a value is wanted, not '}'"),
        ("#{+1}", 2, "a value is wanted, not '+'"),
        ("#{1 2}", 4, "an operator or '}' is wanted, not '2'"),
        ("#{(1}", 4, "an operator or ')' is wanted, not '}'"),
        ("#{day(1 2)}", 8, "an operator, ',' or ')' is wanted"),
        ("#{1)}", 3, "an operator or '}' is wanted, not ')'"),
        ("#{a..b}", 4, "a name is wanted"),
        ("#{a.}", 4, "a name is wanted"),
        ("#{a == b}", 4, "an operator or '}' is wanted, not '='"),
        ("#{day(a).b}", 9, "'b' cannot be read here"),
        ("#{'a'.b}", 6, "'b' cannot be read here"),
        ("#{'a'.1}", 6, "the name of a function is wanted"),
        ("#{#{a}}", 2, "a value is wanted, not '#'"),
        ("#{*}", 2, "a value is wanted, not '*'"),
        ("#{day(a,)}", 8, "a value is wanted"),
    ],
)
def test_a_malformed_expression_is_refused_at_its_place(
    text: str, position: int, part: str
) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse(text)

    assert raised.value.position == position
    assert part in raised.value.reason


def test_the_text_of_an_error_names_reason_place_and_expression() -> None:
    error = refused("s3://#{myTypo}")

    assert str(error) == f"{error.reason}: at position 7 of 's3://#{{myTypo}}'"


def test_the_text_of_an_error_shows_only_what_is_around_the_place() -> None:
    error = refused("a" * 500 + "#{myTypo}" + "b" * 500)

    assert "..." in str(error)
    assert "#{myTypo}" in str(error)
    assert len(str(error)) < 300


def test_an_error_can_be_pickled() -> None:
    error = refused("#{myTypo}")

    copy = pickle.loads(pickle.dumps(error))

    assert (str(copy), copy.position) == (str(error), 2)


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("day(", ")"), ("1+(-", ")")])
@pytest.mark.parametrize("depth", [MAXIMUM_DEPTH, 2000])
def test_too_deep_a_nesting_is_refused(opening: str, closing: str, depth: int) -> None:
    error = refused("#{" + opening * depth + "1" + closing * depth + "}")

    assert f"deeper than {MAXIMUM_DEPTH}" in error.reason


def test_the_deepest_nesting_is_evaluated() -> None:
    depth = MAXIMUM_DEPTH - 1

    assert value("#{" + "1+(" * depth + "1" + ")" * depth + "}") == str(MAXIMUM_DEPTH)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("#{0" + "+1" * 5000 + "}", "5000"),
        ("#{" + "-" * 10_000 + "1}", "1"),
        ("#{1" + "^1" * 5000 + "}", "1.0"),
        ("#{myDateTime" + ".plusDays(1)" * 365 + "}", "2012-05-23T17:10:00"),
        ("#{(0)}" * 2000, "0" * 2000),
    ],
)
def test_a_long_expression_is_not_a_deep_one(text: str, result: str) -> None:
    assert value(text) == result


# -- anything -------------------------------------------------------------------------------------

SYMBOLS = st.sampled_from(
    [
        *("#{", "}", "{", "#", "(", ")", ",", ".", "+", "-", "*", "/", "^", "'", '"', "\\", " "),
        *("[", "]", "@", "\n", "1", "2.5", "0", "myText", "myCount", "myList", "input", "node"),
        *("directoryPath", "@scheduledStartTime", "format(", "'YYYY'", "plusDays(", "day(", "é"),
    ]
)


def only_refuses(text: str) -> None:
    caught: ExpressionError | None = None
    results: list[str] = []
    try:
        results = parse(text).values(SCOPE)
    except ExpressionError as error:
        caught = error
    if caught is not None:
        assert 0 <= caught.position <= len(text)
        assert caught.expression == text
        assert str(caught)
    assert all(isinstance(result, str) for result in results)


@settings(deadline=None, max_examples=500)
@given(tokens=st.lists(SYMBOLS, max_size=25))
def test_any_tokens_are_evaluated_or_refused(tokens: list[str]) -> None:
    only_refuses("#{" + "".join(tokens) + "}")


@settings(deadline=None, max_examples=300)
@given(text=st.text())
def test_any_text_is_evaluated_or_refused(text: str) -> None:
    only_refuses(text)
    only_refuses("#{" + text + "}")


@settings(deadline=None)
@given(text=st.text() | st.text(st.sampled_from("#{}[], 'a\\")))
def test_a_text_without_expressions_comes_back_unchanged(text: str) -> None:
    assume("#{" not in text)

    template = parse(text)

    assert template.values(SCOPE) == [text]
    assert (template.text, template.has_expressions, template.paths) == (text, False, ())


@settings(deadline=None)
@given(text=st.text())
def test_any_text_can_be_written_as_a_string(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    escaped = escaped.replace("\n", "\\n").replace("\r", "\\r")

    assert value(f"<#{{'{escaped}'}}>") == f"<{text}>"


# -- arithmetic against Python's ------------------------------------------------------------------


class NoResult(Exception):
    """The oracle has none."""


# An operand or ("+", left, right) or ("-", operand), and as text with no parenthesis too many.
Tree = Any
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
MINUS_PRECEDENCE = 3

NUMBERS = st.integers(0, 50) | st.sampled_from([0.5, 1.25, 2.0, 12.75])
TREES: st.SearchStrategy[Tree] = st.recursive(
    NUMBERS,
    lambda inner: (
        st.tuples(st.sampled_from("+-*/^"), inner, inner) | st.tuples(st.just("-"), inner)
    ),
    max_leaves=8,
)


def rendered(tree: Tree) -> tuple[str, int]:
    """The text and how strongly its outermost operator binds."""
    if not isinstance(tree, tuple):
        return str(tree), 9
    if len(tree) == 2:
        return "-" + grouped(tree[1], MINUS_PRECEDENCE), MINUS_PRECEDENCE
    symbol, left, right = tree
    own = PRECEDENCE[symbol]
    to_right = symbol == "^"
    text = f"{grouped(left, own + to_right)} {symbol} {grouped(right, own + (not to_right))}"
    return text, own


def grouped(tree: Tree, least: int) -> str:
    text, binds = rendered(tree)
    return text if binds >= least else f"({text})"


def computed(tree: Tree) -> float:
    if not isinstance(tree, tuple):
        number: float = tree
        return number
    if len(tree) == 2:
        return checked(-computed(tree[1]))
    symbol, left, right = tree[0], computed(tree[1]), computed(tree[2])
    try:
        if symbol == "^":
            power = float(left) ** float(right)
            if isinstance(power, complex):
                raise NoResult
            return checked(power)
        if symbol == "/" and isinstance(left, int) and isinstance(right, int):
            quotient, rest = divmod(left, right)
            return checked(quotient + (1 if rest and quotient < 0 else 0))
        operations: dict[str, Callable[[], float]] = {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "/": lambda: left / right,
        }
        return checked(operations[symbol]())
    except (ZeroDivisionError, OverflowError):
        raise NoResult from None


def checked(number: float) -> float:
    fits = -(2**63) <= number < 2**63 if isinstance(number, int) else math.isfinite(number)
    if not fits:
        raise NoResult
    return number


@settings(deadline=None, max_examples=500)
@given(tree=TREES)
def test_arithmetic_is_pythons(tree: Tree) -> None:
    text = "#{" + rendered(tree)[0] + "}"
    try:
        expected = literal(computed(tree))
    except NoResult:
        refused(text)
    else:
        assert value(text) == expected


@settings(deadline=None)
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_written_so_that_it_can_be_read_back(number: float) -> None:
    text = literal(number)

    digits = text.lstrip("-").partition("E")[0]
    assert float(text) == number
    assert "." in text
    assert "E" not in text or len(digits.partition(".")[0]) == 1


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


@settings(deadline=None, max_examples=300)
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
