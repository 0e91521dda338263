"""Findings about acknowledgements, progress and cancellation."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import HTTPClientError
from support.runner import GROUP, finish, poll, take, work, work_one

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake


def test_a_task_that_is_acknowledged_after_two_minutes_breaks_the_contract(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)

    task = poll(datapipeline_client)
    datapipeline_fake.clock.advance(120)
    with pytest.raises(Exception, match="TaskNotFound"):
        datapipeline_client.report_task_progress(taskId=task["taskId"])

    (found,) = datapipeline_fake.findings.broken
    assert found.id == "late-acknowledgement"
    assert "did not acknowledge it within 120 seconds" in found.text
    assert [call.operation for call in found.calls] == ["PollForTask"]


def test_a_task_that_is_acknowledged_within_119_seconds_is_kept(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)

    task = poll(datapipeline_client)
    datapipeline_fake.clock.advance(119)
    datapipeline_client.report_task_progress(taskId=task["taskId"])

    assert not datapipeline_fake.findings


def test_a_loop_that_takes_more_tasks_than_it_begins_is_found_without_another_call(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, {"command": "one"}, {"command": "two"})

    def loop() -> None:
        poll(datapipeline_client)
        work(datapipeline_client)

    datapipeline_fake.run(loop)

    assert datapipeline_fake.findings.broken == ["late-acknowledgement"]


def test_a_task_that_is_never_acknowledged_is_told_once_however_often_it_comes_back(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)

    def loop() -> None:
        for _ in range(5):
            poll(datapipeline_client)
            poll(datapipeline_client, workerGroup="other")
            poll(datapipeline_client, workerGroup="other")

    datapipeline_fake.run(loop, until=lambda: False)

    (found,) = datapipeline_fake.findings.broken
    assert found.id == "late-acknowledgement"
    assert found.times > 1


def test_a_test_that_polls_and_moves_the_clock_itself_is_no_runner(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)

    poll(datapipeline_client)
    datapipeline_fake.clock.advance(120)

    assert not datapipeline_fake.findings


def test_a_runner_that_the_test_has_die_is_not_blamed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    datapipeline_fake.fail("report_task_progress", "runner_dies")

    datapipeline_fake.run(lambda: work(datapipeline_client))
    datapipeline_fake.run(lambda: work(datapipeline_client))

    assert not datapipeline_fake.findings


def test_a_lost_answer_is_not_the_runner_s_fault(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    datapipeline_fake.fail("poll_for_task", "answer_lost", per="request")

    datapipeline_fake.run(lambda: work(datapipeline_client))

    assert not datapipeline_fake.findings


def test_a_final_status_without_a_report_is_against_advice(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)

    finish(datapipeline_client, poll(datapipeline_client)["taskId"])

    (found,) = datapipeline_fake.findings
    assert (found.id, found.strength) == ("no-acknowledgement", "advice")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (900, ["silent-too-long", "stale-task"]),
        (899, ["seldom-reports"]),
        (301, ["seldom-reports"]),
        (300, []),
    ],
)
def test_silence_is_judged_by_its_length(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    seconds: int,
    expected: list[str],
) -> None:
    datapipeline_fake.enqueue(GROUP)

    def job(_: Any) -> None:
        datapipeline_fake.clock.advance(seconds)

    with contextlib.suppress(datapipeline_client.exceptions.TaskNotFoundException):
        work_one(datapipeline_client, job)

    assert datapipeline_fake.findings == expected


def test_the_limit_of_silence_is_that_of_the_task(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, report_progress_timeout=60)
    task_id = take(datapipeline_client)

    datapipeline_fake.clock.advance(60)
    with pytest.raises(Exception, match="TaskNotFound"):
        finish(datapipeline_client, task_id)

    found = datapipeline_fake.findings.filter("silent-too-long")[0]
    assert "for 60 seconds, and its limit is 60" in found.text


def test_a_worker_that_ends_without_a_final_status_breaks_the_contract(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP, maximum_retries=0)

    def loop() -> None:
        while True:
            task = poll(datapipeline_client)
            if task is not None:
                datapipeline_client.report_task_progress(taskId=task["taskId"])

    datapipeline_fake.run(loop)

    (found,) = datapipeline_fake.findings.broken
    assert found.id == "no-final-status"


def test_a_task_that_is_still_held_when_the_test_ends_is_nobody_s_fault(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)

    take(datapipeline_client)

    assert not datapipeline_fake.findings


def test_reports_after_a_cancellation_break_the_contract(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    task.cancel()

    for _ in range(2):
        datapipeline_client.report_task_progress(taskId=task_id)

    assert datapipeline_fake.findings == ["canceled-ignored"]


def test_a_runner_that_stops_at_the_first_canceled_answer_is_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    task.cancel()

    datapipeline_client.report_task_progress(taskId=task_id)

    assert not datapipeline_fake.findings


def test_a_cancellation_is_not_known_from_an_answer_that_was_lost(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    task.cancel()
    datapipeline_fake.fail("report_task_progress", "answer_lost")

    with contextlib.suppress(HTTPClientError):
        datapipeline_client.report_task_progress(taskId=task_id)
    answer = datapipeline_client.report_task_progress(taskId=task_id)

    assert answer["canceled"]
    assert not datapipeline_fake.findings


def test_that_a_task_is_gone_is_not_known_from_an_answer_that_was_lost(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    datapipeline_client.delete_pipeline(pipelineId=task.pipeline_id)
    datapipeline_fake.fail("report_task_progress", "answer_lost")

    with contextlib.suppress(HTTPClientError):
        datapipeline_client.report_task_progress(taskId=task_id)
    with contextlib.suppress(datapipeline_client.exceptions.ClientError):
        datapipeline_client.report_task_progress(taskId=task_id)

    assert not datapipeline_fake.findings


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, ["final-status-after-cancel"]),
        (120, ["canceled-ignored", "final-status-after-cancel"]),
    ],
)
def test_a_final_status_after_a_cancellation_is_judged_by_how_late_it_comes(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    seconds: int,
    expected: list[str],
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    task.cancel()
    datapipeline_client.report_task_progress(taskId=task_id)

    datapipeline_fake.clock.advance(seconds)
    finish(datapipeline_client, task_id)

    assert datapipeline_fake.findings == expected


@pytest.mark.parametrize("error", ["PipelineDeletedException", "PipelineNotFoundException"])
def test_going_on_with_a_task_of_a_deleted_pipeline_is_found(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, error: str
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    datapipeline_fake.fail("report_task_progress", error)
    with pytest.raises(Exception, match=error):
        datapipeline_client.report_task_progress(taskId=task_id)
    assert not datapipeline_fake.findings

    finish(datapipeline_client, task_id)

    assert datapipeline_fake.findings == ["works-on-deleted-pipeline"]


@pytest.mark.parametrize(
    ("key", "length", "expected"),
    [
        ("rows", 10_240, []),
        ("rows", 10_241, ["progress-field-size"]),
        ("k" * 256, 1, []),
        ("k" * 257, 1, ["progress-field-size"]),
        ("@status", 1, ["progress-field-reserved"]),
    ],
)
def test_fields_of_a_report_are_measured(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    key: str,
    length: int,
    expected: list[str],
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)

    with contextlib.suppress(datapipeline_client.exceptions.ClientError):
        datapipeline_client.report_task_progress(
            taskId=task_id, fields=[{"key": key, "stringValue": "v" * length}]
        )

    assert datapipeline_fake.findings == expected


def test_a_task_that_the_test_takes_back_is_nobody_s_fault(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)

    task.expire()
    with pytest.raises(Exception, match="TaskNotFound"):
        datapipeline_client.report_task_progress(taskId=task_id)

    assert not datapipeline_fake.findings


def test_a_report_that_fails_as_planned_is_not_the_runner_s_silence(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task_id = poll(datapipeline_client)["taskId"]
    datapipeline_fake.fail("report_task_progress", "read_timeout")
    with contextlib.suppress(Exception):
        datapipeline_client.report_task_progress(taskId=task_id)

    with contextlib.suppress(datapipeline_client.exceptions.TaskNotFoundException):
        datapipeline_client.report_task_progress(taskId=task_id)

    assert not datapipeline_fake.findings
