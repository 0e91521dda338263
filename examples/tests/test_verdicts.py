"""Is the runner right? Findings, everything going wrong at every call, and a race pinned down."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from task_runner import TaskRunner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_datapipeline import DataPipelineFake, Exploration

GROUP = "reports"


class VirtualEvent(threading.Event):
    """Waits in the fake's time, as time.sleep does with virtual_sleep."""

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(timeout or 0)
        return self.is_set()


def test_the_runner_does_what_aws_asks_for(
    datapipeline_fake: DataPipelineFake, tmp_path: Path
) -> None:
    datapipeline_fake.enqueue(GROUP, {"command": "echo one"}, {"command": "exit 1"})
    runner = TaskRunner([GROUP], tmp_path)

    runner.run_once(GROUP)
    runner.run_once(GROUP)

    assert not datapipeline_fake.findings, datapipeline_fake.timeline


def test_nothing_that_goes_wrong_at_any_call_stops_the_runner(
    datapipeline_explore: Callable[..., Exploration], tmp_path: Path
) -> None:
    def scenario(fake: DataPipelineFake) -> None:
        task = fake.enqueue(GROUP, {"command": "true"})
        runner = TaskRunner([GROUP], tmp_path, stopped=VirtualEvent())
        fake.run(lambda: runner.work(GROUP))
        task.assert_finished()

    exploration = datapipeline_explore(scenario, contract="fail")

    assert len(exploration.trials) == 47


def test_a_task_that_is_canceled_as_its_acknowledgement_arrives_is_not_begun(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    task = datapipeline_fake.enqueue(GROUP, {"command": f"touch {begun}"})
    runner = TaskRunner([GROUP], tmp_path / "output", client=datapipeline_client)

    with datapipeline_fake.hold("report_task_progress") as held:
        thread = threading.Thread(target=runner.run_once, args=[GROUP])
        thread.start()
        held.wait()
        task.cancel()
    thread.join()

    assert not begun.exists()
