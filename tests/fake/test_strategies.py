"""What the strategies draw is what the fake takes, and what a right runner works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import given
from support.small_runner import SmallRunner

from pytest_datapipeline import DataPipelineFake, strategies

if TYPE_CHECKING:
    from collections.abc import Mapping


@given(worker_group=strategies.worker_groups(), task=strategies.tasks())
def test_tasks_go_to_the_poll_of_their_worker_group(
    worker_group: str, task: dict[str, Any]
) -> None:
    with DataPipelineFake() as fake:
        client = boto3.client("datapipeline", config=Config(read_timeout=100))
        fake.enqueue(worker_group, task)

        answer = client.poll_for_task(workerGroup=worker_group)

        held = answer["taskObject"]
        fields = held["objects"][held["attemptId"]]["fields"]
        assert {"key": "command", "stringValue": task["command"]} in fields


@given(task_object=strategies.task_objects())
def test_task_objects_are_handed_out_as_they_are(task_object: dict[str, Any]) -> None:
    with DataPipelineFake() as fake:
        client = boto3.client("datapipeline", config=Config(read_timeout=100))
        fake.enqueue("reports", task_object)

        held = client.poll_for_task(workerGroup="reports")["taskObject"]

        assert held["taskId"] == task_object["taskId"]
        assert set(held["objects"]) == set(task_object["objects"])


@given(definition=strategies.definitions())
def test_definitions_run_to_their_end(definition: list[Any]) -> None:
    with DataPipelineFake() as fake:
        pipeline = fake.pipelines.activate(definition)

        pipeline.run(lambda _: None)

        assert {run.status for run in pipeline.instances} == {"FINISHED"}


@given(faults=strategies.fault_plans())
def test_a_right_runner_gets_through_any_plan_of_faults(
    faults: list[tuple[str, str | int, Mapping[str, Any]]],
) -> None:
    with DataPipelineFake(virtual_sleep=True) as fake:
        task = fake.enqueue("reports", maximum_retries=20)
        for call, fault, options in faults:
            fake.fail(call, fault, **options)

        fake.run(SmallRunner("reports", fake.clock.now).loop)

        task.assert_finished()


def test_an_operation_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no operation"):
        strategies.fault_plans(operations=["poll_for_tasks"])
