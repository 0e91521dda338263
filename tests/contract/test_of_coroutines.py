"""Runners of coroutines are judged as well. Skipped where aiobotocore is not installed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.runner import GROUP, HOST

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

aiobotocore_session = pytest.importorskip("aiobotocore.session")
AioConfig: Any = pytest.importorskip("aiobotocore.config").AioConfig


def work_one(read_timeout: int) -> None:
    """Work one task as AWS asks for, but for the read time-out."""

    async def main() -> None:
        session = aiobotocore_session.get_session()
        config = AioConfig(read_timeout=read_timeout)
        async with session.create_client("datapipeline", config=config) as client:
            answer = await client.poll_for_task(workerGroup=GROUP, hostname=HOST)
            task_id = answer["taskObject"]["taskId"]
            await client.report_task_progress(taskId=task_id)
            await client.set_task_status(taskId=task_id, taskStatus="FINISHED")

    asyncio.run(main())


def test_a_right_runner_gives_no_finding(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue(GROUP)

    work_one(read_timeout=100)

    assert not datapipeline_fake.findings


def test_an_impatient_client_is_found(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue(GROUP)

    work_one(read_timeout=60)

    (found,) = datapipeline_fake.findings
    assert found.id == "short-read-timeout"
    assert found.calls[0].operation == "PollForTask"
