"""The template of the nightly reports: what it runs in each stage, and how often it tries."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pytest_datapipeline import DataPipelineFake, FakeUsageError, Work

pytest.importorskip("yaml", reason="needs pytest-datapipeline[definitions]")

TEMPLATE = Path(__file__).parents[1] / "definitions" / "template.yaml"
AN_HOUR = timedelta(hours=1)

pytestmark = pytest.mark.datapipeline(start="2030-01-01T02:00:00")


@pytest.mark.parametrize(("stage", "group"), [("test", "reports-test"), ("prod", "reports")])
def test_each_stage_has_runners_of_its_own(
    datapipeline_fake: DataPipelineFake, stage: str, group: str
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(TEMPLATE, template_parameters={"Stage": stage})
    commands = []

    def play_the_runner(work: Work) -> None:
        commands.append(work.fields["command"])

    pipeline.run(play_the_runner, until=AN_HOUR)

    assert pipeline.instance("Extract").worker_group == group
    assert len(commands) == 1


@pytest.mark.parametrize(("stage", "tries"), [("test", 1), ("prod", 4)])
def test_production_tries_again(
    datapipeline_fake: DataPipelineFake, stage: str, tries: int
) -> None:
    pipeline = datapipeline_fake.pipelines.activate(TEMPLATE, template_parameters={"Stage": stage})

    pipeline.run(lambda _: "FAILED", until=AN_HOUR)

    assert pipeline.instance("Extract").status == "FAILED"
    assert len(pipeline.instance("Extract").attempts) == tries


def test_a_stage_that_the_template_does_not_allow(datapipeline_fake: DataPipelineFake) -> None:
    with pytest.raises(FakeUsageError, match=r"template\.yaml.*'Stage' is given as 'live'"):
        datapipeline_fake.pipelines.activate(TEMPLATE, template_parameters={"Stage": "live"})
