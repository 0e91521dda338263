"""When the instances of data nodes come: with those that use them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.pipelines import activity, daily, on_demand

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake, Pipeline

pytestmark = pytest.mark.datapipeline(start="2020-01-01T00:00:00")

HOURLY = {
    "id": "Hourly",
    "type": "Schedule",
    "period": "1 hour",
    "startDateTime": "2020-01-01T00:00:00",
}


def node(id: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "type": "S3DataNode", "filePath": f"s3://bucket/{id}", **fields}


def counted(pipeline: Pipeline) -> dict[str, int]:
    """How many instances each object has."""
    return dict(Counter(held.id for held in pipeline.instances))


@pytest.mark.datapipeline(start="2025-01-01T00:00:00")
def test_inputs_of_five_years_back_come_with_the_activities_that_read_them(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        [
            {"id": "Default", "workerGroup": "wg", "schedule": {"ref": "Hourly"}},
            HOURLY,
            node("In"),
            activity("A", input={"ref": "In"}),
        ]
    )
    assert counted(pipeline) == {"In": 5, "A": 5}

    done: list[str] = []
    pipeline.run(lambda task: done.append(task.id), until=lambda: len(done) == 7)

    assert counted(pipeline) == {"In": 12, "A": 12}
    assert pipeline.statuses("In") == ["FINISHED"] * 12


def test_inputs_of_a_shorter_period_come_for_the_whole_interval_that_reads_them(
    datapipeline_fake: DataPipelineFake,
) -> None:
    read = node("In", schedule={"ref": "Hourly"})
    objects = daily(
        *(HOURLY, read, activity("A", input={"ref": "In"})), maxActiveInstances="1", occurrences=3
    )
    datapipeline_fake.clock.advance(timedelta(days=3))

    pipeline = datapipeline_fake.pipelines.activate(objects)
    assert counted(pipeline) == {"A": 1, "In": 24}

    pipeline.run(lambda _: None, until=lambda: pipeline.instance("A").ended)
    assert counted(pipeline) == {"A": 2, "In": 48}


def test_a_node_with_more_intervals_than_its_users_goes_on_after_them(
    datapipeline_fake: DataPipelineFake,
) -> None:
    read = node("In", schedule={"ref": "Hourly"})
    objects = daily(
        {**HOURLY, "occurrences": "30"}, read, activity("A", input={"ref": "In"}), occurrences=1
    )
    pipeline = datapipeline_fake.pipelines.activate(objects)

    pipeline.run(lambda _: None)

    assert pipeline.state == "FINISHED"
    assert counted(pipeline) == {"A": 1, "In": 30}


def test_a_node_that_nothing_uses_has_an_instance_for_each_interval(
    datapipeline_fake: DataPipelineFake,
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(daily(node("In"), occurrences=3))

    pipeline.run()

    assert pipeline.statuses("In") == ["FINISHED"] * 3


def test_while_an_activity_is_paused_its_nodes_are_not_created_either(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        daily(node("Out"), activity("A", output={"ref": "Out"}), occurrences=3)
    )
    datapipeline_client.set_status(pipelineId=pipeline.id, objectIds=["A"], status="PAUSE")
    datapipeline_fake.clock.advance(timedelta(days=1))
    assert counted(pipeline) == {"A": 1, "Out": 1}

    datapipeline_client.set_status(pipelineId=pipeline.id, objectIds=["A"], status="RESUME")

    assert counted(pipeline) == {"A": 2, "Out": 2}


def test_on_demand_each_run_brings_its_nodes(datapipeline_fake: DataPipelineFake) -> None:
    pipeline = datapipeline_fake.pipelines.activate(
        on_demand(
            node("In"), node("Out"), activity("A", input={"ref": "In"}, output={"ref": "Out"})
        )
    )
    pipeline.run(lambda _: None)

    pipeline.activate()
    pipeline.run(lambda _: None)

    assert counted(pipeline) == {"A": 2, "In": 2, "Out": 2}
    assert pipeline.state == "FINISHED"


@pytest.mark.parametrize(
    "used",
    [
        pytest.param(node("Used"), id="data node"),
        pytest.param(
            {"id": "Used", "type": "Ec2Resource", "role": "r", "resourceRole": "r"}, id="resource"
        ),
    ],
)
def test_what_has_no_schedule_follows_the_first_activity_that_uses_it(
    datapipeline_fake: DataPipelineFake, used: dict[str, Any]
) -> None:
    use = {"runsOn" if used["type"] == "Ec2Resource" else "input": {"ref": "Used"}}
    _, daily_schedule = daily(occurrences=2)
    pipeline = datapipeline_fake.pipelines.activate(
        [
            {"id": "Default", "workerGroup": "wg"},
            {**HOURLY, "occurrences": "5"},
            daily_schedule,
            used,
            activity("Daily", schedule={"ref": "S"}, **use),
            activity("Often", schedule={"ref": "Hourly"}, **use),
        ]
    )

    pipeline.run(lambda _: None)

    assert counted(pipeline) == {"Used": 2, "Daily": 2, "Often": 5}
