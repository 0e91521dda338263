"""Activation and deactivation by schedule, and what comes of a pipeline then."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from support.pipelines import (
    activated,
    activity,
    as_dict,
    cascading,
    created,
    daily,
    described,
    fields_of,
    finish,
    ids,
    on_demand,
    put,
    state,
    take,
)

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")


EVENTUAL = pytest.mark.datapipeline(start="2020-01-01T00:00:00", consistency="eventual")


NEW_YEAR = datetime(2020, 1, 1, tzinfo=timezone.utc)


# -- activation ------------------------------------------------------------------------------------


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


# -- deactivation ----------------------------------------------------------------------------------


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


def test_deactivation_of_what_does_not_run_changes_nothing(datapipeline_client: Any) -> None:
    pipeline_id = created(datapipeline_client)

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


# -- finishing and health --------------------------------------------------------------------------


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


# -- editing ---------------------------------------------------------------------------------------


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
