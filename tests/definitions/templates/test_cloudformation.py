"""CloudFormation templates: their functions, conditions and parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_datapipeline import DataPipelineFake, FakeUsageError
from pytest_datapipeline._definitions.reader import DefinitionText, read_all, read_one, read_text

EXAMPLE = Path(__file__).parents[3] / "examples" / "definitions" / "template.yaml"


def fields(request: dict[str, Any], object_id: str) -> dict[str, str]:
    held = next(held for held in request["pipelineObjects"] if held["id"] == object_id)
    return {
        field["key"]: field.get("stringValue", field.get("refValue")) for field in held["fields"]
    }


def template(value: Any, **sections: Any) -> str:
    """A template with one pipeline, whose only field has a value."""
    objects = [{"Id": "A", "Name": "A", "Fields": [{"Key": "x", "StringValue": value}]}]
    resource = {"Type": "AWS::DataPipeline::Pipeline", "Properties": {"PipelineObjects": objects}}
    resources = {"P": resource, **sections.pop("Resources", {})}
    return json.dumps({"Resources": resources, **sections})


def value_of(value: Any, given: dict[str, str] | None = None, **sections: Any) -> str:
    (reading,) = read_text(template(value, **sections), "t.json", given or {})
    return fields(reading.request, "A")["x"]


def test_a_template_in_yaml_is_evaluated_with_its_defaults() -> None:
    reading = read_one(EXAMPLE)

    assert (reading.name, reading.resource) == ("reports-test", "Reports")
    assert fields(reading.request, "Default") == {
        "scheduleType": "cron",
        "schedule": "Nightly",
        "failureAndRerunMode": "CASCADE",
        "workerGroup": "reports-test",
        "pipelineLogUri": "s3://acme-reports-test/logs/",
        "maximumRetries": "0",
    }
    assert "attemptTimeout" not in fields(reading.request, "Extract")
    (parameter,) = reading.request["parameterObjects"]
    assert {"key": "isArray", "stringValue": "true"} in parameter["attributes"]


def test_template_parameters_decide_its_conditions() -> None:
    reading = read_one(EXAMPLE, template_parameters={"Stage": "prod"})

    assert reading.name == "reports-prod"
    assert fields(reading.request, "Default")["maximumRetries"] == "3"
    assert fields(reading.request, "Extract")["attemptTimeout"] == "6 hours"


def test_a_place_in_a_template_has_its_line() -> None:
    reading = read_one(EXAMPLE, template_parameters={"Stage": "prod"})
    lines = EXAMPLE.read_text().splitlines()

    for object_id, key in (("Default", "workerGroup"), ("Extract", "attemptTimeout")):
        line = reading.place(object_id, key).line
        assert line is not None
        assert f"Key: {key}" in lines[line - 1]


def test_a_pipeline_of_a_template_runs_in_a_test(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.create(
        EXAMPLE, template_parameters={"Stage": "prod"}, resource="Reports"
    )

    assert pipeline.name == "reports-prod"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (True, "true"),
        ({"Ref": "Stage"}, "test"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "Bucket"}, "acme-test"),
        ({"Fn::Sub": "a-${Stage}-${AWS::AccountId}-${!Not}"}, "a-test-123456789012-${Not}"),
        ({"Fn::Sub": ["${A}/${Stage}", {"A": {"Ref": "Stage"}}]}, "test/test"),
        ({"Fn::Join": [",", ["a", {"Ref": "Stage"}]]}, "a,test"),
        ({"Fn::Join": [";", {"Ref": "Zones"}]}, "x;y"),
        ({"Fn::Select": [1, {"Ref": "Zones"}]}, "y"),
        ({"Fn::Select": ["0", {"Fn::Split": ["-", "a-b"]}]}, "a"),
        ({"Fn::FindInMap": ["M", {"Ref": "Stage"}, "Size"]}, "small"),
        ({"Fn::FindInMap": ["M", "other", "Size", {"DefaultValue": "none"}]}, "none"),
        ({"Fn::If": ["IsTest", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsNot", "yes", {"Fn::If": ["IsBoth", "both", "no"]}]}, "both"),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::Select": [2, {"Fn::GetAZs": ""}]}, "us-east-1c"),
    ],
)
def test_a_function_of_a_template_is_evaluated(value: Any, text: str) -> None:
    found = value_of(
        value,
        Parameters={
            "Stage": {"Type": "String", "Default": "test"},
            "Zones": {"Type": "CommaDelimitedList", "Default": "x, y"},
        },
        Mappings={"M": {"test": {"Size": "small"}}},
        Conditions={
            "IsTest": {"Fn::Equals": [{"Ref": "Stage"}, "test"]},
            "IsNot": {"Fn::Not": [{"Condition": "IsTest"}]},
            "IsBoth": {
                "Fn::And": [
                    {"Condition": "IsTest"},
                    {"Fn::Or": [{"Condition": "IsNot"}, {"Fn::Equals": ["a", "a"]}]},
                ]
            },
        },
        Resources={
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"BucketName": {"Fn::Sub": "acme-${Stage}"}},
            }
        },
    )

    assert found == text


def test_short_forms_of_functions_mean_the_long_ones() -> None:
    text = """
Resources:
  Role: {Type: AWS::IAM::Role}
  P:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      PipelineObjects:
        - Id: A
          Name: A
          Fields:
            - {Key: role, StringValue: !GetAtt Role.Arn}
            - {Key: name, StringValue: !Select [0, !Split [",", "a,b"]]}
"""
    (reading,) = read_text(text, "t.yaml", {"Role.Arn": "arn:aws:iam::1:role/r"})

    assert fields(reading.request, "A") == {"role": "arn:aws:iam::1:role/r", "name": "a"}


def test_what_only_a_deployment_would_tell_is_named_and_can_be_given() -> None:
    value = {"Fn::Sub": "${Stage}${Topic}${Role.Arn}"}
    sections: dict[str, Any] = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, "Role": {"Type": "AWS::IAM::Role"}},
    }

    with pytest.raises(FakeUsageError) as caught:
        value_of(value, **sections)

    text = str(caught.value)
    assert "'Stage', asked for by t.json:1" in text
    assert "'Topic', asked for by" in text
    assert "'Role.Arn', asked for by" in text
    assert value_of(value, {"Stage": "s", "Topic": "t", "Role.Arn": "r"}, **sections) == "str"


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"Ref": "Stag"}, "refers to 'Stag', which is no parameter .* Did you mean 'Stage'"),
        ({"Fn::Transform": {}}, "Fn::Transform is not evaluated here"),
        ({"Fn::If": ["Nothing", 1, 2]}, "there is no condition 'Nothing'"),
        ({"Fn::If": ["Loop", 1, 2]}, "the condition 'Loop' needs itself"),
        ({"Fn::Join": [","]}, "Fn::Join takes a list of 2 parts"),
        ({"Fn::FindInMap": ["M", "a", "b"]}, "finds no 'M' in Mappings"),
        ({"Fn::Select": [7, ["a"]]}, "finds no item 7"),
        ({"Fn::Split": ["", "a"]}, "needs a text to split at"),
        ({"Fn::Sub": {"a": 1}}, "Fn::Sub takes a text"),
        ({"Fn::Join": [",", "a"]}, "Fn::Join takes a text and a list of texts"),
        ({"Fn::FindInMap": ["M"]}, "Fn::FindInMap takes a map and two keys"),
        ({"Fn::If": ["Odd", 1, 2]}, "is no condition"),
        ({"Fn::If": ["Other", 1, 2]}, "Fn::Join is no function of conditions"),
        (["a"], "it must be a text"),
        ({"a": "b", "c": "d"}, "it must be a text"),
    ],
)
def test_a_function_that_is_wrong_is_told_of(value: Any, error: str) -> None:
    with pytest.raises(FakeUsageError, match=error):
        value_of(
            value,
            Parameters={"Stage": {"Type": "String", "Default": "x"}},
            Conditions={
                "Loop": {"Fn::Not": [{"Condition": "Loop"}]},
                "Odd": 7,
                "Other": {"Fn::Join": ["", []]},
            },
        )


def test_what_is_left_open_is_told_with_how_a_test_gives_it(
    datapipeline_fake: DataPipelineFake, tmp_path: Path
) -> None:
    file = tmp_path / "t.json"
    file.write_text(template({"Ref": "Stage"}, Parameters={"Stage": {"Type": "String"}}))

    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.pipelines.create(file)
    assert 'Give them: template_parameters={"Stage": ...}.' in str(caught.value).splitlines()


def test_what_is_left_open_in_a_text_is_told_with_how_a_request_gives_it(
    datapipeline_fake: DataPipelineFake,
) -> None:
    text = template({"Ref": "Stage"}, Parameters={"Stage": {"Type": "String"}})

    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.pipelines.create(DefinitionText(text, "t.json"))
    assert 'Give them: {"template_parameters": {"Stage": ...}}.' in str(caught.value).splitlines()


def test_all_that_is_left_open_is_named_where_it_makes_something_else_fail() -> None:
    value = {"Fn::Select": [{"Ref": "Place"}, ["a", {"Ref": "Stage"}]]}
    declared = {"Place": {"Type": "Number"}, "Stage": {"Type": "String"}}

    with pytest.raises(FakeUsageError) as caught:
        value_of(value, Parameters=declared)
    assert "'Place', asked for by t.json:1" in str(caught.value)


def test_a_map_is_not_looked_in_for_a_key_that_is_left_open() -> None:
    value = {"Fn::FindInMap": ["Groups", {"Ref": "Stage"}, {"Ref": "Key"}]}
    declared = {"Key": {"Type": "String"}, "Stage": {"Type": "String"}}

    with pytest.raises(FakeUsageError) as caught:
        value_of(value, Parameters=declared, Mappings={"Groups": {"test": {"Name": "n"}}})
    assert "'Stage', asked for by" in str(caught.value)
    assert "'Key', asked for by" in str(caught.value)


def test_a_parameter_that_the_template_does_not_have_is_refused() -> None:
    with pytest.raises(
        FakeUsageError,
        match=r"'Stagge' is given, which is no parameter of the template, .*"
        r"Did you mean 'Stage'\? There are: Stage\.",
    ):
        read_one(EXAMPLE, template_parameters={"Stagge": "prod"})


def test_a_misspelt_parameter_is_told_of_before_the_one_that_lacks_its_value() -> None:
    with pytest.raises(FakeUsageError, match="'Stagge' is given"):
        value_of({"Ref": "Stage"}, {"Stagge": "x"}, Parameters={"Stage": {"Type": "String"}})


@pytest.mark.parametrize(
    "branch",
    [
        {"Fn::GetAtt": ["Role", "Arn"]},
        {"Fn::GetAtt": "Role.Arn"},
        {"Fn::Sub": "arn: ${Role.Arn}"},
        {"Fn::ImportValue": "Role.Arn"},
    ],
)
def test_what_a_branch_that_is_not_taken_asks_for_can_be_given(branch: Any) -> None:
    value = {"Fn::If": ["Never", branch, "x"]}
    never = {"Never": {"Fn::Equals": ["a", "b"]}}

    assert value_of(value, {"Role.Arn": "arn"}, Conditions=never) == "x"


def test_a_parameter_of_the_definition_is_no_parameter_of_its_template() -> None:
    with pytest.raises(FakeUsageError, match=r"'myTables' is given, .* are given as values\."):
        read_one(EXAMPLE, template_parameters={"myTables": "orders"})


@pytest.mark.parametrize("name", ["Bucket", "Nightly", "Extract", "IsProd", "Groups"])
def test_what_the_template_settles_itself_can_not_be_given(name: str) -> None:
    with pytest.raises(FakeUsageError, match=f"'{name}' is given, which is no parameter"):
        read_one(EXAMPLE, template_parameters={name: "x"})


def test_a_name_of_a_text_s_own_can_not_be_given() -> None:
    value = {"Fn::Sub": ["${Own} ${!Kept}", {"Own": "x"}]}

    for name in ("Own", "Kept"):
        with pytest.raises(FakeUsageError, match=f"'{name}' is given"):
            value_of(value, {name: "y"})
    assert value_of(value) == "x ${Kept}"


def test_template_parameters_may_be_those_of_the_command_line_of_cloudformation() -> None:
    given = [{"ParameterKey": "Stage", "ParameterValue": "prod"}]

    assert read_one(EXAMPLE, template_parameters=given).name == "reports-prod"


@pytest.mark.parametrize(
    "given", ["Stage=prod", ["Stage=prod"], [{"ParameterKey": "Stage"}], {1: "prod"}, 7]
)
def test_template_parameters_of_another_form_are_refused(given: Any) -> None:
    with pytest.raises(FakeUsageError, match=r"template_parameters is .* a mapping of names and"):
        read_one(EXAMPLE, template_parameters=given)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("myTable", r"Did you mean 'myTables'\? There are: myTables\."),
        ("Stage", r"What the template asks for is given as a template parameter\."),
        ("Foo", r"There are: myTables\."),
    ],
)
def test_a_value_for_no_parameter_of_the_definition_is_refused(name: str, more: str) -> None:
    with pytest.raises(FakeUsageError, match=f"a value is given for '{name}', which is .*{more}"):
        read_one(EXAMPLE, {name: "x"})


def test_a_value_that_a_parameter_does_not_allow_is_refused() -> None:
    with pytest.raises(FakeUsageError, match="'Stage' is given as 'dev'; it can be test, prod"):
        read_one(EXAMPLE, template_parameters={"Stage": "dev"})


def test_a_value_that_another_stack_exports_has_to_be_given() -> None:
    value = {"Fn::Join": ["", ["s3://", {"Fn::ImportValue": "the-bucket"}]]}

    with pytest.raises(FakeUsageError, match="'the-bucket', asked for by"):
        value_of(value)
    assert value_of(value, {"the-bucket": "b"}) == "s3://b"


def test_what_a_condition_makes_no_value_is_left_out() -> None:
    nothing = {"Fn::If": ["Never", "x", {"Ref": "AWS::NoValue"}]}
    objects = [
        {"Fn::If": ["Never", {"Id": "B", "Name": "B", "Fields": []}, {"Ref": "AWS::NoValue"}]},
        {
            "Id": "A",
            "Name": "A",
            "Fields": [{"Key": "x", "StringValue": "y", "RefValue": nothing}],
        },
    ]
    resource = {
        "Type": "AWS::DataPipeline::Pipeline",
        "Properties": {"PipelineObjects": objects, "ParameterObjects": nothing},
    }
    text = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"P": resource},
    }

    (reading,) = read_text(json.dumps(text), "t.json", {})

    assert reading.request == {
        "pipelineObjects": [{"id": "A", "name": "A", "fields": [{"key": "x", "stringValue": "y"}]}]
    }


def test_a_template_without_a_pipeline_says_what_it_has() -> None:
    text = '{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}'

    with pytest.raises(FakeUsageError, match=r"without a resource of the type .* AWS::S3::Bucket"):
        read_text(text, "t.json", {})


def test_of_several_pipelines_one_has_to_be_named(tmp_path: Path) -> None:
    def pipeline(name: str) -> dict[str, Any]:
        return {
            "Type": "AWS::DataPipeline::Pipeline",
            "Properties": {
                "Name": name,
                "PipelineObjects": [{"Id": name, "Name": name, "Fields": []}],
            },
        }

    file = tmp_path / "t.json"
    off = {**pipeline("off"), "Condition": "Never"}
    file.write_text(
        json.dumps(
            {
                "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
                "Resources": {"One": pipeline("first"), "Two": pipeline("second"), "Off": off},
            }
        )
    )

    assert [held.name for held in read_all(file)] == ["first", "second"]
    assert read_one(file, resource="Two").name == "second"
    assert read_one(file, resource="first").resource == "One"
    with pytest.raises(FakeUsageError, match=r"has 2 pipelines: 'One', 'Two'. Say which"):
        read_one(file)
    with pytest.raises(FakeUsageError, match=r"has no pipeline 'Tow'. Did you mean 'Two'"):
        read_one(file, resource="Tow")


def test_aliases_that_hold_each_other_end_with_a_sentence() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    with pytest.raises(FakeUsageError, match="has too many parts"):
        read_text("\n".join(lines), "t.yaml", {})
