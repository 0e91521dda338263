"""Calls of coroutines are held at gates as well. Skipped where aiobotocore is not installed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.runner import GROUP, HOST

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

aiobotocore_session = pytest.importorskip("aiobotocore.session")
AioConfig: Any = pytest.importorskip("aiobotocore.config").AioConfig


def test_a_coroutine_is_held_while_another_goes_on(datapipeline_fake: DataPipelineFake) -> None:
    task = datapipeline_fake.enqueue(GROUP)

    async def work(client: Any) -> None:
        held = (await client.poll_for_task(workerGroup=GROUP, hostname=HOST))["taskObject"]
        await client.report_task_progress(taskId=held["taskId"])
        await client.set_task_status(taskId=held["taskId"], taskStatus="FINISHED")

    async def main() -> None:
        session = aiobotocore_session.get_session()
        config = AioConfig(read_timeout=100)
        async with session.create_client("datapipeline", config=config) as client:
            with datapipeline_fake.hold("set_task_status") as held:
                runner = asyncio.create_task(work(client))
                await held.until()
                assert not task.ended
                held.release()
                await runner

    asyncio.run(main())
    task.assert_finished()
