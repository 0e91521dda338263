"""The life of a task: acknowledgement, progress, cancellation, time-outs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datapipeline import FakeUsageError, Task

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


def taken(client: Any, worker_group: str = "wg") -> str:
    """The task id of the next task of the worker group."""
    return str(client.poll_for_task(workerGroup=worker_group)["taskObject"]["taskId"])


# -- acknowledgement -------------------------------------------------------------------------------


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


# -- progress --------------------------------------------------------------------------------------


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


# -- cancellation and time-outs --------------------------------------------------------------------


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

    with pytest.raises(FakeUsageError, match="has ended and cannot be canceled"):
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


# -- assertions ------------------------------------------------------------------------------------


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


def test_assert_canceled_tells_what_became_of_a_task_instead(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    other = datapipeline_fake.enqueue("wg")
    datapipeline_client.set_task_status(taskId=taken(datapipeline_client), taskStatus="FINISHED")

    other.cancel()

    other.assert_canceled()
    with pytest.raises(AssertionError, match=r"should be CANCELED\. It is FINISHED, in worker"):
        task.assert_canceled()


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
