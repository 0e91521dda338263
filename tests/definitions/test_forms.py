"""The forms that hold one definition: the AWS CLI's, the API's, and files of values."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.pipelines import activity, on_demand

from pytest_datapipeline import FakeUsageError, ref
from pytest_datapipeline._definitions.given import given_in
from pytest_datapipeline._definitions.reader import read_all, read_one, read_text
from pytest_datapipeline._definitions.values import pairs

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_datapipeline import DataPipelineFake

CLI = """\
{
  "objects": [
    {
      "id": "Default",
      "scheduleType": "ondemand"
    },
    {
      "id": "A", "name": "the A",
      "type": "EmrActivity",
      "step": ["one",
               "two"],
      "dependsOn": {"ref": "B"}
    }
  ],
  "parameters": [{"id": "myX", "type": "String"}],
  "values": {"myX": ["a", "b"]}
}
"""


def test_a_file_of_the_cli_becomes_a_request_as_the_cli_makes_it(tmp_path: Path) -> None:
    file = tmp_path / "daily.json"
    file.write_text(CLI)

    reading = read_one(file)

    assert reading.form == "the AWS CLI's format"
    assert reading.request == {
        "pipelineObjects": [
            {
                "id": "Default",
                "name": "Default",
                "fields": [{"key": "scheduleType", "stringValue": "ondemand"}],
            },
            {
                "id": "A",
                "name": "the A",
                "fields": [
                    {"key": "dependsOn", "refValue": "B"},
                    {"key": "step", "stringValue": "one"},
                    {"key": "step", "stringValue": "two"},
                    {"key": "type", "stringValue": "EmrActivity"},
                ],
            },
        ],
        "parameterObjects": [
            {"id": "myX", "attributes": [{"key": "type", "stringValue": "String"}]}
        ],
        "parameterValues": [
            {"id": "myX", "stringValue": "a"},
            {"id": "myX", "stringValue": "b"},
        ],
    }


def test_every_part_of_a_file_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "daily.json"
    file.write_text(CLI)
    reading = read_one(file)

    assert [reading.place(*held).line for held in (("Default",), ("A",), ("A", "step"))] == [
        3,
        7,
        10,
    ]
    assert reading.place("A", "dependsOn") == (str(file), 12, "A", "dependsOn")
    assert reading.place("myX").line == 15
    # What is not there has the line of what it would be in.
    assert reading.place("A", "maximumRetries").line == 7
    assert str(reading.place("A", "step")) == f"{file}:10, object 'A', field 'step'"


@pytest.mark.parametrize("capital", [False, True])
def test_the_api_s_form_is_taken_with_small_and_capital_letters(capital: bool) -> None:
    def written(key: str) -> str:
        return f"{key[0].upper()}{key[1:]}" if capital else key

    objects = [
        {
            written("id"): "A",
            written("name"): "the A",
            written("fields"): [
                {written("key"): "type", written("stringValue"): "EmrActivity"},
                {written("key"): "runsOn", written("refValue"): "R"},
            ],
        }
    ]

    reading = read_one({written("pipelineObjects"): objects, "ResponseMetadata": {}})

    assert reading.form == "the API's form"
    assert reading.request["pipelineObjects"] == [
        {
            "id": "A",
            "name": "the A",
            "fields": [
                {"key": "type", "stringValue": "EmrActivity"},
                {"key": "runsOn", "refValue": "R"},
            ],
        }
    ]


def test_what_boto3_prints_of_a_pipeline_can_be_read_again(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.create(
        {
            "objects": on_demand(
                activity("A", command="#{myX}"), activity("B", dependsOn=ref("A"))
            ),
            "parameters": [{"id": "myX", "default": "x"}],
            "values": {"myX": "y"},
        }
    )

    printed = json.dumps(datapipeline_client.get_pipeline_definition(pipelineId=pipeline.id))
    (reading,) = read_text(printed, "got.json", {})

    again = datapipeline_fake.pipelines.create(reading.request)
    got = datapipeline_client.get_pipeline_definition(pipelineId=again.id)
    assert got["pipelineObjects"] == reading.request["pipelineObjects"]
    assert got["parameterValues"] == [{"id": "myX", "stringValue": "y"}]


def test_the_cli_s_format_may_be_written_in_yaml(tmp_path: Path) -> None:
    file = tmp_path / "daily.yaml"
    file.write_text("objects:\n- id: A\n  type: EmrActivity\n  maximumRetries: 3\n  step: [a, b]\n")

    reading = read_one(file)

    (held,) = reading.request["pipelineObjects"]
    assert {"key": "maximumRetries", "stringValue": "3"} in held["fields"]
    assert reading.place("A", "step").line == 5


def test_standard_input_is_read_by_its_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(CLI))

    reading = read_one("-")

    assert reading.place("A").file == "standard input"


def test_values_come_from_a_file_as_the_cli_takes_it(tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    file.write_text('{"values": {"myX": "one", "myList": ["a", "b"]}}')

    assert given_in(str(file)).values == {"myX": "one", "myList": ["a", "b"]}


def test_a_file_of_values_that_is_not_there_is_told_of() -> None:
    with pytest.raises(FakeUsageError, match=r"nowhere.json cannot be read: No such file"):
        given_in("nowhere.json")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[]", "is no mapping; a file of values is"),
        ("{}", 'has neither "values" nor "templateParameters"'),
        (
            '{"templateparameters": {}}',
            "has the key 'templateparameters'; a file of values has \"values\", "
            "\"templateParameters\" or both. Did you mean 'templateParameters'?",
        ),
        ('{\n"values": {},\n"value": {}}', "json:3: has the key 'value';"),
        ('{"myX": "one"}', "has the key 'myX';"),
        ('{"templateParameters": []}', 'json:1: "templateParameters" must be a mapping.'),
        ('{"values": {"myX": 1}}', "object 'myX' is 1, of type int"),
    ],
)
def test_a_file_of_values_that_is_none_is_told_how_it_has_to_be(
    text: str, error: str, tmp_path: Path
) -> None:
    file = tmp_path / "values.json"
    file.write_text(text)

    with pytest.raises(FakeUsageError) as caught:
        given_in(str(file))
    assert error in str(caught.value)


def test_values_of_a_command_line_make_a_list_of_what_comes_twice() -> None:
    assert pairs(["myX=a=b", "myX=c", "myY="], "--value") == {"myX": ["a=b", "c"], "myY": ""}
    with pytest.raises(FakeUsageError, match="--value is 'myX'; it must be NAME=VALUE"):
        pairs(["myX"], "--value")


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "error"),
    [
        ("", "a.json", "a.json: is empty. Taken are: "),
        ("{", "a.json", "a.json:1: is no JSON: "),
        ('{"objects": [\n{"id": "A",}]}', "a.json", "a.json:2: is no JSON: "),
        ("[" * 100_000, "a.json", "a.json: cannot be read as JSON: "),
        ('{"a": 1, "b": 2}', "a.json", "a.json: is a mapping with 'a', 'b'; a definition has"),
        ("7", "a.json", "a.json: is 7, which is no definition"),
        ("a: [1", "a.yaml", "a.yaml:2: is no YAML: "),
        ("a: &a [*a]", "a.yaml", "is no YAML|has too many parts"),
        ("hello", "a.txt", "a.txt: is 'hello', which is no definition"),
        ('{"objects": 7}', "a.json", 'a.json:1: "objects" is 7; it must be a list'),
        (
            '{"objects": [\n  {"id": "A", "maximumRetries":\n 3}]}',
            "a.json",
            "a.json:2, object 'A', field 'maximumRetries' is 3, of type int: .* Quote it",
        ),
        ('{"objects": [\n\n{"name": "A"}]}', "a.json", 'a.json:3: Missing "id" key of element'),
        ('{"objects": [{"id": 5}]}', "a.json", "the id is 5"),
        ('{"objects": [], "values": [1]}', "a.json", '"values" is .* it must be a mapping'),
        ('{"objects": [], "values": {"myX": 1}}', "a.json", "object 'myX' is 1, of type int"),
        (
            '{"pipelineObjects": [\n{"id": "A", "name": "A", "fields": [\n{"key": "x"}]}]}',
            "a.json",
            "a.json:3, object 'A', field 'x': is {'key': 'x'}; a field has a key and",
        ),
        (
            '{"pipelineObjects": [{"id": "A", "fields": []}]}',
            "a.json",
            "object 'A': Missing \"name\"",
        ),
        ('{"pipelineObjects": {"id": "A"}}', "a.json", "it must be a list"),
    ],
)
def test_what_is_no_definition_is_told_of_with_its_place(text: str, name: str, error: str) -> None:
    with pytest.raises(FakeUsageError, match=error):
        read_text(text, name, {})


def test_bytes_and_numbers_are_no_definitions() -> None:
    for source in (b"{}", 7, None):
        with pytest.raises(FakeUsageError, match="it can be a path, a mapping or a list"):
            read_all(source)


def test_a_file_that_is_no_text_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(FakeUsageError, match="cannot be read"):
        read_all(file)


@pytest.mark.parametrize(("name", "module"), [("a.yaml", "yaml"), ("a.tf", "hcl2")])
def test_a_parser_that_is_missing_is_named_with_the_extra_that_brings_it(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)

    with pytest.raises(FakeUsageError, match=r"pip install 'pytest-datapipeline\[definitions\]'"):
        read_text('resource "a" "b" {}', name, {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("objects", "parameters", "values", "id", "name", "type", "ref", "fields"),
                    *("pipelineObjects", "PipelineObjects", "parameterObjects", "key", "Fields"),
                    *("parameterValues", "stringValue", "refValue", "attributes", "Key", "Id"),
                    *("Resources", "Type", "Properties", "Parameters", "Conditions", "Mappings"),
                    *("Ref", "Fn::If", "Fn::Sub", "Fn::Join", "Fn::FindInMap", "Fn::GetAtt"),
                    *("Fn::Select", "Fn::Split", "Condition", "Fn::Equals", "Fn::Not", "Default"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@examples(200)
@given(JSON)
def test_any_json_is_read_or_refused_with_a_sentence(data: Any) -> None:
    _is_read_or_refused(json.dumps(data), "a.json")


@examples(100)
@given(JSON)
def test_any_template_is_read_or_refused_with_a_sentence(data: Any) -> None:
    pipeline = {"Type": "AWS::DataPipeline::Pipeline", "Properties": data}
    template = {"Resources": {"P": pipeline}, "Conditions": {"Default": data}}
    _is_read_or_refused(json.dumps(template), "a.json")
    objects = {"PipelineObjects": [{"Id": "A", "Name": data, "Fields": [data]}]}
    _is_read_or_refused(
        json.dumps({"Resources": {"P": {**pipeline, "Properties": objects}}}), "a.yaml"
    )


@examples(200)
@given(st.text(st.sampled_from("{}[]:,-&*!#\"' \nab|>%$<E=")), st.sampled_from(["yaml", "tf", "x"]))
def test_any_text_is_read_or_refused_with_a_sentence(text: str, ending: str) -> None:
    _is_read_or_refused(text, f"a.{ending}")


def _is_read_or_refused(text: str, name: str) -> None:
    with contextlib.suppress(FakeUsageError):
        for reading in read_text(text, name, {}):
            for held in reading.request["pipelineObjects"]:
                assert reading.place(held["id"]).file == name
