"""What DescribeObjects, EvaluateExpression and a task show of components, instances, attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.pipelines import (
    activated,
    activity,
    as_dict,
    daily,
    fields_of,
    finish,
    ids,
    on_demand,
    put,
    take,
)

from pytest_datapipeline import FakeUsageError

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")

RUN = "@A_2020-01-01T00:00:00"
ATTEMPT = f"{RUN}_Attempt=1"


def node(id: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "type": "S3DataNode", "filePath": f"s3://bucket/{id}", **fields}


def evaluated(client: Any, pipeline_id: str, object_id: str, expression: str) -> str:
    answer = client.evaluate_expression(
        pipelineId=pipeline_id, objectId=object_id, expression=expression
    )
    return str(answer["evaluatedExpression"])


# -- components -----------------------------------------------------------------------------------


@pytest.mark.rule("component-fields", "parent-is-added", "component-pending")
def test_a_component_shows_its_fields_and_the_parent_that_is_taken_for_granted(
    datapipeline_client: Any,
) -> None:
    made = datapipeline_client.create_pipeline(name="n", uniqueId="u")["pipelineId"]
    put(datapipeline_client, made, daily(activity("A")))

    fields = fields_of(datapipeline_client, made, "S")

    assert fields == {
        "occurrences": "2",
        "period": "1 day",
        "startDateTime": "2020-01-01T00:00:00",
        "type": "Schedule",
        "parent": "Default",
        "@sphere": "COMPONENT",
        "@pipelineId": made,
        "@version": "1",
        "@status": "PENDING",
    }
    assert "parent" not in fields_of(datapipeline_client, made, "Default")


@pytest.mark.rule("component-sphere-first")
def test_a_component_s_fields_begin_with_the_service_s_own(datapipeline_client: Any) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))

    answer = datapipeline_client.describe_objects(
        pipelineId=pipeline_id, objectIds=["Default", "S", "A"]
    )

    for described in answer["pipelineObjects"]:
        keys = [field["key"] for field in described["fields"]]
        own = [key.startswith("@") for key in keys]
        assert keys[0] == "@sphere"
        assert own == sorted(own, reverse=True)


@pytest.mark.rule("component-runtime-fields", "component-scheduled")
def test_a_component_shows_its_runs(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    before = fields_of(datapipeline_client, pipeline_id, "A")
    finish(datapipeline_client)

    after = fields_of(datapipeline_client, pipeline_id, "A")

    assert before["@status"] == "SCHEDULED"
    assert before["@activeInstances"] == RUN
    assert "@healthStatus" not in before
    assert after["@healthStatus"] == "HEALTHY"
    assert after["@healthStatusFromInstanceId"] == RUN
    assert after["@latestRunTime"] == after["@latestCompletedRunTime"] == "2020-01-01T00:00:00"
    assert after["@nextRunTime"] == "2020-01-02T00:00:00"
    schedule = fields_of(datapipeline_client, pipeline_id, "S")
    assert schedule["@firstActivationTime"] == "2020-01-01T00:00:00"
    assert len(datapipeline_fake.pipelines) == 1


@pytest.mark.rule("component-runtime-expressions")
def test_an_expression_can_use_the_runtime_fields_that_a_component_shows(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A"), occurrences=3))
    datapipeline_fake.clock.advance(86_400)

    values = {
        expression: evaluated(datapipeline_client, pipeline_id, "A", f"#{{{expression}}}")
        for expression in (
            "@activeInstances",
            "@latestRunTime",
            "@latestRunTime.plusDays(1)",
            "@status",
        )
    }

    assert values == {
        "@activeInstances": f"[{RUN}, @A_2020-01-02T00:00:00]",
        "@latestRunTime": "2020-01-02T00:00:00",
        "@latestRunTime.plusDays(1)": "2020-01-03T00:00:00",
        "@status": "SCHEDULED",
    }
    assert evaluated(datapipeline_client, pipeline_id, "S", "#{@firstActivationTime}") == (
        "2020-01-01T00:00:00"
    )


# -- instances and attempts -----------------------------------------------------------------------


@pytest.mark.rule("instance-fields", "instance-id", "no-user-fields-in-instances", "started-early")
def test_a_data_node_s_instance_has_the_recorded_fields(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(
        datapipeline_client, daily(node("N"), activity("A", input={"ref": "N"}))
    )

    fields = fields_of(datapipeline_client, pipeline_id, "@N_2020-01-01T00:00:00")

    assert fields == {
        "@componentParent": "N",
        "@scheduledStartTime": "2020-01-01T00:00:00",
        "parent": "N",
        "@sphere": "INSTANCE",
        "type": "S3DataNode",
        "@version": "1",
        "@status": "FINISHED",
        "@actualEndTime": "2020-01-01T00:00:00",
        "@actualStartTime": "2020-01-01T00:00:00",
        "output": RUN,
        "@scheduledEndTime": "2020-01-02T00:00:00",
        "@pipelineId": pipeline_id,
    }


@pytest.mark.rule("instance-name")
def test_an_instance_is_named_by_its_component_s_name_and_has_the_id_of_its_id(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    alarm = {
        "id": "Alarm",
        "type": "SnsAlarm",
        "role": "r",
        "topicArn": "arn:aws:sns:us-east-1:123456789012:t",
        "subject": "#{node.name}",
        "message": "#{node.id}",
    }
    pipeline_id = activated(
        datapipeline_client,
        daily(
            activity(
                "A",
                name="Copy the orders",
                command="#{name}",
                input={"ref": "N"},
                onSuccess={"ref": "Alarm"},
            ),
            node("N", name="Orders"),
            alarm,
            occurrences=1,
        ),
    )
    named = "@Copy the orders_2020-01-01T00:00:00"

    (described,) = datapipeline_client.describe_objects(pipelineId=pipeline_id, objectIds=[RUN])[
        "pipelineObjects"
    ]
    found = ids(datapipeline_client, pipeline_id, "INSTANCE", ("name", "EQ", named))
    told = evaluated(datapipeline_client, pipeline_id, RUN, "#{name} is #{id}")
    task = take(datapipeline_client)
    datapipeline_client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

    assert (described["id"], described["name"]) == (RUN, named)
    assert found == [RUN]
    assert told == f"{named} is {RUN}"
    assert as_dict(task["objects"][ATTEMPT]["fields"])["command"] == named
    assert task["objects"]["@N_2020-01-01T00:00:00"]["name"] == "@Orders_2020-01-01T00:00:00"
    (published,) = datapipeline_fake.pipelines.notifications
    assert (published.subject, published.message) == (named, RUN)


@pytest.mark.rule("attempt-fields", "attempt-id", "error-fields-on-attempt", "hostname-on-attempt")
def test_an_attempt_shows_its_runner_and_its_error(datapipeline_client: Any) -> None:
    pipeline_id = activated(
        datapipeline_client, daily(activity("A"), pipelineLogUri="s3://logs/all")
    )
    task = datapipeline_client.poll_for_task(workerGroup="wg", hostname="h")["taskObject"]
    datapipeline_client.report_task_progress(
        taskId=task["taskId"], fields=[{"key": "percentComplete", "stringValue": "50"}]
    )
    datapipeline_client.set_task_status(
        taskId=task["taskId"],
        taskStatus="FAILED",
        errorId="E",
        errorMessage="it broke",
        errorStackTrace="here",
    )

    fields = fields_of(datapipeline_client, pipeline_id, ATTEMPT)

    assert fields["@sphere"] == "ATTEMPT"
    assert (fields["@componentParent"], fields["@instanceParent"]) == ("A", RUN)
    assert fields["@status"] == "FAILED"
    assert (fields["errorId"], fields["errorMessage"]) == ("E", "it broke")
    assert fields["errorStackTrace"] == "here"
    assert (fields["hostname"], fields["percentComplete"]) == ("h", "50")
    assert fields["reportProgressTime"] == "2020-01-01T00:00:00"
    assert "command" not in fields
    instance = fields_of(datapipeline_client, pipeline_id, RUN)
    assert instance["@headAttempt"] == ATTEMPT
    assert (instance["@attemptCount"], instance["@triesLeft"]) == ("1", "2")


@pytest.mark.rule("attempt-status")
def test_an_attempt_shows_the_status_that_its_runner_reported_last(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    task_id = take(datapipeline_client)["taskId"]

    for status in ("copying", "sorting"):
        datapipeline_client.report_task_progress(
            taskId=task_id, fields=[{"key": "attemptStatus", "stringValue": status}]
        )

    fields = fields_of(datapipeline_client, pipeline_id, ATTEMPT)
    assert fields["attemptStatus"] == "sorting"


@pytest.mark.rule("component-times")
def test_a_component_tells_when_it_ran_and_was_deactivated(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A"), occurrences=3))
    datapipeline_fake.work(seconds=60)
    datapipeline_fake.clock.advance(3600)
    before = fields_of(datapipeline_client, pipeline_id, "A")
    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)

    after = fields_of(datapipeline_client, pipeline_id, "A")

    assert before["@latestRunTime"] == before["@latestCompletedRunTime"] == "2020-01-01T00:00:00"
    assert before["@finishedTime"] == "2020-01-01T00:01:00"
    assert before["@nextRunTime"] == "2020-01-02T00:00:00"
    assert after["@lastDeactivatedTime"] == "2020-01-01T01:00:00"


@pytest.mark.rule("log-location")
def test_an_attempt_shows_where_its_logs_are(datapipeline_client: Any) -> None:
    pipeline_id = activated(
        datapipeline_client, daily(activity("A", name="Load"), pipelineLogUri="s3://logs/all")
    )
    take(datapipeline_client)

    fields = fields_of(datapipeline_client, pipeline_id, ATTEMPT)

    assert fields["@logLocation"] == f"s3://logs/all/{pipeline_id}/Load/{RUN}/{ATTEMPT}/"


@pytest.mark.rule("evaluated-instances-inherit")
def test_evaluated_instances_show_what_they_inherit(datapipeline_client: Any) -> None:
    pipeline_id = activated(
        datapipeline_client, daily(activity("A", command="echo #{@scheduledStartTime}"))
    )

    plain = fields_of(datapipeline_client, pipeline_id, RUN)
    shown = fields_of(datapipeline_client, pipeline_id, RUN, evaluate=True)

    assert "command" not in plain
    assert shown["command"] == "echo 2020-01-01T00:00:00"
    assert shown["workerGroup"] == "wg"


@pytest.mark.rule("evaluated-component", "evaluation-fails-for-components")
def test_evaluating_a_component_that_needs_a_run_is_refused(datapipeline_client: Any) -> None:
    pipeline_id = activated(
        datapipeline_client, daily(activity("A", command="echo #{@scheduledStartTime}"))
    )

    schedule = fields_of(datapipeline_client, pipeline_id, "S", evaluate=True)
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        fields_of(datapipeline_client, pipeline_id, "A", evaluate=True)

    assert schedule["period"] == "1 day"


@pytest.mark.rule("expressions-not-in-ids")
def test_what_looks_like_an_expression_in_an_id_a_name_or_a_reference_is_none(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    odd = "#{1 + 1}"
    pipeline = datapipeline_fake.pipelines.activate(
        on_demand(activity("A", input={"ref": odd}), {**node(odd), "name": "#{2 + 2}"})
    )

    task = take(datapipeline_client)
    shown = datapipeline_client.describe_objects(
        pipelineId=pipeline.id, objectIds=[odd], evaluateExpressions=True
    )["pipelineObjects"][0]

    fields = as_dict(task["objects"][task["attemptId"]]["fields"])
    assert fields["input"] == f"@{odd}_2020-01-01T00:00:00"
    assert (shown["id"], shown["name"]) == (odd, "#{2 + 2}")


def test_component_ids_may_hold_anything(datapipeline_client: Any) -> None:
    odd = 'My "Data"_Object 2020'
    pipeline_id = activated(datapipeline_client, on_demand(activity(odd)))

    (instance,) = ids(datapipeline_client, pipeline_id)

    assert fields_of(datapipeline_client, pipeline_id, instance)["@componentParent"] == odd
    assert finish(datapipeline_client) == f"{instance}_Attempt=1"


# -- the task object of a pipeline's task ---------------------------------------------------------


@pytest.mark.rule("task-fields-materialised")
def test_a_task_has_the_published_fields_of_its_attempt(datapipeline_client: Any) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A", command="echo hello")))

    task = take(datapipeline_client)

    fields = {
        held["key"]: held.get("stringValue", held.get("refValue"))
        for held in task["objects"][ATTEMPT]["fields"]
    }
    assert fields == {
        "@componentParent": "A",
        "@scheduledStartTime": "2020-01-01T00:00:00",
        "parent": "A",
        "@sphere": "ATTEMPT",
        "workerGroup": "wg",
        "@instanceParent": RUN,
        "type": "ShellCommandActivity",
        "@status": "WAITING_FOR_RUNNER",
        "@version": "1",
        "schedule": "S",
        "@actualStartTime": "2020-01-01T00:00:00",
        "command": "echo hello",
        "@scheduledEndTime": "2020-01-02T00:00:00",
        "@activeInstances": RUN,
        "@pipelineId": pipeline_id,
    }
    assert task["pipelineId"] == pipeline_id


def test_a_task_carries_the_evaluated_objects_that_it_works_with(
    datapipeline_client: Any,
) -> None:
    activated(
        datapipeline_client,
        daily(
            node("N", filePath="s3://b/#{format(@scheduledStartTime, 'YYYY/MM/dd')}"),
            activity("A", input={"ref": "N"}, command="wc #{input.filePath}"),
        ),
    )

    task = take(datapipeline_client)

    found = task["objects"]
    assert {"key": "command", "stringValue": "wc s3://b/2020/01/01"} in found[ATTEMPT]["fields"]
    carried = found["@N_2020-01-01T00:00:00"]["fields"]
    assert {"key": "filePath", "stringValue": "s3://b/2020/01/01"} in carried
    assert "S" in found


# -- one world ------------------------------------------------------------------------------------


def test_a_task_that_was_enqueued_lives_in_a_pipeline(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", {"command": "echo #{@scheduledStartTime}"}, id="Mine")
    pipeline_id = task.pipeline_id

    listed = datapipeline_client.list_pipelines()["pipelineIdList"]
    found = ids(datapipeline_client, pipeline_id, "INSTANCE", ("@status", "EQ", task.status))
    fields = fields_of(datapipeline_client, pipeline_id, task.instance_id)
    text = evaluated(datapipeline_client, pipeline_id, task.instance_id, "#{command}")
    datapipeline_client.set_status(
        pipelineId=pipeline_id, objectIds=[task.instance_id], status="TRY_CANCEL"
    )

    assert [held["id"] for held in listed] == [pipeline_id]
    assert found == [task.instance_id]
    assert fields["@status"] == "WAITING_FOR_RUNNER"
    assert text == "echo 2020-01-01T00:00:00"
    assert task.status == "CANCELED"
    assert fields_of(datapipeline_client, pipeline_id, "Mine")["workerGroup"] == "wg"


def test_a_task_that_was_enqueued_can_be_run_again(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    finish(datapipeline_client)

    task.rerun()

    assert finish(datapipeline_client) == f"{task.instance_id}_Attempt=2"
    task.assert_finished()


def test_after_its_pipeline_is_deleted_tasks_are_enqueued_in_another(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    first = datapipeline_fake.enqueue("wg")
    datapipeline_client.delete_pipeline(pipelineId=first.pipeline_id)
    datapipeline_fake.clock.advance(60)

    second = datapipeline_fake.enqueue("wg")
    finish(datapipeline_client)

    assert second.pipeline_id != first.pipeline_id
    second.assert_finished()
    with pytest.raises(FakeUsageError, match=f"{first.pipeline_id} has been deleted"):
        datapipeline_fake.enqueue("wg", pipeline_id=first.pipeline_id)


def test_the_pipeline_of_enqueued_tasks_can_be_deactivated_and_resumed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = take(datapipeline_client)["taskId"]

    datapipeline_client.deactivate_pipeline(pipelineId=task.pipeline_id)
    report = datapipeline_client.report_task_progress(taskId=task_id)
    canceled = task.status
    datapipeline_client.activate_pipeline(pipelineId=task.pipeline_id)
    finish(datapipeline_client)

    assert (report["canceled"], canceled) == (True, "CANCELED")
    task.assert_finished()


def test_the_component_of_enqueued_tasks_can_be_paused_and_resumed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", id="Nightly", delay=60)
    component = {"pipelineId": task.pipeline_id, "objectIds": ["Nightly"]}

    datapipeline_client.set_status(**component, status="PAUSE")
    more = datapipeline_fake.enqueue("wg", id="Nightly", delay=60)
    datapipeline_fake.clock.advance(3600)
    paused = [task.status, more.status]
    shown = fields_of(datapipeline_client, task.pipeline_id, "Nightly")["@status"]
    datapipeline_client.set_status(**component, status="RESUME")

    assert paused == ["WAITING_ON_DEPENDENCIES"] * 2
    assert shown == "PAUSED"
    assert [task.status, more.status] == ["WAITING_FOR_RUNNER"] * 2


@pytest.mark.parametrize("end", ["MARK_FINISHED", "TRY_CANCEL"])
def test_a_paused_task_that_is_run_again_is_handed_out_once(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, end: str
) -> None:
    task = datapipeline_fake.enqueue("wg", id="Nightly", delay=60)
    component = {"pipelineId": task.pipeline_id, "objectIds": ["Nightly"]}
    instance = {"pipelineId": task.pipeline_id, "objectIds": [task.instance_id]}
    datapipeline_client.set_status(**component, status="PAUSE")
    datapipeline_fake.clock.advance(60)
    datapipeline_client.set_status(**instance, status=end)

    datapipeline_client.set_status(**instance, status="RERUN")
    waiting = datapipeline_client.poll_for_task(workerGroup="wg")
    datapipeline_client.set_status(**component, status="RESUME")
    taken = datapipeline_client.poll_for_task(workerGroup="wg")
    again = datapipeline_client.poll_for_task(workerGroup="wg")

    assert "taskObject" not in waiting
    assert taken["taskObject"]["attemptId"].endswith("_Attempt=1")
    assert again.get("taskObject", {}).get("attemptId") in (None, taken["taskObject"]["attemptId"])
    assert len(task.attempts) == 1


def test_a_whole_task_object_is_not_put_into_a_deleted_pipeline(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    whole = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
    datapipeline_client.delete_pipeline(pipelineId=pipeline_id)
    datapipeline_fake.clock.advance(60)

    with pytest.raises(FakeUsageError, match=f"{pipeline_id} has been deleted"):
        datapipeline_fake.enqueue("wg", whole)


@pytest.mark.parametrize(
    ("period", "users"),
    [
        ("1 day", ["@A_2020-01-02T00:00:00"]),
        ("12 hours", ["@A_2020-01-02T00:00:00", "@A_2020-01-02T12:00:00"]),
        ("2 days", ["@A_2020-01-01T00:00:00"]),
    ],
)
def test_a_resource_shows_the_instances_that_run_on_it_whatever_their_schedule(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, period: str, users: list[str]
) -> None:
    box = {"id": "Box", "type": "Ec2Resource", "role": "r", "resourceRole": "r"}
    other = {
        "id": "Other",
        "type": "Schedule",
        "period": period,
        "startDateTime": "2020-01-01T00:00:00",
        "occurrences": "8",
    }
    on_box = activity("A", runsOn={"ref": "Box"}, schedule={"ref": "Other"})
    made = datapipeline_fake.pipelines.activate(daily(box, other, on_box, occurrences=3))
    datapipeline_fake.clock.advance(4 * 86_400)

    shown = fields_of(datapipeline_client, made.id, "@Box_2020-01-02T00:00:00")["input"]

    assert (shown if isinstance(shown, list) else [shown]) == users
