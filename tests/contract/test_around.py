"""Findings about programs that define, activate and watch pipelines."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import HTTPClientError

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

GOOD = [{"id": "Default", "name": "Default", "fields": []}]
BAD = [
    {
        "id": "A",
        "name": "A",
        "fields": [
            {"key": "type", "stringValue": "ShellCommandActivity"},
            {"key": "schedule", "refValue": "Nowhere"},
        ],
    }
]


def create(client: Any, name: str = "daily", unique_id: str = "one") -> str:
    answer = client.create_pipeline(name=name, uniqueId=unique_id)
    return str(answer["pipelineId"])


def activate(client: Any, pipeline: str) -> None:
    with contextlib.suppress(client.exceptions.ClientError):
        client.activate_pipeline(pipelineId=pipeline)


def test_activating_what_was_refused_breaks_the_contract(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = create(datapipeline_client)
    answer = datapipeline_client.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=BAD)
    assert answer["errored"]

    activate(datapipeline_client, pipeline)

    assert datapipeline_fake.findings == ["errors-of-definition-ignored"]


def test_activating_what_was_mended_is_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = create(datapipeline_client)
    for objects in (BAD, GOOD):
        datapipeline_client.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=objects)

    activate(datapipeline_client, pipeline)

    assert not datapipeline_fake.findings


def test_errors_of_a_definition_are_not_known_from_an_answer_that_was_lost(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = create(datapipeline_client)
    datapipeline_fake.fail("put_pipeline_definition", "answer_lost")
    once = boto3.client("datapipeline", config=Config(retries={"max_attempts": 0}))
    with contextlib.suppress(HTTPClientError):
        once.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=BAD)

    activate(datapipeline_client, pipeline)

    assert not datapipeline_fake.findings


@pytest.mark.parametrize(("again", "expected"), [("two", ["fresh-unique-id"]), ("one", [])])
@pytest.mark.parametrize("error", ["answer_lost", "read_timeout", "InternalServiceError", 503])
def test_a_creation_is_repeated_with_the_same_unique_id(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    again: str,
    expected: list[str],
    error: Any,
) -> None:
    datapipeline_fake.fail("create_pipeline", error)
    with contextlib.suppress(datapipeline_client.exceptions.ClientError, HTTPClientError):
        create(datapipeline_client, unique_id="one")

    create(datapipeline_client, unique_id=again)

    assert datapipeline_fake.findings == expected


def test_a_creation_that_was_refused_may_be_repeated_with_another_id(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("create_pipeline", "InvalidRequestException")
    with contextlib.suppress(datapipeline_client.exceptions.ClientError):
        create(datapipeline_client, unique_id="one")

    create(datapipeline_client, unique_id="two")

    assert not datapipeline_fake.findings


@pytest.mark.parametrize(
    ("selectors", "values", "expected"),
    [
        (1, ["FINISHED"], []),
        (1, ["FINISHED", "FAILED"], ["query-operands"]),
        (11, ["FINISHED"], ["query-operands"]),
    ],
)
def test_a_query_has_ten_selectors_of_one_value_at_most(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    selectors: int,
    values: list[str],
    expected: list[str],
) -> None:
    pipeline = create(datapipeline_client)
    selector = {"fieldName": "@status", "operator": {"type": "EQ", "values": values}}

    with contextlib.suppress(datapipeline_client.exceptions.ClientError):
        datapipeline_client.query_objects(
            pipelineId=pipeline, sphere="INSTANCE", query={"selectors": [selector] * selectors}
        )

    assert datapipeline_fake.findings == expected


@pytest.mark.parametrize(("number", "expected"), [(25, []), (26, ["many-ids"])])
def test_a_call_asks_for_25_ids_at_most(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    number: int,
    expected: list[str],
) -> None:
    pipeline = create(datapipeline_client)

    with contextlib.suppress(datapipeline_client.exceptions.ClientError):
        datapipeline_client.describe_objects(
            pipelineId=pipeline, objectIds=[f"A{place}" for place in range(number)]
        )

    assert datapipeline_fake.findings == expected


@pytest.mark.parametrize(
    ("outcome", "looks", "expected"),
    [
        ("FAILED", False, ["success-read-from-pipeline"]),
        ("FAILED", True, []),
        ("FINISHED", False, []),
    ],
)
def test_success_is_read_from_the_instances(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    outcome: str,
    looks: bool,
    expected: list[str],
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        [
            {"id": "Default", "scheduleType": "ondemand"},
            {"id": "A", "type": "ShellCommandActivity", "command": "true"}
            | {"workerGroup": "w", "maximumRetries": "0"},
        ]
    )
    pipeline.run(lambda _: outcome)

    for _ in range(2):
        datapipeline_client.describe_pipelines(pipelineIds=[pipeline.id])
    if looks:
        datapipeline_client.query_objects(pipelineId=pipeline.id, sphere="INSTANCE")

    assert datapipeline_fake.findings == expected
