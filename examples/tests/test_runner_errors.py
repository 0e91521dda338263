"""What the runner survives: errors of the service, of the network, and its own death."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_datapipeline import set_task_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from task_runner import TaskRunner

    from pytest_datapipeline import DataPipelineFake

POLL_ERRORS = ["InternalServiceError", "InvalidRequestException", "TaskNotFoundException"]
NETWORK_ERRORS = [
    "connect_timeout",
    "read_timeout",
    "connection_refused",
    "connection_dropped",
    "not_json",
]
CALLS = ["poll_for_task", "report_task_progress", "set_task_status"]


class ImpatientEvent(threading.Event):
    """Waits for no time at all, and remembers how long it should have been."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()


@pytest.mark.parametrize("error", [*POLL_ERRORS, *NETWORK_ERRORS])
def test_polling_goes_on_after(
    error: str, runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue("workers", {"command": "true"})
    datapipeline_fake.fail("poll_for_task", error)

    datapipeline_fake.run(lambda: runner.work("workers"))

    task.assert_finished()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("error", ["InternalServiceError", "InvalidRequestException", "throttling"])
def test_a_call_that_fails_is_made_again(
    call: str, error: str, runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue("workers", {"command": "true"})
    datapipeline_fake.fail(call, error, times=2)

    runner.run_once("workers")

    task.assert_finished()


def test_throttled_polls_wait_longer_each_time(
    make_runner: Callable[..., TaskRunner], datapipeline_fake: DataPipelineFake
) -> None:
    stopped = ImpatientEvent()
    runner = make_runner(stopped=stopped, first_delay=1, longest_delay=10)
    datapipeline_fake.enqueue("workers", {"command": "true"})
    datapipeline_fake.fail("poll_for_task", "throttling", times=5)

    runner.run_once("workers")

    assert stopped.waits == [1, 2, 4, 8, 10]


def test_a_final_status_whose_answer_is_lost_counts(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue("workers", {"command": "true"})
    datapipeline_fake.fail("set_task_status", "answer_lost")

    datapipeline_fake.run(lambda: runner.work("workers"))

    task.assert_finished()
    assert len(task.attempts) == 1


def test_a_task_whose_poll_lost_its_answer_is_handed_out_again_after_two_minutes(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue("workers", {"command": "true"})
    datapipeline_fake.fail("poll_for_task", "answer_lost", per="request")
    before = datapipeline_fake.clock.now()

    datapipeline_fake.run(lambda: runner.work("workers"))

    task.assert_finished()
    (attempt,) = task.attempts
    assert len(attempt.task_ids) == 2
    assert attempt.handed_over == before + timedelta(minutes=2)


def test_a_runner_that_dies_leaves_its_task_to_another(
    make_runner: Callable[..., TaskRunner], datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue("workers", {"command": "true"})
    first, second = make_runner("first"), make_runner("second")

    datapipeline_fake.run(lambda: first.work("workers"), die_at=set_task_status())
    datapipeline_fake.run(lambda: second.work("workers"))

    task.assert_finished()
    assert [attempt.hostname for attempt in task.attempts] == ["first", "second"]
