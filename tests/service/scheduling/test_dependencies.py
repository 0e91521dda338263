"""What lets an instance go on: dependencies, data nodes, preconditions, resources."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from support.pipelines import (
    activated,
    activity,
    cascading,
    daily,
    fields_of,
    finish,
    put,
    take,
)

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake, Pipeline, Work


pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")


NEW_YEAR = datetime(2020, 1, 1, tzinfo=timezone.utc)


RESOURCE = {"id": "R", "type": "Ec2Resource", "role": "r", "resourceRole": "r"}


def node(id: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "type": "S3DataNode", "filePath": f"s3://bucket/{id}", **fields}


def ref(id: str) -> dict[str, str]:
    return {"ref": id}


def fails(*ids: str) -> Any:
    def work(task: Work) -> str | None:
        return "FAILED" if task.id in ids else None

    return work


def run_days(pipeline: Pipeline, work: Any = None, days: float = 1) -> Pipeline:
    pipeline.run(work or (lambda _: None), until=timedelta(days=days))
    return pipeline


# -- dependencies ----------------------------------------------------------------------------------


@pytest.mark.rule("depends-on")
def test_an_activity_waits_for_those_that_it_depends_on(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("B", dependsOn=ref("A")), activity("A"), occurrences=1)
    )
    assert pipeline.statuses() == ["WAITING_ON_DEPENDENCIES", "WAITING_FOR_RUNNER"]

    first, second = finish(datapipeline_client), finish(datapipeline_client)

    assert [first, second] == [
        "@A_2020-01-01T00:00:00_Attempt=1",
        "@B_2020-01-01T00:00:00_Attempt=1",
    ]
    assert pipeline.state == "FINISHED"


@pytest.mark.rule("input-output", "node-has-no-attempt", "output-node-finishes-with-producer")
def test_data_flows_from_producer_over_a_node_to_consumer(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            node("In"),
            node("Mid"),
            activity("A", input=ref("In"), output=ref("Mid")),
            activity("B", input=ref("Mid")),
            occurrences=1,
        )
    )
    assert pipeline.instance("In").status == "FINISHED"
    assert pipeline.instance("Mid").status == "WAITING_ON_DEPENDENCIES"

    finish(datapipeline_client)

    assert pipeline.instance("Mid").status == "FINISHED"
    assert pipeline.instance("Mid").attempts == []
    assert pipeline.instance("B").status == "WAITING_FOR_RUNNER"


@pytest.mark.rule("waiting-on")
def test_an_instance_says_what_it_waits_on(datapipeline_client: Any) -> None:
    pipeline_id = activated(
        datapipeline_client,
        daily(activity("A"), activity("B", dependsOn=ref("A")), occurrences=1),
    )

    fields = fields_of(datapipeline_client, pipeline_id, "@B_2020-01-01T00:00:00")

    assert fields["@waitingOn"] == "@A_2020-01-01T00:00:00"
    assert "@actualStartTime" in fields


@pytest.mark.rule("mode-none-waits-for-ever")
def test_without_cascade_a_consumer_of_a_failure_waits_for_ever(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A"), activity("B", dependsOn=ref("A")), occurrences=1)
    )

    run_days(pipeline, fails("A"), days=30)

    assert pipeline.statuses() == ["FAILED", "WAITING_ON_DEPENDENCIES"]
    assert pipeline.state == "SCHEDULED"


def test_what_waits_for_several_goes_on_after_one_of_them_was_run_again(
    datapipeline_fake: DataPipelineFake,
) -> None:
    needed = [activity(held, workerGroup=held) for held in "ABD"]
    pipeline = datapipeline_fake.pipelines.activate(
        daily(*needed, activity("C", dependsOn=[ref("A"), ref("B"), ref("D")]), occurrences=1)
    )
    client = boto3.client("datapipeline")
    finish(client, "A")
    finish(client, "B")

    pipeline.instance("B").rerun()
    finish(client, "D")
    assert pipeline.instance("C").status == "WAITING_ON_DEPENDENCIES"
    finish(client, "B")

    assert pipeline.instance("C").status == "WAITING_FOR_RUNNER"


def test_what_waits_goes_on_after_its_dependencies_were_put_in_another_order(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    needed = [activity("A", workerGroup="A"), activity("B", workerGroup="B")]
    pipeline_id = activated(
        datapipeline_client,
        daily(*needed, activity("C", dependsOn=[ref("A"), ref("B")]), occurrences=1),
    )
    finish(datapipeline_client, "A")

    put(
        datapipeline_client,
        pipeline_id,
        daily(*needed, activity("C", dependsOn=[ref("B"), ref("A")]), occurrences=1),
    )
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)
    finish(datapipeline_client, "B")

    assert datapipeline_fake.pipelines[pipeline_id].instance("C").status == "WAITING_FOR_RUNNER"


def test_a_node_that_two_activities_write_is_there_after_they_were_swapped(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    first, second = (activity(held, workerGroup=held, output=ref("N")) for held in "AB")
    reads = activity("C", input=ref("N"))
    pipeline_id = activated(
        datapipeline_client, daily(first, second, node("N"), reads, occurrences=1)
    )
    finish(datapipeline_client, "A")

    put(datapipeline_client, pipeline_id, daily(second, first, node("N"), reads, occurrences=1))
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)
    finish(datapipeline_client, "B")

    assert datapipeline_fake.pipelines[pipeline_id].instance("C").status == "WAITING_FOR_RUNNER"


# -- preconditions ---------------------------------------------------------------------------------


KEY = {"id": "P", "type": "S3KeyExists", "role": "r", "s3Key": "s3://bucket/ready"}


@pytest.mark.rule("precondition-holds-back", "precondition-node-field", "retry-count")
def test_a_precondition_holds_its_node_back_until_it_is_met(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.pipelines.outcome("P", False, times=2)
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            {**KEY, "retryDelay": "1 hour"},
            node("N", precondition=ref("P")),
            activity("A", input=ref("N")),
            occurrences=1,
        )
    )
    assert pipeline.instance("N").status == "WAITING_ON_DEPENDENCIES"

    run_days(pipeline)

    assert pipeline.instance("N").finished == NEW_YEAR + timedelta(hours=2)
    fields = fields_of(datapipeline_client, pipeline.id, "@P_2020-01-01T00:00:00")
    assert fields["node"] == "@N_2020-01-01T00:00:00"
    assert (fields["currentRetryCount"], fields["lastRetryTime"]) == ("2", "2020-01-01T01:00:00")


@pytest.mark.rule("precondition-timeout", "precondition-failure-is-error-of-node")
def test_a_precondition_fails_after_its_timeout(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.pipelines.outcome("S3KeyExists", False)
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            {**KEY, "retryDelay": "1 hour", "preconditionTimeout": "150 minutes"},
            activity("A", precondition=ref("P")),
            occurrences=1,
        )
    )

    run_days(pipeline)

    assert pipeline.instance("P").status == "FAILED"
    assert pipeline.instance("P").finished == NEW_YEAR + timedelta(minutes=150)
    assert pipeline.instance("A").status == "WAITING_ON_DEPENDENCIES"
    assert fields_of(datapipeline_client, pipeline.id, "A")["@healthStatus"] == "ERROR"


@pytest.mark.parametrize("mark", [False, True])
def test_what_guards_an_instance_that_has_ended_is_checked_no_longer(
    datapipeline_fake: DataPipelineFake, mark: bool
) -> None:
    datapipeline_fake.pipelines.outcome("P", False)
    pipeline = datapipeline_fake.pipelines.activate(
        daily(KEY, activity("A", precondition=ref("P")), occurrences=1)
    )
    guarded = pipeline.instance("A")

    if mark:
        guarded.mark_finished()
    else:
        guarded.cancel()

    assert pipeline.instance("P").status == "CANCELED"
    assert pipeline.state == "FINISHED"


@pytest.mark.rule("user-managed-precondition", "precondition-worker-group")
def test_a_precondition_of_the_user_s_is_a_task_of_its_activity_s_worker_group(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            {"id": "P", "type": "ShellCommandPrecondition", "command": "test -f x"},
            activity("A", precondition=ref("P"), workerGroup="special"),
            occurrences=1,
        )
    )

    checked = take(datapipeline_client, "special")
    datapipeline_client.set_task_status(taskId=checked["taskId"], taskStatus="FINISHED")

    assert checked["attemptId"] == "@P_2020-01-01T00:00:00_Attempt=1"
    assert pipeline.instance("A").status == "WAITING_FOR_RUNNER"


def test_a_precondition_of_two_objects_has_an_instance_for_each(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            KEY,
            activity("A", precondition=ref("P")),
            activity("B", precondition=ref("P")),
            occurrences=1,
        )
    )

    found = [held.instance_id for held in pipeline.instances if held.id == "P"]

    assert found == ["@P_2020-01-01T00:00:00", "@P_2020-01-01T00:00:00_B"]


@pytest.mark.datapipeline(preconditions="look")
def test_a_precondition_can_look_into_moto(datapipeline_fake: DataPipelineFake) -> None:
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="bucket")
        pipeline = datapipeline_fake.pipelines.activate(
            daily({**KEY, "retryDelay": "1 hour"}, activity("A", precondition=ref("P")))
        )
        run_days(pipeline, days=0.1)
        assert pipeline.instance("A").status == "WAITING_ON_DEPENDENCIES"

        s3.put_object(Bucket="bucket", Key="ready", Body=b"")
        run_days(pipeline, days=0.1)

    assert pipeline.instance("A").status == "FINISHED"


# -- resources -------------------------------------------------------------------------------------


@pytest.mark.rule("runs-on-wins", "resource-worker-group")
def test_tasks_on_a_resource_are_polled_under_the_resource_s_name(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", runsOn=ref("R"), workerGroup="wg"), RESOURCE, occurrences=1)
    )
    group = f"resource:{pipeline.id}_@R_2020-01-01T00:00:00"

    finish(datapipeline_client, group)

    assert pipeline.instance("A").worker_group == group
    assert pipeline.state == "FINISHED"


@pytest.mark.rule("resource-created-when-wanted", "resource-statuses", "activity-waits-for-runner")
@pytest.mark.datapipeline(resource_seconds=600)
def test_a_resource_is_created_when_an_activity_is_scheduled_on_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            activity("A"),
            activity("B", dependsOn=ref("A"), runsOn=ref("R")),
            RESOURCE,
            occurrences=1,
        )
    )
    seen = [pipeline.instance("R").status]

    finish(datapipeline_client)
    seen.append(pipeline.instance("R").status)
    assert pipeline.instance("B").status == "WAITING_FOR_RUNNER"
    datapipeline_fake.clock.advance(600)
    seen.append(pipeline.instance("R").status)
    finish(datapipeline_client, pipeline.instance("B").worker_group)
    seen.append(pipeline.instance("R").status)

    assert seen == ["WAITING_ON_DEPENDENCIES", "CREATING", "RUNNING", "FINISHED"]


@pytest.mark.rule("init-timeout", "failure-reason")
@pytest.mark.datapipeline(start="2020-01-01T00:00:00", resource_seconds=3600)
def test_a_resource_that_does_not_start_in_time_fails(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    slow = {**RESOURCE, "initTimeout": "10 minutes", "maximumRetries": "0"}
    pipeline = datapipeline_fake.pipelines.activate(cascading(activity("A", runsOn=ref("R")), slow))

    datapipeline_fake.clock.advance(600)

    assert pipeline.instance("R").status == "FAILED"
    fields = fields_of(datapipeline_client, pipeline.id, "@R_2020-01-01T00:00:00")
    assert fields["@failureReason"] == "@R_2020-01-01T00:00:00 did not start within initTimeout."


@pytest.mark.rule("resource-not-created", "failure-reason")
@pytest.mark.parametrize(
    ("resource", "reason", "source"),
    [
        (
            RESOURCE,
            "Your quota allows for 0 more running instance(s). You requested at least 1",
            "Service: AmazonEC2; Status Code: 400; Error Code: InstanceLimitExceeded",
        ),
        (
            {"id": "R", "type": "EmrCluster"},
            "Instance type 'm1.large' is not supported.",
            "Service: AmazonElasticMapReduce; Status Code: 400; Error Code: ValidationException",
        ),
    ],
)
def test_a_resource_that_can_not_be_made_says_who_refused_it_and_why(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    resource: dict[str, str],
    reason: str,
    source: str,
) -> None:
    datapipeline_fake.pipelines.outcome("R", "FAILED")

    pipeline_id = activated(
        datapipeline_client,
        cascading(activity("A", runsOn=ref("R")), {**resource, "maximumRetries": "0"}),
    )

    instance = "@R_2020-01-01T00:00:00"
    why = fields_of(datapipeline_client, pipeline_id, instance)["@failureReason"]
    told, _, request_id = why.partition("; Request ID: ")
    assert told == f"Unable to create resource for {instance} due to: {reason} ({source}"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)", request_id)
    attempt = fields_of(datapipeline_client, pipeline_id, f"{instance}_Attempt=1")
    assert attempt["errorMessage"] == why


@pytest.mark.rule("resource-region")
@pytest.mark.parametrize(
    ("region", "expected"), [({}, "us-east-1"), ({"region": "eu-west-1"}, "eu-west-1")]
)
@pytest.mark.parametrize(
    ("resource", "prefix"), [({"id": "R", "type": "EmrCluster"}, "j-"), (RESOURCE, "i-")]
)
def test_a_resource_tells_its_region_also_when_it_has_finished(
    datapipeline_client: Any,
    resource: dict[str, str],
    prefix: str,
    region: dict[str, str],
    expected: str,
) -> None:
    pipeline_id = activated(
        datapipeline_client,
        daily(activity("A", runsOn=ref("R")), {**resource, **region}, occurrences=1),
    )
    finish(datapipeline_client, f"resource:{pipeline_id}_@R_2020-01-01T00:00:00")

    fields = fields_of(datapipeline_client, pipeline_id, "@R_2020-01-01T00:00:00")

    assert fields["@status"] == "FINISHED"
    assert fields["@resourceRegion"] == expected
    assert fields["@resourceId"].startswith(prefix)


def test_an_activity_does_not_wait_for_the_end_of_what_it_runs_on(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", runsOn=ref("R"), dependsOn=ref("R")), RESOURCE, occurrences=1)
    )

    pipeline.run(lambda _: None)

    pipeline.assert_finished()


@pytest.mark.rule("resource-fields")
def test_a_resource_has_the_recorded_fields(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", runsOn=ref("R")), RESOURCE, occurrences=1)
    )

    fields = fields_of(datapipeline_client, pipeline.id, "@R_2020-01-01T00:00:00")

    assert fields["@resourceId"].startswith("i-")
    assert (fields["@attemptCount"], fields["@triesLeft"]) == ("1", "2")
    assert fields["@headAttempt"] == "@R_2020-01-01T00:00:00_Attempt=1"
    assert fields["input"] == "@A_2020-01-01T00:00:00"


@pytest.mark.rule("resource-starts-when-wanted")
def test_a_resource_starts_when_an_activity_first_wants_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(
        datapipeline_client,
        daily(
            activity("First"),
            activity("Then", dependsOn=ref("First"), runsOn=ref("R")),
            RESOURCE,
            occurrences=1,
        ),
    )
    midnight = "2020-01-01T00:00:00"
    before = fields_of(datapipeline_client, pipeline_id, f"@R_{midnight}")
    datapipeline_fake.clock.advance(timedelta(minutes=30))

    finish(datapipeline_client)

    started = {
        name: fields_of(datapipeline_client, pipeline_id, f"@{name}_{midnight}")["@actualStartTime"]
        for name in ("First", "Then", "R")
    }
    assert "@actualStartTime" not in before
    assert started == {"First": midnight, "Then": midnight, "R": "2020-01-01T00:30:00"}


@pytest.mark.rule("resource-of-an-activity")
def test_the_runs_of_an_activity_refer_to_the_resource_that_they_are_on(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(
        datapipeline_client, daily(activity("A", runsOn=ref("R")), RESOURCE, occurrences=1)
    )
    run = "@A_2020-01-01T00:00:00"

    instance = fields_of(datapipeline_client, pipeline_id, run)
    attempt = fields_of(datapipeline_client, pipeline_id, f"{run}_Attempt=1")
    told = datapipeline_client.evaluate_expression(
        pipelineId=pipeline_id, objectId=run, expression="#{@resource.@status}"
    )

    assert instance["@resource"] == attempt["@resource"] == "@R_2020-01-01T00:00:00"
    assert "runsOn" not in {**instance, **attempt}
    assert told["evaluatedExpression"] == "RUNNING"


@pytest.mark.rule("terminate-after", "timedout-is-final")
def test_a_resource_that_is_used_too_long_is_timed_out(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(activity("A", runsOn=ref("R")), {**RESOURCE, "terminateAfter": "1 hour"})
    )

    datapipeline_fake.clock.advance(3600)
    datapipeline_fake.clock.advance(timedelta(days=1))

    assert pipeline.instance("R").status == "TIMEDOUT"
    assert len(pipeline.instance("R").attempts) == 1
    assert pipeline.instance("A").status == "CANCELED"


@pytest.mark.rule("resource-longer-period")
def test_a_resource_with_a_longer_period_serves_several_runs(
    datapipeline_fake: DataPipelineFake,
) -> None:
    hourly = {
        "id": "H",
        "type": "Schedule",
        "period": "6 hours",
        "startDateTime": "2020-01-01T00:00:00",
        "occurrences": "4",
    }
    pipeline = datapipeline_fake.pipelines.activate(
        daily(hourly, activity("A", schedule=ref("H"), runsOn=ref("R")), RESOURCE, occurrences=1)
    )

    run_days(pipeline, days=0.6)
    assert pipeline.statuses("R") == ["RUNNING"]
    run_days(pipeline)

    assert pipeline.statuses("A") == ["FINISHED"] * 4
    assert pipeline.statuses("R") == ["FINISHED"]
