"""Waits for coroutines whose tasks were canceled. Skipped where aiobotocore is not installed."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from typing import Any

import pytest

from pytest_datapipeline import DataPipelineFake, report_task_progress

aiobotocore_session = pytest.importorskip("aiobotocore.session")
AioConfig: Any = pytest.importorskip("aiobotocore.config").AioConfig

pytestmark = pytest.mark.datapipeline(start="2024-01-01T00:00:00", contract="report")
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize("kind", ["run", "until", "until the task ends"])
@pytest.mark.parametrize(("looks", "found"), [(True, []), (False, ["canceled-ignored"])])
def test_a_coroutine_is_waited_for_as_well(
    datapipeline_fake: DataPipelineFake, kind: str, looks: bool, found: list[str]
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task.cancel(delay=150)

    async def main() -> None:
        async with aiobotocore_session.get_session().create_client(
            "datapipeline", config=AioConfig(read_timeout=100)
        ) as client:

            async def loop() -> None:
                while True:
                    polled = await client.poll_for_task(workerGroup="wg", hostname="h")
                    while "taskObject" in polled:
                        answer = await client.report_task_progress(
                            taskId=polled["taskObject"]["taskId"]
                        )
                        if answer["canceled"] and looks:
                            break
                        await asyncio.sleep(60)

            if kind == "run":
                await datapipeline_fake.run(loop)
            else:
                runner = asyncio.create_task(loop())
                await datapipeline_fake.until(None if kind == "until" else task)
                runner.cancel()

    asyncio.run(main())

    assert datapipeline_fake.findings.broken == found
    assert datapipeline_fake.calls.count(report_task_progress()) == 4 + len(found)


def test_what_the_waiting_coroutine_has_itself_is_not_waited_for(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg")

    async def main() -> None:
        async with aiobotocore_session.get_session().create_client(
            "datapipeline", config=AioConfig(read_timeout=100)
        ) as client:
            await client.poll_for_task(workerGroup="wg", hostname="h")
            task.cancel()
            await datapipeline_fake.until()

    asyncio.run(main())

    assert datapipeline_fake.clock.now() == START
