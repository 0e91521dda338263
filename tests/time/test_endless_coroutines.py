"""Driving the endless loop of a task runner that is a coroutine."""

from __future__ import annotations

import asyncio
import datetime
import time
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
)
from support.coroutines import client, with_client, work_one_task

from pytest_datapipeline import (
    DataPipelineFake,
    Stuck,
    UnmetExpectations,
    set_task_status,
)

pytestmark = pytest.mark.datapipeline(start="2024-01-01T00:00:00")


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

    def test_until_gives_up_what_does_not_come_while_others_go_on(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def send_heartbeats(made: Any) -> None:
            while True:
                await made.report_task_runner_heartbeat(taskrunnerId="runner-1")
                await asyncio.sleep(3600)

        async def main(made: Any) -> None:
            beating = asyncio.create_task(send_heartbeats(made))
            with pytest.raises(Stuck, match=r"until\(\) waits for .* \(7 days, 0:00:00\)"):
                await datapipeline_fake.until(lambda: False)
            beating.cancel()

        with_client(main)

    def test_an_error_of_a_predicate_is_raised_where_the_test_waits_for_it(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main() -> str:
            with pytest.raises(ZeroDivisionError):
                await datapipeline_fake.until(lambda: 1 / 0)
            return "goes on"

        assert asyncio.run(main()) == "goes on"

    def test_nothing_but_empty_polls_is_an_error(self, datapipeline_fake: DataPipelineFake) -> None:
        with pytest.raises(Stuck, match="empty polls"):
            asyncio.run(self._loop())

    def test_sleeps_until_a_clock_that_stands_still_are_an_error(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        end = time.monotonic() + 3600

        async def loop(made: Any) -> None:
            await made.list_pipelines()
            while time.monotonic() < end:
                await asyncio.sleep(60)

        with pytest.raises(Stuck, match=r"slept \d+ times in a row .* set freeze=True"):
            with_client(loop)

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
