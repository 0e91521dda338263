"""Expressions in texts: what they become, names, and malformed texts."""

from __future__ import annotations

import math
import pickle
from datetime import datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.examples import examples
from support.expressions import INPUT, MOMENT, SCOPE, Thing, refused, value, values

from pytest_datapipeline._service.expressions.parser import MAXIMUM_DEPTH, parse
from pytest_datapipeline._service.expressions.template import ExpressionError
from pytest_datapipeline._service.expressions.values import Value, literal

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


@examples(500)
@given(tokens=st.lists(SYMBOLS, max_size=25))
def test_any_tokens_are_evaluated_or_refused(tokens: list[str]) -> None:
    only_refuses("#{" + "".join(tokens) + "}")


@examples(300)
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
