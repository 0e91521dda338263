"""The script of answers: who is served, and in botocore's own way."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import boto3
import botocore.session
import botocore.stub
import pytest
from botocore import exceptions
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from dirty_equals import IsPartialDict, IsStr

from pytest_datapipeline import (
    DataPipelineStubber,
    FakeUsageError,
    UnmetExpectations,
    poll_for_task,
)
from pytest_datapipeline._clients.hooks import MovedParts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# As code under test often does: a client made when its module is imported, before any fixture.
MODULE_LEVEL_CLIENT = boto3.session.Session(
    aws_access_key_id="a", aws_secret_access_key="b"
).client("datapipeline", region_name="us-west-2")


@pytest.fixture
def stubber() -> Iterator[DataPipelineStubber]:
    """Without the check at the test's end: for tests of what a stubber refuses."""
    stubber = DataPipelineStubber()
    stubber.activate()
    yield stubber
    stubber.deactivate()


@pytest.fixture
def client(stubber: DataPipelineStubber) -> Any:
    return boto3.client("datapipeline")


# -- who is served ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: boto3.client("datapipeline"),
        lambda: boto3.client("datapipeline", "eu-west-1"),
        lambda: boto3.session.Session().client("datapipeline"),
        lambda: botocore.session.get_session().create_client("datapipeline"),
        lambda: botocore.session.get_session().create_client("datapipeline", "eu-west-1"),
        lambda: MODULE_LEVEL_CLIENT,
    ],
    ids=["boto3", "region", "session", "botocore", "botocore-region", "module-level"],
)
def test_every_client_is_served(
    datapipeline_stubber: DataPipelineStubber, make: Callable[[], Any]
) -> None:
    task_id = datapipeline_stubber.add_task("wg")

    answer = make().poll_for_task(workerGroup="wg")

    assert answer["taskObject"]["taskId"] == task_id


def test_a_client_that_was_made_while_one_was_active_is_served_by_the_next() -> None:
    with DataPipelineStubber():
        client = boto3.client("datapipeline")

    with DataPipelineStubber() as stubber:
        stubber.add_empty_poll()
        client.poll_for_task(workerGroup="wg")

    assert len(stubber.calls) == 1


@pytest.mark.parametrize(
    ("arguments", "region"),
    [
        ({}, "us-east-1"),
        ({"region_name": "eu-west-1"}, "eu-west-1"),
        ({"config": Config(region_name="eu-west-1")}, "eu-west-1"),
    ],
    ids=["none", "argument", "config"],
)
def test_the_region_is_supplied_only_where_there_is_none(
    datapipeline_stubber: DataPipelineStubber, arguments: dict[str, Any], region: str
) -> None:
    client = boto3.client("datapipeline", **arguments)

    assert client.meta.region_name == region


def test_the_supplied_region_can_be_chosen() -> None:
    with DataPipelineStubber(region="ap-southeast-2") as stubber:
        stubber.add_empty_poll()
        boto3.client("datapipeline").poll_for_task(workerGroup="wg")

    assert stubber.calls[0].region == "ap-southeast-2"


def test_a_region_of_the_environment_is_kept(
    datapipeline_stubber: DataPipelineStubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    assert boto3.client("datapipeline").meta.region_name == "eu-central-1"


def test_incomplete_credentials_are_still_an_error(
    datapipeline_stubber: DataPipelineStubber,
) -> None:
    with pytest.raises(exceptions.PartialCredentialsError):
        boto3.client("datapipeline", aws_access_key_id="a")


def test_clients_of_other_services_are_left_alone(
    datapipeline_stubber: DataPipelineStubber,
) -> None:
    sts = boto3.client(
        "sts", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    urls = []

    def answer(request: Any, **_: object) -> AWSResponse:
        urls.append(request.url)
        headers: Any = {}
        response: Any = AWSResponse(request.url, 403, headers, None)
        response._content = b"<ErrorResponse><Error><Code>No</Code></Error></ErrorResponse>"
        return response  # type: ignore[no-any-return]  # in some versions of the stubs

    sts.meta.events.register("before-send", answer)

    with pytest.raises(exceptions.ClientError, match="No"):
        sts.get_caller_identity()

    assert len(urls) == 1
    with pytest.raises(exceptions.NoRegionError):
        boto3.client("ec2", aws_access_key_id="a", aws_secret_access_key="b")


def test_a_client_checks_its_parameters_before_a_response_is_looked_for(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    datapipeline_stubber.add_empty_poll("wg")

    with pytest.raises(exceptions.ParamValidationError, match=r'Missing required .* "workerGroup"'):
        datapipeline_client.poll_for_task(hostname="h")
    with pytest.raises(exceptions.ParamValidationError, match="Invalid type"):
        datapipeline_client.poll_for_task(workerGroup=3)

    assert len(datapipeline_stubber.calls) == 0
    datapipeline_client.poll_for_task(workerGroup="wg")


def test_the_users_handlers_run(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    datapipeline_stubber.add_empty_poll("wg")
    datapipeline_stubber.add_time_out()
    events = datapipeline_client.meta.events
    seen: list[str] = []

    def add_host_name(params: dict[str, Any], **_: object) -> None:
        params["hostname"] = "added"

    events.register("provide-client-params.*.*", add_host_name)
    for name in ("before-call", "after-call", "after-call-error"):
        events.register(f"{name}.*.*", lambda event_name, **_: seen.append(event_name))

    datapipeline_client.poll_for_task(workerGroup="wg")
    with pytest.raises(exceptions.ReadTimeoutError):
        datapipeline_client.poll_for_task(workerGroup="wg")

    assert datapipeline_stubber.calls == [poll_for_task(hostname="added")] * 2
    assert [name.split(".")[0] for name in seen] == [
        "before-call",
        "after-call",
        "before-call",
        "after-call-error",
    ]


def test_nothing_is_signed_or_retried(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    events = datapipeline_client.meta.events
    for name in ("request-created", "before-sign", "before-send", "needs-retry"):
        events.register(f"{name}.*.*", lambda event_name, **_: pytest.fail(event_name))
    datapipeline_stubber.add_exception("poll_for_task", "InternalServiceError")
    datapipeline_stubber.add_empty_poll()

    with pytest.raises(datapipeline_client.exceptions.InternalServiceError) as caught:
        datapipeline_client.poll_for_task(workerGroup="wg")
    datapipeline_client.poll_for_task(workerGroup="wg")

    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


# -- it is botocore's ------------------------------------------------------------------------------


def test_it_is_a_stubber_with_the_same_signatures(stubber: DataPipelineStubber) -> None:
    assert isinstance(stubber, botocore.stub.Stubber)
    for name in (
        "add_response",
        "add_client_error",
        "assert_no_pending_responses",
        "activate",
        "deactivate",
    ):
        own = inspect.signature(getattr(DataPipelineStubber, name)).parameters.values()
        theirs = inspect.signature(getattr(botocore.stub.Stubber, name)).parameters.values()
        assert [(parameter.name, parameter.default) for parameter in own] == [
            (parameter.name, parameter.default) for parameter in theirs
        ]


def test_a_response_that_the_model_does_not_allow_is_refused_where_it_is_added(
    stubber: DataPipelineStubber,
) -> None:
    with pytest.raises(exceptions.ParamValidationError, match=r'Unknown parameter .* "cancelled"'):
        stubber.add_response("report_task_progress", {"cancelled": True})
    with pytest.raises(exceptions.ParamValidationError, match="Invalid type for parameter"):
        stubber.add_response("report_task_progress", {"canceled": "yes"})
    with pytest.raises(exceptions.ParamValidationError, match="Unknown parameter"):
        stubber.add_client_error("poll_for_task", "TaskNotFoundException", modeled_fields={"a": 1})

    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (
            lambda stubber: stubber.add_response("pol_for_task", {}),
            "AWS Data Pipeline has no operation 'pol_for_task'. Did you mean 'poll_for_task'?*",
        ),
        (
            lambda stubber: stubber.add_client_error("get_paginator", "X"),
            "AWS Data Pipeline has no operation 'get_paginator'.*",
        ),
        (
            lambda stubber: stubber.add_response(None, {}),
            "The method is None; it must be a name, as 'poll_for_task'.",
        ),
        (
            lambda stubber: stubber.add_response("poll_for_task", {}, {"workergroup": "wg"}),
            "poll_for_task has no parameter 'workergroup'. Did you mean 'workerGroup'?*",
        ),
        (
            lambda stubber: stubber.add_response("poll_for_task", {}, ["workerGroup"]),
            "expected_params is ['workerGroup']; it must be a mapping of parameters.",
        ),
        (
            lambda stubber: stubber.add_exception("set_task_status", "TaskNotFound"),
            "'TaskNotFound' is no error of AWS Data Pipeline. Did you mean "
            "'TaskNotFoundException'?*",
        ),
        (
            lambda stubber: stubber.add_exception("poll_for_task", "PipelineDeletedException"),
            "PollForTask does not raise PipelineDeletedException in AWS's model.*",
        ),
        (
            lambda stubber: stubber.add_exception("poll_for_task", "answer_lost"),
            "'answer_lost' happens to a request on its way, and here there is none: a stubber "
            "answers calls of a client. Use add_client_error(), or fail() of the fixture "
            "datapipeline_fake.",
        ),
        (
            lambda stubber: stubber.add_exception("poll_for_task", 503),
            "503 happens to a request on its way*",
        ),
        (
            lambda stubber: stubber.add_exception("poll_for_task", ValueError),
            "<class 'ValueError'> is nothing that a call can meet.*",
        ),
        (
            lambda stubber: stubber.add_task(""),
            "The worker group '' has 0 characters; it must have 1 to 1024.",
        ),
        (
            lambda stubber: stubber.add_task("wg", {"command": 3}),
            "fields['command'] is 3, of type int.*",
        ),
        (
            lambda stubber: stubber.add_task("wg", ["command"]),
            "fields is ['command']; it must be a mapping of fields*",
        ),
        (
            lambda stubber: stubber.add_task("wg", expected_params={"host": "h"}),
            "poll_for_task has no parameter 'host'.*",
        ),
        (
            lambda stubber: stubber.add_empty_poll("\x00"),
            "The worker group '\\x00' holds a character that the service does not take*",
        ),
        (
            lambda stubber: stubber.client.poll_for_task(workerGroup="wg"),
            "A DataPipelineStubber answers all clients, and has none of its own: make one with "
            "boto3.client('datapipeline'), or use the fixture datapipeline_client.",
        ),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_added(
    stubber: DataPipelineStubber, add: Callable[[Any], object], message: str
) -> None:
    pattern = re.escape(message).replace(r"\*", ".*") if message.endswith("*") else message

    with pytest.raises(FakeUsageError) as caught:
        add(stubber)

    if message.endswith("*"):
        assert re.fullmatch(pattern, str(caught.value), re.S)
    else:
        assert str(caught.value) == message
    stubber.assert_no_pending_responses()


def test_a_response_is_copied_when_it_is_added(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    response = {"pipelineIdList": [{"id": "df-1", "name": "one"}], "hasMoreResults": False}
    expected = {"marker": "first"}
    datapipeline_stubber.add_response("list_pipelines", response, expected)
    response["pipelineIdList"][0]["id"] = "df-2"  # type: ignore[index]  # of mixed values
    expected["marker"] = "second"
    datapipeline_stubber.add_response("list_pipelines", response, expected)

    answers = [datapipeline_client.list_pipelines(marker=at) for at in ("first", "second")]

    assert [answer["pipelineIdList"][0]["id"] for answer in answers] == ["df-1", "df-2"]


def test_what_a_call_returns_is_nobody_elses(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    response = {"pipelineIdList": [{"id": "df-1", "name": "one"}], "hasMoreResults": False}
    datapipeline_stubber.add_response("list_pipelines", response)
    datapipeline_stubber.add_response("list_pipelines", response)

    datapipeline_client.list_pipelines()["pipelineIdList"].clear()

    assert response["pipelineIdList"] == [{"id": "df-1", "name": "one"}]
    assert datapipeline_stubber.calls[0].response == response
    assert datapipeline_client.list_pipelines()["pipelineIdList"] == response["pipelineIdList"]


def test_the_response_metadata_is_as_the_services(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    datapipeline_stubber.add_empty_poll()
    datapipeline_stubber.add_exception("poll_for_task", "InternalServiceError")

    metadata = datapipeline_client.poll_for_task(workerGroup="wg")["ResponseMetadata"]
    with pytest.raises(exceptions.ClientError) as caught:
        datapipeline_client.poll_for_task(workerGroup="wg")

    assert metadata == {
        "RequestId": IsStr(regex="[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        "HTTPStatusCode": 200,
        "HTTPHeaders": IsPartialDict({"x-amzn-requestid": metadata["RequestId"]}),
        "RetryAttempts": 0,
    }
    of_error = caught.value.response["ResponseMetadata"]
    assert (of_error["HTTPStatusCode"], of_error["RetryAttempts"]) == (500, 0)
    assert of_error["RequestId"] not in ("", metadata["RequestId"])


def test_response_metadata_that_is_given_is_kept(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    response = {"ResponseMetadata": {"RequestId": "mine", "RetryAttempts": 2}}
    datapipeline_stubber.add_response("poll_for_task", response)

    metadata = datapipeline_client.poll_for_task(workerGroup="wg")["ResponseMetadata"]

    assert metadata["RequestId"] == "mine"
    assert metadata["RetryAttempts"] == 2
    assert metadata["HTTPStatusCode"] == 200


def test_a_client_error_has_all_that_botocores_has(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    datapipeline_stubber.add_client_error(
        "set_task_status",
        "TaskNotFoundException",
        "gone",
        404,
        {"Type": "Sender"},
        {"taskId": "t", "taskStatus": "FINISHED"},
        {"RequestId": "mine"},
        {"message": "gone"},
    )

    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException) as caught:
        datapipeline_client.set_task_status(taskId="t", taskStatus="FINISHED")

    response = caught.value.response
    assert response["Error"] == {
        "Code": "TaskNotFoundException",
        "Message": "gone",
        "Type": "Sender",
    }
    assert response["message"] == "gone"
    assert response["ResponseMetadata"]["RequestId"] == "mine"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert datapipeline_stubber.calls[0].error == "TaskNotFoundException"
    assert datapipeline_stubber.calls[0].error_message == "gone"


def test_what_is_left_is_named(stubber: DataPipelineStubber) -> None:
    stubber.add_task("wg")
    stubber.add_empty_poll()
    stubber.add_response("report_task_progress", {"canceled": False}, {"taskId": ANY})
    stubber.add_exception("set_task_status", "TaskNotFoundException")
    stubber.add_client_error("set_task_status", http_status_code=503)
    stubber.add_time_out()
    stubber.add_task("wg", expected_params={"hostname": IsStr})

    with pytest.raises(UnmetExpectations) as caught:
        stubber.assert_no_pending_responses()

    *told, help_ = str(caught.value).splitlines()
    assert help_ == "Help: pytest-datapipeline explain response-not-used"
    assert told == [
        f"A response was added and not used: {named}."
        for named in (
            "task for poll_for_task(workerGroup='wg', ...)",
            "empty poll for poll_for_task(...)",
            "response for report_task_progress(taskId=<ANY>)",
            "error TaskNotFoundException for set_task_status(...)",
            "error 503 for set_task_status(...)",
            "exception ReadTimeoutError for poll_for_task(...)",
            "task for poll_for_task(workerGroup='wg', hostname=IsStr)",
        )
    ]


def test_activating_twice_and_deactivating_twice_change_nothing() -> None:
    stubber = DataPipelineStubber()
    stubber.activate()
    stubber.activate()
    assert "not active" not in repr(stubber)
    stubber.deactivate()
    stubber.deactivate()

    assert repr(stubber) == "<DataPipelineStubber, not active: 0 responses left, 0 calls>"


def test_it_can_be_used_again_after_it_was_deactivated() -> None:
    stubber = DataPipelineStubber()
    stubber.add_empty_poll()
    stubber.add_task("wg")
    with stubber:
        boto3.client("datapipeline").poll_for_task(workerGroup="wg")
    with stubber:
        boto3.client("datapipeline").poll_for_task(workerGroup="wg")

    stubber.verify()


def test_a_stubber_that_can_not_start_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def moved() -> None:
        raise MovedParts("moved")

    with monkeypatch.context() as patch:
        patch.setattr("pytest_datapipeline.stubber.checked_botocore", moved)
        with pytest.raises(MovedParts):
            DataPipelineStubber().activate()

    with DataPipelineStubber():
        pass


def test_a_botocore_that_has_moved_its_queue_is_told_of(
    stubber: DataPipelineStubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(stubber, "_queue")
    monkeypatch.setattr(botocore.stub.Stubber, "add_response", lambda *_: None)

    with pytest.raises(MovedParts, match="has changed the queue of"):
        stubber.add_empty_poll()
