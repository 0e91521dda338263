"""What runs on a resource of another schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.pipelines import activity, daily, finish

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

RESOURCE = {"id": "R", "type": "Ec2Resource", "role": "r", "resourceRole": "r"}


@pytest.mark.datapipeline(start="2020-01-02T00:00:00")
def test_an_activity_runs_once_on_several_instances_of_a_resource(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    hourly = {
        "id": "Hourly",
        "type": "Schedule",
        "period": "1 hour",
        "startDateTime": "2020-01-01T00:00:00",
        "occurrences": "3",
    }
    often = activity("Often", runsOn={"ref": "R"}, schedule={"ref": "Hourly"})
    pipeline = datapipeline_fake.pipelines.activate(
        daily(
            *(hourly, {**RESOURCE, "schedule": {"ref": "Hourly"}}, often, activity("Before")),
            activity("A", runsOn={"ref": "R"}, dependsOn={"ref": "Before"}),
            occurrences=1,
        )
    )
    assert pipeline.statuses("R") == ["RUNNING"] * 3

    finish(datapipeline_client)

    assert pipeline.statuses("A") == ["WAITING_FOR_RUNNER"]
    assert len(pipeline.instance("A").attempts) == 1
