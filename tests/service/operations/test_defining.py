"""Creating pipelines, and storing, checking and showing their definitions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from support.pipelines import (
    activated,
    activity,
    created,
    daily,
    described,
    error_of,
    put,
    state,
)

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")


def _unchecked(client: Any) -> Any:
    import boto3
    from botocore.config import Config

    assert client.meta.region_name
    return boto3.client("datapipeline", config=Config(parameter_validation=False))


# -- creating --------------------------------------------------------------------------------------


@pytest.mark.rule("pipeline-id-form")
def test_pipeline_ids_have_the_service_s_form(datapipeline_client: Any) -> None:
    made = {created(datapipeline_client, f"n{number}") for number in range(20)}

    assert len(made) == 20
    assert all(re.fullmatch(r"df-0[0-9]{6,9}[A-Z0-9]+", held) for held in made)
    assert all(len(held) in (22, 23) for held in made)


@pytest.mark.rule("create-is-pending")
def test_a_new_pipeline_is_empty_and_pending(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    assert state(datapipeline_client, pipeline_id) == "PENDING"
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["pipelineObjects"] == []


@pytest.mark.rule("create-is-idempotent")
def test_the_same_name_and_unique_id_give_the_same_pipeline(datapipeline_client: Any) -> None:
    first = datapipeline_client.create_pipeline(name="n", uniqueId="u")
    again = datapipeline_client.create_pipeline(name="n", uniqueId="u", description="other")

    assert first["pipelineId"] == again["pipelineId"]
    assert "description" not in described(datapipeline_client, first["pipelineId"])
    assert len(datapipeline_client.list_pipelines()["pipelineIdList"]) == 1


@pytest.mark.rule("names-repeat")
def test_a_name_may_be_used_again_with_another_unique_id(datapipeline_client: Any) -> None:
    first = datapipeline_client.create_pipeline(name="n", uniqueId="1")
    second = datapipeline_client.create_pipeline(name="n", uniqueId="2")

    assert first["pipelineId"] != second["pipelineId"]


def test_after_its_deletion_the_same_pair_makes_another_pipeline(datapipeline_client: Any) -> None:
    first = datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"]
    datapipeline_client.delete_pipeline(pipelineId=first)

    assert datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"] != first


@pytest.mark.rule("pipelines-per-account")
@pytest.mark.datapipeline(maximum_pipelines=3)
def test_an_account_has_so_many_pipelines_and_no_more(datapipeline_client: Any) -> None:
    for number in range(3):
        created(datapipeline_client, f"n{number}")

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        created(datapipeline_client, "one more")

    assert error_of(error)[1].startswith("Web service limit exceeded: ")
    assert len(datapipeline_client.list_pipelines()["pipelineIdList"]) == 3


def test_pipelines_of_another_region_are_not_seen(
    datapipeline_client: Any, datapipeline_fake: DataPipelineFake
) -> None:
    import boto3

    pipeline_id = created(datapipeline_client)
    elsewhere: Any = boto3.client("datapipeline", region_name="eu-west-1")

    assert elsewhere.list_pipelines()["pipelineIdList"] == []
    with pytest.raises(elsewhere.exceptions.PipelineDeletedException):
        elsewhere.describe_pipelines(pipelineIds=[pipeline_id])
    assert len(datapipeline_fake.pipelines) == 1


# -- defining --------------------------------------------------------------------------------------


@pytest.mark.rule("get-as-put")
def test_a_definition_comes_back_as_it_was_put(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    objects = [
        {
            "id": "B",
            "name": "the B",
            "fields": [
                {"key": "type", "stringValue": "ShellCommandActivity"},
                {"key": "command", "stringValue": "echo #{myX}"},
                {"key": "scriptArgument", "stringValue": "1"},
                {"key": "scriptArgument", "stringValue": "2"},
            ],
        },
        {"id": "A", "name": "A", "fields": [{"key": "parent", "refValue": "B"}]},
    ]
    parameters = [{"id": "myX", "attributes": [{"key": "type", "stringValue": "String"}]}]
    values = [{"id": "myX", "stringValue": "x"}, {"id": "myX", "stringValue": "y"}]

    datapipeline_client.put_pipeline_definition(
        pipelineId=pipeline_id,
        pipelineObjects=objects,
        parameterObjects=parameters,
        parameterValues=values,
    )
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)

    assert got["pipelineObjects"] == objects
    assert got["parameterObjects"] == parameters
    assert got["parameterValues"] == values


@pytest.mark.rule("get-as-put")
def test_parameters_and_values_come_back_in_the_order_in_which_they_were_put(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)
    attributes = [
        {"key": "allowedValues", "stringValue": "a"},
        {"key": "type", "stringValue": "String"},
        {"key": "allowedValues", "stringValue": "b"},
    ]
    values = [
        {"id": "myX", "stringValue": "a"},
        {"id": "myY", "stringValue": "1"},
        {"id": "myX", "stringValue": "b"},
    ]
    datapipeline_client.put_pipeline_definition(
        pipelineId=pipeline_id,
        pipelineObjects=[],
        parameterObjects=[{"id": "myX", "attributes": attributes}],
        parameterValues=values,
    )

    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)

    assert got["parameterObjects"] == [{"id": "myX", "attributes": attributes}]
    assert got["parameterValues"] == values


@pytest.mark.rule("put-overwrites")
def test_a_definition_overwrites_the_one_before(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    put(datapipeline_client, pipeline_id, daily(activity("A"), activity("B")))
    put(datapipeline_client, pipeline_id, daily(activity("C")))

    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)

    assert [held["id"] for held in got["pipelineObjects"]] == ["Default", "S", "C"]


@pytest.mark.rule("put-with-errors-stores", "activate-errored", "activate-starts")
def test_a_definition_with_errors_is_stored_but_can_not_be_activated(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)
    answer = put(datapipeline_client, pipeline_id, daily({"id": "A", "type": "SnsAlarm"}))

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert answer["errored"] is True
    assert [held["id"] for held in answer["validationErrors"]] == ["A"]
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert len(got["pipelineObjects"]) == 3
    assert error_of(error)[1].startswith("Pipeline definition has errors: ")
    assert state(datapipeline_client, pipeline_id) == "PENDING"


@pytest.mark.rule("schedule-of-another-type")
@pytest.mark.parametrize(
    ("schedule", "found"),
    [
        ({"ref": "Default"}, "Default"),
        ({"ref": "N"}, "S3DataNode"),
        ({"ref": "New"}, "NewSchedule"),
        ("S", "String"),
    ],
)
def test_a_schedule_that_is_none_is_told_under_the_object_that_refers_to_it(
    datapipeline_client: Any, schedule: Any, found: str
) -> None:
    pipeline_id = created(datapipeline_client)
    default = {"id": "Default", "type": "Default", "workerGroup": "wg", "period": "1 day"}
    node = {"id": "N", "type": "S3DataNode", "filePath": "s3://bucket/key"}
    new = {"id": "New", "type": "NewSchedule", "period": "1 day"}

    answer = put(
        datapipeline_client, pipeline_id, [default, node, new, activity("A", schedule=schedule)]
    )

    assert answer["validationErrors"] == [
        {
            "id": "A",
            "errors": [
                f"'schedule' values must be of type 'Schedule'. Found values of type '{found}'"
            ],
        }
    ]
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.activate_pipeline(pipelineId=pipeline_id)


@pytest.mark.rule("put-fatal-empty", "fatal-text")
@pytest.mark.parametrize("value", [{"stringValue": ""}, {"refValue": ""}])
def test_an_empty_field_is_fatal_and_stores_nothing(
    datapipeline_client: Any, value: dict[str, str]
) -> None:
    pipeline_id = created(datapipeline_client)
    put(datapipeline_client, pipeline_id, daily(activity("A")))
    client = _unchecked(datapipeline_client)

    with pytest.raises(ClientError) as error:
        client.put_pipeline_definition(
            pipelineId=pipeline_id,
            pipelineObjects=[{"id": "B", "name": "B", "fields": [{"key": "command", **value}]}],
        )

    code, text = error_of(error)
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert len(got["pipelineObjects"]) == 3
    if "stringValue" in value:
        assert code == "InvalidRequestException"
        assert text.startswith(
            "Pipeline definition has errors: Could not save the pipeline definition due to FATAL "
            "errors: [com.amazon.setl.webservice.ValidationError@"
        )
        assert text.endswith("] Please call Validate to validate your pipeline")


def test_a_field_with_two_values_is_refused_and_stores_nothing(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    both = {"key": "output", "stringValue": "x", "refValue": "y"}

    with pytest.raises(ClientError) as error:
        datapipeline_client.put_pipeline_definition(
            pipelineId=pipeline_id, pipelineObjects=[{"id": "A", "name": "A", "fields": [both]}]
        )

    assert error_of(error) == (
        "InvalidRequestException",
        "Invalid field: output has both a stringValue and a refValue",
    )
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["pipelineObjects"] == []


@pytest.mark.rule("fatal-text")
def test_validation_tells_what_could_not_be_saved(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    empty = {"key": "command", "stringValue": ""}

    answer = datapipeline_client.validate_pipeline_definition(
        pipelineId=pipeline_id, pipelineObjects=[{"id": "A", "name": "A", "fields": [empty]}]
    )

    assert answer["errored"]
    assert "EMPTY_FIELD:  'command' has no value." in answer["validationErrors"][0]["errors"]


@pytest.mark.rule("put-fatal-missing-id")
def test_an_object_without_id_or_name_is_refused_and_stores_nothing(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)
    client = _unchecked(datapipeline_client)

    with pytest.raises(ClientError) as error:
        client.put_pipeline_definition(
            pipelineId=pipeline_id, pipelineObjects=[{"id": "A", "fields": []}]
        )

    assert error_of(error)[0] == "ValidationException"
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["pipelineObjects"] == []


@pytest.mark.rule("put-fatal-too-many", "objects-per-pipeline")
def test_too_many_objects_are_fatal_and_store_nothing(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        put(datapipeline_client, pipeline_id, [activity(f"A{n}") for n in range(101)])

    assert error_of(error)[1] == (
        "Web service limit exceeded: Exceeded maximum number of objects allowed per pipeline"
    )
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["pipelineObjects"] == []


@pytest.mark.rule("put-fatal-finished")
def test_a_finished_pipeline_can_not_be_defined_anew(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    datapipeline_fake.pipelines[pipeline_id].run(lambda _: None)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        put(datapipeline_client, pipeline_id, daily(activity("B")))

    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert [held["id"] for held in got["pipelineObjects"]] == ["Default", "S", "A"]


@pytest.mark.rule("validate-stores-nothing")
def test_validation_tells_the_findings_and_stores_nothing(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    answer = datapipeline_client.validate_pipeline_definition(
        pipelineId=pipeline_id,
        pipelineObjects=[
            {
                "id": "Schedule",
                "name": "Schedule",
                "fields": [
                    {"key": "type", "stringValue": "Schedule"},
                    {"key": "period", "stringValue": "1 hour"},
                    {"key": "startDateTime", "stringValue": "2012-12-12T00:00"},
                ],
            }
        ],
    )

    assert answer["errored"] is True
    assert answer["validationErrors"] == [
        {
            "id": "Schedule",
            "errors": [
                "INVALID_FIELD_VALUE:  'startDateTime' value must be a literal datetime value."
            ],
        }
    ]
    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["pipelineObjects"] == []


@pytest.mark.rule("activate-empty-text")
def test_an_empty_pipeline_can_not_be_activated(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert error_of(error)[1] == "Pipeline definition is empty: "


@pytest.mark.rule("get-active")
def test_the_active_definition_is_the_one_that_was_activated_last(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    put(datapipeline_client, pipeline_id, daily(activity("A"), activity("B")))

    active = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id, version="active")
    latest = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id, version="latest")

    assert len(active["pipelineObjects"]) == 3
    assert len(latest["pipelineObjects"]) == 4


@pytest.mark.rule("activation-values")
def test_parameter_values_may_come_with_the_activation(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    put(datapipeline_client, pipeline_id, daily(activity("A", command="echo #{myX}")), myX="a")

    datapipeline_client.activate_pipeline(
        pipelineId=pipeline_id, parameterValues=[{"id": "myX", "stringValue": "b"}]
    )
    task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]

    fields = task["objects"][task["attemptId"]]["fields"]
    assert {"key": "command", "stringValue": "echo b"} in fields
