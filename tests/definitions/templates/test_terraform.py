"""Terraform's files: variables, locals, templates, and what is left to a deployment."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_datapipeline import DataPipelineFake, FakeUsageError
from pytest_datapipeline._definitions.reader import read_one, read_text

EXAMPLE = Path(__file__).parents[3] / "examples" / "definitions" / "terraform" / "main.tf"

HEAD = """\
variable "stage" { default = "test" }
variable "needed" {}
locals { bucket = "acme-${var.stage}" }
resource "aws_s3_bucket" "logs" { bucket = "logs-${var.stage}" }
resource "aws_datapipeline_pipeline_definition" "p" {
  pipeline_id = "df-1"
  pipeline_object {
    id   = "A"
    name = "A"
    field {
      key = "x"
"""


def value_of(written: str, **given: str) -> str:
    (reading,) = read_text(f"{HEAD} string_value = {written}\n}}\n}}\n}}\n", "main.tf", given)
    (held,) = reading.request["pipelineObjects"]
    (field,) = held["fields"]
    return str(field["stringValue"])


def test_a_definition_takes_its_variables_from_the_files_beside_it() -> None:
    reading = read_one(EXAMPLE)
    default, extract = reading.request["pipelineObjects"]

    assert (reading.name, reading.resource) == ("reports-test", "reports")
    assert {"key": "workerGroup", "stringValue": "reports-test"} in default["fields"]
    assert {
        "key": "command",
        "stringValue": "extract --at #{@scheduledStartTime} --to s3://acme-reports-test/",
    } in extract["fields"]


def test_files_beside_a_text_that_came_from_elsewhere_are_not_read() -> None:
    with pytest.raises(FakeUsageError, match="'stage', asked for by"):
        read_text(EXAMPLE.read_text(), str(EXAMPLE), {})


def test_variables_can_be_given() -> None:
    reading = read_one(EXAMPLE, template_parameters={"stage": "prod"})

    assert reading.name == "reports-prod"


def test_parameters_and_their_values_are_read() -> None:
    text = """
resource "aws_datapipeline_pipeline_definition" "p" {
  pipeline_id = "df-1"
  pipeline_object {
    id   = "Default"
    name = "the default"
    field {
      key       = "schedule"
      ref_value = "S"
    }
  }
  parameter_object {
    id = "myX"
    attribute {
      key          = "type"
      string_value = "String"
    }
  }
  parameter_value {
    id           = "myX"
    string_value = "x"
  }
}
"""
    (reading,) = read_text(text, "main.tf", {})

    assert reading.request == {
        "pipelineObjects": [
            {
                "id": "Default",
                "name": "the default",
                "fields": [{"key": "schedule", "refValue": "S"}],
            }
        ],
        "parameterObjects": [
            {"id": "myX", "attributes": [{"key": "type", "stringValue": "String"}]}
        ],
        "parameterValues": [{"id": "myX", "stringValue": "x"}],
    }
    assert reading.place("myX").line == 12


def test_a_place_in_a_file_of_terraform_has_its_line() -> None:
    reading = read_one(EXAMPLE)
    line = reading.place("Extract", "command").line

    assert line is not None
    assert EXAMPLE.read_text().splitlines()[line].strip().startswith('key          = "command"')


def test_a_pipeline_of_terraform_runs_in_a_test(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(EXAMPLE)

    pipeline.run(lambda work: None)

    pipeline.assert_finished()


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"plain"', "plain"),
        ('"a \\"b\\" \\n c"', 'a "b" \n c'),
        ('"$${kept} #{myX}"', "${kept} #{myX}"),
        ("var.stage", "test"),
        ('"${var.stage}/${local.bucket}"', "test/acme-test"),
        ("aws_s3_bucket.logs.bucket", "logs-test"),
        ('"s3://${aws_s3_bucket.logs.bucket}/"', "s3://logs-test/"),
        ("5", "5"),
        ("true", "true"),
        ('upper("a")', "A"),
        ('join("-", ["a", var.stage])', "a-test"),
        ('format("%s-%s", "a", lower("B"))', "a-b"),
        ('<<EOT\none\ntwo "${var.stage}"\nEOT\n', 'one\ntwo "test"'),
    ],
)
def test_an_expression_of_terraform_is_evaluated(written: str, text: str) -> None:
    assert value_of(written).rstrip("\n") == text


def test_a_variable_that_there_is_none_of_is_refused() -> None:
    with pytest.raises(FakeUsageError, match=r"'stagge' is given, .*Did you mean 'stage'\?"):
        read_one(EXAMPLE, template_parameters={"stagge": "prod"})


@pytest.mark.parametrize("name", ["local.bucket", "bucket", "aws_s3_bucket.logs.bucket", "5"])
def test_what_the_files_settle_themselves_can_not_be_given(name: str) -> None:
    written = '"${local.bucket} ${aws_s3_bucket.logs.bucket} ${5}"'

    with pytest.raises(FakeUsageError, match=f"'{name}' is given, which is no variable"):
        value_of(written, **{name: "x"})


def test_a_variable_may_be_named_as_an_expression_names_it() -> None:
    assert value_of("var.stage", **{"var.stage": "prod"}) == "prod"


def test_a_variable_that_this_file_does_not_use_can_be_given() -> None:
    declared = 'variable "stage" {}\n'

    (reading,) = read_text(
        f'{declared}{HEAD} string_value = "x"\n}}\n}}\n}}\n', "main.tf", {"stage": "s"}
    )

    assert reading.resource is not None


def test_what_can_not_be_evaluated_is_named_and_can_be_given() -> None:
    written = '"${var.needed}-${aws_sns_topic.t.arn}"'

    with pytest.raises(FakeUsageError) as caught:
        value_of(written)

    assert "'needed', asked for by main.tf:12, object 'A'" in str(caught.value)
    assert value_of(written, needed="n", **{"aws_sns_topic.t.arn": "arn"}) == "n-arn"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('resource "a" {', "main.tf:1: is no HCL"),
        ('resource "aws_s3_bucket" "b" {}\n', "without a resource .* are aws_s3_bucket"),
        (
            'resource "aws_datapipeline_pipeline_definition" "p" {\n'
            'dynamic "pipeline_object" {\n}\n}\n',
            "main.tf:2: has a dynamic block",
        ),
        (
            'resource "aws_datapipeline_pipeline_definition" "p" {\n'
            'pipeline_object {\nid = "A"\n}\n}\n',
            "main.tf:2, object 'A': Missing \"name\" in the block pipeline_object",
        ),
        (
            "locals {\n a = local.a\n}\n"
            'resource "aws_datapipeline_pipeline_definition" "p" {\n'
            'pipeline_object {\nid = local.a\nname = "A"\n}\n}\n',
            "needs itself",
        ),
    ],
)
def test_a_file_that_is_wrong_is_told_of_with_its_line(text: str, error: str) -> None:
    with pytest.raises(FakeUsageError, match=error):
        read_text(text, "main.tf", {})
