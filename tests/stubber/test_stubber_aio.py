"""The script of answers for aiobotocore's clients. Skipped where aiobotocore is not installed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ParamValidationError, ReadTimeoutError
from support.inner_pytest import run_apart

from pytest_datapipeline import (
    DataPipelineStubber,
    Stuck,
    UnexpectedCall,
    UnmetExpectations,
    poll_for_task,
    set_task_status,
)

aiobotocore_session = pytest.importorskip("aiobotocore.session")

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def client(**arguments: Any) -> Any:
    """A client of aiobotocore, to be entered."""
    return aiobotocore_session.get_session().create_client("datapipeline", **arguments)


def with_client(function: Callable[[Any], Awaitable[Any]], **arguments: Any) -> Any:
    """Run a coroutine function with a client."""

    async def main() -> Any:
        async with client(**arguments) as made:
            return await function(made)

    return asyncio.run(main())


def test_a_script_is_played(datapipeline_stubber: DataPipelineStubber) -> None:
    task_id = datapipeline_stubber.add_task("wg", {"command": "echo hi"})
    datapipeline_stubber.add_response("set_task_status", {}, {"taskId": task_id, "taskStatus": "X"})
    datapipeline_stubber.add_empty_poll()

    async def main(made: Any) -> tuple[str, bool]:
        task = (await made.poll_for_task(workerGroup="wg"))["taskObject"]
        await made.set_task_status(taskId=task["taskId"], taskStatus="X")
        return task["taskId"], "taskObject" in await made.poll_for_task(workerGroup="wg")

    assert with_client(main) == (task_id, False)
    assert datapipeline_stubber.calls == [poll_for_task(), set_task_status(), poll_for_task()]


def test_errors_and_time_outs_are_raised(datapipeline_stubber: DataPipelineStubber) -> None:
    datapipeline_stubber.add_exception("set_task_status", "TaskNotFoundException")
    datapipeline_stubber.add_time_out()

    async def main(made: Any) -> None:
        with pytest.raises(made.exceptions.TaskNotFoundException, match="was not found"):
            await made.set_task_status(taskId="x", taskStatus="FINISHED")
        with pytest.raises(ReadTimeoutError):
            await made.poll_for_task(workerGroup="wg")

    with_client(main)


def test_the_answer_has_botocores_metadata(datapipeline_stubber: DataPipelineStubber) -> None:
    datapipeline_stubber.add_empty_poll()

    answer = with_client(lambda made: made.poll_for_task(workerGroup="wg"))

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-length"] == "2"


@pytest.mark.parametrize(
    ("given", "region"),
    [({}, "us-east-1"), ({"region_name": "eu-west-1"}, "eu-west-1")],
)
def test_a_region_and_credentials_are_supplied_where_there_are_none(
    datapipeline_stubber: DataPipelineStubber, given: dict[str, str], region: str
) -> None:
    datapipeline_stubber.add_empty_poll()

    with_client(lambda made: made.poll_for_task(workerGroup="wg"), **given)

    assert datapipeline_stubber.calls[0].region == region


def test_a_client_that_is_older_than_the_stubber_is_served() -> None:
    async def main(made: Any) -> Any:
        with DataPipelineStubber() as stubber:
            stubber.add_empty_poll()
            return await made.poll_for_task(workerGroup="wg")

    given = {"region_name": "us-west-2", "aws_access_key_id": "a", "aws_secret_access_key": "b"}

    assert "taskObject" not in with_client(main, **given)


def test_handlers_of_after_call_get_an_asynchronous_response(
    datapipeline_stubber: DataPipelineStubber,
) -> None:
    datapipeline_stubber.add_empty_poll()
    seen = []

    async def handler(http_response: Any, **_: Any) -> None:
        await asyncio.sleep(0)
        seen.append((type(http_response).__name__, http_response.status_code))

    async def main(made: Any) -> None:
        made.meta.events.register("after-call.data-pipeline.*", handler)
        await made.poll_for_task(workerGroup="wg")

    with_client(main)

    assert seen == [("AioAWSResponse", 200)]


def test_parameters_are_validated_before_a_response_is_looked_for(
    datapipeline_stubber: DataPipelineStubber,
) -> None:
    with pytest.raises(ParamValidationError, match="workerGroup"):
        with_client(lambda made: made.poll_for_task())

    assert datapipeline_stubber.calls == []


def test_a_call_that_is_not_expected_is_refused_even_where_it_is_swallowed() -> None:
    async def main(made: Any) -> None:
        with pytest.raises(UnexpectedCall, match="no response left"):
            await made.poll_for_task(workerGroup="wg")

    with pytest.raises(UnmetExpectations, match="PollForTask was called"), DataPipelineStubber():
        with_client(main)


def test_a_loop_that_swallows_every_refusal_is_ended() -> None:
    async def main(made: Any) -> None:
        while True:
            with contextlib.suppress(Exception):
                await made.poll_for_task(workerGroup="wg")

    stubber = DataPipelineStubber()
    stubber.activate()
    try:
        with pytest.raises(Stuck, match="100 calls were refused"):
            with_client(main)
    finally:
        stubber.deactivate()


def test_coroutines_beside_each_other_and_a_client_of_boto3_share_the_script(
    datapipeline_stubber: DataPipelineStubber,
) -> None:
    datapipeline_stubber.any_order()
    ids = [datapipeline_stubber.add_task("wg") for _ in range(3)]
    datapipeline_stubber.add_response("report_task_progress", {"canceled": False})

    async def main(made: Any) -> list[str]:
        polls = [asyncio.create_task(made.poll_for_task(workerGroup="wg")) for _ in range(2)]
        await made.report_task_progress(taskId="x")
        own = boto3.client("datapipeline").poll_for_task(workerGroup="wg")
        return [answer["taskObject"]["taskId"] for answer in (*await asyncio.gather(*polls), own)]

    assert sorted(with_client(main)) == sorted(ids)


def test_a_call_names_its_task(datapipeline_stubber: DataPipelineStubber) -> None:
    datapipeline_stubber.add_empty_poll()

    async def main(made: Any) -> None:
        await asyncio.create_task(made.poll_for_task(workerGroup="wg"), name="poller")

    with_client(main)

    assert datapipeline_stubber.calls[0].thread == "poller"


def test_aiobotocore_may_be_imported_by_the_test_itself(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio, sys

        def test_it(datapipeline_stubber):
            assert "aiobotocore.session" not in sys.modules
            from aiobotocore.session import get_session

            datapipeline_stubber.add_empty_poll()

            async def main():
                async with get_session().create_client("datapipeline") as client:
                    await client.poll_for_task(workerGroup="wg")
            asyncio.run(main())

        def test_nothing_is_left_behind():
            from aiobotocore.session import AioSession
            from botocore.endpoint import Endpoint
            # What supplies a region while the plugin is loaded is the only one that is left.
            create_client = AioSession._create_client.__wrapped__
            assert "pytest_datapipeline" not in create_client.__code__.co_filename
            assert Endpoint.make_request.__wrapped__.__module__ == "botocore.endpoint"
        """
    )

    result = run_apart(pytester)

    result.assert_outcomes(passed=2)
