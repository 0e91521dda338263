"""What is described of a pipeline, its deletion, and SetStatus."""

from __future__ import annotations

from datetime import timedelta
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
    fields_of,
    finish,
    put,
    state,
    take,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_datapipeline import DataPipelineFake, Task


pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")


EVENTUAL = pytest.mark.datapipeline(start="2020-01-01T00:00:00", consistency="eventual")


# -- what is described -----------------------------------------------------------------------------


@pytest.mark.rule("pending-fields")
def test_a_new_pipeline_has_the_recorded_fields(datapipeline_client: Any) -> None:
    pipeline_id = datapipeline_client.create_pipeline(name="n", uniqueId="u", description="d")[
        "pipelineId"
    ]

    fields = described(datapipeline_client, pipeline_id)

    assert set(fields) == {
        *("@creationTime", "description", "@sphere", "pipelineCreator", "name", "@id"),
        *("@pipelineState", "@accountId", "uniqueId", "@userId"),
    }
    assert fields["@sphere"] == "PIPELINE"
    assert fields["@creationTime"] == "2020-01-01T00:00:00"
    assert fields["@userId"] == fields["pipelineCreator"]


@pytest.mark.rule("scheduled-fields", "month-clamps-in-description")
def test_a_scheduled_pipeline_tells_its_next_run(datapipeline_client: Any) -> None:
    schedule = {
        "id": "S",
        "type": "Schedule",
        "period": "15 months",
        "startDateTime": "2020-11-30T16:58:00",
    }
    pipeline_id = activated(
        datapipeline_client,
        [{"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}}, schedule, activity("A")],
    )

    fields = described(datapipeline_client, pipeline_id)

    assert fields["@pipelineState"] == "SCHEDULED"
    assert fields["@nextRunTime"] == fields["@scheduledStartTime"] == "2020-11-30T16:58:00"
    assert fields["@scheduledEndTime"] == "2022-02-28T16:58:00"
    assert fields["@scheduledPeriod"] == "15 months"
    assert fields["@version"] == "1"
    assert fields["@firstActivationTime"] == fields["@lastActivationTime"]
    assert "@healthStatus" not in fields
    assert "@latestRunTime" not in fields


def test_a_period_that_is_a_parameter_is_told_with_its_value(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    schedule = {
        "id": "S",
        "type": "Schedule",
        "period": "#{myPeriod}",
        "startDateTime": "2020-01-02T00:00:00",
    }
    pipeline = datapipeline_fake.pipelines.activate(
        [{"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}}, schedule, activity("A")],
        values={"myPeriod": "1 day"},
    )

    fields = described(datapipeline_client, pipeline.id)

    assert fields["@scheduledPeriod"] == "1 day"


@pytest.mark.rule("fields-after-runs", "finished-fields")
def test_after_runs_a_pipeline_tells_its_health_and_its_latest_run(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    datapipeline_fake.pipelines[pipeline_id].run(lambda _: None)

    fields = described(datapipeline_client, pipeline_id)

    assert fields["@pipelineState"] == "FINISHED"
    assert fields["@finishedTime"] == "2020-01-02T00:00:00"
    assert fields["@latestRunTime"] == "2020-01-02T00:00:00"
    assert fields["@healthStatus"] == "HEALTHY"
    assert fields["@healthStatusUpdatedTime"] == "2020-01-02T00:00:00"


# -- deletion --------------------------------------------------------------------------------------


@EVENTUAL
@pytest.mark.rule("deletion-timeline", "list-shows-deleting")
def test_a_deletion_takes_the_recorded_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = created(datapipeline_client)
    datapipeline_fake.clock.advance(10)

    datapipeline_client.delete_pipeline(pipelineId=pipeline_id)
    at_once = described(datapipeline_client, pipeline_id)
    datapipeline_fake.clock.advance(1)
    meanwhile = described(datapipeline_client, pipeline_id)
    listed = datapipeline_client.list_pipelines()["pipelineIdList"]
    datapipeline_fake.clock.advance(10)

    assert at_once["@pipelineState"] == "PENDING"
    assert meanwhile["@pipelineState"] == "DELETING"
    assert meanwhile["@deletionRequestTime"] == "2020-01-01T00:00:10"
    assert len(listed) == 1
    with pytest.raises(datapipeline_client.exceptions.PipelineDeletedException):
        datapipeline_client.describe_pipelines(pipelineIds=[pipeline_id])


@pytest.mark.rule("delete-cancels")
def test_the_runner_of_a_deleted_pipeline_is_told_and_later_refused(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    task_id = take(datapipeline_client)["taskId"]

    datapipeline_client.delete_pipeline(pipelineId=pipeline_id)
    canceled = datapipeline_client.report_task_progress(taskId=task_id)["canceled"]
    datapipeline_fake.clock.advance(11)

    assert canceled is True
    with pytest.raises(datapipeline_client.exceptions.PipelineDeletedException):
        datapipeline_client.report_task_progress(taskId=task_id)


# -- set status ------------------------------------------------------------------------------------


@pytest.mark.rule("pause-resume", "set-status-any-case")
def test_a_paused_component_makes_no_instances_until_it_is_resumed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A"), occurrences=3))
    pipeline = datapipeline_fake.pipelines[pipeline_id]

    datapipeline_client.set_status(pipelineId=pipeline_id, objectIds=["A"], status="pause")
    paused = fields_of(datapipeline_client, pipeline_id, "A")["@status"]
    datapipeline_fake.clock.advance(timedelta(days=1))
    assert len(pipeline.instances) == 1
    datapipeline_client.set_status(pipelineId=pipeline_id, objectIds=["A"], status="RESUME")

    assert paused == "PAUSED"
    assert len(pipeline.instances) == 2
    assert fields_of(datapipeline_client, pipeline_id, "A")["@status"] == "SCHEDULED"


@pytest.mark.rule("try-cancel")
def test_a_canceled_instance_is_canceled_at_once_and_its_runner_is_told(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    task_id = take(datapipeline_client)["taskId"]

    datapipeline_client.set_status(
        pipelineId=pipeline_id, objectIds=["@A_2020-01-01T00:00:00"], status="TRY_CANCEL"
    )

    assert datapipeline_fake.pipelines[pipeline_id].statuses() == ["CANCELED"]
    assert datapipeline_client.report_task_progress(taskId=task_id)["canceled"] is True


def by_set_status(client: Any, task: Task) -> None:
    client.set_status(
        pipelineId=task.pipeline_id, objectIds=[task.instance_id], status="TRY_CANCEL"
    )


def by_its_handle(_client: Any, task: Task) -> None:
    task.cancel()


ways_to_cancel = pytest.mark.parametrize("cancel", [by_set_status, by_its_handle])


@ways_to_cancel
def test_a_canceled_instance_names_its_reason(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, cancel: Callable[..., None]
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    (task,) = datapipeline_fake.tasks

    cancel(datapipeline_client, task)

    fields = fields_of(datapipeline_client, pipeline_id, task.instance_id)
    assert fields["cancellationReason"] == "Canceled by SetStatus."


@ways_to_cancel
def test_a_deactivating_pipeline_waits_until_the_runner_of_a_canceled_instance_knows(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, cancel: Callable[..., None]
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    task_id = take(datapipeline_client)["taskId"]
    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id, cancelActive=False)

    cancel(datapipeline_client, datapipeline_fake.tasks[0])
    while_held = state(datapipeline_client, pipeline_id)
    datapipeline_client.report_task_progress(taskId=task_id)

    assert while_held == "DEACTIVATING"
    assert state(datapipeline_client, pipeline_id) == "INACTIVE"


@pytest.mark.rule("rerun")
def test_a_rerun_makes_a_new_attempt(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    finish(datapipeline_client)

    datapipeline_client.set_status(
        pipelineId=pipeline_id, objectIds=["@A_2020-01-01T00:00:00"], status="RERUN"
    )

    assert datapipeline_fake.pipelines[pipeline_id].statuses() == ["WAITING_FOR_RUNNER"]
    assert finish(datapipeline_client) == "@A_2020-01-01T00:00:00_Attempt=2"


@pytest.mark.rule("mark-finished")
def test_an_instance_that_is_marked_finished_unblocks_its_consumers(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(
        datapipeline_client, daily(activity("A"), activity("B", dependsOn={"ref": "A"}))
    )

    datapipeline_client.set_status(
        pipelineId=pipeline_id, objectIds=["@A_2020-01-01T00:00:00"], status="MARK_FINISHED"
    )

    pipeline = datapipeline_fake.pipelines[pipeline_id]
    assert pipeline.statuses() == ["FINISHED", "WAITING_FOR_RUNNER"]
    assert fields_of(datapipeline_client, pipeline_id, "A")["@healthStatus"] == "HEALTHY"


@pytest.mark.parametrize(
    ("objects", "status"),
    [
        (["A", "@A_2020-01-01T00:00:00"], "PAUSE"),
        (["A"], "RERUN"),
        (["@A_2020-01-01T00:00:00"], "PAUSE"),
        (["@A_2020-01-01T00:00:00"], "RERUN"),
        (["@A_2020-01-01T00:00:00_Attempt=1"], "TRY_CANCEL"),
        (["Nothing"], "PAUSE"),
        (["S"], "PAUSE"),
        (["A"], "DANCE"),
    ],
)
@pytest.mark.rule("set-status-no-mix")
def test_a_status_that_does_not_fit_is_refused_and_changes_nothing(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    objects: list[str],
    status: str,
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.set_status(pipelineId=pipeline_id, objectIds=objects, status=status)

    assert datapipeline_fake.pipelines[pipeline_id].statuses() == ["WAITING_FOR_RUNNER"]
    assert fields_of(datapipeline_client, pipeline_id, "A")["@status"] == "SCHEDULED"


@pytest.mark.parametrize("status", ["PAUSE", "RESUME", "RERUN", "TRY_CANCEL", "MARK_FINISHED"])
def test_a_status_of_nothing_is_refused(datapipeline_client: Any, status: str) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    with pytest.raises(ClientError) as error:
        datapipeline_client.set_status(pipelineId=pipeline_id, objectIds=[], status=status)

    assert error_of(error) == (
        "InvalidRequestException",
        "The request is missing a required value: objectIds",
    )


def test_what_was_never_activated_can_not_be_paused(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)
    put(datapipeline_client, pipeline_id, daily(activity("A")))

    with pytest.raises(ClientError, match="was never activated"):
        datapipeline_client.set_status(pipelineId=pipeline_id, objectIds=["A"], status="PAUSE")


def test_a_precondition_can_be_paused(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    key = {"id": "P", "type": "S3KeyExists", "role": "r", "s3Key": "s3://b/k"}
    pipeline_id = activated(
        datapipeline_client, daily(key, activity("A", precondition={"ref": "P"}))
    )
    datapipeline_client.set_status(pipelineId=pipeline_id, objectIds=["P"], status="PAUSE")

    datapipeline_fake.clock.advance(timedelta(days=1))
    paused = datapipeline_fake.pipelines[pipeline_id].statuses("P")
    shown = fields_of(datapipeline_client, pipeline_id, "P")["@status"]
    datapipeline_client.set_status(pipelineId=pipeline_id, objectIds=["P"], status="RESUME")

    assert (paused, shown) == (["FINISHED", "WAITING_ON_DEPENDENCIES"], "PAUSED")
    assert datapipeline_fake.pipelines[pipeline_id].statuses("P") == ["FINISHED", "FINISHED"]


@pytest.mark.rule("set-status-finished")
def test_the_status_of_a_finished_pipeline_can_not_be_set(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    datapipeline_fake.pipelines[pipeline_id].run(lambda _: None)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.set_status(
            pipelineId=pipeline_id, objectIds=["@A_2020-01-01T00:00:00"], status="RERUN"
        )
