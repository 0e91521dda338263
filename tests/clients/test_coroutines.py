"""aiobotocore's clients meet the same fake as boto3's do, under asyncio and under trio."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto import mock_aws
from support.runner import GROUP, HOST

from pytest_datapipeline import Stuck, poll_for_task, set_task_status

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

aiobotocore_session = pytest.importorskip("aiobotocore.session")
AioConfig: Any = pytest.importorskip("aiobotocore.config").AioConfig

WithClient = Callable[..., Any]

pytestmark = [
    pytest.mark.datapipeline(start="2024-01-01T00:00:00"),
    # It says so of the older httpx.
    pytest.mark.filterwarnings("ignore:aiobotocore's httpx backend:DeprecationWarning"),
]


@pytest.fixture(params=["asyncio", "trio"])
def with_client(request: pytest.FixtureRequest) -> WithClient:
    """Runs a coroutine function with a patient client, in one library and in the other."""
    settings: dict[str, Any] = {"read_timeout": 100}
    trio: Any = None
    if request.param == "trio":
        trio = pytest.importorskip("trio")
        # aiobotocore before 3 runs in asyncio alone.
        sessions: Any = pytest.importorskip("aiobotocore.httpxsession")
        if pytest.importorskip("aiobotocore._httpx").httpx is None:
            pytest.skip("aiobotocore has no httpx")
        settings["http_session_cls"] = sessions.HttpxSession

    def with_client(function: Callable[[Any], Awaitable[Any]], **config: Any) -> Any:
        async def main() -> Any:
            session = aiobotocore_session.get_session()
            config_of_client = AioConfig(**{**settings, **config})
            async with session.create_client("datapipeline", config=config_of_client) as made:
                return await function(made)

        return asyncio.run(main()) if trio is None else trio.run(main)

    return with_client


async def work_one_task(made: Any) -> str:
    """Poll for a task and finish it."""
    task = (await made.poll_for_task(workerGroup=GROUP, hostname=HOST))["taskObject"]
    await made.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
    return str(task["taskId"])


def test_a_task_is_finished(datapipeline_fake: DataPipelineFake, with_client: WithClient) -> None:
    task = datapipeline_fake.enqueue(GROUP, {"command": "echo hi"})

    with_client(work_one_task)

    task.assert_finished()
    assert datapipeline_fake.calls == [
        poll_for_task(workerGroup=GROUP),
        set_task_status(taskStatus="FINISHED"),
    ]


def test_the_answer_has_botocores_metadata(
    datapipeline_fake: DataPipelineFake, with_client: WithClient
) -> None:
    answer = with_client(lambda made: made.list_pipelines())

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0
    assert answer["ResponseMetadata"]["RequestId"]


def test_every_operation_of_a_pipeline_is_served(
    datapipeline_fake: DataPipelineFake, with_client: WithClient
) -> None:
    async def main(made: Any) -> list[str]:
        created = await made.create_pipeline(name="a", uniqueId="a")
        await made.delete_pipeline(pipelineId=created["pipelineId"])
        pages = made.get_paginator("list_pipelines").paginate()
        return [entry["id"] async for page in pages for entry in page["pipelineIdList"]]

    assert with_client(main) == []


def test_moto_is_passed_over(datapipeline_fake: DataPipelineFake, with_client: WithClient) -> None:
    datapipeline_fake.enqueue(GROUP)

    with mock_aws():
        with_client(work_one_task)

    assert len(datapipeline_fake.calls) == 2


@pytest.mark.parametrize(
    "name", ["InternalServiceError", "InvalidRequestException", "TaskNotFoundException"]
)
def test_each_exception_of_poll_for_task(
    datapipeline_fake: DataPipelineFake, with_client: WithClient, name: str
) -> None:
    datapipeline_fake.fail("poll_for_task", name)

    async def main(made: Any) -> None:
        with pytest.raises(getattr(made.exceptions, name)):
            await made.poll_for_task(workerGroup=GROUP)

    with_client(main)


def test_an_impatient_client_gives_up_as_boto3_does(
    datapipeline_fake: DataPipelineFake, with_client: WithClient
) -> None:
    with pytest.raises(ReadTimeoutError, match="gives up after 60"):
        with_client(
            lambda made: made.poll_for_task(workerGroup=GROUP),
            read_timeout=60,
            retries={"total_max_attempts": 1},
        )

    assert datapipeline_fake.waiting[0].abandoned


def test_a_lost_answer(datapipeline_fake: DataPipelineFake, with_client: WithClient) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    datapipeline_fake.fail("set_task_status", "answer_lost")

    with pytest.raises(ConnectionClosedError):
        with_client(work_one_task)

    task.assert_finished()


@pytest.mark.parametrize("max_calls", [5, 100])
def test_a_coroutine_that_swallows_everything_is_ended(
    datapipeline_fake: DataPipelineFake, with_client: WithClient, max_calls: int
) -> None:
    datapipeline_fake.enqueue(GROUP).cancel(delay=1_000)

    async def main(made: Any) -> None:
        async def loop() -> None:
            while True:
                with contextlib.suppress(BaseException):
                    await made.poll_for_task(workerGroup=GROUP, hostname=HOST)

        if max_calls > 5:
            await datapipeline_fake.run(loop, max_calls=max_calls)
        else:
            with pytest.raises(Stuck, match="made 5 calls"):
                await datapipeline_fake.run(loop, max_calls=max_calls)

    with_client(main)


def test_run_goes_on_until_the_runner_has_the_error_of_a_lost_answer(
    datapipeline_fake: DataPipelineFake, with_client: WithClient
) -> None:
    datapipeline_fake.enqueue(GROUP)
    datapipeline_fake.fail("set_task_status", "answer_lost")

    with pytest.raises(ConnectionClosedError):
        with_client(lambda made: datapipeline_fake.run(lambda: work_one_task(made)))


@pytest.mark.datapipeline(settle=1)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_wait_does_not_end_while_the_client_of_another_threads_loop_decides_to_try_again(
    datapipeline_fake: DataPipelineFake, with_client: WithClient
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    datapipeline_fake.fail("set_task_status", "answer_lost")
    wait_is_over = threading.Event()
    ended_too_soon: list[bool] = []

    def decide(**_: Any) -> None:
        ended_too_soon.append(wait_is_over.wait(0.05))

    async def work(made: Any) -> None:
        made.meta.events.register_first("needs-retry.datapipeline.SetTaskStatus", decide)
        await work_one_task(made)

    config = {"retries": {"total_max_attempts": 2}}
    thread = threading.Thread(target=with_client, args=(work,), kwargs=config)
    thread.start()

    datapipeline_fake.wait_until(task)

    wait_is_over.set()
    assert ended_too_soon == [False, False]


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_retries_back_off_in_virtual_time(
    datapipeline_fake: DataPipelineFake, with_client: WithClient, mode: str
) -> None:
    datapipeline_fake.fail("list_pipelines", "throttling", times=2, per="request")
    before = datapipeline_fake.clock.now()

    async def main(made: Any) -> Any:
        answer = await made.list_pipelines()
        await made.list_pipelines()
        return answer

    answer = with_client(main, retries={"mode": mode, "total_max_attempts": 3})

    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert len(datapipeline_fake.calls.backoffs) == 2
    assert datapipeline_fake.clock.now() - before >= datetime.timedelta(
        seconds=sum(datapipeline_fake.calls.backoffs)
    ) - datetime.timedelta(milliseconds=1)
