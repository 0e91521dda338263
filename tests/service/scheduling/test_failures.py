"""What follows when an instance ends: cascade, tries, actions, expressions that fail."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from support.pipelines import (
    activated,
    activity,
    cascading,
    daily,
    fields_of,
    finish,
    on_demand,
    take,
)

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake, Pipeline, Work


pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")


NEW_YEAR = datetime(2020, 1, 1, tzinfo=timezone.utc)


RESOURCE = {"id": "R", "type": "Ec2Resource", "role": "r", "resourceRole": "r"}


MONTHLY = {
    "id": "M",
    "type": "Schedule",
    "period": "1 month",
    "startDateTime": "2020-01-01T00:00:00",
    "occurrences": "1",
}


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


# -- cascade ---------------------------------------------------------------------------------------


@pytest.mark.rule("cascade-consumers", "cascade-nodes", "cascade-not-upstream", "cascade-failed-on")
def test_a_failure_cascades_to_consumers_over_nodes_and_not_upstream(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(
            activity("A"),
            activity("B", dependsOn=ref("A"), output=ref("N")),
            node("N"),
            activity("C", input=ref("N")),
            activity("D", dependsOn=ref("C")),
        )
    )

    run_days(pipeline, fails("B"))

    assert {held.id: held.status for held in pipeline.instances} == {
        "A": "FINISHED",
        "B": "FAILED",
        "N": "CASCADE_FAILED",
        "C": "CASCADE_FAILED",
        "D": "CASCADE_FAILED",
    }
    fields = fields_of(datapipeline_client, pipeline.id, "@C_2020-01-01T00:00:00")
    assert fields["@cascadeFailedOn"] == "@N_2020-01-01T00:00:00"
    assert pipeline.state == "FINISHED"


@pytest.mark.rule("cascade-any-dependency")
@pytest.mark.parametrize("depends_on", ["AX", "XA"])
def test_what_depends_on_a_failure_fails_whatever_else_it_waits_for(
    datapipeline_fake: DataPipelineFake, depends_on: str
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(
            MONTHLY,
            activity("X", schedule=ref("M"), maximumRetries="0"),
            activity("A", workerGroup="nobody's"),
            activity("B", dependsOn=[ref(held) for held in depends_on]),
            occurrences=2,
        )
    )

    datapipeline_fake.work(fails("X"), worker_group="wg")
    datapipeline_fake.clock.advance(timedelta(days=0.5))

    assert pipeline.instance("A").status == "WAITING_FOR_RUNNER"
    assert pipeline.instance("B").status == "CASCADE_FAILED"


def test_what_is_created_after_the_failure_that_it_depends_on_fails_at_once(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(
            MONTHLY,
            activity("X", schedule=ref("M"), maximumRetries="0"),
            activity("A", workerGroup="nobody's"),
            activity("B", dependsOn=[ref("A"), ref("X")]),
            occurrences=2,
        )
    )

    datapipeline_fake.work(fails("X"), worker_group="wg")
    datapipeline_fake.clock.advance(timedelta(days=1.5))

    assert pipeline.statuses("B") == ["CASCADE_FAILED", "CASCADE_FAILED"]


@pytest.mark.rule("rerun-again-cascade-failed")
def test_a_rerun_of_one_of_two_failures_leaves_their_consumer_failed(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(
            activity("A"),
            activity("X"),
            activity("B", dependsOn=[ref("A"), ref("X")]),
            occurrences=2,
        )
    )
    run_days(pipeline, fails("A", "X"), days=0.5)

    pipeline.instance("A").rerun()

    assert pipeline.instance("A").status == "WAITING_FOR_RUNNER"
    assert pipeline.instance("B").status == "CASCADE_FAILED"


@pytest.mark.rule("cascade-cancels-preconditions")
def test_the_preconditions_of_what_cascades_are_canceled(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.pipelines.outcome("P", False)
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(
            activity("A"),
            {"id": "P", "type": "S3KeyExists", "role": "r", "s3Key": "s3://b/k"},
            activity("B", dependsOn=ref("A"), precondition=ref("P")),
        )
    )

    run_days(pipeline, fails("A"))

    assert pipeline.instance("B").status == "CASCADE_FAILED"
    assert pipeline.instance("P").status == "CANCELED"


@pytest.mark.rule("cascade-resource-fails")
def test_the_activity_of_a_failed_resource_is_canceled_and_its_consumers_cascade(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.pipelines.outcome("R", "FAILED")
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(activity("A", runsOn=ref("R")), RESOURCE, activity("B", dependsOn=ref("A")))
    )

    run_days(pipeline)

    assert pipeline.instance("R").status == "FAILED"
    assert pipeline.instance("A").status == "CANCELED"
    assert pipeline.instance("B").status == "CASCADE_FAILED"


@pytest.mark.rule("cascade-resource-finishes")
def test_a_resource_whose_activity_never_comes_to_it_finishes(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(activity("A"), activity("B", dependsOn=ref("A"), runsOn=ref("R")), RESOURCE)
    )

    run_days(pipeline, fails("A"))

    assert pipeline.instance("R").status == "FINISHED"
    assert pipeline.instance("R").attempts == []


@pytest.mark.rule("rerun-alone")
def test_a_rerun_without_cascade_runs_the_object_alone(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A"), activity("B", dependsOn=ref("A")), occurrences=2)
    )
    run_days(pipeline, days=0.5)

    pipeline.instance("A").rerun()
    run_days(pipeline, days=0.1)

    assert len(pipeline.instance("A").attempts) == 2
    assert len(pipeline.instance("B").attempts) == 1


@pytest.mark.rule("rerun-cascades", "rerun-again-cascade-failed")
def test_a_rerun_under_cascade_runs_what_failed_because_of_it(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(
            activity("A"),
            activity("B", dependsOn=ref("A")),
            activity("C", dependsOn=ref("B")),
            occurrences=2,
        )
    )
    run_days(pipeline, fails("A"), days=0.5)

    pipeline.instance("C").rerun()
    run_days(pipeline, days=0.01)
    assert pipeline.instance("C").status == "CASCADE_FAILED"
    pipeline.instance("A").rerun()
    run_days(pipeline, days=0.1)

    assert [pipeline.instance(held).status for held in "ABC"] == ["FINISHED"] * 3


@pytest.mark.rule("rerun-resource")
def test_a_rerun_of_a_resource_runs_again_what_had_finished_on_it(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", runsOn=ref("R")), RESOURCE, occurrences=2)
    )
    run_days(pipeline, days=0.5)

    pipeline.instance("R").rerun()
    run_days(pipeline, days=0.1)

    assert [held.status for held in pipeline.instance("A").attempts] == ["FINISHED", "FINISHED"]
    assert len(pipeline.instance("R").attempts) == 2


@pytest.mark.rule("rerun-resource")
def test_a_rerun_of_a_resource_tries_its_activities_again(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.pipelines.outcome("R", "FAILED", times=3)
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(activity("A", runsOn=ref("R")), RESOURCE, occurrences=2)
    )
    run_days(pipeline, days=0.5)
    assert pipeline.instance("A").status == "CANCELED"

    pipeline.instance("R").rerun()
    run_days(pipeline, days=0.1)

    assert pipeline.instance("A").status == "FINISHED"


# -- tries -----------------------------------------------------------------------------------------


@pytest.mark.rule("retries-default", "attempt-ids", "failed-after-last-try")
def test_a_failed_activity_is_tried_three_times_ten_minutes_apart(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=1))

    run_days(pipeline, fails("A"))

    instance = pipeline.instance("A")
    assert [attempt.id for attempt in instance.attempts] == [
        f"@A_2020-01-01T00:00:00_Attempt={number}" for number in (1, 2, 3)
    ]
    assert instance.finished == NEW_YEAR + timedelta(minutes=20)
    assert instance.status == "FAILED"


@pytest.mark.rule("retry-fields")
def test_the_fields_of_an_activity_say_how_often_it_is_tried(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", maximumRetries="1", retryDelay="1 hour"), occurrences=1)
    )

    run_days(pipeline, fails("A"))

    assert len(pipeline.instance("A").attempts) == 2
    assert pipeline.instance("A").finished == NEW_YEAR + timedelta(hours=1)


@pytest.mark.rule("attempt-timeout")
def test_an_attempt_that_takes_too_long_is_tried_again(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", attemptTimeout="30 minutes"), occurrences=1)
    )
    task_id = take(datapipeline_client)["taskId"]
    for _ in range(3):
        datapipeline_client.report_task_progress(taskId=task_id)
        datapipeline_fake.clock.advance(600)

    attempts = pipeline.instance("A").attempts

    assert attempts[0].status == "FAILED"
    assert datapipeline_client.report_task_progress(taskId=task_id)["canceled"] is True


def test_rerun_goes_on_counting_attempts_and_has_all_tries_again(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A"), occurrences=2))
    run_days(pipeline, fails("A"), days=0.5)

    pipeline.instance("A").rerun()
    run_days(pipeline, fails("A"), days=0.1)

    assert [attempt.number for attempt in pipeline.instance("A").attempts] == [1, 2, 3, 4, 5, 6]


# -- actions ---------------------------------------------------------------------------------------


ALARM = {
    "id": "Alarm",
    "type": "SnsAlarm",
    "role": "r",
    "topicArn": "arn:aws:sns:us-east-1:123456789012:t",
    "subject": "#{node.name}",
    "message": "of #{node.@scheduledStartTime}: #{node.command}",
}


@pytest.mark.rule("on-fail", "alarm-node")
def test_an_alarm_is_published_once_the_last_try_has_failed(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", onFail=ref("Alarm")), ALARM, occurrences=1)
    )

    run_days(pipeline, fails("A"))

    (published,) = datapipeline_fake.pipelines.notifications
    assert published.subject == "@A_2020-01-01T00:00:00"
    assert published.message == "of 2020-01-01T00:00:00: true"
    assert published.time == NEW_YEAR + timedelta(minutes=20)


def test_an_alarm_can_tell_the_error(datapipeline_fake: DataPipelineFake) -> None:
    alarm = {**ALARM, "message": "#{node.errorId}: #{node.errorMessage}"}
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", onFail=ref("Alarm"), maximumRetries="0"), alarm, occurrences=1)
    )

    def work(_: Work) -> None:
        raise ValueError("no such column")

    run_days(pipeline, work)

    (published,) = datapipeline_fake.pipelines.notifications
    assert published.message == "ValueError: no such column"


def test_an_alarm_leaves_alone_only_what_can_not_be_evaluated(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    alarm = {
        **ALARM,
        "subject": "#{node.@status}",
        "message": "#{node.name} says #{node.errorMessage}, #{1 + 1} times",
    }
    activated(
        datapipeline_client, daily(activity("A", onSuccess={"ref": "Alarm"}), alarm, occurrences=1)
    )

    finish(datapipeline_client)

    (published,) = datapipeline_fake.pipelines.notifications
    assert published.subject == "FINISHED"
    assert published.message == "@A_2020-01-01T00:00:00 says #{node.errorMessage}, 2 times"


@pytest.mark.rule("on-success")
def test_an_alarm_is_published_on_success(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", onSuccess=ref("Alarm")), ALARM, occurrences=2)
    )

    run_days(pipeline, days=3)

    assert len(datapipeline_fake.pipelines.notifications) == 2


@pytest.mark.rule("cascade-runs-on-fail")
def test_what_cascades_runs_its_on_fail_too(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        cascading(activity("A"), activity("B", dependsOn=ref("A"), onFail=ref("Alarm")), ALARM)
    )

    run_days(pipeline, fails("A"))

    assert [held.instance_id for held in datapipeline_fake.pipelines.notifications] == [
        "@B_2020-01-01T00:00:00"
    ]


@pytest.mark.rule("on-late-action", "terminate-cancels", "cancellation-reason")
def test_what_is_late_can_be_terminated(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            activity("A", lateAfterTimeout="1 hour", onLateAction=[ref("Stop"), ref("Alarm")]),
            {"id": "Stop", "type": "Terminate"},
            ALARM,
            occurrences=1,
        )
    )

    datapipeline_fake.clock.advance(3600)

    assert pipeline.instance("A").status == "CANCELED"
    assert len(datapipeline_fake.pipelines.notifications) == 1
    fields = fields_of(datapipeline_client, pipeline.id, "@A_2020-01-01T00:00:00")
    assert fields["cancellationReason"] == "Terminated by Stop."


@pytest.mark.rule("late-not-on-demand")
def test_on_demand_nothing_is_late(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        on_demand(
            activity("A", lateAfterTimeout="1 hour", onLateAction=ref("Stop")),
            {"id": "Stop", "type": "Terminate"},
        )
    )

    datapipeline_fake.clock.advance(7200)

    assert pipeline.instance("A").status == "WAITING_FOR_RUNNER"


def test_what_has_started_is_not_late(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            activity("A", lateAfterTimeout="20 minutes", onLateAction=ref("Stop")),
            {"id": "Stop", "type": "Terminate"},
            occurrences=1,
        )
    )
    datapipeline_client.report_task_progress(taskId=take(datapipeline_client)["taskId"])

    datapipeline_fake.clock.advance(1201)

    assert pipeline.instance("A").attempts[0].status == "FAILED"  # silent for 15 minutes
    assert pipeline.instance("A").status == "WAITING_FOR_RUNNER"


@pytest.mark.datapipeline(start="2020-01-01T00:00:00", running_from="hand-over")
def test_what_a_runner_has_taken_is_not_late_where_that_makes_it_run(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            activity("A", lateAfterTimeout="20 minutes", onLateAction=ref("Stop")),
            {"id": "Stop", "type": "Terminate"},
            occurrences=1,
        )
    )
    take(datapipeline_client)

    datapipeline_fake.clock.advance(1201)

    assert pipeline.instance("A").status == "WAITING_FOR_RUNNER"


# -- expressions of a run --------------------------------------------------------------------------


@pytest.mark.rule("error-field")
def test_an_expression_that_can_not_be_evaluated_fails_its_run_and_says_why(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", command="echo #{input.nothing}", input=ref("N")), node("N"))
    )

    fields = fields_of(datapipeline_client, pipeline.id, "@A_2020-01-01T00:00:00")

    assert fields["@status"] == "FAILED"
    assert "nothing" in fields["@error"]
    assert pipeline.instance("A").error_message == fields["@error"]


def test_a_chain_of_a_thousand_objects_runs_through(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake._settings.maximum_objects = 5000
    chain = [node(f"N{n + 1}", dependsOn=ref(f"N{n}")) for n in range(1000)]
    objects: list[dict[str, Any]] = [node("N0"), *chain]

    pipeline = datapipeline_fake.pipelines.activate(daily(*objects, occurrences=1))

    assert set(pipeline.statuses()) == {"FINISHED"}
    assert pipeline.state == "FINISHED"


@pytest.mark.rule("same-resource-for-retries")
def test_a_retry_runs_on_the_resource_of_the_attempt_before(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(activity("A", runsOn=ref("R")), RESOURCE, occurrences=1)
    )
    group = pipeline.instance("A").worker_group
    finish(datapipeline_client, group, "FAILED")
    before = fields_of(datapipeline_client, pipeline.id, "@R_2020-01-01T00:00:00")["@resourceId"]
    datapipeline_fake.clock.advance(600)

    finish(datapipeline_client, group)

    after = fields_of(datapipeline_client, pipeline.id, "@R_2020-01-01T00:00:00")["@resourceId"]
    assert before == after
    assert len(pipeline.instance("R").attempts) == 1
