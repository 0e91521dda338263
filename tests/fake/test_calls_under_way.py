"""A call that is tried again is over before a wait ends: its runner is to get what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_datapipeline import DataPipelineFake, Task


@pytest.fixture
def finishing(datapipeline_client: Any) -> Callable[[], None]:
    return finishing_with(datapipeline_client)


def finishing_with(client: Any) -> Callable[[], None]:
    """A runner that expects no error."""

    def loop() -> None:
        while True:
            task = client.poll_for_task(workerGroup="wg").get("taskObject")
            if task is not None:
                client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

    return loop


@pytest.fixture
def task(datapipeline_fake: DataPipelineFake) -> Task:
    return datapipeline_fake.enqueue("wg")


def test_a_loop_gets_the_error_of_a_call_whose_answer_is_lost(
    datapipeline_fake: DataPipelineFake, finishing: Callable[[], None], task: Task
) -> None:
    datapipeline_fake.fail("set_task_status", "answer_lost")

    with pytest.raises(ConnectionClosedError):
        datapipeline_fake.run(finishing)

    task.assert_finished()


def test_a_loop_gets_the_answer_to_its_second_attempt(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    finishing: Callable[[], None],
    task: Task,
) -> None:
    datapipeline_fake.fail("set_task_status", "answer_lost", per="request")

    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException):
        datapipeline_fake.run(finishing, until=lambda: task.ended)


def test_a_moment_is_the_end_whatever_is_under_way(
    datapipeline_fake: DataPipelineFake, finishing: Callable[[], None], task: Task
) -> None:
    datapipeline_fake.fail("set_task_status", "answer_lost")

    datapipeline_fake.run(finishing, until=timedelta(microseconds=1))

    task.assert_finished()


def test_a_loop_that_handles_it_is_ended_at_its_next_call(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, task: Task
) -> None:
    datapipeline_fake.fail("set_task_status", "answer_lost")
    met: list[str] = []

    def loop() -> None:
        while True:
            held = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
            try:
                datapipeline_client.set_task_status(taskId=held["taskId"], taskStatus="FINISHED")
            except ConnectionClosedError as error:
                met.append(type(error).__name__)

    datapipeline_fake.run(loop)

    assert met == ["ConnectionClosedError"]
    assert datapipeline_fake.calls.count("PollForTask") == 1


# However busy the machine is, the thread gets the time to try again.
@pytest.mark.datapipeline(settle=10)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_a_thread_gets_it_before_the_wait_for_its_task_ends(
    datapipeline_fake: DataPipelineFake, task: Task, mode: Any
) -> None:
    config = Config(retries={"mode": mode, "total_max_attempts": 4})
    client = boto3.client("datapipeline", config=config)
    datapipeline_fake.fail("set_task_status", "answer_lost")
    thread = threading.Thread(target=finishing_with(client))
    thread.start()

    datapipeline_fake.wait_until(task)

    assert datapipeline_fake.calls.count("SetTaskStatus") == 4


@pytest.mark.datapipeline(settle=10)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_wait_does_not_end_while_botocore_decides_whether_to_try_again(
    datapipeline_fake: DataPipelineFake, task: Task
) -> None:
    client = boto3.client("datapipeline", config=Config(retries={"total_max_attempts": 2}))
    datapipeline_fake.fail("set_task_status", "answer_lost")
    wait_is_over = threading.Event()
    ended_too_soon: list[bool] = []

    def decide(**_: Any) -> None:
        ended_too_soon.append(wait_is_over.wait(0.05))

    client.meta.events.register_first("needs-retry.datapipeline.SetTaskStatus", decide)
    threading.Thread(target=finishing_with(client)).start()

    datapipeline_fake.wait_until(task)

    wait_is_over.set()
    assert ended_too_soon == [False, False]
    assert datapipeline_fake.calls.count("SetTaskStatus") == 2


def test_a_thread_that_waits_for_something_else_afterwards_is_not_waited_for(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, task: Task
) -> None:
    datapipeline_fake.fail("set_task_status", "answer_lost")
    tested = threading.Event()

    def work() -> None:
        held = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
        with contextlib.suppress(ConnectionClosedError):
            datapipeline_client.set_task_status(taskId=held["taskId"], taskStatus="FINISHED")
        tested.wait(30)

    thread = threading.Thread(target=work)
    thread.start()

    datapipeline_fake.wait_until()

    assert thread.is_alive()
    tested.set()
    thread.join()


def test_calls_that_never_succeed_do_not_keep_a_wait_from_its_end(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, task: Task
) -> None:
    datapipeline_fake.fail("report_task_progress", "throttling", times=1_000, optional=True)

    def report() -> None:
        while True:
            try:
                datapipeline_client.report_task_progress(taskId="any")
            except datapipeline_client.exceptions.ClientError:
                continue

    threading.Thread(target=report).start()
    datapipeline_fake.work(worker_group="wg")

    datapipeline_fake.wait_until(task)

    task.assert_finished()


@pytest.mark.parametrize("library", ["asyncio", "anyio"])
def test_a_call_that_a_loop_s_own_thread_has_given_up_is_over(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, library: str
) -> None:
    if library == "anyio":
        in_thread: Any = pytest.importorskip("anyio").to_thread.run_sync
    else:
        in_thread = asyncio.to_thread
    task = datapipeline_fake.enqueue("wg", delay=60)
    datapipeline_fake.work(worker_group="wg")
    datapipeline_fake.fail("list_pipelines", "throttling")

    def gives_up() -> None:
        with contextlib.suppress(datapipeline_client.exceptions.ClientError):
            datapipeline_client.list_pipelines()

    async def main() -> None:
        await in_thread(gives_up)
        await datapipeline_fake.until(task)

    asyncio.run(main())

    task.assert_finished()
