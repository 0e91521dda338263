"""Parameters, and the expressions that use them."""

from __future__ import annotations

from typing import Any

import pytest
from support.definitions import activity, check, errors, node, parameter, warnings, wire_object

from pytest_datapipeline._service.definitions.definition import Definition
from pytest_datapipeline._service.definitions.validation.walk import Findings, validate
from pytest_datapipeline._service.fields import ref

# -- expressions ----------------------------------------------------------------------------------


def test_an_expression_that_does_not_parse_is_an_error() -> None:
    assert "INVALID_EXPRESSION:  'command' " in errors(check(activity(command="echo #{1 +")), "A")


def test_an_unknown_parameter_is_an_error() -> None:
    found = check(activity(command="echo #{myWord}"))

    assert "'command' uses 'myWord', which is neither a parameter nor a field" in errors(found, "A")


@pytest.mark.parametrize(
    "more",
    [
        {"parameters": [parameter("myWord", default="hi")]},
        {"values": {"myWord": "hi"}},
    ],
)
def test_a_parameter_may_be_used(more: dict[str, Any]) -> None:
    assert check(activity(command="echo #{myWord}"), **more).errors == {}


def test_a_field_of_ones_own_may_be_used() -> None:
    assert check(activity(command="echo #{myWord}", myWord="hi")).errors == {}


def test_a_parent_may_use_what_its_children_define() -> None:
    found = check(
        wire_object("P", command="echo #{myWord}"),
        activity(command=None, parent=ref("P"), myWord="hi"),
    )

    assert found.errors == {}


def test_the_fields_of_the_run_may_be_used() -> None:
    found = check(
        activity(
            command="#{format(@scheduledStartTime, 'YYYY')} #{input.filePath}", input=ref("n")
        ),
        node("n"),
    )

    assert found.errors == {}


# -- parameters -----------------------------------------------------------------------------------


@pytest.mark.rule("parameter-types")
@pytest.mark.parametrize(
    ("declared", "values", "text"),
    [
        (parameter("yourX", default="1"), {}, "must begin with 'my' or '*my'"),
        (
            parameter("myX", allowedValues=["a", "b"]),
            {"myX": "c"},
            "'myX' value 'c' is not among its allowedValues",
        ),
        (parameter("myX", type="Integer"), {"myX": "1.5"}, "'myX' value '1.5' is no Integer"),
        (parameter("myX", type="Double"), {"myX": "much"}, "'myX' value 'much' is no Double"),
        (parameter("my" + "x" * 255, default="1"), {}, "256 are allowed"),
    ],
)
def test_a_parameter_that_is_wrong_is_an_error(
    declared: dict[str, Any], values: dict[str, Any], text: str
) -> None:
    found = check(parameters=[declared], values=values)

    assert text in errors(found, declared["id"])


@pytest.mark.rule("parameter-without-value")
@pytest.mark.parametrize(
    ("declared", "command"),
    [
        pytest.param("myX", "#{myX}", id="alone"),
        pytest.param("myX", "echo #{format(@scheduledStartTime, myX)}", id="in an expression"),
        pytest.param("*myX", "#{*myX}", id="secret"),
        pytest.param("*myX", "#{myX}", id="secret without its star"),
    ],
)
def test_a_parameter_without_a_value_that_an_object_uses_is_an_error(
    declared: str, command: str
) -> None:
    found = check(activity(command=command), parameters=[parameter(declared)])

    assert found.errors == {declared: ["Value is missing for this parameter"]}
    assert declared not in found.warnings


@pytest.mark.rule("parameter-without-value")
@pytest.mark.parametrize(
    ("declared", "values"),
    [
        (parameter("myX", optional="true"), {}),
        (parameter("myX", default="x"), {}),
        (parameter("myX"), {"myX": "x"}),
    ],
)
def test_a_parameter_that_is_optional_or_has_a_value_is_no_error(
    declared: dict[str, Any], values: dict[str, str]
) -> None:
    found = check(activity(command="#{myX}"), parameters=[declared], values=values)

    assert found == Findings()


def test_a_parameter_behind_a_field_of_its_name_is_not_used() -> None:
    found = check(activity(command="#{myX}", myX="own"), parameters=[parameter("myX")])

    assert found.errors == {}


def test_a_parameter_without_a_value_that_nothing_uses_is_a_warning_until_the_activation() -> None:
    definition = Definition.of_request(
        {"pipelineObjects": [], "parameterObjects": [parameter("myX")]}
    )

    put = validate(definition, 0)
    activated = validate(definition, 0, activating=True)

    assert "'myX' has neither a value nor a default" in put.warnings["myX"][0]
    assert activated.errors["myX"] == put.warnings["myX"]
    assert not put.errored


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        (parameter("myX", optional="true"), {}),
        (parameter("myX", type="Integer", optional="True"), {"myX": ""}),
        (parameter("*myX", watermark="secret"), {"*myX": "s"}),
        (parameter("myX", type="Integer", default="-3"), {}),
        (parameter("myX", type="Double"), {"myX": "2.5"}),
        (parameter("myX", type="AWS::S3::ObjectKey"), {"myX": "s3://b"}),
        (parameter("myX", isArray="true", allowedValues=["a", "b"]), {"myX": ["a", "b"]}),
    ],
)
def test_a_parameter_in_order_is_no_error(declared: dict[str, Any], values: dict[str, Any]) -> None:
    assert check(parameters=[declared], values=values) == Findings()


@pytest.mark.rule("parameter-attributes")
def test_further_attributes_of_a_parameter_are_accepted() -> None:
    declared = parameter("myX", default="1", watermark="a number", helpText="how many", myOwn="x")

    found = check(parameters=[declared])

    assert found.errors == {}
    assert "myX" not in found.warnings


@pytest.mark.rule("parameters-fifty")
@pytest.mark.parametrize(("name", "wrong"), [("myX", False), ("*myX", False), ("yourX", True)])
def test_the_name_of_a_parameter_begins_with_my(name: str, wrong: bool) -> None:
    found = check(parameters=[parameter(name, default="1")])

    assert ("must begin with 'my' or '*my'" in "".join(found.errors.get(name, []))) == wrong


@pytest.mark.rule("parameters-fifty")
def test_a_fifty_first_parameter_is_an_error() -> None:
    found = check(parameters=[parameter(f"myX{n}", default="1") for n in range(52)])

    assert list(found.errors) == ["myX50"]


def test_a_value_for_no_parameter_is_a_warning() -> None:
    found = check(values={"myX": "1"})

    assert found.errors == {}
    assert "'myX', which is no parameter" in warnings(found, "myX")
