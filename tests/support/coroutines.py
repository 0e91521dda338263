"""aiobotocore's clients under asyncio. Tests that import it are skipped where that is missing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

aiobotocore_session: Any = pytest.importorskip("aiobotocore.session")
AioConfig: Any = pytest.importorskip("aiobotocore.config").AioConfig


def client(**config: Any) -> Any:
    """A client of aiobotocore, to be entered; with a patient read time-out unless one is given."""
    return aiobotocore_session.get_session().create_client(
        "datapipeline", config=AioConfig(**{"read_timeout": 100, **config})
    )


def with_client(function: Callable[[Any], Awaitable[Any]], **config: Any) -> Any:
    """Run a coroutine function with a client."""

    async def main() -> Any:
        async with client(**config) as made:
            return await function(made)

    return asyncio.run(main())


async def work_one_task(client: Any) -> str:
    """Poll for a task and finish it."""
    task = (await client.poll_for_task(workerGroup="wg"))["taskObject"]
    await client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
    return str(task["taskId"])
