"""The operations to the byte: headers, bodies and errors as they go over the wire."""

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
    error_of,
    put,
    state,
)

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")


UNKNOWN = "df-015440025PF7YGLDK47C"


@pytest.fixture
def bodies(datapipeline_client: Any) -> list[Any]:
    """The answers as they come over the wire."""
    got: list[Any] = []
    datapipeline_client.meta.events.register(
        "response-received.data-pipeline.*", lambda response_dict, **_: got.append(response_dict)
    )
    return got


@pytest.mark.rule("error-body", "deleted-text", "errors-are-400")
def test_an_unknown_pipeline_is_said_to_be_deleted_to_the_byte(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    with pytest.raises(datapipeline_client.exceptions.PipelineDeletedException):
        datapipeline_client.describe_pipelines(pipelineIds=[UNKNOWN])

    assert bodies[0]["body"] == (
        b'{"__type":"PipelineDeletedException",'
        b'"message":"Pipeline with id: df-015440025PF7YGLDK47C does not exist"}'
    )
    assert len(bodies[0]["body"]) == 106
    assert bodies[0]["status_code"] == 400


@pytest.mark.rule("response-headers", "request-id-is-a-uuid-1", "content-type")
def test_an_answer_has_the_recorded_headers(datapipeline_client: Any, bodies: list[Any]) -> None:
    datapipeline_client.list_pipelines()

    headers = {name.lower(): value for name, value in bodies[0]["headers"].items()}
    assert set(headers) == {"x-amzn-requestid", "content-type", "content-length", "date"}
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-.*", headers["x-amzn-requestid"])


@pytest.mark.rule("compact-json", "get-empty")
def test_the_definition_of_an_empty_pipeline_has_22_bytes(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    datapipeline_client.get_pipeline_definition(pipelineId=created(datapipeline_client))

    assert bodies[-1]["body"] == b'{"pipelineObjects":[]}'


@pytest.mark.rule("findings-by-object")
def test_the_findings_of_an_object_come_together(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

    answer = put(
        datapipeline_client, pipeline_id, daily(activity("A", maximumRetries="x", stage="y"))
    )

    (errors,) = answer["validationErrors"]
    assert errors["id"] == "A"
    assert len(errors["errors"]) == 2


@pytest.mark.rule("put-answer-keys")
def test_a_definition_without_findings_is_answered_in_63_bytes(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    put(datapipeline_client, created(datapipeline_client), [])

    assert bodies[-1]["body"] == b'{"validationErrors":[],"validationWarnings":[],"errored":false}'


@pytest.mark.rule("activate-answer", "activate-starts")
def test_activation_is_answered_with_an_empty_object(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    assert bodies[-1]["body"] == b"{}"
    assert state(datapipeline_client, pipeline_id) == "SCHEDULED"


def test_the_keys_of_an_answer_come_in_the_published_order(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    pipeline_id = activated(datapipeline_client, [{"id": "Default", "myField": "x"}])
    datapipeline_client.list_pipelines()
    datapipeline_client.query_objects(pipelineId=pipeline_id, sphere="COMPONENT")
    datapipeline_client.describe_objects(pipelineId=pipeline_id, objectIds=["?"])

    listing, query, description = (held["body"] for held in bodies[-3:])

    named = f'{{"name":"n","id":"{pipeline_id}"}}'.encode()
    assert listing == b'{"pipelineIdList":[' + named + b'],"hasMoreResults":false}'
    assert query == b'{"hasMoreResults":false,"ids":["Default"]}'
    assert description == b'{"hasMoreResults":false,"pipelineObjects":[]}'


@pytest.mark.rule("delete-answer", "set-status-answer")
def test_deletion_and_set_status_are_answered_with_no_body(
    datapipeline_client: Any, bodies: list[Any]
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    datapipeline_client.set_status(pipelineId=pipeline_id, objectIds=["A"], status="PAUSE")
    datapipeline_client.delete_pipeline(pipelineId=pipeline_id)

    assert [held["body"] for held in bodies[-2:]] == [b"", b""]


@pytest.mark.rule("report-answer", "heartbeat-answer")
def test_reports_and_heartbeats_are_answered_compactly(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, bodies: list[Any]
) -> None:
    datapipeline_fake.enqueue("wg")
    task_id = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]["taskId"]

    datapipeline_client.report_task_progress(taskId=task_id)
    datapipeline_client.report_task_runner_heartbeat(taskrunnerId="r")

    assert bodies[-2]["body"] == b'{"canceled":false}'
    assert bodies[-1]["body"] == b'{"terminate":false}'


@pytest.mark.rule("missing-member")
def test_a_missing_member_is_a_validation_exception(datapipeline_client: Any) -> None:
    client = _unchecked(datapipeline_client)

    with pytest.raises(ClientError) as error:
        client.delete_pipeline()

    assert error_of(error) == (
        "ValidationException",
        "1 validation error detected: Value null at 'pipelineId' failed to satisfy constraint: "
        "Member must not be null",
    )


def _unchecked(client: Any) -> Any:
    import boto3
    from botocore.config import Config

    assert client.meta.region_name
    return boto3.client("datapipeline", config=Config(parameter_validation=False))
