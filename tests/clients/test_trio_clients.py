"""aiobotocore's clients meet the same fake under trio. Skipped where that is not installed."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from support.inner_pytest import OURS, run_apart, run_here
from support.runner import GROUP, HOST
from support.trio_coroutines import (
    MARKS,
    client,
    trio,
    with_client,
    work_one_task,
)

from pytest_datapipeline import (
    DataPipelineFake,
    DataPipelineStubber,
    FakeUsageError,
    poll_for_task,
    set_task_status,
)

AIOHTTPSession: Any = pytest.importorskip("aiobotocore.httpsession").AIOHTTPSession
pytestmark = MARKS


class TestClients:
    def test_asynchronous_handlers_of_before_send_are_run(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        seen = []

        async def handler(request: Any, **_: Any) -> None:
            await trio.sleep(0)
            seen.append(request.method)

        async def main(made: Any) -> None:
            made.meta.events.register("before-send.data-pipeline.*", handler)
            await made.list_pipelines()

        with_client(main)

        assert seen == ["POST"]

    def test_without_a_fake_the_call_is_kept_from_the_network(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(
            """
            import trio
            from aiobotocore.config import AioConfig
            from aiobotocore.httpxsession import HttpxSession
            from aiobotocore.session import get_session

            def test_it():
                async def main():
                    async with get_session().create_client(
                        "datapipeline", region_name="us-east-1",
                        aws_access_key_id="a", aws_secret_access_key="b",
                        config=AioConfig(http_session_cls=HttpxSession),
                    ) as client:
                        try:
                            await client.list_pipelines()
                        except Exception:
                            pass
                trio.run(main)
            """
        )

        result = run_here(pytester, "-p", "no:asyncio")

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*ListPipelines was called on AWS Data Pipeline*"])

    def test_trio_may_be_imported_by_the_test_itself(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(
            """
            import sys

            def test_it(datapipeline_fake):
                assert "trio" not in sys.modules
                import trio
                from aiobotocore.config import AioConfig
                from aiobotocore.httpxsession import HttpxSession
                from aiobotocore.session import get_session

                async def main():
                    config = AioConfig(http_session_cls=HttpxSession, read_timeout=100)
                    async with get_session().create_client("datapipeline", config=config) as client:
                        await client.poll_for_task(workerGroup="wg")
                        await trio.sleep(3600)
                before = datapipeline_fake.clock.now()
                trio.run(main)
                assert (datapipeline_fake.clock.now() - before).total_seconds() == 3690

            def test_nothing_is_left_behind():
                from trio._core._run import SystemClock
                assert SystemClock.deadline_to_sleep_time.__module__ == "trio._core._run"
            """
        )

        result = run_apart(pytester)

        result.assert_outcomes(passed=2)


class TestErrors:
    def test_a_back_off_is_cancelled_in_virtual_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        datapipeline_fake.fail(
            "list_pipelines", "throttling", times=9, per="request", optional=True
        )
        before = datapipeline_fake.clock.now()

        async def main(made: Any) -> None:
            with trio.move_on_after(0.001):
                await made.list_pipelines()

        with_client(main, retries={"mode": "legacy", "total_max_attempts": 9})

        assert datapipeline_fake.clock.now() - before == datetime.timedelta(milliseconds=1)

    def test_a_client_on_aiohttp_is_refused_as_it_would_fail(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        with pytest.raises(FakeUsageError, match="http_session_cls=HttpxSession"):
            with_client(lambda made: made.list_pipelines(), http_session_cls=AIOHTTPSession)

    def test_trio_as_asyncios_guest_is_refused(self, datapipeline_fake: DataPipelineFake) -> None:
        errors: list[BaseException] = []

        async def main() -> None:
            async with client() as made:
                try:
                    await made.list_pipelines()
                except BaseException as error:
                    errors.append(error)

        async def host() -> None:
            loop = asyncio.get_running_loop()
            over = loop.create_future()
            trio.lowlevel.start_guest_run(
                main,
                run_sync_soon_threadsafe=loop.call_soon_threadsafe,
                done_callback=over.set_result,
            )
            (await over).unwrap()

        asyncio.run(host())

        assert isinstance(errors[0], FakeUsageError)
        assert "guest of asyncio" in str(errors[0])

    def test_a_client_on_httpx_is_served_in_asyncio_too(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue(GROUP, delay=600)

        async def work(made: Any) -> None:
            while not (await made.poll_for_task(workerGroup=GROUP)).get("taskObject"):
                await asyncio.sleep(1)  # in virtual time

        async def main() -> None:
            async with client() as made:
                await work(made)

        asyncio.run(main())

        assert task.task_id is not None


class TestGates:
    def test_a_task_is_held_while_another_goes_on(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg")

        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                with datapipeline_fake.hold("set_task_status") as held:
                    nursery.start_soon(work_one_task, made)
                    await held.until()
                    assert not task.ended

        with_client(main)

        task.assert_finished()


class TestNames:
    def test_a_task_has_a_lane_of_its_own_in_the_timeline(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def poll(made: Any) -> None:
            await made.poll_for_task(workerGroup=GROUP)

        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(poll, made)
                nursery.start_soon(poll, made)
                nursery.start_soon(poll, made, name="example.com")

        with_client(main)

        assert {call.thread for call in datapipeline_fake.calls} == {
            "poll",
            "poll-2",
            "example.com",
        }


class TestStubber:
    def test_a_script_is_played(self, datapipeline_stubber: DataPipelineStubber) -> None:
        task_id = datapipeline_stubber.add_task("wg", {"command": "echo hi"})
        datapipeline_stubber.add_response("set_task_status", {})

        assert with_client(work_one_task) == task_id
        assert datapipeline_stubber.calls == [poll_for_task(), set_task_status()]
        assert datapipeline_stubber.calls[0].thread == "main"

    def test_time_outs_are_raised(self, datapipeline_stubber: DataPipelineStubber) -> None:
        datapipeline_stubber.add_time_out()

        with pytest.raises(ReadTimeoutError):
            with_client(lambda made: made.poll_for_task(workerGroup=GROUP))

    def test_a_call_in_a_cancelled_scope_is_not_made(
        self, datapipeline_stubber: DataPipelineStubber
    ) -> None:
        async def main(made: Any) -> None:
            with trio.CancelScope() as scope:
                scope.cancel()
                await made.list_pipelines()

        with_client(main)

        assert datapipeline_stubber.calls == []

    def test_a_client_on_aiohttp_is_refused_as_it_would_fail(
        self, datapipeline_stubber: DataPipelineStubber
    ) -> None:
        with pytest.raises(FakeUsageError, match="http_session_cls=HttpxSession"):
            with_client(lambda made: made.list_pipelines(), http_session_cls=AIOHTTPSession)


@pytest.mark.parametrize("plugin", ["trio", "anyio"])
def test_the_pytest_plugins_for_trio(pytester: pytest.Pytester, plugin: str) -> None:
    pytest.importorskip("pytest_trio" if plugin == "trio" else "anyio")
    pytester.makepyfile(
        f"""
        import pytest, trio
        from aiobotocore.config import AioConfig
        from aiobotocore.httpxsession import HttpxSession
        from aiobotocore.session import get_session

        @pytest.fixture
        def anyio_backend():
            return "trio"

        def make_client():
            config = AioConfig(read_timeout=100, http_session_cls=HttpxSession)
            return get_session().create_client("datapipeline", config=config)

        @pytest.mark.{plugin}
        async def test_a_runner(datapipeline_fake):
            task = datapipeline_fake.enqueue("wg", delay=3600)
            async with make_client() as client:
                async def runner():
                    while True:
                        got = await client.poll_for_task(workerGroup="wg")
                        if "taskObject" in got:
                            await client.set_task_status(
                                taskId=got["taskObject"]["taskId"], taskStatus="FINISHED"
                            )
                        await trio.sleep(5)
                await datapipeline_fake.run(runner)
            task.assert_finished()

        @pytest.mark.{plugin}
        async def test_a_time_out(datapipeline_fake):
            async with make_client() as client:
                with trio.move_on_after(30) as scope:
                    await client.poll_for_task(workerGroup="wg")
            assert scope.cancelled_caught
            assert not datapipeline_fake.waiting

        @pytest.mark.{plugin}
        async def test_a_long_sleep_beside_threads(datapipeline_fake):
            before = datapipeline_fake.clock.now()
            async with make_client() as client:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(lambda: client.poll_for_task(workerGroup="wg"))
                    await trio.to_thread.run_sync(len, "")
                    await trio.sleep(3600)
            assert (datapipeline_fake.clock.now() - before).total_seconds() == 3600

        @pytest.mark.{plugin}
        async def test_a_failure_tells_its_calls(datapipeline_fake):
            async with make_client() as client:
                await client.poll_for_task(workerGroup="wg")
            assert False
        """
    )

    modules = {"trio": "pytest_trio.plugin", "anyio": "anyio.pytest_plugin"}
    result = run_apart(pytester, plugins=(OURS, modules[plugin]))

    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*AWS Data Pipeline: timeline, 1 call*"])


def test_pytest_trios_clocks_go_by_the_fake(pytester: pytest.Pytester) -> None:
    pytest.importorskip("pytest_trio")
    pytester.makepyfile(
        """
        import pytest, trio
        from aiobotocore.config import AioConfig
        from aiobotocore.httpxsession import HttpxSession
        from aiobotocore.session import get_session

        def make_client():
            config = AioConfig(read_timeout=100, http_session_cls=HttpxSession)
            return get_session().create_client("datapipeline", config=config)

        @pytest.mark.trio
        async def test_autojump(datapipeline_fake, autojump_clock):
            before = datapipeline_fake.clock.now()
            async with make_client() as client:
                with trio.move_on_after(30):
                    await client.poll_for_task(workerGroup="wg")
                await trio.sleep(30)
            assert (datapipeline_fake.clock.now() - before).total_seconds() == 60

        @pytest.mark.trio
        async def test_mock(datapipeline_fake, mock_clock):
            async with make_client() as client:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(lambda: client.poll_for_task(workerGroup="wg"))
                    await trio.testing.wait_all_tasks_blocked()
                    assert len(datapipeline_fake.waiting) == 1
                    mock_clock.jump(90)
            assert not datapipeline_fake.waiting
        """
    )

    result = run_apart(pytester, plugins=(OURS, "pytest_trio.plugin"))

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(("looks", "found"), [(True, []), (False, ["canceled-ignored"])])
@pytest.mark.datapipeline(contract="report")
def test_a_runner_whose_task_is_canceled_shows_whether_it_stops(
    datapipeline_fake: DataPipelineFake, looks: bool, found: list[str]
) -> None:
    datapipeline_fake.enqueue(GROUP).cancel(delay=150)

    async def main(made: Any) -> None:
        async def loop() -> None:
            while True:
                polled = await made.poll_for_task(workerGroup=GROUP, hostname=HOST)
                while "taskObject" in polled:
                    task_id = polled["taskObject"]["taskId"]
                    answer = await made.report_task_progress(taskId=task_id)
                    if answer["canceled"] and looks:
                        break
                    await trio.sleep(60)

        await datapipeline_fake.run(loop)

    with_client(main)

    assert datapipeline_fake.findings.broken == found
