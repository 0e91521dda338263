"""The values of a list keep their order, whatever each of them is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.pipelines import take

from pytest_datapipeline import DataPipelineFake

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_datapipeline._fake.players import Work

START, END = "2020-01-01T00:00:00", "2020-01-02T00:00:00"
# What may be in a list, and what becomes of it.
MEMBERS = {
    "--verbose": ["--verbose"],
    "#{myOption}": ["--fast"],
    "#{myPassword}": ["hunter2"],
    "#{myFiles}": ["b.csv", "a.csv"],
    "#{@scheduledStartTime}": [START],
    "to=#{@scheduledEndTime}": [f"to={END}"],
    "#{format(@scheduledStartTime, 'YYYY')}": ["2020"],
    "#{myFiles}.#{year(@scheduledStartTime)}": ["b.csv.2020", "a.csv.2020"],
    "#{input.filePath}": [f"s3://b/{START}"],
    "#{scriptUri}": ["s3://b/run.sh"],
}
PARAMETERS = {
    "parameterObjects": [
        {"id": "myOption", "attributes": []},
        {"id": "*myPassword", "attributes": []},
        {"id": "myFiles", "attributes": [{"key": "isArray", "stringValue": "true"}]},
    ],
    "parameterValues": [
        {"id": "myOption", "stringValue": "--fast"},
        {"id": "*myPassword", "stringValue": "hunter2"},
        {"id": "myFiles", "stringValue": "b.csv"},
        {"id": "myFiles", "stringValue": "a.csv"},
    ],
}
# Those that need no field of the activity, and those that need no run.
OF_ANY_OBJECT = [name for name in MEMBERS if name not in ("#{input.filePath}", "#{scriptUri}")]
OF_NO_RUN = [name for name in MEMBERS if "@" not in name and "input" not in name]


def lists(members: Iterable[str] = MEMBERS) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(members)), min_size=2, max_size=8)


SOME = examples(50)


def evaluated(members: list[str]) -> list[str]:
    return [value for member in members for value in MEMBERS[member]]


def masked(members: list[str]) -> list[str]:
    return [value.replace("hunter2", "*****") for value in evaluated(members)]


def of_key(fields: list[dict[str, str]], key: str) -> list[str]:
    return [
        field.get("stringValue", field.get("refValue", ""))
        for field in fields
        if field["key"] == key
    ]


def definition(
    members: list[str], *, inherited: bool = False, of_node: list[str] | None = None
) -> dict[str, Any]:
    """An activity with a list, its own or its parent's, and a node with one."""
    listed = {"scriptArgument": members}
    own, parents = ({}, listed) if inherited else (listed, {"scriptArgument": "--other"})
    objects = {
        "Default": _fields(workerGroup="wg", schedule="S"),
        "S": _fields(type="Schedule", period="1 day", startDateTime=START, occurrences="1"),
        "Base": _fields(**parents),
        "N": _fields(
            type="S3DataNode", filePath="s3://b/#{@scheduledStartTime}", myList=of_node or []
        ),
        "A": _fields(
            type="ShellCommandActivity", scriptUri="s3://b/run.sh", parent="Base", input="N", **own
        ),
    }
    return {
        **PARAMETERS,
        "pipelineObjects": [
            {"id": name, "name": name, "fields": held} for name, held in objects.items()
        ],
    }


def _fields(**given: str | list[str]) -> list[dict[str, str]]:
    return [
        {"key": key, "refValue" if key in ("schedule", "input", "parent") else "stringValue": value}
        for key, values in given.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def a_client() -> Any:
    return boto3.client("datapipeline", region_name="us-east-1")


def shown(pipeline_id: str, object_id: str, key: str) -> list[str]:
    answer = a_client().describe_objects(
        pipelineId=pipeline_id, objectIds=[object_id], evaluateExpressions=True
    )
    return of_key(answer["pipelineObjects"][0]["fields"], key)


@pytest.mark.rule("values-order")
@SOME
@given(members=lists(), inherited=st.booleans(), shuffle=st.booleans())
def test_a_runner_is_handed_a_list_in_its_order(
    members: list[str], inherited: bool, shuffle: bool
) -> None:
    with DataPipelineFake(start=END, shuffle=shuffle) as fake:
        fake.pipelines.activate(definition(members, inherited=inherited))

        task = take(a_client())

        fields = task["objects"][task["attemptId"]]["fields"]
        assert of_key(fields, "scriptArgument") == evaluated(members)


@pytest.mark.rule("values-order")
@SOME
@given(members=lists(OF_ANY_OBJECT), shuffle=st.booleans())
def test_an_object_that_a_task_carries_has_a_list_in_its_order(
    members: list[str], shuffle: bool
) -> None:
    with DataPipelineFake(start=END, shuffle=shuffle) as fake:
        fake.pipelines.activate(definition([], of_node=members))

        task = take(a_client())

        assert of_key(task["objects"][f"@N_{START}"]["fields"], "myList") == evaluated(members)


@pytest.mark.rule("values-order")
@SOME
@given(members=lists(), inherited=st.booleans())
def test_a_function_that_plays_the_runner_is_given_a_list_in_its_order(
    members: list[str], inherited: bool
) -> None:
    seen: list[Any] = []

    def work(task: Work) -> None:
        seen.append(task.fields["scriptArgument"])

    with DataPipelineFake(start=END, region="us-east-1") as fake:
        fake.pipelines.activate(definition(members, inherited=inherited)).run(work)

    assert seen == [evaluated(members)]


@pytest.mark.rule("values-order")
@SOME
@given(members=lists(), inherited=st.booleans())
def test_an_instance_and_an_attempt_show_a_list_in_its_order(
    members: list[str], inherited: bool
) -> None:
    with DataPipelineFake(start=END) as fake:
        pipeline = fake.pipelines.activate(definition(members, inherited=inherited))
        attempt_id = take(a_client())["attemptId"]

        for object_id in (attempt_id, f"@A_{START}"):
            assert shown(pipeline.id, object_id, "scriptArgument") == masked(members)


@pytest.mark.rule("values-order")
@SOME
@given(members=lists(OF_NO_RUN))
def test_a_component_shows_a_list_in_its_order(members: list[str]) -> None:
    with DataPipelineFake(start=END) as fake:
        pipeline = fake.pipelines.activate(definition(members))

        assert shown(pipeline.id, "A", "scriptArgument") == masked(members)


@pytest.mark.rule("values-order")
@SOME
@given(members=lists())
def test_a_stored_definition_has_a_list_in_its_order(members: list[str]) -> None:
    with DataPipelineFake(start=END) as fake:
        pipeline = fake.pipelines.create(definition(members))
        client = a_client()

        stored = client.get_pipeline_definition(pipelineId=pipeline.id)["pipelineObjects"]
        component = client.describe_objects(pipelineId=pipeline.id, objectIds=["A"])

    (put,) = (held["fields"] for held in stored if held["id"] == "A")
    described = component["pipelineObjects"][0]["fields"]
    assert of_key(put, "scriptArgument") == of_key(described, "scriptArgument") == members


def test_references_to_objects_with_and_without_runs_keep_their_order() -> None:
    given = definition([])
    references = ["S", "N", "Base", "A"]
    given["pipelineObjects"][-1]["fields"] += [
        {"key": "myObjects", "refValue": name} for name in references
    ]
    with DataPipelineFake(start=END) as fake:
        fake.pipelines.activate(given)

        task = take(a_client())

        assert of_key(task["objects"][task["attemptId"]]["fields"], "myObjects") == [
            *("S", f"@N_{START}", "Base", f"@A_{START}")
        ]
