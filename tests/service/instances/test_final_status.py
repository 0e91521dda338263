"""SetTaskStatus: final statuses, FALSE among them, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pytest_datapipeline import set_task_status

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


def taken(client: Any, worker_group: str = "wg") -> str:
    """The task id of the next task of the worker group."""
    return str(client.poll_for_task(workerGroup=worker_group)["taskObject"]["taskId"])


# -- final status ----------------------------------------------------------------------------------


@pytest.mark.rule("set-task-status")
def test_a_finished_task_has_ended(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")

    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FINISHED")

    task.assert_finished()
    assert task.ended


@pytest.mark.rule("error-fields")
def test_the_error_of_a_failed_task_is_kept_on_its_attempt(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", maximum_retries=0)

    datapipeline_client.set_task_status(
        taskId=taken(datapipeline_client),
        taskStatus="FAILED",
        errorId="ExitStatus",
        errorMessage="exit status 3",
        errorStackTrace="Traceback ...",
    )

    attempt = task.attempts[0]
    assert (attempt.error_id, attempt.error_message, attempt.error_stack_trace) == (
        "ExitStatus",
        "exit status 3",
        "Traceback ...",
    )
    assert (task.error_id, task.error_stack_trace) == ("ExitStatus", "Traceback ...")
    task.assert_failed("ExitStatus")


def test_a_failed_task_is_tried_again_after_10_minutes_with_a_new_attempt_and_task_id(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", id="A")
    first = taken(datapipeline_client)
    datapipeline_client.set_task_status(taskId=first, taskStatus="FAILED")
    failed_at = datapipeline_fake.clock.now()

    datapipeline_fake.clock.move_to(failed_at + timedelta(minutes=10))
    answer = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]

    assert answer["taskId"] != first
    assert answer["attemptId"].endswith("_Attempt=2")
    assert datapipeline_fake.clock.now() - failed_at == timedelta(minutes=10)
    assert [attempt.number for attempt in task.attempts] == [1, 2]


def test_a_task_fails_for_good_after_two_retries(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")

    statuses = []
    for _ in range(3):
        datapipeline_fake.clock.advance(600)
        task_id = taken(datapipeline_client)
        datapipeline_client.set_task_status(taskId=task_id, taskStatus="FAILED")
        statuses.append(task.status)

    assert statuses == ["WAITING_FOR_RUNNER", "WAITING_FOR_RUNNER", "FAILED"]
    assert task.ended


@pytest.mark.parametrize(
    "given",
    [
        {"maximum_retries": 1, "retry_delay": 60},
        {"maximum_retries": 1, "retry_delay": timedelta(minutes=1)},
    ],
)
def test_retries_and_their_delay_can_be_chosen(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, given: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", **given)

    for _ in range(2):
        task_id = taken(datapipeline_client)
        datapipeline_client.set_task_status(taskId=task_id, taskStatus="FAILED")

    assert task.status == "FAILED"
    ends = [attempt.ended for attempt in task.attempts]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[1] - ends[0] == timedelta(minutes=1)


def test_retries_and_their_delay_can_stand_in_the_fields_as_the_service_writes_them(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", {"maximumRetries": "1", "retryDelay": "2 minutes"})
    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FAILED")
    failed_at = datapipeline_fake.clock.now()

    due = task.deadline

    assert due == failed_at + timedelta(minutes=2)


@pytest.mark.parametrize("status", ["FINISHED", "FAILED"])
def test_a_task_that_has_ended_is_not_found_any_more(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, status: str
) -> None:
    datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)
    datapipeline_client.set_task_status(taskId=task_id, taskStatus=status)

    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException):
        datapipeline_client.set_task_status(taskId=task_id, taskStatus=status)
    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException):
        datapipeline_client.report_task_progress(taskId=task_id)


@pytest.mark.rule("task-not-found")
def test_an_unknown_task_id_is_not_found(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")
    shortened = taken(datapipeline_client)[:255]

    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException):
        datapipeline_client.report_task_progress(taskId=shortened)


def test_a_short_task_may_be_finished_without_an_acknowledgement(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")

    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FINISHED")

    assert task.attempts[0].acknowledged is None
    task.assert_finished()


@pytest.mark.datapipeline(accept_repeated_final_status=True)
def test_a_setting_accepts_the_final_status_that_botocore_repeats(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("set_task_status", "answer_lost", per="request")

    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FINISHED")

    assert datapipeline_fake.calls.count(set_task_status()) == 2
    task.assert_finished()


def test_botocore_s_repeat_of_a_final_status_is_not_found(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)
    datapipeline_fake.fail("set_task_status", "answer_lost", per="request")

    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException):
        datapipeline_client.set_task_status(taskId=task_id, taskStatus="FINISHED")

    task.assert_finished()


# -- FALSE -----------------------------------------------------------------------------------------


@pytest.mark.rule("false-for-preconditions")
def test_false_for_an_activity_counts_as_failed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", maximum_retries=0)

    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FALSE")

    assert task.status == "FAILED"


@pytest.mark.rule("false-is-tried-again")
def test_a_precondition_that_is_false_is_tried_again_in_the_same_attempt(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", type="ShellCommandPrecondition", retry_delay=60)
    before = datapipeline_fake.clock.now()

    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FALSE")
    answer = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]

    assert answer["attemptId"] == task.attempts[0].id
    assert datapipeline_fake.clock.now() - before == timedelta(seconds=60)


def test_a_precondition_fails_when_its_precondition_timeout_has_passed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(
        "wg", {"preconditionTimeout": "15 minutes", "retryDelay": "10 minutes"}, type="Exists"
    )
    enqueued = datapipeline_fake.clock.now()

    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FALSE")
    datapipeline_fake.clock.advance(3600)

    assert task.status == "FAILED"
    assert task.finished == enqueued + timedelta(minutes=15)
    assert "preconditionTimeout" in str(task.error_message)


def test_a_precondition_that_nobody_checks_fails_as_well(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg", {"preconditionTimeout": "1 hour"}, type="Exists")

    datapipeline_fake.clock.advance(3600)

    assert task.status == "FAILED"


def test_a_precondition_that_is_met_in_time_has_not_failed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", {"preconditionTimeout": "1 hour"}, type="Exists")

    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FINISHED")
    datapipeline_fake.clock.advance(7200)

    task.assert_finished()


# -- limits of the model that botocore does not check ----------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "constraint"),
    [
        ({"taskStatus": "DONE"}, "Member must satisfy enum value set: [FINISHED, FAILED, FALSE]"),
        ({"errorId": "e" * 1025}, "Member must have length less than or equal to 1024"),
        ({"errorStackTrace": "s" * 4096}, "Member must have length less than or equal to 4095"),
        ({"errorStackTrace": "\x1b[31mred"}, "Member must satisfy regular expression pattern: "),
        ({"taskId": "t" * 2049}, "Member must have length less than or equal to 2048"),
    ],
)
def test_what_breaks_the_model_is_a_validation_error_and_changes_nothing(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    parameters: dict[str, str],
    constraint: str,
) -> None:
    task = datapipeline_fake.enqueue("wg")
    given = {"taskId": taken(datapipeline_client), "taskStatus": "FAILED", **parameters}

    with pytest.raises(ClientError) as caught:
        datapipeline_client.set_task_status(**given)

    error = caught.value.response["Error"]
    (name,) = parameters
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith("1 validation error detected: Value ")
    assert f"at '{name}' failed to satisfy constraint: {constraint}" in error["Message"]
    assert task.status == "WAITING_FOR_RUNNER"


def test_a_stack_trace_between_both_documented_limits_is_accepted(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", maximum_retries=0)

    datapipeline_client.set_task_status(
        taskId=taken(datapipeline_client), taskStatus="FAILED", errorStackTrace="s" * 4095
    )

    assert task.error_stack_trace == "s" * 4095
