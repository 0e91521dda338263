"""The script of answers: who is served, what can be added, what is refused, and what is told."""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
import threading
from datetime import datetime, timedelta, timezone
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
from support.inner_pytest import run_here

from pytest_datapipeline import (
    DataPipelineFake,
    DataPipelineStubber,
    FakeUsageError,
    Stuck,
    UnexpectedCall,
    UnmetExpectations,
    poll_for_task,
    ref,
    set_task_status,
)
from pytest_datapipeline._clients.hooks import MovedParts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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


def refused(call: Callable[[], object]) -> str:
    """The text with which a call is refused."""
    with pytest.raises(UnexpectedCall) as caught:
        call()
    return str(caught.value)


# -- who is served --------------------------------------------------------------------------------


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
        return response  # type: ignore[no-any-return]

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
    response["pipelineIdList"][0]["id"] = "df-2"  # type: ignore[index]
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

    assert str(caught.value).splitlines() == [
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


def test_a_fake_and_a_stubber_exclude_each_other(stubber: DataPipelineStubber) -> None:
    with pytest.raises(FakeUsageError, match="DataPipelineStubber answers this process's"):
        DataPipelineFake().__enter__()
    with pytest.raises(FakeUsageError, match="Use one of them in a test, and only once"):
        DataPipelineStubber().activate()


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


# -- what can be added ----------------------------------------------------------------------------


def kinds_of(task_object: dict[str, Any]) -> list[tuple[str, str]]:
    held = task_object["objects"][task_object["attemptId"]]
    return [(field["key"], *(name for name in field if name != "key")) for field in held["fields"]]


def test_a_task_has_the_shape_of_the_fakes() -> None:
    fields = {"command": "echo hi", "step": ["a", "b"], "output": ref("Out")}
    objects = {"Out": {"type": "S3DataNode"}}
    with DataPipelineFake() as fake:
        fake.enqueue("wg", fields, id="Copy", objects=objects)
        theirs = boto3.client("datapipeline").poll_for_task(workerGroup="wg")
    with DataPipelineStubber() as stubber:
        task_id = stubber.add_task("wg", fields, id="Copy", objects=objects)
        ours = boto3.client("datapipeline").poll_for_task(workerGroup="wg")

    assert ours["taskObject"]["taskId"] == task_id
    assert len(task_id) == len(theirs["taskObject"]["taskId"])
    assert set(ours) == set(theirs)
    assert set(ours["ResponseMetadata"]) == set(theirs["ResponseMetadata"])
    assert set(ours["taskObject"]) == set(theirs["taskObject"])
    assert kinds_of(ours["taskObject"]) == kinds_of(theirs["taskObject"])
    assert ours["taskObject"]["objects"]["Out"] == theirs["taskObject"]["objects"]["Out"]


def test_a_whole_task_object_is_taken_with_its_id(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    given = {
        "taskId": "recorded",
        "pipelineId": "df-0001",
        "attemptId": "@Copy_2012-12-12T00:00:00_Attempt=1",
        "objects": {
            "@Copy_2012-12-12T00:00:00_Attempt=1": {
                "id": "@Copy_2012-12-12T00:00:00_Attempt=1",
                "name": "@Copy_2012-12-12T00:00:00_Attempt=1",
                "fields": [
                    {"key": "@componentParent", "refValue": "Copy"},
                    {"key": "workerGroup", "stringValue": "wg"},
                    {"key": "command", "stringValue": "echo hi"},
                ],
            }
        },
    }

    assert datapipeline_stubber.add_task(fields=given) == "recorded"

    task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
    assert (task["taskId"], task["pipelineId"]) == ("recorded", "df-0001")
    assert task["attemptId"] == given["attemptId"]
    assert ("command", "stringValue") in kinds_of(task)


def test_tasks_differ_and_are_of_one_pipeline(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    ids = [datapipeline_stubber.add_task() for _ in range(2)]

    tasks = [datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"] for _ in range(2)]

    assert [task["taskId"] for task in tasks] == ids
    assert len({task["taskId"] for task in tasks}) == 2
    assert len({task["attemptId"] for task in tasks}) == 2
    assert len({task["pipelineId"] for task in tasks}) == 1


@pytest.mark.parametrize(
    ("arguments", "group"),
    [({}, "any"), ({"fields": {"workerGroup": "mine"}}, "mine"), ({"worker_group": "wg"}, "wg")],
    ids=["none", "field", "argument"],
)
def test_a_task_says_which_worker_group_it_is_of(
    datapipeline_stubber: DataPipelineStubber,
    datapipeline_client: Any,
    arguments: dict[str, Any],
    group: str,
) -> None:
    datapipeline_stubber.add_task(**arguments)

    task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]

    fields = task["objects"][task["attemptId"]]["fields"]
    assert {"key": "workerGroup", "stringValue": group} in fields


def test_a_poll_of_a_worker_group_may_have_other_parameters(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    task_id = datapipeline_stubber.add_task("wg")
    datapipeline_stubber.add_empty_poll("wg")

    taken = datapipeline_client.poll_for_task(workerGroup="wg", hostname="h")
    empty = datapipeline_client.poll_for_task(workerGroup="wg", hostname="h")

    assert taken["taskObject"]["taskId"] == task_id
    assert set(empty) == {"ResponseMetadata"}


def test_a_poll_with_expected_parameters_may_not(stubber: DataPipelineStubber, client: Any) -> None:
    stubber.add_task("wg", expected_params={})
    stubber.add_empty_poll(expected_params={"workerGroup": "wg"})

    assert refused(lambda: client.poll_for_task(workerGroup="wg", hostname="h")) == (
        "PollForTask was called with other parameters than expected.\n"
        "  task for poll_for_task(workerGroup='wg'):\n"
        "    parameters.hostname: expected nothing, got 'h'"
    )
    client.poll_for_task(workerGroup="wg")
    client.poll_for_task(workerGroup="wg")


@pytest.mark.parametrize(
    "error",
    [
        lambda _: "TaskNotFoundException",
        lambda client: client.exceptions.TaskNotFoundException,
        lambda client: client.exceptions.TaskNotFoundException(
            {"Error": {"Code": "TaskNotFoundException", "Message": "gone"}}, "SetTaskStatus"
        ),
    ],
    ids=["name", "class", "instance"],
)
def test_an_exception_of_the_service_takes_one_line(
    datapipeline_stubber: DataPipelineStubber,
    datapipeline_client: Any,
    error: Callable[[Any], object],
) -> None:
    datapipeline_stubber.add_exception(
        "set_task_status", error(datapipeline_client), "gone", {"taskId": "t", "taskStatus": ANY}
    )

    with pytest.raises(datapipeline_client.exceptions.TaskNotFoundException) as caught:
        datapipeline_client.set_task_status(taskId="t", taskStatus="FAILED")

    assert caught.value.response["Error"]["Message"] == "gone"
    assert caught.value.operation_name == "SetTaskStatus"


@pytest.mark.parametrize("code", ["TaskNotFoundException", "InternalServiceError", "throttling"])
def test_an_exception_is_the_same_as_the_fakes(code: str) -> None:
    responses = []
    for double in (DataPipelineFake(), DataPipelineStubber()):
        with double:
            if isinstance(double, DataPipelineFake):
                double.fail("poll_for_task", code)
            else:
                double.add_exception("poll_for_task", code)
            client = boto3.client("datapipeline", config=Config(retries={"max_attempts": 0}))
            with pytest.raises(exceptions.ClientError) as caught:
                client.poll_for_task(workerGroup="wg")
            response: Any = caught.value.response
            response["ResponseMetadata"]["HTTPHeaders"]["date"] = ""
            response["ResponseMetadata"].pop("MaxAttemptsReached", None)
            responses.append(response)

    assert responses[0] == responses[1]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("read_timeout", exceptions.ReadTimeoutError),
        ("connect_timeout", exceptions.ConnectTimeoutError),
        ("connection_refused", exceptions.EndpointConnectionError),
        ("connection_dropped", exceptions.ConnectionClosedError),
        (exceptions.ReadTimeoutError, exceptions.ReadTimeoutError),
        (exceptions.NoCredentialsError(), exceptions.NoCredentialsError),
    ],
)
def test_an_exception_can_be_one_of_botocores(
    datapipeline_stubber: DataPipelineStubber,
    datapipeline_client: Any,
    error: object,
    kind: type[Exception],
) -> None:
    datapipeline_stubber.add_exception("poll_for_task", error)

    with pytest.raises(kind) as caught:
        datapipeline_client.poll_for_task(workerGroup="wg")

    assert type(caught.value) is kind
    assert datapipeline_stubber.calls[0].error == kind.__name__


def test_a_time_out_names_the_endpoint(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    datapipeline_stubber.add_time_out()
    datapipeline_stubber.add_time_out("set_task_status", {"taskId": "t", "taskStatus": "FINISHED"})

    with pytest.raises(exceptions.ReadTimeoutError, match=r"datapipeline\.us-east-1\.amazon"):
        datapipeline_client.poll_for_task(workerGroup="wg")
    with pytest.raises(exceptions.ReadTimeoutError):
        datapipeline_client.set_task_status(taskId="t", taskStatus="FINISHED")


# -- what is expected of a call -------------------------------------------------------------------

TASK = {"taskId": "t-1", "taskStatus": "FAILED", "errorMessage": "no such file"}


@pytest.mark.parametrize(
    "expected",
    [
        None,
        TASK,
        {**TASK, "taskId": ANY},
        {**TASK, "taskId": botocore.stub.ANY},
        {**TASK, "errorMessage": IsStr(regex="no .*")},
        {**TASK, "errorMessage": re.compile("file$")},
        {**TASK, "errorMessage": lambda text: "such" in text},
        {**TASK, "errorMessage": str},
    ],
    ids=["None", "equal", "ANY", "botocore's ANY", "dirty-equals", "regex", "predicate", "type"],
)
def test_expected_parameters_may_be_matchers(
    datapipeline_stubber: DataPipelineStubber,
    datapipeline_client: Any,
    expected: dict[str, Any] | None,
) -> None:
    datapipeline_stubber.add_response("set_task_status", {}, expected)

    datapipeline_client.set_task_status(**TASK)


@pytest.mark.parametrize(
    "fields",
    [
        [{"key": "percent", "stringValue": ANY}],
        [{"key": "percent", "stringValue": re.compile(r"^\d+$")}],
        ({"key": "percent", "stringValue": "50"},),
        {"percent": "50"},
        ANY,
    ],
)
def test_matchers_may_be_inside_of_lists_and_mappings(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any, fields: object
) -> None:
    expected = {"taskId": "t", "fields": fields}
    datapipeline_stubber.add_response("report_task_progress", {"canceled": False}, expected)

    datapipeline_client.report_task_progress(
        taskId="t", fields=[{"key": "percent", "stringValue": "50"}]
    )


@pytest.mark.parametrize(
    ("expected", "differences"),
    [
        (
            {**TASK, "taskStatus": "FINISHED"},
            ["parameters.taskStatus: expected 'FINISHED', got 'FAILED'"],
        ),
        (
            {"taskId": "t-1", "taskStatus": "FAILED"},
            ["parameters.errorMessage: expected nothing, got 'no such file'"],
        ),
        (
            {**TASK, "errorId": "E1", "taskId": "t-2"},
            [
                "parameters.taskId: expected 't-2', got 't-1'",
                "parameters.errorId: expected 'E1', got nothing",
            ],
        ),
    ],
    ids=["value", "too many", "missing"],
)
def test_other_parameters_are_refused_with_what_differs(
    stubber: DataPipelineStubber, client: Any, expected: dict[str, Any], differences: list[str]
) -> None:
    stubber.add_response("set_task_status", {}, expected)

    text = refused(lambda: client.set_task_status(**TASK))

    assert text.splitlines() == [
        "SetTaskStatus was called with other parameters than expected.",
        f"  response for {set_task_status(**expected)!r}:",
        *(f"    {difference}" for difference in differences),
    ]


def test_a_difference_deep_inside_is_told_by_its_path(
    stubber: DataPipelineStubber, client: Any
) -> None:
    expected = {
        "taskId": "t",
        "fields": [
            {"key": "a", "stringValue": "1"},
            {"key": "percent", "stringValue": "100"},
        ],
    }
    stubber.add_response("report_task_progress", {"canceled": False}, expected)
    fields = [{"key": "a", "stringValue": "1"}, {"key": "percent", "stringValue": "50"}]

    text = refused(lambda: client.report_task_progress(taskId="t", fields=fields))

    assert text.splitlines()[2:] == [
        "    parameters.fields[1].stringValue: expected '100', got '50'"
    ]


@pytest.mark.parametrize(
    "given",
    [
        datetime(2020, 1, 1, 12, tzinfo=timezone.utc),
        datetime(2020, 1, 1, 13, tzinfo=timezone(timedelta(hours=1))),
        "2020-01-01T12:00:00Z",
        1577880000,
        ANY,
    ],
    ids=["utc", "zone", "text", "number", "ANY"],
)
def test_an_expected_time_is_written_as_boto3_takes_it(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any, given: object
) -> None:
    expected = {"pipelineId": "df-1", "startTimestamp": given}
    datapipeline_stubber.add_response("activate_pipeline", {}, expected)

    datapipeline_client.activate_pipeline(
        pipelineId="df-1", startTimestamp=datetime(2020, 1, 1, 12, tzinfo=timezone.utc)
    )


def test_a_time_without_a_zone_is_taken_as_boto3_takes_it(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    moment = datetime(2020, 1, 1, 12)
    expected = {"pipelineId": "df-1", "startTimestamp": moment}
    datapipeline_stubber.add_response("activate_pipeline", {}, expected)

    datapipeline_client.activate_pipeline(pipelineId="df-1", startTimestamp=moment)


# -- order ----------------------------------------------------------------------------------------


def test_a_call_without_any_response_is_refused(stubber: DataPipelineStubber, client: Any) -> None:
    assert refused(lambda: client.poll_for_task(workerGroup="wg")) == (
        "PollForTask was called, but the stubber has no response left: none was added."
    )


def test_a_call_after_the_last_response_is_refused(
    stubber: DataPipelineStubber, client: Any
) -> None:
    stubber.add_empty_poll()
    client.poll_for_task(workerGroup="wg")

    assert refused(lambda: client.poll_for_task(workerGroup="wg")) == (
        "PollForTask was called, but the stubber has no response left: "
        "all 1 that were added were used."
    )


def test_a_call_out_of_order_is_refused_and_uses_nothing_up(
    stubber: DataPipelineStubber, client: Any
) -> None:
    stubber.add_task("wg")
    stubber.add_response("report_task_progress", {"canceled": False})

    assert refused(lambda: client.report_task_progress(taskId="t")) == (
        "ReportTaskProgress was called, but the next response is: task for "
        "poll_for_task(workerGroup='wg', ...). Responses are given in the order in which they were "
        "added; any_order() has them found by operation and parameters."
    )
    client.poll_for_task(workerGroup="wg")
    client.report_task_progress(taskId="t")


@pytest.mark.parametrize("as_argument", [True, False])
def test_in_any_order_a_response_is_found_by_operation_and_parameters(as_argument: bool) -> None:
    stubber = DataPipelineStubber(any_order=as_argument)
    if not as_argument:
        stubber.any_order()
    stubber.add_response(
        "report_task_progress", {"canceled": False}, {"taskId": "a", "fields": ANY}
    )
    stubber.add_response("report_task_progress", {"canceled": True}, {"taskId": "b"})
    stubber.add_empty_poll("two")
    task_id = stubber.add_task("one")
    with stubber:
        client = boto3.client("datapipeline")
        assert client.poll_for_task(workerGroup="one")["taskObject"]["taskId"] == task_id
        assert client.report_task_progress(taskId="b")["canceled"] is True
        assert client.report_task_progress(taskId="a", fields=[])["canceled"] is False
        assert "taskObject" not in client.poll_for_task(workerGroup="two")
    stubber.verify()


def test_in_any_order_equal_calls_get_their_responses_in_order(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    datapipeline_stubber.any_order()
    ids = [datapipeline_stubber.add_task("wg") for _ in range(3)]

    taken = [datapipeline_client.poll_for_task(workerGroup="wg") for _ in range(3)]

    assert [answer["taskObject"]["taskId"] for answer in taken] == ids


def test_in_any_order_what_is_meant_for_the_call_goes_first(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    datapipeline_stubber.any_order()
    datapipeline_stubber.add_response("report_task_progress", {"canceled": False})
    datapipeline_stubber.add_response("report_task_progress", {"canceled": True}, {"taskId": "b"})

    assert datapipeline_client.report_task_progress(taskId="b")["canceled"] is True
    assert datapipeline_client.report_task_progress(taskId="b")["canceled"] is False


def test_in_any_order_a_refusal_names_every_candidate(
    stubber: DataPipelineStubber, client: Any
) -> None:
    stubber.any_order()
    stubber.add_empty_poll()
    stubber.add_response("report_task_progress", {"canceled": False}, {"taskId": "a"})
    stubber.add_response("report_task_progress", {"canceled": False}, {"taskId": "b"})

    assert refused(lambda: client.report_task_progress(taskId="c")) == (
        "ReportTaskProgress was called with other parameters than expected.\n"
        "  response for report_task_progress(taskId='a'):\n"
        "    parameters.taskId: expected 'a', got 'c'\n"
        "  response for report_task_progress(taskId='b'):\n"
        "    parameters.taskId: expected 'b', got 'c'"
    )
    assert refused(lambda: client.set_task_status(taskId="c", taskStatus="FINISHED")) == (
        "SetTaskStatus was called, but no response for it is left. These are:\n"
        "  empty poll for poll_for_task(...)\n"
        "  response for report_task_progress(taskId='a')\n"
        "  response for report_task_progress(taskId='b')"
    )


# -- what is recorded -----------------------------------------------------------------------------


def test_every_call_is_recorded(stubber: DataPipelineStubber) -> None:
    before = datetime.now(timezone.utc) - timedelta(microseconds=1)
    client = boto3.client("datapipeline", "eu-west-1", config=Config(read_timeout=77))
    stubber.add_task("wg")
    stubber.add_exception("set_task_status", "TaskNotFoundException", "gone")

    answer = client.poll_for_task(workerGroup="wg", hostname="h")
    with pytest.raises(exceptions.ClientError):
        client.set_task_status(taskId="t", taskStatus="FINISHED")
    text = refused(lambda: client.list_pipelines())

    polled, ended, listed = stubber.calls
    assert stubber.calls.operations == ["poll_for_task", "set_task_status", "list_pipelines"]
    assert stubber.calls.filter(error="TaskNotFoundException") == [set_task_status(taskId="t")]
    assert polled.parameters == {"workerGroup": "wg", "hostname": "h"}
    assert polled.response == {"taskObject": answer["taskObject"]}
    assert (polled.region, polled.read_timeout, polled.attempt) == ("eu-west-1", 77, 1)
    assert polled.thread == threading.current_thread().name
    assert before <= polled.time <= datetime.now(timezone.utc)
    assert polled.ended == polled.time
    assert (ended.response, ended.error_message) == (None, "gone")
    assert (listed.response, listed.error, listed.error_message) == (None, "UnexpectedCall", text)
    assert len({call.invocation_id for call in stubber.calls}) == 3


# -- calls that the code under test makes although they are refused --------------------------------


def test_the_refusal_is_no_error_of_botocores(stubber: DataPipelineStubber, client: Any) -> None:
    with pytest.raises(AssertionError) as caught:
        client.poll_for_task(workerGroup="wg")

    assert not isinstance(caught.value, (exceptions.ClientError, exceptions.BotoCoreError))


def test_a_swallowed_refusal_is_raised_when_the_with_block_is_left() -> None:
    def swallows() -> None:
        with DataPipelineStubber():
            for _ in range(2):
                with contextlib.suppress(Exception):
                    boto3.client("datapipeline").list_pipelines()

    with pytest.raises(UnmetExpectations) as caught:
        swallows()

    assert str(caught.value) == (
        "ListPipelines was called, but the stubber has no response left: none was added."
    )


def test_another_error_is_not_hidden_by_a_refusal() -> None:
    stubber = DataPipelineStubber()

    def fails() -> None:
        with stubber:
            refused(lambda: boto3.client("datapipeline").list_pipelines())
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    with pytest.raises(UnmetExpectations, match="ListPipelines"):
        stubber.verify()


def test_what_is_wrong_is_told_as_a_whole_and_once(
    stubber: DataPipelineStubber, client: Any
) -> None:
    stubber.add_empty_poll()
    refused(lambda: client.list_pipelines())

    with pytest.raises(UnmetExpectations) as caught:
        stubber.verify()

    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "ListPipelines was called, but the next response is",
        "A response was added and not used",
    ]
    stubber.verify()


def test_a_loop_that_swallows_every_refusal_is_ended(
    stubber: DataPipelineStubber, client: Any
) -> None:
    def endless() -> None:
        while True:
            with contextlib.suppress(Exception):
                client.poll_for_task(workerGroup="wg")

    with pytest.raises(Stuck, match=r"100 calls were refused, and still they come\. Poll"):
        endless()

    thread = threading.Thread(target=endless)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


# -- threads --------------------------------------------------------------------------------------


@pytest.fixture
def eager_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(*works: Callable[[], object]) -> list[BaseException]:
    """Run them at once, each in a thread of its own; what they raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        start.wait(10)
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised


@pytest.mark.usefixtures("eager_switching")
def test_a_polling_thread_beside_a_heartbeat_thread_gets_its_own_responses(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any
) -> None:
    datapipeline_stubber.any_order()
    ids = [datapipeline_stubber.add_task("wg") for _ in range(50)]
    for number in range(50):
        datapipeline_stubber.add_response(
            "report_task_runner_heartbeat",
            {"terminate": number == 49},
            {"taskrunnerId": "runner"},
        )
    taken: list[str] = []
    beats: list[bool] = []

    def polls() -> None:
        for _ in range(50):
            answer = datapipeline_client.poll_for_task(workerGroup="wg")
            taken.append(answer["taskObject"]["taskId"])

    def beat() -> None:
        for _ in range(50):
            answer = datapipeline_client.report_task_runner_heartbeat(taskrunnerId="runner")
            beats.append(answer["terminate"])

    assert in_threads(polls, beat) == []
    assert taken == ids
    assert beats == [False] * 49 + [True]
    assert len({call.thread for call in datapipeline_stubber.calls}) == 2


@pytest.mark.usefixtures("eager_switching")
@pytest.mark.parametrize("any_order", [True, False])
def test_each_response_is_given_to_one_of_many_threads(
    datapipeline_stubber: DataPipelineStubber, datapipeline_client: Any, any_order: bool
) -> None:
    if any_order:
        datapipeline_stubber.any_order()
    ids = [datapipeline_stubber.add_task() for _ in range(80)]
    taken: list[str] = []

    def polls() -> None:
        for _ in range(10):
            answer = datapipeline_client.poll_for_task(workerGroup="wg")
            taken.append(answer["taskObject"]["taskId"])

    assert in_threads(*[polls] * 8) == []
    assert sorted(taken) == sorted(ids)
    assert len({call.invocation_id for call in datapipeline_stubber.calls}) == 80


# -- a test's end ---------------------------------------------------------------------------------


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[[str], pytest.RunResult]:
    """Runs pytest in a process of its own on the given test module."""

    def run(source: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return run_here(pytester)

    return run


def test_a_response_that_is_left_fails_the_test(run: Callable[[str], pytest.RunResult]) -> None:
    result = run(
        """
        def test_script(datapipeline_stubber, datapipeline_client):
            datapipeline_stubber.add_task("wg")
            datapipeline_stubber.add_response(
                "set_task_status", {}, {"taskId": "t", "taskStatus": "FINISHED"}
            )
            datapipeline_stubber.add_exception("set_task_status", "TaskNotFoundException")
            datapipeline_client.poll_for_task(workerGroup="wg")
        """
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "A response was added and not used: response for set_task_status(taskId='t', "
            "taskStatus='FINISHED').",
            "A response was added and not used: error TaskNotFoundException for "
            "set_task_status(...).",
        ],
        consecutive=True,
    )
    result.stdout.fnmatch_lines(
        ["*AWS Data Pipeline: 1 calls*", "*poll_for_task(workerGroup='wg')*"]
    )


def test_a_script_that_is_played_to_its_end_passes(
    run: Callable[[str], pytest.RunResult],
) -> None:
    run(
        """
        def test_script(datapipeline_stubber, datapipeline_client):
            task_id = datapipeline_stubber.add_task("wg")
            task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
            assert task["taskId"] == task_id
        """
    ).assert_outcomes(passed=1)


def test_a_mismatch_that_was_swallowed_fails_the_test_with_what_differs(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run(
        """
        import threading

        def reports(client):
            try:
                client.set_task_status(taskId="t", taskStatus="FAILED", errorId="E1")
            except Exception:
                pass

        def test_script(datapipeline_stubber, datapipeline_client):
            datapipeline_stubber.add_response(
                "set_task_status", {}, {"taskId": "t", "taskStatus": "FINISHED"}
            )
            thread = threading.Thread(target=reports, args=(datapipeline_client,))
            thread.start()
            thread.join()
        """
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "SetTaskStatus was called with other parameters than expected.",
            "  response for set_task_status(taskId='t', taskStatus='FINISHED'):",
            "    parameters.taskStatus: expected 'FINISHED', got 'FAILED'",
            "    parameters.errorId: expected nothing, got 'E1'",
            "A response was added and not used: response for set_task_status(taskId='t', "
            "taskStatus='FINISHED').",
        ],
        consecutive=True,
    )


def test_a_test_that_fails_anyway_is_not_told_of_responses(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run(
        """
        def test_script(datapipeline_stubber):
            datapipeline_stubber.add_empty_poll()
            assert 1 == 2
        """
    )

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*A response was added*")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("datapipeline_fake", "datapipeline_stubber"),
        ("datapipeline_stubber", "datapipeline_fake"),
    ],
)
def test_both_fixtures_in_one_test_are_refused(
    run: Callable[[str], pytest.RunResult], first: str, second: str
) -> None:
    names: Mapping[str, str] = {
        "datapipeline_fake": "DataPipelineFake",
        "datapipeline_stubber": "DataPipelineStubber",
    }

    result = run(
        f"""
        import boto3
        from botocore.endpoint import Endpoint

        before = Endpoint.make_request

        def test_both({first}, {second}):
            pass

        def test_nothing_is_left_behind({second}):
            pass

        def test_at_all():
            assert Endpoint.make_request is before
        """
    )

    result.assert_outcomes(errors=1, passed=2)
    result.stdout.fnmatch_lines(
        f"E * {names[second]} can not start: {names[first]} answers this process's Data Pipeline "
        "calls already. Use one of them in a test, and only once; with pytest, by one of the "
        "fixtures datapipeline_fake and datapipeline_stubber."
    )


def test_a_thread_that_outlives_its_test_is_ended_at_its_next_call(
    run: Callable[[str], pytest.RunResult],
) -> None:
    result = run(
        """
        import threading
        import boto3

        called, released = threading.Event(), threading.Event()
        threads = []

        def polls():
            client = boto3.client("datapipeline")
            client.poll_for_task(workerGroup="wg")
            called.set()
            released.wait(10)
            client.poll_for_task(workerGroup="wg")

        def test_one(datapipeline_stubber):
            datapipeline_stubber.add_empty_poll()
            threads.append(threading.Thread(target=polls))
            threads[0].start()
            assert called.wait(10)

        def test_two():
            released.set()
            threads[0].join(10)
            assert not threads[0].is_alive()
        """
    )

    result.assert_outcomes(passed=2)
