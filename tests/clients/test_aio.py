"""aiobotocore's clients meet the same fake. Skipped where aiobotocore is not installed."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest
from botocore.exceptions import (
    ParamValidationError,
)
from support.coroutines import client, with_client
from support.inner_pytest import OURS, run_apart, run_here

from pytest_datapipeline import (
    DataPipelineFake,
    FakeUsageError,
)

if TYPE_CHECKING:
    from pytest_datapipeline import DataPipelineEndpoint


pytestmark = pytest.mark.datapipeline(start="2024-01-01T00:00:00")


class TestClients:
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
                    await asyncio.sleep(1)  # in virtual time
                    assert len(fake.waiting) == 1
            await asyncio.wait([poll])
            return poll.cancelled()

        assert asyncio.run(main())

    def test_a_coroutine_that_waits_is_cancelled_by_a_restore(self) -> None:
        async def main() -> tuple[bool, float]:
            with DataPipelineFake() as fake:
                snapshot = fake.snapshot()
                async with client() as made:
                    poll = asyncio.create_task(made.poll_for_task(workerGroup="wg"))
                    await asyncio.sleep(1)  # in virtual time
                    with pytest.raises(FakeUsageError, match="These wait: coroutine 'Task-"):
                        fake.snapshot()
                    fake.restore(snapshot)
                    await asyncio.wait([poll])
                    before = asyncio.get_running_loop().time()
                    assert await made.poll_for_task(workerGroup="wg") == ANY
                    passed = asyncio.get_running_loop().time() - before
            return poll.cancelled(), passed

        assert asyncio.run(main()) == (True, 90)

    def test_the_loops_time_is_real_again(self) -> None:
        async def main() -> tuple[float, bool]:
            loop = asyncio.get_running_loop()
            before = loop.time()
            with DataPipelineFake():
                async with client() as made:
                    await made.poll_for_task(workerGroup="wg")
                    while_it_was_active = loop.time() - before
            return while_it_was_active, "time" in vars(loop)

        took, is_replaced = asyncio.run(main())
        assert took >= 90
        assert not is_replaced


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
    result.stdout.fnmatch_lines(["*AWS Data Pipeline: timeline, 1 call*"])


def test_a_coroutine_has_a_lane_of_its_own_in_the_timeline(
    datapipeline_fake: DataPipelineFake,
) -> None:
    async def runner() -> None:
        async with client() as made:
            await made.poll_for_task(workerGroup="wg")

    async def main() -> None:
        await asyncio.create_task(runner(), name="runner-a")

    asyncio.run(main())

    assert datapipeline_fake.timeline[0].lane == "runner runner-a"


def test_a_poll_that_is_given_up_is_told_so_in_the_timeline(
    datapipeline_fake: DataPipelineFake,
) -> None:
    async def polls(made: Any) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(made.poll_for_task(workerGroup="wg"), timeout=30)

    with_client(polls)

    assert datapipeline_fake.timeline[0].text == (
        "poll_for_task(workerGroup='wg') -> its client hangs up, after 30 s"
    )
