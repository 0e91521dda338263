"""asyncio's event loop in virtual time, with aiobotocore's clients in it."""

from __future__ import annotations

import asyncio
import datetime
import threading
from typing import Any

import boto3
import pytest
from botocore.config import Config
from freezegun import freeze_time
from support.coroutines import with_client, work_one_task

from pytest_datapipeline import (
    DataPipelineFake,
    Stuck,
)

pytestmark = pytest.mark.datapipeline(start="2024-01-01T00:00:00")


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

    @pytest.mark.datapipeline(freeze=True)
    def test_sleeps_and_deadlines_end_where_the_loop_counts_from_1970(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> list[datetime.timedelta]:
            before = datapipeline_fake.clock.now()
            ends = []
            for seconds in (100, 0.1, 0.2, 0.3, 1e-6, 1e-9):
                await asyncio.sleep(seconds)
                ends.append(datapipeline_fake.clock.now() - before)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(made.poll_for_task(workerGroup="wg"), 5)
            return [*ends, datapipeline_fake.clock.now() - before]

        ends = [end.total_seconds() for end in with_client(main)]

        assert ends == pytest.approx([100, 100.1, 100.3, 100.6, 100.6, 100.6, 105.6], abs=1e-5)

    def test_sleeps_end_after_years(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main(made: Any) -> float:
            await made.list_pipelines()
            loop = asyncio.get_running_loop()
            for _ in range(10):
                await asyncio.sleep(20 * 365 * 86_400)
            before = loop.time()
            while loop.time() < before + 1:
                await asyncio.sleep(0.1)
            return loop.time() - before

        assert with_client(main) == pytest.approx(1, abs=0.11)

    def test_frozen_time_moves_along(self, datapipeline_fake: DataPipelineFake) -> None:
        with freeze_time("2025-01-01", real_asyncio=True):
            with_client(lambda made: made.poll_for_task(workerGroup="wg"))

            assert datetime.datetime.now() == datetime.datetime(2025, 1, 1, 0, 1, 30)
