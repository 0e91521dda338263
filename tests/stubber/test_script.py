"""What can be added to the script, and what is expected of a call."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import boto3
import botocore.session
import botocore.stub
import pytest
from botocore import exceptions
from botocore.config import Config
from dirty_equals import IsStr

from pytest_datapipeline import (
    DataPipelineFake,
    DataPipelineStubber,
    UnexpectedCall,
    ref,
    set_task_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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


# -- what can be added -----------------------------------------------------------------------------


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
        "    parameters.hostname: expected nothing, got 'h'\n"
        "Help: pytest-datapipeline explain other-parameters"
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


# -- what is expected of a call --------------------------------------------------------------------


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
        "Help: pytest-datapipeline explain other-parameters",
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
        "    parameters.fields[1].stringValue: expected '100', got '50'",
        "Help: pytest-datapipeline explain other-parameters",
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
