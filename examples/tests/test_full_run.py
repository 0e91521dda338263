"""The orchestration program and the task runner together: two days of hourly runs."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import orchestration
import pytest
from orchestration import Definition, Orchestrator

if TYPE_CHECKING:
    from collections.abc import Callable

    from task_runner import TaskRunner

    from pytest_datapipeline import DataPipelineFake

FILE = Path(orchestration.__file__).with_name("reports.json")


# The schedule began two days ago: 47 of its 48 runs are caught up on, the last comes at 23:00.
@pytest.mark.datapipeline(start="2024-05-02T22:05:00", virtual_sleep=True)
def test_two_days_of_hourly_runs_with_a_failure_that_is_run_again(
    datapipeline_fake: DataPipelineFake, make_runner: Callable[..., TaskRunner], tmp_path: Path
) -> None:
    # The ninth hour fails until somebody has mended what it needs.
    definition = Definition.read(FILE).with_values({"myStart": "2024-05-01T00:00:00"})
    mended = tmp_path / "mended"
    for held in definition.objects:
        if held["id"] == "Summarise":
            (command,) = (field for field in held["fields"] if field["key"] == "command")
            hour = "#{format(@scheduledStartTime, 'dd-HH')}"
            command["stringValue"] = f"test {hour} != 01-09 || test -e {mended}"
    make_runner().start()
    orchestrator = Orchestrator()
    pipeline_id = orchestrator.deploy("reports", definition)
    orchestrator.activate(pipeline_id, definition)

    failures = orchestrator.wait(pipeline_id, poll=300)
    mended.touch()
    orchestrator.rerun(pipeline_id, failures)
    left = orchestrator.wait(pipeline_id, poll=300)

    assert [failure.instance_id for failure in failures] == ["@Summarise_2024-05-01T09:00:00"]
    assert left == []
    pipeline = datapipeline_fake.pipelines[pipeline_id]
    pipeline.assert_finished()
    assert pipeline.statuses("Mail") == ["FINISHED"] * 48
    assert datapipeline_fake.clock.now() >= datetime(2024, 5, 2, 23, tzinfo=timezone.utc)
