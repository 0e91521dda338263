"""A user's suite with types, as mypy and pyright check it at their strictest.

It is here for its types: each public thing that a test meets is used once, and nothing is `Any`
but what AWS leaves open.
"""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pytest_datapipeline import (
    Call,
    DataPipelineFake,
    Event,
    Exploration,
    Explore,
    FakeUsageError,
    Finding,
    Pipeline,
    RunnerContract,
    Task,
    Work,
    explore,
    in_order,
    one_run,
    poll_for_task,
    ran,
    ref,
    report_task_progress,
    set_task_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_datapipeline import DataPipelineClient

    from pytest_datapipeline import DataPipelineStubber


def work_one_task(client: DataPipelineClient, group: str = "reports") -> None:
    """A task runner that works one task."""
    answer = client.poll_for_task(workerGroup=group, hostname="me")
    if "taskObject" in answer:
        task_id = answer["taskObject"].get("taskId", "")
        client.report_task_progress(taskId=task_id)
        client.set_task_status(taskId=task_id, taskStatus="FINISHED")


def make_client() -> DataPipelineClient:
    # The stubs of boto3 with those of all services would know what it makes.
    made = boto3.client("datapipeline", config=Config(read_timeout=100))  # pyright: ignore
    return cast("DataPipelineClient", made)


def test_a_task(
    datapipeline_fake: DataPipelineFake, datapipeline_client: DataPipelineClient
) -> None:
    task: Task = datapipeline_fake.enqueue("reports", {"output": ref("Out")}, objects={"Out": {}})

    work_one_task(datapipeline_client)

    task.assert_finished()
    assert [attempt.status for attempt in task.attempts] == ["FINISHED"]
    first: Call = datapipeline_fake.calls[0]
    assert first == poll_for_task(workerGroup="reports")
    assert datapipeline_fake.calls == in_order(report_task_progress(), set_task_status())
    events: list[Event] = list(datapipeline_fake.timeline)
    findings: list[Finding] = list(datapipeline_fake.findings)
    assert events
    assert not findings


def test_a_fault_and_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: DataPipelineClient
) -> None:
    datapipeline_fake.fail(poll_for_task(), "throttling", times=1)
    datapipeline_fake.clock.advance(timedelta(minutes=2))

    with pytest.raises(datapipeline_client.exceptions.ClientError, match="Throttling"):
        work_one_task(datapipeline_client)


def test_a_loop(datapipeline_fake: DataPipelineFake) -> None:
    client = make_client()
    task = datapipeline_fake.enqueue("reports")

    def loop() -> None:
        while True:
            work_one_task(client)

    datapipeline_fake.run(loop)

    task.assert_finished()


def test_a_thread_that_is_held(datapipeline_fake: DataPipelineFake) -> None:
    client = make_client()
    task = datapipeline_fake.enqueue("reports")

    with datapipeline_fake.hold("set_task_status") as held:
        thread = threading.Thread(target=work_one_task, args=(client,))
        thread.start()
        held.wait()
        assert task.status == "RUNNING"
    thread.join()

    task.assert_finished()


@pytest.mark.datapipeline(start="2024-01-01T00:00:00")
def test_a_pipeline(datapipeline_fake: DataPipelineFake) -> None:
    pipeline: Pipeline = datapipeline_fake.pipelines.activate(
        [
            {"id": "Default", "scheduleType": "ondemand", "workerGroup": "reports"},
            {"id": "Report", "type": "ShellCommandActivity", "command": "report"},
        ]
    )

    def play(work: Work) -> None:
        assert work.fields["command"] == "report"

    pipeline.run(play)

    assert pipeline == ran(one_run("Report", attempts=1))


def test_an_exploration(datapipeline_explore: Explore) -> None:
    def scenario(fake: DataPipelineFake) -> None:
        fake.enqueue("reports")
        with contextlib.suppress(ClientError):
            work_one_task(make_client())

    exploration: Exploration = datapipeline_explore(
        scenario, only=["throttling"], contract="off", idle_limit=600
    )

    assert [trial.outcome for trial in exploration.trials] == ["passed"] * 3


def test_an_exploration_of_ones_own() -> None:
    def scenario(fake: DataPipelineFake) -> None:
        fake.enqueue("reports")

    with pytest.raises(FakeUsageError, match="made no calls"):
        explore(scenario, seed=1, freeze=True, start="2024-01-01T00:00:00")


def test_a_script(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: DataPipelineClient
) -> None:
    datapipeline_stubber.add_empty_poll()

    work_one_task(datapipeline_client)


def test_a_fake_of_ones_own() -> None:
    start = datetime(2024, 1, 1, tzinfo=timezone.utc)
    with DataPipelineFake(start=start, patience=1, seed=3, consistency="eventual") as fake:
        assert fake.clock.now().year == 2024


@DataPipelineFake(start="2024-01-01T00:00:00", virtual_sleep=True)
def test_a_decorator(datapipeline_fake: DataPipelineFake) -> None:
    assert datapipeline_fake.clock.now().year == 2024


def test_what_calls_are_compared_to(datapipeline_fake: DataPipelineFake) -> None:
    work_one_task(make_client())

    assert datapipeline_fake.calls == [poll_for_task(workerGroup=lambda name: name.endswith("s"))]
    assert poll_for_task(workerGroup=str, hostname="me") in datapipeline_fake.calls


def test_definitions(datapipeline_fake: DataPipelineFake) -> None:
    pipelines = datapipeline_fake.pipelines
    objects = [
        {"id": "Default", "scheduleType": "ondemand", "workerGroup": "reports"},
        {"id": "Data", "type": "S3DataNode", "filePath": "s3://bucket/file"},
        {"id": "Report", "type": "EmrActivity", "step": "a,#{myDay}", "output": ref("Data")},
    ]

    parameters = [{"id": "myDay", "type": "String"}]

    before = pipelines.create({"objects": objects, "parameters": parameters}, values={"myDay": "1"})

    assert not pipelines.diff(before, objects, values={"myDay": "1"})
    preview = pipelines.preview(objects, values={"myDay": "1"}, take={"*": "20m"})
    assert [run["id"] for run in preview.runs]


class TestTheRunner(RunnerContract):
    claims = frozenset({"hostname"})

    def start(self, fake: DataPipelineFake) -> Callable[[], None]:
        client = make_client()

        def loop() -> None:
            while True:
                work_one_task(client, self.worker_group)

        return loop
