"""aiobotocore's clients meet the same fake. Skipped where aiobotocore is not installed."""

from __future__ import annotations

import asyncio
import datetime
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ParamValidationError,
    ReadTimeoutError,
)
from freezegun import freeze_time
from moto import mock_aws
from support.inner_pytest import OURS, run_apart, run_here

from pytest_datapipeline import (
    DataPipelineFake,
    Stuck,
    UnmetExpectations,
    poll_for_task,
    set_task_status,
)

aiobotocore_session = pytest.importorskip("aiobotocore.session")

from aiobotocore.config import AioConfig  # noqa: E402  # after the look whether it is there

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_datapipeline import DataPipelineEndpoint

pytestmark = pytest.mark.datapipeline(start="2024-01-01T00:00:00")


def client(**config: Any) -> Any:
    """A client of aiobotocore, to be entered; with a patient read time-out unless one is given."""
    return aiobotocore_session.get_session().create_client(
        "datapipeline", config=AioConfig(**{"read_timeout": 100, **config})
    )


def with_client(function: Callable[[Any], Awaitable[Any]], **config: Any) -> Any:
    """Run a coroutine function with a client."""

    async def main() -> Any:
        async with client(**config) as made:
            return await function(made)

    return asyncio.run(main())


async def work_one_task(client: Any) -> str:
    """Poll for a task and finish it."""
    task = (await client.poll_for_task(workerGroup="wg"))["taskObject"]
    await client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
    return str(task["taskId"])


class TestClients:
    def test_a_task_is_finished(self, datapipeline_fake: DataPipelineFake) -> None:
        task = datapipeline_fake.enqueue("wg", {"command": "echo hi"})

        with_client(work_one_task)

        task.assert_finished()
        assert datapipeline_fake.calls == [
            poll_for_task(workerGroup="wg"),
            set_task_status(taskStatus="FINISHED"),
        ]

    def test_the_answer_has_botocores_metadata(self, datapipeline_fake: DataPipelineFake) -> None:
        answer = with_client(lambda made: made.list_pipelines())

        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert answer["ResponseMetadata"]["RetryAttempts"] == 0
        assert answer["ResponseMetadata"]["RequestId"]

    def test_every_operation_of_a_pipeline_is_served(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> list[str]:
            created = await made.create_pipeline(name="a", uniqueId="a")
            await made.delete_pipeline(pipelineId=created["pipelineId"])
            pages = made.get_paginator("list_pipelines").paginate()
            return [entry["id"] async for page in pages for entry in page["pipelineIdList"]]

        assert with_client(main) == []

    def test_parameters_are_validated(self, datapipeline_fake: DataPipelineFake) -> None:
        with pytest.raises(ParamValidationError, match="workerGroup"):
            with_client(lambda made: made.poll_for_task())

    def test_a_client_without_a_region_gets_that_of_the_fake(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        with_client(lambda made: made.list_pipelines())

        assert datapipeline_fake.calls[0].region == "us-east-1"

    def test_tasks_of_another_region_are_not_seen(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        datapipeline_fake.enqueue("wg", region="eu-west-1")

        with pytest.warns(Warning, match="another region"):
            answer = with_client(lambda made: made.poll_for_task(workerGroup="wg"))

        assert "taskObject" not in answer

    def test_asynchronous_handlers_of_before_send_are_run(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        seen = []

        async def handler(request: Any, **_: Any) -> None:
            await asyncio.sleep(0)
            seen.append(request.headers["X-Amz-Target"])

        async def main(made: Any) -> None:
            made.meta.events.register("before-send.data-pipeline.*", handler)
            await made.list_pipelines()

        with_client(main)

        assert seen == [b"DataPipeline.ListPipelines"] or seen == ["DataPipeline.ListPipelines"]

    def test_moto_is_passed_over(self, datapipeline_fake: DataPipelineFake) -> None:
        datapipeline_fake.enqueue("wg")

        with mock_aws():
            with_client(work_one_task)

        assert len(datapipeline_fake.calls) == 2

    def test_without_a_fake_the_call_is_kept_from_the_network(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(
            """
            import asyncio
            from aiobotocore.session import get_session

            def test_it():
                async def main():
                    async with get_session().create_client(
                        "datapipeline", region_name="us-east-1",
                        aws_access_key_id="a", aws_secret_access_key="b",
                    ) as client:
                        try:
                            await client.list_pipelines()
                        except Exception:
                            pass
                asyncio.run(main())
            """
        )

        result = run_here(pytester, "-p", "no:asyncio")

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*ListPipelines was called on AWS Data Pipeline*"])

    def test_aiobotocore_may_be_imported_by_the_test_itself(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(
            """
            import asyncio, sys

            def test_it(datapipeline_fake):
                assert "aiobotocore.session" not in sys.modules
                from aiobotocore.session import get_session

                async def main():
                    async with get_session().create_client("datapipeline") as client:
                        await client.list_pipelines()
                asyncio.run(main())
                assert len(datapipeline_fake.calls) == 1

            def test_nothing_is_left_behind():
                from aiobotocore.endpoint import AioEndpoint
                from asyncio.base_events import BaseEventLoop
                assert AioEndpoint._do_get_response.__module__ == "aiobotocore.endpoint"
                assert BaseEventLoop._run_once.__module__ == "asyncio.base_events"
            """
        )

        result = run_apart(pytester)

        result.assert_outcomes(passed=2)


class TestErrors:
    @pytest.mark.parametrize(
        "name", ["InternalServiceError", "InvalidRequestException", "TaskNotFoundException"]
    )
    def test_each_exception_of_poll_for_task(
        self, datapipeline_fake: DataPipelineFake, name: str
    ) -> None:
        datapipeline_fake.fail("poll_for_task", name)

        async def main(made: Any) -> None:
            with pytest.raises(getattr(made.exceptions, name)):
                await made.poll_for_task(workerGroup="wg")

        with_client(main)

    def test_an_impatient_client_gives_up_as_boto3_does(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        with pytest.raises(ReadTimeoutError, match="gives up after 60"):
            with_client(
                lambda made: made.poll_for_task(workerGroup="wg"),
                read_timeout=60,
                retries={"total_max_attempts": 1},
            )

        assert datapipeline_fake.waiting[0].abandoned

    def test_a_lost_answer(self, datapipeline_fake: DataPipelineFake) -> None:
        task = datapipeline_fake.enqueue("wg")
        datapipeline_fake.fail("set_task_status", "answer_lost")

        with pytest.raises(ConnectionClosedError):
            with_client(work_one_task)

        task.assert_finished()

    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    def test_retries_back_off_in_virtual_time(
        self, datapipeline_fake: DataPipelineFake, mode: str
    ) -> None:
        datapipeline_fake.fail("list_pipelines", "throttling", times=2, per="request")
        before = datapipeline_fake.clock.now()

        async def main(made: Any) -> Any:
            answer = await made.list_pipelines()
            await made.list_pipelines()
            return answer

        answer = with_client(main, retries={"mode": mode, "total_max_attempts": 3})

        assert answer["ResponseMetadata"]["RetryAttempts"] == 2
        assert len(datapipeline_fake.calls.backoffs) == 2
        assert datapipeline_fake.clock.now() - before >= datetime.timedelta(
            seconds=sum(datapipeline_fake.calls.backoffs)
        ) - datetime.timedelta(milliseconds=1)


class TestTime:
    def test_an_empty_poll_takes_90_virtual_seconds(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        before = datapipeline_fake.clock.now()

        answer = with_client(lambda made: made.poll_for_task(workerGroup="wg"))

        assert "taskObject" not in answer
        assert datapipeline_fake.clock.now() - before == datetime.timedelta(seconds=90)

    def test_the_loop_goes_on_while_a_poll_is_held(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> str:
            poll = asyncio.create_task(made.poll_for_task(workerGroup="wg"))
            await asyncio.sleep(10)
            datapipeline_fake.enqueue("wg")
            return str((await poll)["taskObject"]["taskId"])

        assert with_client(main)
        assert datapipeline_fake.clock.now().second == 10

    def test_sleeping_coroutines_and_polls_take_turns_in_virtual_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        beats = []

        async def beat(made: Any) -> None:
            while True:
                await made.report_task_runner_heartbeat(taskrunnerId="r")
                beats.append(datapipeline_fake.clock.now().time().isoformat())
                await asyncio.sleep(60)

        async def main(made: Any) -> None:
            beating = asyncio.create_task(beat(made))
            await made.poll_for_task(workerGroup="wg")
            await made.poll_for_task(workerGroup="wg")
            beating.cancel()

        with_client(main)

        assert beats == ["00:00:00", "00:01:00", "00:02:00"]

    def test_a_time_out_of_asyncio_ends_a_poll_at_its_moment(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(made.poll_for_task(workerGroup="wg"), 5)

        with_client(main)

        assert datapipeline_fake.clock.now().second == 5

    def test_a_cancelled_poll_leaves_the_queue_to_the_next(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg", delay=20)

        async def main(made: Any) -> None:
            first = asyncio.create_task(made.poll_for_task(workerGroup="wg"))
            await asyncio.sleep(1)
            first.cancel()
            await work_one_task(made)

        with_client(main)

        task.assert_finished()
        assert len(task.attempts) == 1

    def test_a_cancelled_poll_of_an_impatient_client_leaves_the_queue_too(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(made.poll_for_task(workerGroup="wg"), 5)

        with_client(main, read_timeout=60)

        assert datapipeline_fake.waiting == []

    def test_many_pollers_get_one_task_each(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main(made: Any) -> list[str]:
            polls = [asyncio.create_task(work_one_task(made)) for _ in range(50)]
            await asyncio.sleep(1)
            datapipeline_fake.enqueue("wg", *({"command": str(number)} for number in range(50)))
            return list(await asyncio.gather(*polls))

        assert len(set(with_client(main))) == 50
        assert all(task.status == "FINISHED" for task in datapipeline_fake.tasks)

    def test_moving_the_clock_ends_a_held_poll(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main(made: Any) -> Any:
            poll = asyncio.create_task(made.poll_for_task(workerGroup="wg"))
            await asyncio.sleep(0.01)
            datapipeline_fake.clock.advance(90)
            return await poll

        assert "taskObject" not in with_client(main)

    def test_a_runner_that_sleeps_too_long_loses_its_task(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg")

        async def main(made: Any) -> None:
            await made.poll_for_task(workerGroup="wg")
            await asyncio.sleep(121)

        with_client(main)

        assert task.status == "WAITING_FOR_RUNNER"

    def test_a_child_process_is_waited_for_in_real_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg")

        async def poll_elsewhere(made: Any) -> None:
            while True:
                await made.poll_for_task(workerGroup="other")

        async def main(made: Any) -> bytes:
            other = asyncio.create_task(poll_elsewhere(made))
            got = (await made.poll_for_task(workerGroup="wg"))["taskObject"]
            # As long as the polls would need for hours of virtual time.
            child = await asyncio.create_subprocess_shell(
                "sleep 0.3; echo done", stdout=asyncio.subprocess.PIPE
            )
            printed, _ = await asyncio.wait_for(child.communicate(), 60)
            await made.set_task_status(taskId=got["taskId"], taskStatus="FINISHED")
            other.cancel()
            return printed

        assert with_client(main) == b"done\n"
        task.assert_finished()
        assert datapipeline_fake.clock.now().minute == 0

    def test_a_function_in_a_thread_is_waited_for_in_real_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        go_on = threading.Event()

        async def main(made: Any) -> bool:
            poll = asyncio.create_task(made.poll_for_task(workerGroup="wg"))
            await asyncio.sleep(0)
            threading.Timer(0.3, go_on.set).start()
            came = await asyncio.to_thread(go_on.wait, 5)
            poll.cancel()
            return came

        assert with_client(main)
        assert datapipeline_fake.clock.now().minute == 0

    def test_boto3_in_a_thread_of_the_loop_is_served(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        made = boto3.client("datapipeline", config=Config(read_timeout=100))

        async def main() -> list[Any]:
            polls = [asyncio.to_thread(made.poll_for_task, workerGroup="wg") for _ in range(3)]
            return list(await asyncio.gather(*polls))

        answers = asyncio.run(main())

        assert not any("taskObject" in answer for answer in answers)
        assert datapipeline_fake.clock.now().strftime("%M:%S") == "01:30"

    def test_another_threads_loop_waits_for_the_test(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg", delay=600)

        async def poll_until_there_is_one(made: Any) -> None:
            while not (got := await made.poll_for_task(workerGroup="wg")).get("taskObject"):
                pass
            await made.set_task_status(taskId=got["taskObject"]["taskId"], taskStatus="FINISHED")

        thread = threading.Thread(target=with_client, args=(poll_until_there_is_one,))
        thread.start()
        datapipeline_fake.wait_until(task)
        thread.join()

        task.assert_finished()

    def test_a_loop_of_another_thread_that_outlives_its_test_takes_no_task_of_the_next(
        self,
    ) -> None:
        released = threading.Event()

        async def loop(made: Any) -> None:
            await made.poll_for_task(workerGroup="wg")
            released.wait(10)
            await made.poll_for_task(workerGroup="wg")

        with DataPipelineFake(settle=0.01) as fake:
            first = fake.enqueue("wg")
            thread = threading.Thread(target=with_client, args=(loop,))
            thread.start()
            fake.wait_until(lambda: first.task_id, move_time=False)
        with DataPipelineFake() as fake:
            second = fake.enqueue("wg")
            released.set()
            thread.join(10)

            assert not thread.is_alive()
            assert second.task_id is None

    @pytest.mark.datapipeline(patience=0.2)
    def test_a_wait_in_another_threads_loop_that_nobody_ends_is_an_error(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        errors: list[BaseException] = []

        def poll() -> None:
            try:
                with_client(lambda made: made.poll_for_task(workerGroup="wg"))
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=poll)
        thread.start()
        thread.join()

        assert isinstance(errors[0], Stuck)
        assert "clock.advance" in str(errors[0])
        datapipeline_fake._problems.clear()

    @pytest.mark.datapipeline(asyncio_timers="real")
    def test_real_timers_are_waited_for_by_polls(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main(made: Any) -> None:
            poll = asyncio.create_task(made.poll_for_task(workerGroup="wg"))
            await asyncio.sleep(0.05)
            datapipeline_fake.enqueue("wg")
            await poll

        with_client(main)

        assert datapipeline_fake.clock.now().second == 0

    def test_frozen_time_moves_along(self, datapipeline_fake: DataPipelineFake) -> None:
        with freeze_time("2025-01-01", real_asyncio=True):
            with_client(lambda made: made.poll_for_task(workerGroup="wg"))

            assert datetime.datetime.now() == datetime.datetime(2025, 1, 1, 0, 1, 30)


class TestEndlessLoops:
    async def _loop(self) -> None:
        async with client() as made:
            while True:
                try:
                    got = await made.poll_for_task(workerGroup="wg")
                    if "taskObject" in got:
                        task_id = got["taskObject"]["taskId"]
                        await made.report_task_progress(taskId=task_id)
                        await made.set_task_status(taskId=task_id, taskStatus="FINISHED")
                    await asyncio.sleep(1)
                except ClientError:
                    pass

    def test_run_ends_the_loop_when_every_task_has_ended(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg", delay=4000)

        async def main() -> None:
            await datapipeline_fake.run(self._loop)

        asyncio.run(main())

        task.assert_finished()
        assert datapipeline_fake.calls[-1] == set_task_status()

    def test_run_takes_a_function_that_makes_the_coroutine(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg")

        async def main() -> None:
            await datapipeline_fake.run(lambda: self._loop())

        asyncio.run(main())

        task.assert_finished()

    def test_run_returns_what_a_loop_returns(self, datapipeline_fake: DataPipelineFake) -> None:
        datapipeline_fake.enqueue("wg")

        async def once() -> str:
            async with client() as made:
                return await work_one_task(made)

        async def main() -> str | None:
            return await datapipeline_fake.run(once, until=lambda: False)

        assert asyncio.run(main()) == datapipeline_fake.tasks[0].task_id

    def test_a_runner_dies_and_another_takes_its_task_over(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg")

        async def main() -> None:
            await datapipeline_fake.run(self._loop, die_at=set_task_status())
            await datapipeline_fake.run(self._loop)

        asyncio.run(main())

        task.assert_finished()
        assert [attempt.status for attempt in task.attempts] == ["FAILED", "FINISHED"]

    def test_a_runner_that_should_die_and_does_not_is_an_error(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        datapipeline_fake.enqueue("wg")

        async def main() -> None:
            await datapipeline_fake.run(
                self._loop, die_at=set_task_status(taskStatus="FAILED"), max_calls=20
            )

        with pytest.raises(UnmetExpectations, match=r"It made poll_for_task \(1\), report"):
            asyncio.run(main())

    def test_endless_calls_of_which_nothing_comes_end(
        self, datapipeline_fake: DataPipelineFake, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pytest_datapipeline._time.limits._CALLS_AT_A_STANDSTILL", 50)

        async def beat(made: Any) -> None:
            while True:
                await made.report_task_runner_heartbeat(taskrunnerId="tr")

        with pytest.raises(Stuck, match="Nothing came of 50 calls in a row"):
            with_client(beat)

    def test_too_many_calls_are_an_error(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main() -> None:
            await datapipeline_fake.run(self._loop, until=lambda: False, max_calls=7)

        with pytest.raises(Stuck, match="7 calls"):
            asyncio.run(main())

    def test_too_much_time_is_an_error(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main() -> None:
            await datapipeline_fake.run(self._loop, until=lambda: False, max_time=600)

        with pytest.raises(Stuck, match="max_time"):
            asyncio.run(main())

    def test_run_ends_at_a_moment(self, datapipeline_fake: DataPipelineFake) -> None:
        moment = datapipeline_fake.clock.now() + datetime.timedelta(seconds=1000)

        async def main() -> None:
            await datapipeline_fake.run(self._loop, until=moment)

        asyncio.run(main())

        assert datapipeline_fake.clock.now() == moment

    def test_until_waits_for_a_task(self, datapipeline_fake: DataPipelineFake) -> None:
        task = datapipeline_fake.enqueue("wg", delay=4000)

        async def main() -> None:
            runner = asyncio.create_task(self._loop())
            await datapipeline_fake.until(task)
            runner.cancel()

        asyncio.run(main())

        task.assert_finished()

    def test_until_nothing_that_can_come_is_an_error(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main() -> None:
            with pytest.raises(Stuck, match="Nothing is going to change"):
                await datapipeline_fake.until(lambda: False)

        asyncio.run(main())

    def test_nothing_but_empty_polls_is_an_error(self, datapipeline_fake: DataPipelineFake) -> None:
        with pytest.raises(Stuck, match="empty polls"):
            asyncio.run(self._loop())

    def test_wait_until_in_a_coroutine_names_until(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main() -> None:
            runner = asyncio.create_task(self._loop())
            await asyncio.sleep(1)
            try:
                with pytest.raises(ValueError, match=r"await datapipeline_fake\.until"):
                    datapipeline_fake.wait_until(lambda: False)
            finally:
                runner.cancel()

        asyncio.run(main())


RUNNER = """
    import asyncio

    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    async def work(client):
        while True:
            task = (await client.poll_for_task(workerGroup="wg")).get("taskObject")
            if task:
                await client.report_task_progress(taskId=task["taskId"])
                await client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
                return task["taskId"]

    async def main():
        config = AioConfig(read_timeout=100)
        async with get_session().create_client("datapipeline", config=config) as client:
            assert len(set(await asyncio.gather(work(client), work(client)))) == 2
            try:
                await asyncio.wait_for(client.poll_for_task(workerGroup="wg"), 0.05)
            except asyncio.TimeoutError:
                print("gave up")

    asyncio.run(main())
"""


class TestOtherProcesses:
    @pytest.mark.datapipeline(patience=60)
    def test_aiobotocore_in_a_process_of_its_own(
        self, datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
    ) -> None:
        late = datapipeline_fake.enqueue("wg", delay=1800)
        soon = datapipeline_fake.enqueue("wg")
        command = [sys.executable, "-c", textwrap.dedent(RUNNER)]

        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            datapipeline_fake.wait_until()
            printed, _ = child.communicate(timeout=60)

        assert printed == "gave up\n"
        assert [soon.status, late.status] == ["FINISHED", "FINISHED"]

    @pytest.mark.datapipeline(patience=60)
    def test_a_coroutine_waits_for_a_runner_in_a_child_process(
        self, datapipeline_fake: DataPipelineFake, datapipeline_endpoint: DataPipelineEndpoint
    ) -> None:
        tasks = datapipeline_fake.enqueue("wg", {"command": "a"}, {"command": "b"})

        async def main() -> int:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", textwrap.dedent(RUNNER), stdout=subprocess.DEVNULL
            )
            return await child.wait()

        assert asyncio.run(main()) == 0
        assert [task.status for task in tasks] == ["FINISHED", "FINISHED"]


class TestLeaving:
    def test_a_coroutine_that_still_waits_is_cancelled(self) -> None:
        async def main() -> bool:
            with DataPipelineFake() as fake:
                async with client() as made:
                    poll = asyncio.create_task(made.poll_for_task(workerGroup="wg"))
                    await asyncio.sleep(1)
                    assert len(fake.waiting) == 1
            await asyncio.wait([poll])
            return poll.cancelled()

        assert asyncio.run(main())

    def test_the_loops_time_is_real_again(self) -> None:
        async def main() -> float:
            loop = asyncio.get_running_loop()
            with DataPipelineFake():
                async with client() as made:
                    await made.poll_for_task(workerGroup="wg")
            assert "time" not in vars(loop)
            before = loop.time()
            await asyncio.sleep(0.01)
            return loop.time() - before

        assert 0.005 < asyncio.run(main()) < 5


@pytest.mark.parametrize("plugin", ["asyncio", "anyio"])
def test_the_pytest_plugins_for_coroutines(pytester: pytest.Pytester, plugin: str) -> None:
    pytest.importorskip("pytest_asyncio" if plugin == "asyncio" else "anyio")
    pytester.makepyfile(
        f"""
        import anyio, asyncio, pytest
        from aiobotocore.config import AioConfig
        from aiobotocore.session import get_session

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.{plugin}
        async def test_a_runner(datapipeline_fake):
            task = datapipeline_fake.enqueue("wg", delay=3600)
            async with get_session().create_client(
                "datapipeline", config=AioConfig(read_timeout=100)
            ) as client:
                async def runner():
                    while True:
                        got = await client.poll_for_task(workerGroup="wg")
                        if "taskObject" in got:
                            await client.set_task_status(
                                taskId=got["taskObject"]["taskId"], taskStatus="FINISHED"
                            )
                await datapipeline_fake.run(runner)
            task.assert_finished()

        @pytest.mark.{plugin}
        async def test_a_time_out(datapipeline_fake):
            async with get_session().create_client(
                "datapipeline", config=AioConfig(read_timeout=100)
            ) as client:
                with anyio.move_on_after(30) as scope:
                    await client.poll_for_task(workerGroup="wg")
            assert scope.cancelled_caught
            assert not datapipeline_fake.waiting

        @pytest.mark.{plugin}
        async def test_a_failure_tells_its_calls(datapipeline_fake):
            async with get_session().create_client(
                "datapipeline", config=AioConfig(read_timeout=100)
            ) as client:
                await client.poll_for_task(workerGroup="wg")
            assert False
        """
    )

    modules = {"asyncio": "pytest_asyncio.plugin", "anyio": "anyio.pytest_plugin"}
    result = run_apart(pytester, plugins=(OURS, modules[plugin]))

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*AWS Data Pipeline: 1 calls*"])
