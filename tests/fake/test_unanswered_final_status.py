"""The answer to a final status is lost: waits go on until the runner has shown that it survives."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from pytest_datapipeline import (
    DataPipelineFake,
    ExplorationFailed,
    explore,
    poll_for_task,
    report_task_progress,
    set_task_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.datapipeline(
    start="2024-01-01T00:00:00", virtual_sleep=True, contract="report"
)
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def client() -> Any:
    return boto3.client(
        "datapipeline", config=Config(read_timeout=100, retries={"total_max_attempts": 1})
    )


def runner(made: Any, survives: bool) -> Callable[[], None]:
    """A runner that sends a final status again. `survives`: whether it expects that the service
    may have had the first."""

    def finish(task_id: str) -> None:
        while True:
            try:
                made.set_task_status(taskId=task_id, taskStatus="FINISHED")
                return
            except BotoCoreError:
                time.sleep(5)
            except made.exceptions.TaskNotFoundException:
                if survives:
                    return
                raise

    def loop() -> None:
        while True:
            task = made.poll_for_task(workerGroup="wg", hostname="h").get("taskObject")
            if task is not None:
                made.report_task_progress(taskId=task["taskId"])
                finish(task["taskId"])

    return loop


@pytest.mark.parametrize("of_all", [True, False], ids=["every task", "one task"])
def test_a_runner_that_dies_of_its_second_attempt_is_seen_to(
    datapipeline_fake: DataPipelineFake, of_all: bool
) -> None:
    made = client()
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("set_task_status", "answer_lost")

    with pytest.raises(made.exceptions.TaskNotFoundException):
        datapipeline_fake.run(runner(made, survives=False), until=None if of_all else task)


def test_one_that_survives_it_is_ended_where_it_would_poll_again(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("set_task_status", "answer_lost")

    datapipeline_fake.run(runner(client(), survives=True))

    task.assert_finished()
    assert datapipeline_fake.calls.count(poll_for_task()) == 1
    assert datapipeline_fake.calls.count(set_task_status()) == 2
    assert datapipeline_fake.clock.now() == START + timedelta(seconds=5)


@pytest.mark.datapipeline(accept_repeated_final_status=True)
def test_one_whose_second_attempt_is_answered_is_followed_no_further(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("set_task_status", "answer_lost", per="request")
    tries_again = boto3.client("datapipeline", config=Config(read_timeout=100))

    datapipeline_fake.run(runner(tries_again, survives=False))

    assert datapipeline_fake.calls == [
        poll_for_task(),
        report_task_progress(),
        set_task_status(),
        set_task_status(),
    ]


def test_one_that_does_nothing_more_has_five_minutes(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("set_task_status", "answer_lost")
    made = client()

    def loop() -> None:
        task = made.poll_for_task(workerGroup="wg", hostname="h")["taskObject"]
        try:
            made.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
        except BotoCoreError:
            while True:
                time.sleep(50)

    datapipeline_fake.run(loop)

    assert datapipeline_fake.clock.now() == START + timedelta(minutes=5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_runner_in_a_thread_is_waited_for_as_well(datapipeline_fake: DataPipelineFake) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("set_task_status", "answer_lost")
    thread = threading.Thread(target=runner(client(), survives=False))
    thread.start()

    datapipeline_fake.wait_until(task)

    thread.join(30)
    errors = [call.error for call in datapipeline_fake.calls.filter(set_task_status())]
    assert errors == ["ConnectionClosedError", "TaskNotFoundException"]


def test_a_piece_of_a_pool_s_work_that_died_of_it_is_not_waited_for(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("set_task_status", "answer_lost")
    made = client()

    def work() -> None:
        held = made.poll_for_task(workerGroup="wg", hostname="h")["taskObject"]
        made.set_task_status(taskId=held["taskId"], taskStatus="FINISHED")

    with ThreadPoolExecutor(1) as pool:
        piece = pool.submit(work)

        datapipeline_fake.wait_until(task)

        assert isinstance(piece.exception(30), BotoCoreError)
    assert datapipeline_fake.clock.now() == START


def test_another_task_is_not_waited_for_because_of_it(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue("wg")
    other = datapipeline_fake.enqueue("others")
    datapipeline_fake.fail("set_task_status", "answer_lost")
    datapipeline_fake.work(worker_group="others")
    threading.Thread(target=runner(client(), survives=True)).start()

    datapipeline_fake.wait_until(other)

    other.assert_finished()


def test_an_exploration_finds_the_runner_that_dies_of_it() -> None:
    def scenario(fake: DataPipelineFake) -> None:
        task = fake.enqueue("wg")
        fake.run(runner(client(), survives=False))
        task.assert_finished()

    with pytest.raises(ExplorationFailed, match="TaskNotFoundException"):
        explore(scenario, operations=["set_task_status"], only=["answer_lost"])
