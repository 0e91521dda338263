"""Scenarios of coroutines are explored as well, and sleep in virtual time.

Skipped where aiobotocore is not installed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.runner import GROUP, HOST

from pytest_datapipeline import explore

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

aiobotocore_session = pytest.importorskip("aiobotocore.session")
AioConfig: Any = pytest.importorskip("aiobotocore.config").AioConfig


def test_a_scenario_of_coroutines_is_explored() -> None:
    aiobotocore_session = pytest.importorskip("aiobotocore.session")

    from aiobotocore.config import AioConfig

    def scenario(fake: DataPipelineFake) -> None:
        task = fake.enqueue(GROUP)

        async def loop(client: Any) -> None:
            while True:
                try:
                    answer = await client.poll_for_task(workerGroup=GROUP, hostname=HOST)
                    held = answer.get("taskObject")
                    if held is not None:
                        await client.report_task_progress(taskId=held["taskId"])
                        await client.set_task_status(taskId=held["taskId"], taskStatus="FINISHED")
                except Exception:
                    await asyncio.sleep(1)

        async def main() -> None:
            session = aiobotocore_session.get_session()
            config = AioConfig(read_timeout=100)
            async with session.create_client("datapipeline", config=config) as client:
                await fake.run(lambda: loop(client))

        asyncio.run(main())
        task.assert_finished()

    exploration = explore(scenario, only=["throttling", "answer_lost", "runner_dies"])

    assert {trial.outcome for trial in exploration.trials} == {"passed"}
