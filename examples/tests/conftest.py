"""Runners for the tests. Nothing has to be set up for the fake: its fixture is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from task_runner import TaskRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_datapipeline import DataPipelineFake


@pytest.fixture
def make_runner(
    datapipeline_fake: DataPipelineFake, tmp_path: Path
) -> Iterator[Callable[..., TaskRunner]]:
    """Makes runners with real waits of milliseconds, and stops those that were started."""
    made: list[TaskRunner] = []

    def make(name: str = "runner", **options: Any) -> TaskRunner:
        options = {"first_delay": 0.001, "progress_interval": 0.02, **options}
        runner = TaskRunner(
            ["workers"], tmp_path / "output", taskrunner_id=name, hostname=name, **options
        )
        made.append(runner)
        return runner

    yield make
    for runner in made:
        runner.stop()
    # Open polls end by virtual time.
    datapipeline_fake.wait_until(lambda: not any(runner.alive for runner in made))


@pytest.fixture
def runner(make_runner: Callable[..., TaskRunner]) -> TaskRunner:
    """A runner for the worker group "workers"."""
    return make_runner()
