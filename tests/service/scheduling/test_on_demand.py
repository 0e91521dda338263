"""Pipelines that run on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from support.pipelines import (
    activated,
    activity,
    as_dict,
    created,
    described,
    error_of,
    finish,
    ids,
    on_demand,
    put,
    request_of,
    state,
    take,
)

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")


EVENTUAL = pytest.mark.datapipeline(start="2020-01-01T00:00:00", consistency="eventual")


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
