"""What it costs to judge a runner: each of its calls, and whole explorations."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from measure import Row, ratio, timed

from pytest_datapipeline import DataPipelineFake, explore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

CALLS = 150


def client() -> Any:
    return boto3.client("datapipeline", region_name="us-east-1", config=Config(read_timeout=100))


def polls(polling: Any, contract: Literal["off", "warn"], *, ready: bool) -> float:
    with DataPipelineFake(contract=contract, idle_limit=1e9) as fake:
        if ready:
            fake.enqueue("wg", *[{"command": "true"}] * (CALLS + 1))
        return timed(lambda: polling.poll_for_task(workerGroup="wg", hostname="me"), CALLS, 1)


def judged(blocks: int) -> Iterator[Row]:
    """A poll with and without a judge."""
    polling = client()
    for ready, what in ((True, "ready"), (False, "empty")):
        measured = ratio(
            lambda ready=ready: polls(polling, "warn", ready=ready),  # type: ignore[misc]  # mypy infers no such lambda
            lambda ready=ready: polls(polling, "off", ready=ready),  # type: ignore[misc]  # mypy infers no such lambda
            blocks,
        )
        yield Row(f"{what} poll, judged by the contract", "not judged", measured, 1.08)


def explored(_: int) -> Iterator[Row]:
    """Two tasks, six calls, some ninety runs; one client for all, or a new one in each run."""
    kept = client()

    def scenario(fake: DataPipelineFake, made: Any = None) -> None:
        fake.enqueue("wg", {"command": "one"}, {"command": "two"})
        using = made or client()

        def loop() -> None:
            while True:
                try:
                    task = using.poll_for_task(workerGroup="wg", hostname="me").get("taskObject")
                    if task and not using.report_task_progress(taskId=task["taskId"])["canceled"]:
                        using.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
                except Exception:  # noqa: PERF203  # as a runner has it
                    time.sleep(1)

        fake.run(loop)

    def with_kept(fake: DataPipelineFake) -> None:
        scenario(fake, kept)

    for named, run in (("one client for all", with_kept), ("a client in each", scenario)):
        explore(run)
        start = time.process_time()
        runs = len(explore(run).trials)
        each = (time.process_time() - start) / runs * 1e3
        limit = 6 if run is with_kept else 12
        yield Row(f"a run of an exploration of six calls, {named}", "", each, limit, "ms CPU")


ROWS = (judged, explored)
