"""What a user's type checker refuses. Each line has the complaint of mypy and of pyright: both say
so where one of them is no longer needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_datapipeline import DataPipelineFake, explore, poll_for_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_datapipeline import Explore, RunnerContract


def scenario(fake: DataPipelineFake) -> None:
    fake.enqueue("reports")


def settings() -> None:
    DataPipelineFake(freezes=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    DataPipelineFake(freeze="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    DataPipelineFake(contract="loud")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    DataPipelineFake(patience=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def explorations(datapipeline_explore: Explore) -> None:
    explore(scenario, freezes=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    explore(scenario, seed="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    datapipeline_explore(scenario, kinds=["503"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    datapipeline_explore(scenario, freeze="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def tasks(datapipeline_fake: DataPipelineFake, suite: RunnerContract) -> None:
    datapipeline_fake.enqueue("reports", named="A")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    suite.enqueue(seconds=1, later=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def matchers() -> None:
    poll_for_task(workergroup="reports")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def pipelines(datapipeline_fake: DataPipelineFake, make: Callable[[], int]) -> None:
    datapipeline_fake.pipelines.activate(make())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    datapipeline_fake.pipelines.diff("a.json", make)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
