"""The life of a task: acknowledgement, progress, final status, time-outs, retries, cancellation."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pytest_datapipeline import FakeUsageError, Task, set_task_status

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


def taken(client: Any, worker_group: str = "wg") -> str:
    """The task id of the next task of the worker group."""
    return str(client.poll_for_task(workerGroup=worker_group)["taskObject"]["taskId"])


# -- acknowledgement ------------------------------------------------------------------------------


def test_a_task_waits_for_its_runner_until_the_first_report(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)
    handed_over = task.status

    answer = datapipeline_client.report_task_progress(taskId=task_id)

    assert answer["canceled"] is False
    assert (handed_over, task.status) == ("WAITING_FOR_RUNNER", "RUNNING")


def test_a_report_with_a_field_of_two_values_is_refused_and_changes_nothing(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException) as caught:
        datapipeline_client.report_task_progress(
            taskId=task_id, fields=[{"key": "k", "stringValue": "s", "refValue": "r"}]
        )

    assert caught.value.response["Error"]["Message"] == (
        "Invalid field: k has both a stringValue and a refValue"
    )
    assert task.status == "WAITING_FOR_RUNNER"
    assert task.progress == []


@pytest.mark.datapipeline(running_from="hand-over")
def test_a_setting_makes_a_task_running_from_its_hand_over(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")

    taken(datapipeline_client)

    assert task.status == "RUNNING"


@pytest.mark.rule("acknowledge-120")
def test_a_task_that_is_not_acknowledged_in_120_seconds_goes_back_with_a_new_id(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    first = taken(datapipeline_client)

    datapipeline_fake.clock.advance(120)
    second = taken(datapipeline_client)

    assert first != second
    assert task.attempts[0].task_ids == [first, second]


def test_an_acknowledgement_just_in_time_keeps_the_task(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)
    datapipeline_fake.clock.advance(119.999)

    datapipeline_client.report_task_progress(taskId=task_id)
    datapipeline_fake.clock.advance(10)

    assert task.status == "RUNNING"


def test_the_runner_that_lost_a_task_does_not_find_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")
    lost = taken(datapipeline_client)
    datapipeline_fake.clock.advance(120)
    taken(datapipeline_client)

    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException):
        datapipeline_client.report_task_progress(taskId=lost)
    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException):
        datapipeline_client.set_task_status(taskId=lost, taskStatus="FINISHED")


# -- progress -------------------------------------------------------------------------------------


@pytest.mark.rule("progress-fields")
def test_progress_reports_are_kept_with_their_times(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)
    start = datapipeline_fake.clock.now()
    datapipeline_client.report_task_progress(taskId=task_id)
    datapipeline_fake.clock.advance(60)

    datapipeline_client.report_task_progress(
        taskId=task_id, fields=[{"key": "percentComplete", "stringValue": "50"}]
    )

    assert [(report.time - start, report.fields) for report in task.progress] == [
        (timedelta(0), {}),
        (timedelta(seconds=60), {"percentComplete": "50"}),
    ]


def test_silence_of_15_minutes_after_the_acknowledgement_fails_the_attempt(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_client.report_task_progress(taskId=taken(datapipeline_client))

    datapipeline_fake.clock.advance(15 * 60)

    assert task.attempts[0].status == "FAILED"
    assert task.error_message == "No progress was reported for 900 seconds."


@pytest.mark.rule("progress-timeout-field")
@pytest.mark.parametrize("given", ["argument", "field"])
def test_the_report_progress_timeout_of_a_task_goes_before_the_default(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, given: str
) -> None:
    if given == "argument":
        task = datapipeline_fake.enqueue("wg", report_progress_timeout=300)
    else:
        task = datapipeline_fake.enqueue("wg", {"reportProgressTimeout": "5 Minutes"})
    datapipeline_client.report_task_progress(taskId=taken(datapipeline_client))

    datapipeline_fake.clock.advance(299)
    before = task.attempts[0].status
    datapipeline_fake.clock.advance(1)

    assert (before, task.attempts[0].status) == ("RUNNING", "FAILED")


@pytest.mark.rule("progress-15")
def test_a_runner_that_reports_every_14_minutes_keeps_its_task(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)

    for _ in range(10):
        datapipeline_client.report_task_progress(taskId=task_id)
        datapipeline_fake.clock.advance(14 * 60)

    assert task.status == "RUNNING"


def test_progress_fields_that_only_the_service_sets_are_refused(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException, match="@status"):
        datapipeline_client.report_task_progress(
            taskId=task_id, fields=[{"key": "@status", "stringValue": "FINISHED"}]
        )

    assert task.status == "WAITING_FOR_RUNNER"


# -- final status ---------------------------------------------------------------------------------


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


# -- FALSE ----------------------------------------------------------------------------------------


@pytest.mark.rule("false-for-preconditions")
def test_false_for_an_activity_counts_as_failed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", maximum_retries=0)

    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FALSE")

    assert task.status == "FAILED"


@pytest.mark.datapipeline(false_for_activity="refuse")
def test_a_setting_refuses_false_for_an_activity(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)

    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.set_task_status(taskId=task_id, taskStatus="FALSE")

    assert not task.ended


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


# -- cancellation and time-outs -------------------------------------------------------------------


@pytest.mark.rule("canceled")
def test_the_runner_of_a_canceled_task_learns_of_it_at_its_next_report(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)
    datapipeline_client.report_task_progress(taskId=task_id)

    task.cancel()
    answer = datapipeline_client.report_task_progress(taskId=task_id)

    assert answer["canceled"] is True
    assert task.status == "CANCELED"


def test_a_task_that_is_canceled_before_it_is_handed_out_is_never_handed_out(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    canceled, other = datapipeline_fake.enqueue("wg", {}, {})

    canceled.cancel()
    task_id = taken(datapipeline_client)

    assert task_id == other.task_id
    assert canceled.task_id is None


def test_the_final_status_of_a_canceled_task_is_accepted_and_changes_nothing(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)
    task.cancel()

    datapipeline_client.set_task_status(taskId=task_id, taskStatus="FINISHED")

    assert task.status == "CANCELED"


def test_a_task_that_has_ended_can_not_be_canceled(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FINISHED")

    with pytest.raises(FakeUsageError, match="has ended and can not be canceled"):
        task.cancel()

    assert task.status == "FINISHED"


def test_an_attempt_that_outlasts_its_attempt_timeout_fails_and_its_runner_is_told(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", attempt_timeout=600, retry_delay=60)
    task_id = taken(datapipeline_client)
    datapipeline_client.report_task_progress(taskId=task_id)
    datapipeline_fake.clock.advance(600)

    answer = datapipeline_client.report_task_progress(taskId=task_id)
    again = taken(datapipeline_client)

    assert answer["canceled"] is True
    assert task.attempts[0].status == "FAILED"
    assert again == task.attempts[1].task_ids[0]


def test_expire_makes_the_acknowledgement_late_without_moving_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    first = taken(datapipeline_client)
    before = datapipeline_fake.clock.now()

    task.expire()
    second = taken(datapipeline_client)

    assert datapipeline_fake.clock.now() == before
    assert first != second


def test_expire_makes_a_report_late(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", maximum_retries=0)
    datapipeline_client.report_task_progress(taskId=taken(datapipeline_client))

    task.expire()

    assert task.status == "FAILED"


def test_expire_ends_a_delay(datapipeline_fake: DataPipelineFake, datapipeline_client: Any) -> None:
    task = datapipeline_fake.enqueue("wg", delay=3600)

    task.expire()

    assert taken(datapipeline_client) == task.task_id


def test_a_task_with_nothing_due_can_not_expire(datapipeline_fake: DataPipelineFake) -> None:
    task = datapipeline_fake.enqueue("wg")

    with pytest.raises(FakeUsageError, match="waits for a runner to poll"):
        task.expire()


def test_deadline_tells_when_the_service_acts_by_itself(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    before = task.deadline

    taken(datapipeline_client)

    assert before is None
    assert task.deadline == datapipeline_fake.clock.now() + timedelta(seconds=120)


# -- heartbeats -----------------------------------------------------------------------------------


@pytest.mark.rule("heartbeat")
def test_heartbeats_are_recorded_for_each_runner(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    answer = datapipeline_client.report_task_runner_heartbeat(
        taskrunnerId="tr-1", workerGroup="wg", hostname="h"
    )
    datapipeline_fake.clock.advance(900)
    datapipeline_client.report_task_runner_heartbeat(taskrunnerId="tr-1")

    first, second = datapipeline_fake.heartbeats["tr-1"]
    assert answer["terminate"] is False
    assert (first.worker_group, first.hostname) == ("wg", "h")
    assert second.time - first.time == timedelta(seconds=900)


@pytest.mark.rule("terminate")
def test_a_test_can_ask_a_runner_to_terminate(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.terminate("tr-1")

    answers = [
        datapipeline_client.report_task_runner_heartbeat(taskrunnerId=runner)["terminate"]
        for runner in ("tr-1", "tr-2")
    ]

    assert answers == [True, False]


# -- limits of the model that botocore does not check ---------------------------------------------


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


# -- assertions -----------------------------------------------------------------------------------


def test_assert_finished_tells_the_task_s_story(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", id="Nightly")
    datapipeline_client.set_task_status(
        taskId=taken(datapipeline_client), taskStatus="FAILED", errorId="E1", errorMessage="no disk"
    )

    with pytest.raises(AssertionError) as caught:
        task.assert_finished()

    at = f"{datapipeline_fake.clock.now():%H:%M:%S}"
    assert str(caught.value) == (
        "Nightly should be FINISHED. It is WAITING_FOR_RUNNER, in worker group 'wg'.\n"
        f"  attempt 1 FAILED; handed over {at}; ended {at}; error 'E1': no disk."
    )


def test_assert_failed_names_the_error_id_that_it_found(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", maximum_retries=0)
    datapipeline_client.set_task_status(
        taskId=taken(datapipeline_client), taskStatus="FAILED", errorId="E1"
    )

    with pytest.raises(AssertionError, match="should have failed with errorId 'E2', but has 'E1'"):
        task.assert_failed("E2")


def test_assert_failed_is_not_content_with_a_finished_task(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FINISHED")

    with pytest.raises(AssertionError, match="should have FAILED"):
        task.assert_failed()


def test_assert_acknowledged_measures_from_the_hand_over(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task_id = taken(datapipeline_client)
    datapipeline_fake.clock.advance(30)
    datapipeline_client.report_task_progress(taskId=task_id)

    task.assert_acknowledged(within=30)
    with pytest.raises(AssertionError, match="within 0:00:20, but was after 0:00:30"):
        task.assert_acknowledged(within=20)


def test_assert_acknowledged_fails_where_nobody_polled_or_reported(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    polled, alone = datapipeline_fake.enqueue("wg", {}, {})
    taken(datapipeline_client)

    with pytest.raises(AssertionError, match="was never acknowledged"):
        polled.assert_acknowledged()
    with pytest.raises(AssertionError, match="was never handed to a runner"):
        alone.assert_acknowledged()


def test_a_task_and_its_attempts_print_what_one_wants_to_know(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task: Task = datapipeline_fake.enqueue("wg", id="Nightly", at="2099-01-01T00:00:00")
    waiting = repr(task)

    datapipeline_fake.clock.move_to("2099-01-01T00:00:00")

    assert waiting == "<Task Nightly in 'wg': WAITING_ON_DEPENDENCIES>"
    assert repr(task.attempts) == (
        "[<Attempt 1, WAITING_FOR_RUNNER, of @Nightly_2099-01-01T00:00:00>]"
    )
