"""How long it takes to look at what happened, and how large a page of it is."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from measure import Row, timed

from pytest_datapipeline import DataPipelineFake
from pytest_datapipeline._timeline.page import page

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = 10_000


def timelines(blocks: int) -> Iterator[Row]:
    """A runner's tasks: four events each, the enqueueing included."""
    with DataPipelineFake(contract="off") as fake:
        client = boto3.client("datapipeline", config=Config(read_timeout=100))
        for _ in range(EVENTS // 4):
            fake.enqueue("reports", {"command": "true"})
            task = client.poll_for_task(workerGroup="reports", hostname="me")["taskObject"]
            client.report_task_progress(taskId=task["taskId"])
            client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

        def made() -> str:
            return page(
                fake.timeline, test="test", outcome="failed", failure="", calls=0, findings=""
            )

        size = len(made().encode()) / 1e6  # the first one imports Jinja2
        times = [timed(made, 1) for _ in range(max(3, blocks // 6))]
        printed = [timed(lambda: str(fake.timeline), 1) for _ in times]
    yield Row(f"a timeline of {EVENTS:,} events, printed", "", statistics.median(printed), 1, "s")
    yield Row(f"a page of {EVENTS:,} events", "", statistics.median(times), 1, "s")
    yield Row("its size", "", size, 2, "MB")


ROWS = (timelines,)
