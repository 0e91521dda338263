"""Planned faults: what the code under test meets, how often, and what the service did meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError

from pytest_datapipeline import (
    DataPipelineFake,
    FakeUsageError,
    UnmetExpectations,
    poll_for_task,
    set_task_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.rule("internal-error-is-500")
@pytest.mark.parametrize(
    "name", ["InternalServiceError", "InvalidRequestException", "TaskNotFoundException"]
)
def test_each_exception_of_poll_for_task_takes_one_line(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, name: str
) -> None:
    datapipeline_fake.fail("poll_for_task", name)

    with pytest.raises(getattr(datapipeline_client.exceptions, name)):
        datapipeline_client.poll_for_task(workerGroup="wg")


@pytest.mark.parametrize(
    "given",
    [
        lambda client: "TaskNotFoundException",
        lambda client: client.exceptions.TaskNotFoundException,
        lambda client: client.exceptions.TaskNotFoundException(
            {"Error": {"Code": "TaskNotFoundException", "Message": "gone"}}, "PollForTask"
        ),
    ],
    ids=["name", "class", "instance"],
)
def test_a_service_error_is_given_by_name_class_or_instance(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    given: Callable[[Any], Any],
) -> None:
    datapipeline_fake.fail("PollForTask", given(datapipeline_client))

    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException) as caught:
        datapipeline_client.poll_for_task(workerGroup="wg")

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_message_of_a_service_error_can_be_chosen(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("poll_for_task", "InvalidRequestException", message="no such thing")

    with pytest.raises(
        datapipeline_client.exceptions.InvalidRequestException, match="no such thing"
    ):
        datapipeline_client.poll_for_task(workerGroup="wg")


@pytest.mark.rule("throttling-code")
def test_throttling_is_retried_by_botocore_in_virtual_time_and_its_back_off_recorded(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("poll_for_task", "throttling")
    before = datapipeline_fake.clock.now()

    with pytest.raises(exceptions.ClientError, match="ThrottlingException"):
        datapipeline_client.poll_for_task(workerGroup="wg")

    backoffs = datapipeline_fake.calls.backoffs
    assert len(backoffs) == len(datapipeline_fake.calls) - 1 > 0
    passed = datapipeline_fake.clock.now() - before
    assert passed.total_seconds() == pytest.approx(sum(backoffs), abs=1e-4)


def test_any_http_status_can_be_answered(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("poll_for_task", 503)

    with pytest.raises(exceptions.ClientError) as caught:
        datapipeline_client.poll_for_task(workerGroup="wg")

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_a_connect_time_out_takes_the_client_s_connect_time_out(
    datapipeline_fake: DataPipelineFake,
) -> None:
    config = Config(connect_timeout=7, retries={"total_max_attempts": 1})
    client = boto3.client("datapipeline", config=config)
    datapipeline_fake.fail("poll_for_task", "connect_timeout")
    before = datapipeline_fake.clock.now()

    with pytest.raises(exceptions.ConnectTimeoutError):
        client.poll_for_task(workerGroup="wg")

    assert datapipeline_fake.clock.now() - before == timedelta(seconds=7)


def test_a_read_time_out_takes_the_client_s_read_time_out_and_the_service_did_not_act(
    datapipeline_fake: DataPipelineFake,
) -> None:
    config = Config(read_timeout=100, retries={"total_max_attempts": 1})
    client = boto3.client("datapipeline", config=config)
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("poll_for_task", "read_timeout")
    before = datapipeline_fake.clock.now()

    with pytest.raises(exceptions.ReadTimeoutError):
        client.poll_for_task(workerGroup="wg")

    assert datapipeline_fake.clock.now() - before == timedelta(seconds=100)
    assert task.task_id is None


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ("connection_refused", exceptions.EndpointConnectionError),
        ("connection_dropped", exceptions.ConnectionClosedError),
        (exceptions.EndpointConnectionError, exceptions.EndpointConnectionError),
        (exceptions.ConnectionClosedError, exceptions.ConnectionClosedError),
        (exceptions.ProxyConnectionError(proxy_url="http://p"), exceptions.ProxyConnectionError),
    ],
)
def test_a_connection_that_fails_never_reaches_the_service(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    error: Any,
    raised: type[Exception],
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("poll_for_task", error)

    with pytest.raises(raised):
        datapipeline_client.poll_for_task(workerGroup="wg")

    assert task.task_id is None
    assert datapipeline_fake.calls[0].error == raised.__name__


def test_an_answer_that_is_no_json_reaches_the_code_under_test_as_botocore_reads_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("poll_for_task", "not_json")

    answer = datapipeline_client.poll_for_task(workerGroup="wg")

    assert "taskObject" not in answer


def test_a_lost_answer_means_that_the_service_acted_and_the_client_does_not_know(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    taken = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
    datapipeline_fake.fail("set_task_status", "answer_lost")

    with pytest.raises(exceptions.ConnectionClosedError):
        datapipeline_client.set_task_status(taskId=taken["taskId"], taskStatus="FINISHED")

    task.assert_finished()


def test_a_lost_answer_to_a_poll_loses_one_task_and_not_one_for_each_retry(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    first, second = datapipeline_fake.enqueue("wg", {}, {})
    datapipeline_fake.fail("poll_for_task", "answer_lost")

    with pytest.raises(exceptions.ConnectionClosedError):
        datapipeline_client.poll_for_task(workerGroup="wg")

    assert first.task_id is not None
    assert second.task_id is None


# -- counting -------------------------------------------------------------------------------------


def test_a_fault_is_for_whole_calls_retries_included(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    fault = datapipeline_fake.fail("poll_for_task", "InternalServiceError")

    with pytest.raises(datapipeline_client.exceptions.InternalServiceError):
        datapipeline_client.poll_for_task(workerGroup="wg")

    assert len(datapipeline_fake.calls) > 1
    assert fault.met == 1


def test_a_fault_per_request_lets_botocore_s_retry_succeed(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("poll_for_task", "InternalServiceError", per="request")

    answer = datapipeline_client.poll_for_task(workerGroup="wg")

    assert answer["taskObject"]["taskId"] == task.task_id
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_after_and_times_count_calls(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("poll_for_task", "TaskNotFoundException", after=1, times=2)
    datapipeline_fake.enqueue("wg", *[{}] * 4)

    outcomes = []
    for _ in range(4):
        try:
            datapipeline_client.poll_for_task(workerGroup="wg")
            outcomes.append("task")
        except datapipeline_client.exceptions.TaskNotFoundException:
            outcomes.append("error")

    assert outcomes == ["task", "error", "error", "task"]


def test_a_matcher_picks_the_calls_that_fail(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("healthy")
    datapipeline_fake.fail(poll_for_task(workerGroup="ill"), "InternalServiceError")

    answer = datapipeline_client.poll_for_task(workerGroup="healthy")
    with pytest.raises(datapipeline_client.exceptions.InternalServiceError):
        datapipeline_client.poll_for_task(workerGroup="ill")

    assert "taskObject" in answer


def test_faults_of_one_operation_are_met_in_the_order_in_which_they_were_planned(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("poll_for_task", "TaskNotFoundException")
    datapipeline_fake.fail("poll_for_task", "InvalidRequestException")

    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException):
        datapipeline_client.poll_for_task(workerGroup="wg")
    with pytest.raises(datapipeline_client.exceptions.InvalidRequestException):
        datapipeline_client.poll_for_task(workerGroup="wg")


# -- at the end -----------------------------------------------------------------------------------


def test_a_fault_that_was_not_met_is_told_at_the_end() -> None:
    fake = DataPipelineFake()
    with pytest.raises(UnmetExpectations) as caught, fake:
        fake.fail(set_task_status(taskStatus="FINISHED"), "throttling", times=2)

    (fault,) = fake._world.faults.planned
    assert str(caught.value) == (
        "A planned fault was not met: fail(set_task_status(taskStatus='FINISHED'), 'throttling'): "
        "met 0 of 2 times. No call came that it is for, nor any other. It was planned at "
        f"{fault.planned_at}. Plan it with optional=True if it need not come.\n"
        "Help: pytest-datapipeline explain fault-not-met"
    )


def test_a_fault_that_was_met_too_seldom_tells_how_many_more_were_planned() -> None:
    fake = DataPipelineFake()
    with pytest.raises(UnmetExpectations) as caught, fake:
        fake.fail("list_pipelines", 503, times=3)
        fake.fail("describe_pipelines", 400, after=2)
        client = boto3.client("datapipeline", config=Config(retries={"total_max_attempts": 1}))
        for call in (
            client.list_pipelines,
            lambda: client.describe_pipelines(pipelineIds=["df-1"]),
        ):
            with pytest.raises(ClientError):
                call()

    told = re.sub(r" It was planned at \S+test_faults.py:\d+\.", "", str(caught.value))
    assert told.splitlines() == [
        "A planned fault was not met: fail(list_pipelines(), 503): met 1 of 3 times. 2 more calls "
        "that it is for were to come. Plan it with optional=True if it need not come.",
        "A planned fault was not met: fail(describe_pipelines(), 400): met 0 of 1 times. The 1 "
        "that it is for were to pass (after=2). Plan it with optional=True if it need not come.",
        "Help: pytest-datapipeline explain fault-not-met",
    ]


@pytest.mark.parametrize("kind", [NoCredentialsError, ClientError])
def test_a_class_of_botocore_s_exceptions_is_refused_where_an_instance_is_due(
    datapipeline_fake: DataPipelineFake, kind: type[Exception]
) -> None:
    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.fail("poll_for_task", kind)

    assert str(caught.value) == (
        f"{kind.__name__} is a class: give an instance, as it is raised in production."
    )


def test_a_matcher_without_its_parentheses_is_refused(
    datapipeline_fake: DataPipelineFake,
) -> None:
    function: Any = poll_for_task

    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.fail(function, 503)

    assert str(caught.value) == (
        "fail() takes an operation's name or a matcher, not the function poll_for_task: call it, "
        "as in poll_for_task().\n"
        "Help: pytest-datapipeline explain not-an-operation"
    )


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDenied", 403),
        ("AccessDeniedException", 400),
        ("ExpiredTokenException", 400),
        ("RequestExpired", 400),
        ("SignatureDoesNotMatch", 403),
        ("UnrecognizedClientException", 400),
    ],
)
def test_errors_that_aws_sends_whatever_the_service_can_be_planned(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, code: str, status: int
) -> None:
    datapipeline_fake.fail("poll_for_task", code)

    with pytest.raises(ClientError) as caught:
        datapipeline_client.poll_for_task(workerGroup="wg")

    response = caught.value.response
    assert response["Error"]["Code"] == code
    assert response["Error"]["Message"]
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert len(datapipeline_fake.calls) == 1


@pytest.mark.parametrize(
    "code",
    [
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "Throttling",
        "TooManyRequestsException",
    ],
)
def test_errors_by_which_botocore_tries_again_make_it_try_again(
    datapipeline_fake: DataPipelineFake, code: str
) -> None:
    retries: Any = {"mode": "standard", "total_max_attempts": 2}
    client = boto3.client("datapipeline", config=Config(retries=retries))
    datapipeline_fake.fail("list_pipelines", code, per="request")

    client.list_pipelines()

    assert [call.error for call in datapipeline_fake.calls] == [code, None]


def test_an_unknown_error_is_refused_with_the_nearest_of_those(
    datapipeline_fake: DataPipelineFake,
) -> None:
    with pytest.raises(FakeUsageError, match="Did you mean 'ExpiredTokenException'"):
        datapipeline_fake.fail("poll_for_task", "ExpiredTokenExcepton")


def test_an_optional_fault_need_not_be_met() -> None:
    with DataPipelineFake() as fake:
        fault = fake.fail("poll_for_task", "throttling", optional=True)

    assert fault.met == 0


def test_a_setting_lets_all_faults_go_unmet() -> None:
    with DataPipelineFake(unmet_faults_fail=False) as fake:
        fault = fake.fail("poll_for_task", "throttling")

    assert fault.met == 0


def test_an_error_in_the_block_is_not_covered_up_by_what_the_end_has_to_tell() -> None:
    def fails() -> None:
        with DataPipelineFake() as fake:
            fake.fail("poll_for_task", "throttling")
            raise KeyError("the real reason")

    with pytest.raises(KeyError, match="the real reason"):
        fails()
