"""What is said of a loop that makes nothing but empty polls: what it overlooks."""

from __future__ import annotations

import asyncio
from typing import Any

import boto3
import pytest
from botocore.config import Config

from pytest_datapipeline import DataPipelineFake, Stuck

pytestmark = [
    pytest.mark.datapipeline(idle_limit=3600),
    pytest.mark.filterwarnings("ignore::pytest_datapipeline.WorkerGroupWarning"),
]

START = "Nothing but empty polls for 1:00:00 of virtual time: this would go on forever. "
END = " If there is to be something later, raise the setting idle_limit."


def polls_for_ever(client: Any, *worker_groups: str) -> None:
    while True:
        for name in worker_groups:
            task = client.poll_for_task(workerGroup=name, hostname="h").get("taskObject")
            if task:
                client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")


def told(error: pytest.ExceptionInfo[Stuck]) -> str:
    """The first line, without what is said of each such loop."""
    line = str(error.value).splitlines()[0]
    assert line.startswith(START)
    assert line.endswith(END)
    return line[len(START) : -len(END)]


@pytest.mark.parametrize("way", ["by itself", "run"])
def test_a_misspelt_worker_group_is_named_with_the_one_that_is_meant(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, way: str
) -> None:
    datapipeline_fake.enqueue("report")

    with pytest.raises(Stuck) as caught:
        if way == "run":
            datapipeline_fake.run(lambda: polls_for_ever(datapipeline_client, "reports"))
        else:
            polls_for_ever(datapipeline_client, "reports")

    assert told(caught) == (
        "Polls were for 'reports', while tasks wait in 'report': did you mean 'report'? Names are "
        "compared exactly."
    )


def test_worker_groups_that_have_nothing_in_common_are_named(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("invoices")

    with pytest.raises(Stuck) as caught:
        polls_for_ever(datapipeline_client, "reports")

    assert told(caught) == (
        "Polls were for 'reports', while tasks wait in 'invoices': have both name the same worker "
        "group."
    )


def test_no_more_than_three_worker_groups_are_named(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for number in range(10):
        datapipeline_fake.enqueue(f"invoices of {number}")

    with pytest.raises(Stuck) as caught:
        polls_for_ever(datapipeline_client, "a", "b", "c", "d")

    assert told(caught) == (
        "Polls were for 'a', 'b', 'c' and 1 more, while tasks wait in 'invoices of 0', "
        "'invoices of 1', 'invoices of 2' and 7 more: have both name the same worker group."
    )


def test_tasks_for_another_region_are_told(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("reports", region="eu-west-1")

    with pytest.raises(Stuck) as caught:
        polls_for_ever(datapipeline_client, "reports")

    assert told(caught) == (
        "Polls were for 'reports', while tasks wait in 'reports', for clients of another region."
    )


def test_that_every_task_has_ended_is_told_with_what_ends_the_loop_then(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("reports")

    with pytest.raises(Stuck) as caught:
        polls_for_ever(datapipeline_client, "reports")

    assert told(caught) == (
        "Every task has ended. Drive the loop with run(...), or `await run(...)` if it is a "
        "coroutine, which ends it then."
    )


async def coroutine_that_polls_for_ever() -> None:
    """A runner on aiobotocore."""
    aiobotocore_session = pytest.importorskip("aiobotocore.session")
    config = pytest.importorskip("aiobotocore.config").AioConfig(read_timeout=100)
    made = aiobotocore_session.get_session().create_client("datapipeline", config=config)
    async with made as client:
        while True:
            answer = await client.poll_for_task(workerGroup="reports", hostname="h")
            if "taskObject" in answer:
                task_id = answer["taskObject"]["taskId"]
                await client.set_task_status(taskId=task_id, taskStatus="FINISHED")


def test_a_coroutine_without_run_is_told_so_too(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue("reports")

    with pytest.raises(Stuck) as caught:
        asyncio.run(coroutine_that_polls_for_ever())

    assert told(caught).startswith("Every task has ended. Drive the loop with run(...)")


def test_a_client_that_blocks_its_loop_is_told(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("reports")

    async def runner() -> None:
        polls_for_ever(datapipeline_client, "reports")

    async def main() -> None:
        await datapipeline_fake.run(runner)

    with pytest.raises(Stuck) as caught:
        asyncio.run(main())

    assert told(caught).startswith(
        "Every task has ended, but this client blocks the event loop, so that nothing can end"
    )


def test_a_loop_that_the_driven_function_starts_is_told(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.enqueue("reports")

    with pytest.raises(Stuck) as caught:
        datapipeline_fake.run(lambda: asyncio.run(coroutine_that_polls_for_ever()))

    assert told(caught).startswith(
        "Every task has ended, but run() cannot end a coroutine within an event loop that its"
    )


def test_an_end_of_run_that_does_not_come_is_told(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("reports")

    with pytest.raises(Stuck) as caught:
        datapipeline_fake.run(
            lambda: polls_for_ever(datapipeline_client, "reports"), until=lambda: False
        )

    assert told(caught) == (
        "Every task has ended, but what run() is to wait for (until=) does not come."
    )


def test_nothing_is_explained_where_there_never_was_a_task(
    datapipeline_fake: DataPipelineFake,
) -> None:
    client = boto3.client("datapipeline", config=Config(read_timeout=100))

    with pytest.raises(Stuck) as caught:
        polls_for_ever(client, "reports")

    assert told(caught) == "Enqueue a task, or end the loop."
