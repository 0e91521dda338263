"""The runner in threads of its own, while the test's thread plays the world around it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from task_runner import TaskRunner

    from pytest_datapipeline import DataPipelineFake, Task


class LongCommand:
    """A task whose command runs for ten minutes, unless it is killed."""

    def __init__(self, fake: DataPipelineFake, folder: Path) -> None:
        self._pid_file = folder / "pid"
        self.task: Task = fake.enqueue(
            "workers",
            {"command": 'echo $$ > "$1"; exec sleep 600', "scriptArgument": str(self._pid_file)},
            maximum_retries=0,
        )

    @property
    def started(self) -> bool:
        return self._pid_file.exists() and self._pid_file.read_text().endswith("\n")

    @property
    def gone(self) -> bool:
        try:
            os.kill(int(self._pid_file.read_text()), 0)
        except ProcessLookupError:
            return True
        return False


@pytest.fixture
def long_command(datapipeline_fake: DataPipelineFake, tmp_path: Path) -> LongCommand:
    return LongCommand(datapipeline_fake, tmp_path)


def test_a_started_runner_works_until_it_is_stopped(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    tasks = datapipeline_fake.enqueue("workers", {"command": "true"}, {"command": "true"})

    runner.start()
    datapipeline_fake.wait_until()
    runner.stop()
    datapipeline_fake.wait_until(lambda: not runner.alive)

    assert [task.status for task in tasks] == ["FINISHED", "FINISHED"]


def test_threads_are_named_after_the_runner_and_their_duty(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    runner.start()
    datapipeline_fake.wait_until(lambda: len(datapipeline_fake.calls) == 2, move_time=False)

    assert {call.operation: call.thread for call in datapipeline_fake.calls} == {
        "ReportTaskRunnerHeartbeat": "runner-heartbeat",
        "PollForTask": "runner-poll-workers",
    }


def test_a_canceled_task_has_its_process_killed(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake, long_command: LongCommand
) -> None:
    runner.start()
    datapipeline_fake.wait_until(lambda: long_command.started, move_time=False)

    long_command.task.cancel()

    datapipeline_fake.wait_until(lambda: long_command.gone, move_time=False)


def test_a_canceled_task_gets_no_final_status(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake, long_command: LongCommand
) -> None:
    runner.start()
    datapipeline_fake.wait_until(lambda: long_command.started, move_time=False)

    long_command.task.cancel()
    datapipeline_fake.wait_until(lambda: len(datapipeline_fake.waiting) == 1, move_time=False)

    assert "SetTaskStatus" not in [call.operation for call in datapipeline_fake.calls]


def test_a_task_that_is_taken_away_has_its_process_killed(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake, long_command: LongCommand
) -> None:
    runner.start()
    datapipeline_fake.wait_until(lambda: long_command.started, move_time=False)

    long_command.task.expire()

    datapipeline_fake.wait_until(lambda: long_command.gone, move_time=False)
    assert "TaskNotFoundException" in [call.error for call in datapipeline_fake.calls]


def test_a_stopped_runner_kills_its_process_and_says_so(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake, long_command: LongCommand
) -> None:
    runner.start()
    datapipeline_fake.wait_until(lambda: long_command.started, move_time=False)

    runner.stop()

    assert runner.join(timeout=10)
    assert long_command.gone
    long_command.task.assert_failed(error_id="TaskRunnerStopped")


def test_two_runners_share_a_queue(
    make_runner: Callable[..., TaskRunner], datapipeline_fake: DataPipelineFake, tmp_path: Path
) -> None:
    make_runner("first").start()
    make_runner("second").start()
    datapipeline_fake.wait_until(lambda: len(datapipeline_fake.waiting) == 2, move_time=False)
    commands = [{"command": f"echo {number}"} for number in range(12)]

    tasks = datapipeline_fake.enqueue("workers", *commands)
    datapipeline_fake.wait_until()

    assert {task.hostname for task in tasks} == {"first", "second"}
    assert [len(task.attempts[0].task_ids) for task in tasks] == [1] * 12
    outputs = [int(stdout.read_text()) for stdout in tmp_path.rglob("stdout")]
    assert sorted(outputs) == list(range(12))


def test_a_runner_sends_heartbeats_under_its_own_id(
    make_runner: Callable[..., TaskRunner], datapipeline_fake: DataPipelineFake
) -> None:
    make_runner("first", heartbeat_interval=0.01).start()

    datapipeline_fake.wait_until(
        lambda: len(datapipeline_fake.heartbeats.get("first", [])) > 1, move_time=False
    )

    assert list(datapipeline_fake.heartbeats) == ["first"]


def test_a_runner_that_the_service_terminates_ends(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    datapipeline_fake.terminate(runner.taskrunner_id)

    runner.start()
    datapipeline_fake.wait_until(lambda: not runner.alive)

    assert len(datapipeline_fake.heartbeats[runner.taskrunner_id]) == 1
