"""The contract holds for a runner of coroutines. Skipped where aiobotocore is not installed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datapipeline import DataPipelineFake, RunnerContract

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

aiobotocore_session = pytest.importorskip("aiobotocore.session")
AioConfig: Any = pytest.importorskip("aiobotocore.config").AioConfig
GONE = ("TaskNotFoundException", "PipelineNotFoundException", "PipelineDeletedException")


class Gone(Exception):
    """The task is not this runner's any more."""


class TestCoroutines(RunnerContract):
    claims = frozenset({"back_off", "faults", "hostname", "restart", "two_runners"})

    def start(self, fake: DataPipelineFake) -> Callable[[], object]:
        async def loop() -> None:
            session = aiobotocore_session.get_session()
            config = AioConfig(read_timeout=100)
            async with session.create_client("datapipeline", config=config) as client:
                while True:
                    try:
                        await self.once(client)
                    except Gone:
                        continue

        return loop

    async def once(self, client: Any) -> None:
        answer = await self.repeat(
            lambda: client.poll_for_task(workerGroup=self.worker_group, hostname="coroutine")
        )
        task = answer.get("taskObject")
        if task is None:
            return
        task_id = task["taskId"]
        answer = await self.repeat(lambda: client.report_task_progress(taskId=task_id))
        if not answer.get("canceled"):
            await self.repeat(lambda: client.set_task_status(taskId=task_id, taskStatus="FINISHED"))

    async def repeat(self, call: Callable[[], Awaitable[Any]]) -> Any:
        pause = 1
        while True:
            try:
                return await call()
            except Exception as error:
                response = getattr(error, "response", None) or {}
                if response.get("Error", {}).get("Code") in GONE:
                    raise Gone from None
            await asyncio.sleep(pause)
            pause = min(2 * pause, 300)
