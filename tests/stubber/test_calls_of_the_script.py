"""The order of the script, what is recorded of its calls, refusals, and threads."""

from __future__ import annotations

import contextlib
import sys
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import boto3
import pytest
from botocore import exceptions
from botocore.config import Config
from support.inner_pytest import run_here

from pytest_datapipeline import (
    DataPipelineStubber,
    Stuck,
    UnexpectedCall,
    UnmetExpectations,
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


# -- order -----------------------------------------------------------------------------------------


def test_a_call_without_any_response_is_refused(stubber: DataPipelineStubber, client: Any) -> None:
    assert refused(lambda: client.poll_for_task(workerGroup="wg")) == (
        "PollForTask was called, but the stubber has no response left: none was added.\n"
        "Help: pytest-datapipeline explain no-response-left"
    )


def test_a_call_after_the_last_response_is_refused(
    stubber: DataPipelineStubber, client: Any
) -> None:
    stubber.add_empty_poll()
    client.poll_for_task(workerGroup="wg")

    assert refused(lambda: client.poll_for_task(workerGroup="wg")) == (
        "PollForTask was called, but the stubber has no response left: "
        "all 1 that were added were used.\n"
        "Help: pytest-datapipeline explain no-response-left"
    )


def test_a_call_out_of_order_is_refused_and_uses_nothing_up(
    stubber: DataPipelineStubber, client: Any
) -> None:
    stubber.add_task("wg")
    stubber.add_response("report_task_progress", {"canceled": False})

    assert refused(lambda: client.report_task_progress(taskId="t")) == (
        "ReportTaskProgress was called, but the next response is: task for "
        "poll_for_task(workerGroup='wg', ...). Responses are given in the order in which they were "
        "added; any_order() has them found by operation and parameters.\n"
        "Help: pytest-datapipeline explain another-response-next"
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
        "    parameters.taskId: expected 'b', got 'c'\n"
        "Help: pytest-datapipeline explain other-parameters"
    )
    assert refused(lambda: client.set_task_status(taskId="c", taskStatus="FINISHED")) == (
        "SetTaskStatus was called, but no response for it is left. These are:\n"
        "  empty poll for poll_for_task(...)\n"
        "  response for report_task_progress(taskId='a')\n"
        "  response for report_task_progress(taskId='b')\n"
        "Help: pytest-datapipeline explain no-response-left"
    )


# -- what is recorded ------------------------------------------------------------------------------


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
    assert (listed.response, listed.error, listed.error_message) == (
        None,
        "UnexpectedCall",
        text.partition("\nHelp: ")[0],
    )
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
        "ListPipelines was called, but the stubber has no response left: none was added.\n"
        "Help: pytest-datapipeline explain no-response-left"
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
        "Help",
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


# -- threads ---------------------------------------------------------------------------------------


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


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[[str], pytest.RunResult]:
    """Runs pytest in a process of its own on the given test module."""

    def run(source: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return run_here(pytester)

    return run
