"""Findings about how tasks are ended, and about which task a call speaks."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from support.runner import GROUP, finish, poll, take

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineFake

FAILED = {"taskStatus": "FAILED", "errorId": "Oops", "errorMessage": "it broke"}


def findings_of(fake: DataPipelineFake, client: Any, **parameters: Any) -> list[str]:
    """The findings after one task that ends so."""
    fake.enqueue(GROUP)
    task_id = take(client)
    with contextlib.suppress(client.exceptions.ClientError):
        finish(client, task_id, **parameters)
    return fake.findings.ids


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({"taskStatus": "FINISHED"}, [], id="finished"),
        pytest.param(FAILED, [], id="failed with its error"),
        pytest.param({"taskStatus": "FALSE"}, ["false-for-activity"], id="false"),
        pytest.param({"taskStatus": "DONE"}, ["unknown-status"], id="no status"),
        pytest.param({"taskStatus": "finished"}, ["unknown-status"], id="small letters"),
        pytest.param({"taskStatus": "FAILED"}, ["failed-without-error"], id="failed, no error"),
        pytest.param({"errorId": "Oops"}, ["error-with-success"], id="finished with an error"),
        pytest.param(FAILED | {"errorId": "Service_X"}, ["reserved-error-id"], id="reserved id"),
        pytest.param(FAILED | {"errorId": "service_X"}, [], id="small letters are not reserved"),
        pytest.param(FAILED | {"errorId": "x" * 1024}, [], id="longest id"),
        pytest.param(FAILED | {"errorId": "x" * 1025}, ["long-error-text"], id="too long an id"),
        pytest.param(FAILED | {"errorStackTrace": "x" * 1024}, [], id="longest trace"),
        pytest.param(
            FAILED | {"errorStackTrace": "x" * 1025}, ["long-stack-trace"], id="long trace"
        ),
        pytest.param(
            FAILED | {"errorStackTrace": "x" * 4096}, ["long-error-text"], id="too long a trace"
        ),
        pytest.param(FAILED | {"errorStackTrace": "a\tb\r\n"}, [], id="tabs and line ends"),
        pytest.param(
            FAILED | {"errorStackTrace": "\x1b[31mred"}, ["error-characters"], id="colours"
        ),
        pytest.param(FAILED | {"errorId": "nul\0"}, ["error-characters"], id="a control"),
    ],
)
def test_the_final_status_is_judged_by_its_parameters(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    parameters: dict[str, str],
    expected: list[str],
) -> None:
    assert findings_of(datapipeline_fake, datapipeline_client, **parameters) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"taskStatus": "FALSE"}, []),
        ({"taskStatus": "FAILED", "errorMessage": "no"}, ["failed-precondition"]),
        (FAILED, []),
    ],
)
def test_a_precondition_that_does_not_hold_is_false_and_not_failed(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    parameters: dict[str, str],
    expected: list[str],
) -> None:
    datapipeline_fake.enqueue(GROUP, type="ShellCommandPrecondition")

    finish(datapipeline_client, take(datapipeline_client), **parameters)

    assert datapipeline_fake.findings == expected


def test_a_second_final_status_is_found(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)

    finish(datapipeline_client, task_id)
    with pytest.raises(Exception, match="TaskNotFound"):
        finish(datapipeline_client, task_id)

    assert datapipeline_fake.findings == ["final-status-twice"]


@pytest.mark.parametrize("per", ["call", "request"])
def test_a_final_status_that_is_repeated_after_a_lost_answer_is_right(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, per: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    datapipeline_fake.fail("set_task_status", "answer_lost", per=per)

    for _ in range(2):
        with contextlib.suppress(Exception):
            finish(datapipeline_client, task_id)

    assert not datapipeline_fake.findings.broken
    assert "final-status-twice" not in datapipeline_fake.findings.ids or per == "request"


def test_a_report_after_the_final_status_is_found(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)

    finish(datapipeline_client, task_id)
    with pytest.raises(Exception, match="TaskNotFound"):
        datapipeline_client.report_task_progress(taskId=task_id)

    assert datapipeline_fake.findings == ["progress-after-final-status"]


def test_speaking_of_a_task_that_was_given_to_another_is_found(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    late = poll(datapipeline_client)["taskId"]
    datapipeline_fake.clock.advance(120)
    take(datapipeline_client)

    with pytest.raises(Exception, match="TaskNotFound"):
        finish(datapipeline_client, late)

    assert "stale-task" in datapipeline_fake.findings.ids


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda task: task["attemptId"], "the attempt's id"),
        (lambda task: task["pipelineId"], "the pipeline's id"),
        (lambda task: task["taskId"][:255], "the first 255 characters of one that has 921"),
        (lambda task: quote(task["taskId"], safe=""), "quoted for a URL"),
    ],
)
def test_a_damaged_task_id_is_told_with_what_was_done_to_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, damage: Any, told: str
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task = poll(datapipeline_client)

    with pytest.raises(Exception, match="TaskNotFound"):
        datapipeline_client.report_task_progress(taskId=damage(task))

    (found,) = datapipeline_fake.findings
    assert found.id == "damaged-task-id"
    assert told in found.text


def test_a_task_id_that_nobody_has_heard_of_is_no_damaged_one(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with pytest.raises(Exception, match="TaskNotFound"):
        datapipeline_client.report_task_progress(taskId="made-up")

    assert not datapipeline_fake.findings


def test_going_on_after_task_not_found_is_found(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue(GROUP)
    task_id = take(datapipeline_client)
    datapipeline_fake.fail("report_task_progress", "TaskNotFoundException")
    with pytest.raises(Exception, match="TaskNotFound"):
        datapipeline_client.report_task_progress(taskId=task_id)
    assert not datapipeline_fake.findings

    finish(datapipeline_client, task_id)

    assert datapipeline_fake.findings == ["goes-on-without-task"]


@pytest.mark.parametrize(("mine", "expected"), [(True, []), (False, ["evaluates-foreign-object"])])
def test_a_runner_evaluates_expressions_for_its_own_attempt(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    mine: bool,
    expected: list[str],
) -> None:
    datapipeline_fake.enqueue(GROUP, {"command": "one"}, {"command": "two"})
    task = poll(datapipeline_client)

    with contextlib.suppress(datapipeline_client.exceptions.ClientError):
        datapipeline_client.evaluate_expression(
            pipelineId=task["pipelineId"],
            objectId=task["attemptId"] if mine else "@Other_2026-01-01T00:00:00_Attempt=1",
            expression="#{1 + 1}",
        )

    assert datapipeline_fake.findings == expected
