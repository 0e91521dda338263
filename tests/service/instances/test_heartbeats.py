"""Heartbeats of task runners, and how one is told to end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


@pytest.mark.rule("heartbeat")
def test_heartbeats_are_recorded_for_each_runner(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    answer = datapipeline_client.report_task_runner_heartbeat(
        taskrunnerId="tr-1", workerGroup="wg", hostname="h"
    )
    datapipeline_fake.clock.advance(900)
    datapipeline_client.report_task_runner_heartbeat(taskrunnerId="tr-1")

    first, second = datapipeline_fake.heartbeats["tr-1"]
    assert answer["terminate"] is False
    assert (first.worker_group, first.hostname) == ("wg", "h")
    assert second.time - first.time == timedelta(seconds=900)


@pytest.mark.rule("terminate")
def test_a_test_can_ask_a_runner_to_terminate(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.terminate("tr-1")

    answers = [
        datapipeline_client.report_task_runner_heartbeat(taskrunnerId=runner)["terminate"]
        for runner in ("tr-1", "tr-2")
    ]

    assert answers == [True, False]
