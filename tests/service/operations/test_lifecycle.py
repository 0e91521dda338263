"""The life of a pipeline: states, activation, deactivation, deletion, changes, health."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from support.pipelines import (
    activated,
    activity,
    as_dict,
    cascading,
    created,
    daily,
    described,
    error_of,
    fields_of,
    finish,
    ids,
    on_demand,
    put,
    state,
    take,
)

from pytest_datapipeline._fake.definition_files import request_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_datapipeline import DataPipelineFake, Task

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")

EVENTUAL = pytest.mark.datapipeline(start="2020-01-01T00:00:00", consistency="eventual")
NEW_YEAR = datetime(2020, 1, 1, tzinfo=timezone.utc)


# -- what is described ----------------------------------------------------------------------------


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


# -- activation -----------------------------------------------------------------------------------


@pytest.mark.rule(
    "nothing-runnable-finishes", "finished-can-be-activated-again", "version-counts-activations"
)
def test_a_pipeline_with_nothing_to_run_finishes_and_can_be_activated_again(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(datapipeline_client, [{"id": "Default", "myField": "x"}])
    assert described(datapipeline_client, pipeline_id)["@version"] == "1"

    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    fields = described(datapipeline_client, pipeline_id)
    assert (fields["@pipelineState"], fields["@version"]) == ("FINISHED", "2")


@EVENTUAL
@pytest.mark.rule("activation-timeline", "scheduling-state", "first-instances-late")
def test_an_activation_takes_the_recorded_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    at_once = described(datapipeline_client, pipeline_id)
    datapipeline_fake.clock.advance(1)
    later = described(datapipeline_client, pipeline_id)
    none_yet = ids(datapipeline_client, pipeline_id)
    datapipeline_fake.clock.advance(4)

    assert at_once["@pipelineState"] == "PENDING"
    assert "@firstActivationTime" in at_once
    assert "@lastActivationTime" not in at_once
    assert (later["@pipelineState"], later["@version"]) == ("SCHEDULING", "1")
    assert "@nextRunTime" not in later
    assert none_yet == []
    assert state(datapipeline_client, pipeline_id) == "SCHEDULED"
    assert ids(datapipeline_client, pipeline_id) == ["@A_2020-01-01T00:00:00"]


@EVENTUAL
@pytest.mark.rule("activation-timeline", "reactivation-timeline")
def test_an_activation_of_a_finished_pipeline_takes_the_recorded_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, [{"id": "Default", "myField": "x"}])
    datapipeline_fake.clock.advance(11)
    finished = described(datapipeline_client, pipeline_id)
    datapipeline_fake.clock.advance(325)

    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)
    at_once = described(datapipeline_client, pipeline_id)
    datapipeline_fake.clock.advance(11)
    later = described(datapipeline_client, pipeline_id)

    assert finished["@pipelineState"] == "FINISHED"
    assert finished["@lastActivationTime"] == "2020-01-01T00:00:00"
    assert finished["@finishedTime"] == "2020-01-01T00:00:02"
    assert at_once == finished
    assert (later["@pipelineState"], later["@version"]) == ("FINISHED", "2")
    assert later["@lastActivationTime"] == "2020-01-01T00:05:37"
    assert later["@finishedTime"] == "2020-01-01T00:05:38"


@EVENTUAL
@pytest.mark.parametrize("seconds", [0, 2])
def test_a_deactivation_holds_for_an_activation_that_does_not_show_yet(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, seconds: int
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    datapipeline_fake.clock.advance(seconds)

    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)
    at_once = state(datapipeline_client, pipeline_id)
    datapipeline_fake.clock.advance(60)

    assert at_once == "DEACTIVATING"
    assert state(datapipeline_client, pipeline_id) == "INACTIVE"
    assert ids(datapipeline_client, pipeline_id) == []


@EVENTUAL
def test_an_activation_holds_for_a_pipeline_that_is_still_deactivating(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    datapipeline_fake.clock.advance(5)
    take(datapipeline_client)
    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)

    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)
    datapipeline_fake.clock.advance(5)

    assert state(datapipeline_client, pipeline_id) == "SCHEDULED"
    assert datapipeline_fake.pipelines[pipeline_id].statuses() == ["WAITING_FOR_RUNNER"]


@EVENTUAL
@pytest.mark.parametrize("state_", ["SCHEDULING", "SCHEDULED"])
def test_a_test_can_wait_for_a_state_on_the_way(
    datapipeline_fake: DataPipelineFake, state_: str
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(activity("A")))

    pipeline.run(until=state_)

    assert pipeline.state == state_


@EVENTUAL
def test_a_listing_lags_behind_a_creation(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    created(datapipeline_client)

    at_once = datapipeline_client.list_pipelines()["pipelineIdList"]
    datapipeline_fake.clock.advance(2)

    assert at_once == []
    assert len(datapipeline_client.list_pipelines()["pipelineIdList"]) == 1


@pytest.mark.rule("old-start-activates")
def test_a_schedule_of_long_ago_can_be_activated(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    schedule = {
        "id": "S",
        "type": "Schedule",
        "period": "1 hour",
        "startDateTime": "2012-12-12T00:00:00",
        "endDateTime": "2012-12-21T18:00:00",
    }
    pipeline_id = activated(
        datapipeline_client,
        [{"id": "Default", "workerGroup": "wg", "schedule": {"ref": "S"}}, schedule, activity("A")],
    )

    datapipeline_fake.pipelines[pipeline_id].run(lambda _: None)

    assert len(ids(datapipeline_client, pipeline_id)) == 234


@pytest.mark.datapipeline(start="2020-01-03T00:00:00", backfill="refuse")
def test_a_setting_refuses_a_start_of_long_ago(datapipeline_client: Any) -> None:
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        activated(datapipeline_client, daily(activity("A")))

    assert "more than a day ago" in error_of(error)[1]


# -- on demand ------------------------------------------------------------------------------------


@pytest.mark.rule("on-demand-runs-once-per-activation", "on-demand-ids", "on-demand-finishes")
def test_each_activation_runs_an_on_demand_pipeline_once(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, on_demand(activity("A")))
    finish(datapipeline_client)
    assert state(datapipeline_client, pipeline_id) == "FINISHED"
    datapipeline_fake.clock.advance(60)

    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert ids(datapipeline_client, pipeline_id) == [
        "@A_2020-01-01T00:00:00",
        "@A_2020-01-01T00:01:00",
    ]


def test_an_on_demand_pipeline_that_is_activated_after_a_deactivation_runs_once(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, on_demand(activity("A")))
    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)

    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    pipeline = datapipeline_fake.pipelines[pipeline_id]
    assert pipeline.statuses() == ["CANCELED", "WAITING_FOR_RUNNER"]


@EVENTUAL
def test_an_activation_on_demand_that_does_not_show_yet_counts_as_a_run(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(datapipeline_client, on_demand(activity("A")))

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.activate_pipeline(pipelineId=pipeline_id)


@EVENTUAL
def test_an_activation_on_demand_that_comes_to_nothing_leaves_no_run_behind(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, on_demand(activity("A")))
    datapipeline_fake.clock.advance(2)
    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)
    datapipeline_fake.clock.advance(2)

    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)
    datapipeline_fake.clock.advance(10)

    assert len(ids(datapipeline_client, pipeline_id)) == 1


@pytest.mark.rule("health")
def test_an_on_demand_pipeline_tells_its_health_and_its_latest_run(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(on_demand(activity("A")))
    pipeline.run(lambda _: "FAILED")

    fields = described(datapipeline_client, pipeline.id)

    assert fields["@healthStatus"] == "ERROR"
    assert fields["@healthStatusUpdatedTime"] == "2020-01-01T00:20:00"
    assert fields["@latestRunTime"] == "2020-01-01T00:00:00"
    assert "@scheduledPeriod" not in fields


@pytest.mark.rule("on-demand-limit")
def test_an_on_demand_pipeline_is_not_activated_while_it_runs(datapipeline_client: Any) -> None:
    pipeline_id = activated(datapipeline_client, on_demand(activity("A")))

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as error:
        datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert error_of(error)[1].startswith("Web service limit exceeded: ")
    assert described(datapipeline_client, pipeline_id)["@version"] == "1"


@pytest.mark.rule("on-demand-max-active")
def test_an_on_demand_pipeline_runs_as_often_at_a_time_as_it_says(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(datapipeline_client, on_demand(activity("A"), maxActiveInstances="2"))

    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert len(ids(datapipeline_client, pipeline_id)) == 2
    with pytest.raises(ClientError):
        datapipeline_client.activate_pipeline(pipelineId=pipeline_id)


@pytest.mark.rule("on-demand-max-active")
@pytest.mark.parametrize(("limit", "errored"), [("5", False), ("6", True)])
def test_more_than_five_runs_at_a_time_are_an_error(
    datapipeline_client: Any, limit: str, errored: bool
) -> None:
    definition = on_demand(activity("A"), maxActiveInstances=limit)

    answer = put(datapipeline_client, created(datapipeline_client), definition)

    assert answer["errored"] == errored


@pytest.mark.datapipeline(start="2020-01-01T00:00:00", on_demand_reactivation="cancel")
def test_a_setting_cancels_the_run_of_an_on_demand_pipeline_that_is_activated_again(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, on_demand(activity("A")))

    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    statuses = datapipeline_fake.pipelines[pipeline_id].statuses()
    assert statuses == ["CANCELED", "WAITING_FOR_RUNNER"]


def _with_parameter(command: str = "#{myC}") -> dict[str, Any]:
    """A definition whose activity uses a parameter."""
    return {
        **request_of(on_demand(activity("A", command=command))),
        "parameterObjects": [{"id": "myC", "attributes": []}],
    }


@pytest.mark.rule("parameter-without-value")
def test_a_definition_without_a_value_is_stored_and_runs_with_values_of_the_activation(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)
    answer = datapipeline_client.put_pipeline_definition(
        pipelineId=pipeline_id, **_with_parameter()
    )

    datapipeline_client.activate_pipeline(
        pipelineId=pipeline_id, parameterValues=[{"id": "myC", "stringValue": "echo"}]
    )

    assert answer["errored"]
    assert answer["validationErrors"] == [
        {"id": "myC", "errors": ["Value is missing for this parameter"]}
    ]
    task = take(datapipeline_client)
    assert as_dict(task["objects"][task["attemptId"]]["fields"])["command"] == "echo"


@pytest.mark.rule("parameter-without-value")
def test_a_definition_without_a_value_can_not_be_activated_without_it(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)
    datapipeline_client.put_pipeline_definition(pipelineId=pipeline_id, **_with_parameter())

    with pytest.raises(ClientError, match="on myC: Value is missing for this parameter"):
        datapipeline_client.activate_pipeline(pipelineId=pipeline_id)


def test_a_test_may_create_a_pipeline_and_bring_the_values_when_it_activates_it(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.create(_with_parameter())

    pipeline.activate({"myC": "echo"})

    assert pipeline.statuses() == ["WAITING_FOR_RUNNER"]


@pytest.mark.datapipeline(start="2020-01-01T00:00:00", on_demand_reactivation="ignore")
def test_an_activation_that_is_ignored_leaves_the_values_as_they_were(
    datapipeline_client: Any,
) -> None:
    pipeline_id = created(datapipeline_client)
    put(datapipeline_client, pipeline_id, on_demand(activity("A", command="#{myC}")), myC="old")
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    datapipeline_client.activate_pipeline(
        pipelineId=pipeline_id, parameterValues=[{"id": "myC", "stringValue": "new"}]
    )

    got = datapipeline_client.get_pipeline_definition(pipelineId=pipeline_id)
    assert got["parameterValues"] == [{"id": "myC", "stringValue": "old"}]


@pytest.mark.datapipeline(start="2020-01-01T00:00:00", on_demand_reactivation="ignore")
def test_a_setting_ignores_the_activation_of_an_on_demand_pipeline_that_runs(
    datapipeline_client: Any,
) -> None:
    pipeline_id = activated(datapipeline_client, on_demand(activity("A")))

    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert len(ids(datapipeline_client, pipeline_id)) == 1


# -- deactivation ---------------------------------------------------------------------------------


@pytest.mark.rule("deactivate-cancels", "deactivating-then-inactive")
def test_deactivation_cancels_and_waits_until_runners_know(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A"), activity("B")))
    task_id = take(datapipeline_client)["taskId"]

    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)
    while_held = state(datapipeline_client, pipeline_id)
    canceled = datapipeline_client.report_task_progress(taskId=task_id)["canceled"]

    assert while_held == "DEACTIVATING"
    assert canceled is True
    assert state(datapipeline_client, pipeline_id) == "INACTIVE"
    assert datapipeline_fake.pipelines[pipeline_id].statuses() == ["CANCELED", "CANCELED"]


@pytest.mark.rule("deactivate-lets-finish")
def test_deactivation_can_let_what_runs_finish(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    task_id = take(datapipeline_client)["taskId"]

    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id, cancelActive=False)
    assert datapipeline_client.report_task_progress(taskId=task_id)["canceled"] is False
    datapipeline_client.set_task_status(taskId=task_id, taskStatus="FINISHED")

    assert state(datapipeline_client, pipeline_id) == "INACTIVE"
    assert datapipeline_fake.pipelines[pipeline_id].statuses() == ["FINISHED"]


@pytest.mark.rule("inactive-makes-nothing", "resume-from-last-completed")
def test_a_pipeline_that_is_resumed_makes_up_for_what_it_missed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A"), occurrences=5))
    pipeline = datapipeline_fake.pipelines[pipeline_id]
    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)
    datapipeline_fake.clock.advance(timedelta(days=2))
    assert len(pipeline.instances) == 1

    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    assert pipeline.statuses() == ["WAITING_FOR_RUNNER"] * 3
    assert described(datapipeline_client, pipeline_id)["@version"] == "2"


@pytest.mark.rule("start-timestamp-not-on-demand")
def test_a_start_timestamp_does_nothing_on_demand(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = created(datapipeline_client)
    put(datapipeline_client, pipeline_id, on_demand(activity("A")))

    datapipeline_client.activate_pipeline(
        pipelineId=pipeline_id, startTimestamp=NEW_YEAR + timedelta(days=7)
    )

    assert datapipeline_fake.pipelines[pipeline_id].statuses() == ["WAITING_FOR_RUNNER"]


@pytest.mark.rule("start-timestamp-skips")
def test_a_start_timestamp_skips_what_was_before(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A"), occurrences=5))
    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)
    datapipeline_fake.clock.advance(timedelta(days=3))

    datapipeline_client.activate_pipeline(
        pipelineId=pipeline_id, startTimestamp=NEW_YEAR + timedelta(days=2)
    )

    assert datapipeline_fake.pipelines[pipeline_id].statuses() == [
        *("CANCELED", "SKIPPED", "WAITING_FOR_RUNNER", "WAITING_FOR_RUNNER")
    ]


def test_deactivation_of_what_does_not_run_is_accepted_or_refused(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = created(datapipeline_client)

    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)
    datapipeline_fake._settings.deactivation = "refuse"

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)
    assert state(datapipeline_client, pipeline_id) == "PENDING"


def test_a_dead_runner_does_not_keep_a_pipeline_deactivating_for_ever(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A")))
    take(datapipeline_client)

    datapipeline_client.deactivate_pipeline(pipelineId=pipeline_id)
    datapipeline_fake.clock.advance(900)

    assert state(datapipeline_client, pipeline_id) == "INACTIVE"


# -- deletion -------------------------------------------------------------------------------------


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


# -- set status -----------------------------------------------------------------------------------


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


# -- finishing and health -------------------------------------------------------------------------


@pytest.mark.rule("failed-also-finishes", "no-running-state")
def test_a_pipeline_that_failed_is_finished_as_well(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(
        datapipeline_client, cascading(activity("A"), activity("B", dependsOn={"ref": "A"}))
    )
    take(datapipeline_client)
    while_running = state(datapipeline_client, pipeline_id)

    datapipeline_fake.pipelines[pipeline_id].run(lambda _: "FAILED")

    assert while_running == "SCHEDULED"
    assert state(datapipeline_client, pipeline_id) == "FINISHED"


@pytest.mark.rule("health")
def test_a_pipeline_is_in_error_if_any_component_is(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A"), activity("B")))
    pipeline = datapipeline_fake.pipelines[pipeline_id]

    pipeline.run(lambda work: "FAILED" if work.id == "B" else None, until=timedelta(hours=5))

    good = fields_of(datapipeline_client, pipeline_id, "A")
    bad = fields_of(datapipeline_client, pipeline_id, "B")
    assert good["@healthStatus"] == "HEALTHY"
    assert bad["@healthStatus"] == "ERROR"
    assert bad["@healthStatusFromInstanceId"] == "@B_2020-01-01T00:00:00"
    assert described(datapipeline_client, pipeline_id)["@healthStatus"] == "ERROR"


# -- editing --------------------------------------------------------------------------------------


@pytest.mark.rule("edits-after-activation")
def test_an_activated_pipeline_can_not_be_changed_in_everything(datapipeline_client: Any) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A"), activity("B")))

    removed = put(datapipeline_client, pipeline_id, daily(activity("A")))
    rewired = put(
        datapipeline_client,
        pipeline_id,
        daily(activity("A"), activity("B", dependsOn={"ref": "A"})),
    )

    assert removed["errored"] is True
    assert rewired["errored"] is True


@pytest.mark.rule("edits-take-an-activation")
def test_a_change_holds_for_new_runs_after_another_activation(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A"), occurrences=3))
    put(datapipeline_client, pipeline_id, daily(activity("A", command="new"), occurrences=3))
    datapipeline_fake.clock.advance(timedelta(days=1))
    old = [take(datapipeline_client) for _ in range(2)]
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)
    datapipeline_fake.clock.advance(timedelta(days=1))

    commands = []
    versions = []
    for instance in ids(datapipeline_client, pipeline_id):
        fields = fields_of(datapipeline_client, pipeline_id, instance, evaluate=True)
        commands.append(fields["command"])
        versions.append(fields["@version"])

    assert len(old) == 2
    assert versions == ["1", "1", "2"]
    assert commands == ["true", "true", "new"]


@pytest.mark.rule("edits-take-an-activation")
def test_a_run_that_waits_is_not_touched_by_a_change(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline_id = activated(datapipeline_client, daily(activity("A"), occurrences=2))
    changed = activity("A", command="new", workerGroup="others", maximumRetries="0")
    put(datapipeline_client, pipeline_id, daily(changed, occurrences=2))
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    first = take(datapipeline_client)
    datapipeline_client.set_task_status(taskId=first["taskId"], taskStatus="FAILED")
    datapipeline_fake.clock.advance(timedelta(days=1))
    second = take(datapipeline_client, "others")

    task = datapipeline_fake.pipelines[pipeline_id].instance("A")
    assert as_dict(first["objects"][first["attemptId"]]["fields"])["command"] == "true"
    assert (task.status, len(task.attempts)) == ("WAITING_FOR_RUNNER", 2)
    assert as_dict(second["objects"][second["attemptId"]]["fields"])["command"] == "new"


def test_what_depends_on_a_run_from_before_a_change_goes_on_after_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    before = [activity("A"), activity("B", dependsOn={"ref": "A"})]
    after = [activity("A", command="new"), activity("B", dependsOn={"ref": "A"}, command="new")]
    pipeline_id = activated(datapipeline_client, daily(*before, occurrences=1))
    put(datapipeline_client, pipeline_id, daily(*after, occurrences=1))
    datapipeline_client.activate_pipeline(pipelineId=pipeline_id)

    worked = [finish(datapipeline_client), finish(datapipeline_client)]

    assert worked == ["@A_2020-01-01T00:00:00_Attempt=1", "@B_2020-01-01T00:00:00_Attempt=1"]
    assert state(datapipeline_client, pipeline_id) == "FINISHED"
