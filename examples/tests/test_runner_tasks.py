"""What the runner does with a task. Here it runs on the test's own thread."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pytest_datapipeline import ref

if TYPE_CHECKING:
    from pathlib import Path

    from task_runner import TaskRunner

    from pytest_datapipeline import DataPipelineFake


def test_a_command_that_succeeds_finishes_its_task(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue("workers", {"command": "true"})

    runner.run_once("workers")

    task.assert_finished()


def test_a_command_gets_the_script_arguments_in_their_order(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake, tmp_path: Path
) -> None:
    datapipeline_fake.enqueue(
        "workers", {"command": 'echo "$1, $2"', "scriptArgument": ["hello", "big world"]}
    )

    runner.run_once("workers")

    (stdout,) = tmp_path.rglob("stdout")
    assert stdout.read_text() == "hello, big world\n"


def test_standard_error_has_a_file_of_its_own(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake, tmp_path: Path
) -> None:
    datapipeline_fake.enqueue("workers", {"command": "echo out; echo err >&2"})

    runner.run_once("workers")

    (stderr,) = tmp_path.rglob("stderr")
    assert stderr.read_text() == "err\n"


def test_the_attempt_is_found_among_other_objects(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue(
        "workers",
        {"command": "true", "output": ref("Table")},
        objects={"Table": {"type": "SqlDataNode", "command": "false"}},
    )

    runner.run_once("workers")

    task.assert_finished()


def test_a_task_is_acknowledged_at_once(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue("workers", {"command": "true"})

    runner.run_once("workers")

    task.assert_acknowledged(within=1)


def test_progress_is_reported_while_a_command_runs(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue("workers", {"command": "echo hello; sleep 0.2"})

    runner.run_once("workers")

    assert {"outputBytes": "6"} in [report.fields for report in task.progress]


def test_an_empty_queue_costs_90_seconds_of_virtual_time(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    before = datapipeline_fake.clock.now()

    worked = runner.run_once("workers")

    assert not worked
    assert datapipeline_fake.clock.now() - before == timedelta(seconds=90)


def test_a_failing_command_says_why(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue(
        "workers", {"command": "echo no such table >&2; exit 3"}, maximum_retries=0
    )

    runner.run_once("workers")

    task.assert_failed(error_id="CommandFailed")
    assert task.error_message == "The command ended with exit status 3."
    assert task.error_stack_trace == "no such table\n"


def test_an_error_text_is_cut_to_what_the_service_accepts(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue(
        "workers", {"command": r"printf '%2000s\033[31mred\033[0m\000' '' >&2; exit 1"}
    )

    runner.run_once("workers")

    assert task.attempts[0].error_stack_trace == "red".rjust(1024)


def test_a_task_of_another_type_fails(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake
) -> None:
    task = datapipeline_fake.enqueue(
        "workers", {"command": "true"}, type="SqlActivity", maximum_retries=0
    )

    runner.run_once("workers")

    task.assert_failed(error_id="InvalidTask")


def test_a_failed_attempt_comes_again_after_the_retry_delay(
    runner: TaskRunner, datapipeline_fake: DataPipelineFake, tmp_path: Path
) -> None:
    command = 'test -e "$1" || { touch "$1"; exit 1; }'
    task = datapipeline_fake.enqueue(
        "workers", {"command": command, "scriptArgument": str(tmp_path / "been here")}
    )

    datapipeline_fake.run(lambda: runner.work("workers"))

    first, second = task.attempts
    assert (first.status, second.status) == ("FAILED", "FINISHED")
    assert first.ended is not None
    assert second.handed_over == first.ended + timedelta(minutes=10)
