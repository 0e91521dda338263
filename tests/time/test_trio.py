"""trio's runs in virtual time, with aiobotocore's clients in them. Skipped without trio."""

from __future__ import annotations

import datetime
import sys
import threading
import time
from itertools import accumulate
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st
from support.trio_coroutines import (
    MARKS,
    client,
    trio,
    with_client,
    work_one_task,
)

from pytest_datapipeline import (
    DataPipelineFake,
    FakeUsageError,
    Stuck,
    UnmetExpectations,
    set_task_status,
)

testing = pytest.importorskip("trio.testing")
pytestmark = MARKS

# Real seconds of something slow.
LONG = 0.3


async def empty_poll(made: Any) -> Any:
    """Poll for a task that does not come."""
    return await made.poll_for_task(workerGroup="wg")


def time_of(fake: DataPipelineFake) -> str:
    return fake.clock.now().time().isoformat()


class TestTime:
    def test_an_empty_poll_takes_90_virtual_seconds(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        answer = with_client(empty_poll)

        assert "taskObject" not in answer
        assert time_of(datapipeline_fake) == "00:01:30"

    def test_tasks_go_on_while_a_poll_is_held(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(work_one_task, made)
                await trio.sleep(10)
                datapipeline_fake.enqueue("wg")

        with_client(main)

        datapipeline_fake.tasks[0].assert_finished()
        assert time_of(datapipeline_fake) == "00:00:10"

    def test_sleeping_tasks_and_polls_take_turns_in_virtual_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        beats = []

        async def beat(made: Any) -> None:
            while True:
                await made.report_task_runner_heartbeat(taskrunnerId="r")
                beats.append(time_of(datapipeline_fake))
                await trio.sleep(60)

        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(beat, made)
                await trio.sleep(0)
                await empty_poll(made)
                await trio.sleep(80)
                nursery.cancel_scope.cancel()

        with_client(main)

        assert beats == ["00:00:00", "00:01:00", "00:02:00"]

    def test_a_sleep_that_began_before_any_call_is_virtual(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main() -> None:
            await trio.sleep(3600)

        trio.run(main)

        assert time_of(datapipeline_fake) == "01:00:00"

    def test_fractions_of_seconds_are_slept_however_they_add_up(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            await made.list_pipelines()
            for number in range(1, 1001):
                await trio.sleep(number / 1000)

        with_client(main)

        # Each is rounded up to a microsecond.
        slept = datapipeline_fake.clock.now().timestamp() - 1704067200
        assert 500.5 <= slept < 500.502

    @given(sleeps=st.lists(st.lists(st.integers(0, 300_000), max_size=4), max_size=4))
    def test_each_of_many_sleepers_wakes_up_at_its_moment(self, sleeps: list[list[int]]) -> None:
        woken: list[list[float]] = [[] for _ in sleeps]

        async def main(fake: DataPipelineFake) -> None:
            start = fake.clock.now()

            async def sleep(number: int) -> None:
                for milliseconds in sleeps[number]:
                    await trio.sleep(milliseconds / 1000)
                    passed = fake.clock.now() - start
                    woken[number].append(passed / datetime.timedelta(milliseconds=1))

            async with trio.open_nursery() as nursery:
                for number in range(len(sleeps)):
                    nursery.start_soon(sleep, number)

        with DataPipelineFake() as fake:
            trio.run(main, fake)

        assert [[round(moment) for moment in moments] for moments in woken] == [
            list(accumulate(each)) for each in sleeps
        ]

    def test_trios_own_time_goes_along(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main(made: Any) -> float:
            before = trio.current_time()
            await empty_poll(made)
            return float(trio.current_time() - before)

        assert with_client(main) == 90

    def test_moving_the_clock_ends_a_held_poll(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(empty_poll, made)
                await testing.wait_all_tasks_blocked()
                datapipeline_fake.clock.advance(90)

        with_client(main)

        assert time_of(datapipeline_fake) == "00:01:30"

    def test_a_runner_that_sleeps_too_long_loses_its_task(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg")

        async def main(made: Any) -> None:
            await empty_poll(made)
            await trio.sleep(121)

        with_client(main)

        assert task.status == "WAITING_FOR_RUNNER"

    def test_many_pollers_get_one_task_each(self, datapipeline_fake: DataPipelineFake) -> None:
        got = []

        async def main(made: Any) -> None:
            async def work() -> None:
                got.append(await work_one_task(made))

            async with trio.open_nursery() as nursery:
                for _ in range(50):
                    nursery.start_soon(work)
                await trio.sleep(1)
                datapipeline_fake.enqueue("wg", *({"command": str(number)} for number in range(50)))

        with_client(main)

        assert len(set(got)) == 50
        assert all(task.status == "FINISHED" for task in datapipeline_fake.tasks)

    @pytest.mark.datapipeline(asyncio_timers="real")
    def test_real_timers_are_waited_for_by_polls(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(work_one_task, made)
                await trio.sleep(0.05)
                datapipeline_fake.enqueue("wg")

        with_client(main)

        assert time_of(datapipeline_fake) == "00:00:00"

    def test_frozen_time_moves_along(self, datapipeline_fake: DataPipelineFake) -> None:
        with freeze_time("2025-01-01"):
            with_client(empty_poll)

            assert datetime.datetime.now() == datetime.datetime(2025, 1, 1, 0, 1, 30)


class TestCancellation:
    def test_a_time_out_ends_a_poll_at_its_moment(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> bool:
            with trio.move_on_after(5) as scope:
                await empty_poll(made)
            return bool(scope.cancelled_caught)

        assert with_client(main)
        assert time_of(datapipeline_fake) == "00:00:05"
        assert datapipeline_fake.waiting == []

    def test_a_cancelled_poll_leaves_the_queue_to_the_next(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg", delay=20)

        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(empty_poll, made)
                await trio.sleep(1)
                nursery.cancel_scope.cancel()
            await work_one_task(made)

        with_client(main)

        task.assert_finished()
        assert len(task.attempts) == 1

    def test_a_cancelled_poll_of_an_impatient_client_leaves_the_queue_too(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            with trio.move_on_after(5):
                await empty_poll(made)

        with_client(main, read_timeout=60)

        assert datapipeline_fake.waiting == []

    def test_a_call_in_a_cancelled_scope_is_not_made(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            with trio.CancelScope() as scope:
                scope.cancel()
                await made.list_pipelines()

        with_client(main)

        assert datapipeline_fake.calls == []

    def test_endless_calls_let_others_go_on(self, datapipeline_fake: DataPipelineFake) -> None:
        async def beat(made: Any) -> None:
            while True:
                await made.report_task_runner_heartbeat(taskrunnerId="r")

        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(beat, made)
                for _ in range(10):
                    await trio.sleep(0)
                nursery.cancel_scope.cancel()

        with_client(main)

        assert datapipeline_fake.calls


class TestBesideOthers:
    def test_a_function_in_a_thread_is_waited_for_in_real_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(empty_poll, made)
                await trio.sleep(0)
                await trio.to_thread.run_sync(threading.Event().wait, LONG)
                nursery.cancel_scope.cancel()

        with_client(main)

        assert time_of(datapipeline_fake) == "00:00:00"

    def test_a_function_that_was_given_up_does_not_keep_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        go_on = threading.Event()

        async def main(made: Any) -> None:
            await made.list_pipelines()
            with trio.move_on_after(LONG):
                await trio.to_thread.run_sync(go_on.wait, 20, abandon_on_cancel=True)
            await trio.sleep(3600)
            go_on.set()

        with_client(main)

        assert time_of(datapipeline_fake) == "01:00:00.300000"

    def test_boto3_in_threads_of_the_run_is_served(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        made = boto3.client("datapipeline", config=Config(read_timeout=100))
        answers = []

        def poll() -> None:
            answers.append(made.poll_for_task(workerGroup="wg"))

        async def main() -> None:
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(trio.to_thread.run_sync, poll)

        trio.run(main)

        assert len(answers) == 3
        assert not any("taskObject" in answer for answer in answers)
        assert time_of(datapipeline_fake) == "00:01:30"

    def test_a_thread_may_call_back_into_the_run(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main(made: Any) -> Any:
            return await trio.to_thread.run_sync(trio.from_thread.run, empty_poll, made)

        assert "taskObject" not in with_client(main)
        assert time_of(datapipeline_fake) == "00:01:30"

    def test_a_child_process_is_waited_for_in_real_time(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def poll_elsewhere(made: Any) -> None:
            while True:
                await made.poll_for_task(workerGroup="other")

        async def main(made: Any) -> bytes:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(poll_elsewhere, made)
                await trio.sleep(0)
                script = f"import time; time.sleep({LONG}); print('done')"
                child = await trio.run_process([sys.executable, "-c", script], capture_stdout=True)
                nursery.cancel_scope.cancel()
            return bytes(child.stdout)

        assert with_client(main).split() == [b"done"]
        assert time_of(datapipeline_fake) == "00:00:00"

    @pytest.mark.parametrize("polls", [True, False])
    def test_a_child_process_that_hangs_is_timed_out(
        self, datapipeline_fake: DataPipelineFake, polls: bool
    ) -> None:
        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                await made.list_pipelines()
                if polls:
                    nursery.start_soon(empty_poll, made)
                else:
                    nursery.start_soon(trio.sleep, 80)
                with trio.move_on_after(LONG):
                    await trio.run_process([sys.executable, "-c", "import time; time.sleep(60)"])
                nursery.cancel_scope.cancel()

        with_client(main)

        assert time_of(datapipeline_fake).startswith("00:00:00.3")

    def test_what_falls_due_while_a_child_process_runs_happens_in_its_order(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg", delay=LONG / 2)
        begun = []

        async def work(made: Any) -> None:
            await work_one_task(made)
            begun.append(time_of(datapipeline_fake))

        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(work, made)
                with trio.move_on_after(LONG):
                    await trio.run_process([sys.executable, "-c", "import time; time.sleep(60)"])

        with_client(main)

        task.assert_finished()
        assert begun == ["00:00:00.150000"]
        assert time_of(datapipeline_fake).startswith("00:00:00.3")

    def test_what_is_sent_to_another_task_arrives_before_time_moves(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> bytes:
            await made.list_pipelines()
            here, there = trio.socket.socketpair()
            with here, there:
                await here.send(b"x")
                with trio.fail_after(1):
                    return bytes(await there.recv(1))

        assert with_client(main) == b"x"
        assert time_of(datapipeline_fake) == "00:00:00"

    @pytest.mark.datapipeline(settle=0.05)
    def test_an_idle_connection_is_waited_for_once(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> None:
            here, there = trio.socket.socketpair()
            with here, there:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(here.recv, 1)
                    await empty_poll(made)
                    await trio.sleep(3600)
                    nursery.cancel_scope.cancel()

        with_client(main)

        assert time_of(datapipeline_fake) == "01:01:30"

    def test_a_thread_of_the_tests_own_is_served(self, datapipeline_fake: DataPipelineFake) -> None:
        made = boto3.client("datapipeline", config=Config(read_timeout=100))
        thread = threading.Thread(target=made.poll_for_task, kwargs={"workerGroup": "wg"})

        async def main() -> None:
            thread.start()
            await trio.sleep(100)

        trio.run(main)
        thread.join()

        assert [call.time.second for call in datapipeline_fake.calls] == [0]


class TestOtherThreads:
    def test_a_run_in_another_thread_waits_for_the_test(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg", delay=600)

        async def poll_until_there_is_one(made: Any) -> None:
            while not (got := await empty_poll(made)).get("taskObject"):
                pass
            await made.set_task_status(taskId=got["taskObject"]["taskId"], taskStatus="FINISHED")

        thread = threading.Thread(target=with_client, args=(poll_until_there_is_one,))
        thread.start()
        datapipeline_fake.wait_until(task)
        thread.join()

        task.assert_finished()

    @pytest.mark.datapipeline(patience=0.2)
    def test_a_wait_in_another_thread_that_nobody_ends_is_an_error(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        errors: list[BaseException] = []

        def poll() -> None:
            try:
                with_client(empty_poll)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=poll)
        thread.start()
        thread.join()

        assert isinstance(errors[0], Stuck)
        assert "clock.advance" in str(errors[0])
        datapipeline_fake._problems.clear()

    def test_a_run_that_outlives_its_test_ends_silently(self) -> None:
        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(empty_poll, made)
                await empty_poll(made)

        with DataPipelineFake(settle=0.01) as fake:
            thread = threading.Thread(target=with_client, args=(main,))
            thread.start()
            fake.wait_until(lambda: len(fake.waiting) == 2, move_time=False)
        thread.join(10)

        assert not thread.is_alive()


class TestMockClocks:
    def test_a_poll_moves_the_runs_mock_clock_along(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main(made: Any) -> float:
            before = trio.current_time()
            await empty_poll(made)
            return float(trio.current_time() - before)

        assert with_client(main, clock=testing.MockClock()) == 90

    def test_a_jump_of_the_mock_clock_moves_the_fakes(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        clock = testing.MockClock()

        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(empty_poll, made)
                await testing.wait_all_tasks_blocked()
                clock.jump(60)
                assert len(datapipeline_fake.waiting) == 1
                clock.jump(30)
                await testing.wait_all_tasks_blocked()
                assert datapipeline_fake.waiting == []

        with_client(main, clock=clock)

        assert time_of(datapipeline_fake) == "00:01:30"

    def test_with_autojump_sleeps_and_polls_take_turns(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        seen = []

        async def main(made: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(empty_poll, made)
                for _ in range(3):
                    await trio.sleep(40)
                    seen.append((time_of(datapipeline_fake), len(datapipeline_fake.waiting)))

        with_client(main, clock=testing.MockClock(autojump_threshold=0))

        assert seen == [("00:00:40", 1), ("00:01:20", 1), ("00:02:00", 0)]

    def test_it_can_not_be_turned_back(self, datapipeline_fake: DataPipelineFake) -> None:
        clock = testing.MockClock()

        async def main(made: Any) -> None:
            await made.list_pipelines()
            with pytest.raises(ValueError, match="backwards"):
                clock.jump(-1)

        with_client(main, clock=clock)

    def test_a_sleep_beside_nobody_who_waits_for_the_fake_is_left_to_the_test(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        clock = testing.MockClock(autojump_threshold=0)

        async def main(made: Any) -> None:
            await made.list_pipelines()
            await trio.sleep(3600)

        with_client(main, clock=clock)

        assert time_of(datapipeline_fake) == "01:00:00"


class TestEndlessLoops:
    async def _loop(self) -> None:
        async with client() as made:
            while True:
                try:
                    got = await empty_poll(made)
                    if "taskObject" in got:
                        task_id = got["taskObject"]["taskId"]
                        await made.report_task_progress(taskId=task_id)
                        await made.set_task_status(taskId=task_id, taskStatus="FINISHED")
                    await trio.sleep(1)
                except ClientError:
                    pass

    def _run(self, fake: DataPipelineFake, **options: Any) -> Any:
        async def main() -> Any:
            return await fake.run(self._loop, **options)

        return trio.run(main)

    def test_run_ends_the_loop_when_every_task_has_ended(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg", delay=4000)

        self._run(datapipeline_fake)

        task.assert_finished()
        assert datapipeline_fake.calls[-1] == set_task_status()

    def test_run_ends_what_the_loop_has_started(self, datapipeline_fake: DataPipelineFake) -> None:
        datapipeline_fake.enqueue("wg", delay=4000)
        ended = []

        async def sleep() -> None:
            try:
                await trio.sleep_forever()
            finally:
                ended.append("sleep")

        async def loops() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(sleep)
                for _ in range(3):
                    nursery.start_soon(self._loop)

        async def main() -> None:
            await datapipeline_fake.run(loops)

        trio.run(main)

        datapipeline_fake.tasks[0].assert_finished()
        assert ended == ["sleep"]

    def test_run_returns_what_a_loop_returns(self, datapipeline_fake: DataPipelineFake) -> None:
        datapipeline_fake.enqueue("wg")

        async def once() -> str:
            async with client() as made:
                return await work_one_task(made)

        async def main() -> str | None:
            return await datapipeline_fake.run(once, until=lambda: False)

        assert trio.run(main) == datapipeline_fake.tasks[0].task_id

    def test_an_error_of_the_loop_comes_out_of_run(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        datapipeline_fake.enqueue("wg")

        async def broken() -> None:
            raise KeyError("broken")

        async def main() -> None:
            await datapipeline_fake.run(broken)

        with pytest.raises(KeyError, match="broken"):
            trio.run(main)

    def test_a_runner_dies_and_another_takes_its_task_over(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        task = datapipeline_fake.enqueue("wg")

        self._run(datapipeline_fake, die_at=set_task_status())
        self._run(datapipeline_fake)

        task.assert_finished()
        assert [attempt.status for attempt in task.attempts] == ["FAILED", "FINISHED"]

    def test_a_dead_runner_does_not_clean_up_by_calls(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        datapipeline_fake.enqueue("wg")

        async def loop() -> None:
            async with client() as made:
                got = (await empty_poll(made))["taskObject"]
                try:
                    await made.report_task_progress(taskId=got["taskId"])
                    await made.set_task_status(taskId=got["taskId"], taskStatus="FINISHED")
                finally:
                    with trio.CancelScope(shield=True):
                        await made.set_task_status(taskId=got["taskId"], taskStatus="FAILED")

        async def main() -> None:
            await datapipeline_fake.run(loop, die_at=set_task_status())

        trio.run(main)

        assert "SetTaskStatus" not in datapipeline_fake.calls.operations

    def test_a_runner_that_should_die_and_does_not_is_an_error(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        datapipeline_fake.enqueue("wg")

        with pytest.raises(UnmetExpectations, match=r"It made poll_for_task \(1\), report"):
            self._run(datapipeline_fake, die_at=set_task_status(taskStatus="FAILED"), max_calls=20)

    def test_too_many_calls_are_an_error(self, datapipeline_fake: DataPipelineFake) -> None:
        with pytest.raises(Stuck, match="7 calls"):
            self._run(datapipeline_fake, until=lambda: False, max_calls=7)

    def test_too_much_time_is_an_error(self, datapipeline_fake: DataPipelineFake) -> None:
        with pytest.raises(Stuck, match="max_time"):
            self._run(datapipeline_fake, until=lambda: False, max_time=600)

    def test_run_ends_at_a_moment(self, datapipeline_fake: DataPipelineFake) -> None:
        moment = datapipeline_fake.clock.now() + datetime.timedelta(seconds=1000)

        self._run(datapipeline_fake, until=moment)

        assert datapipeline_fake.clock.now() == moment

    def test_until_waits_for_a_task(self, datapipeline_fake: DataPipelineFake) -> None:
        task = datapipeline_fake.enqueue("wg", delay=4000)

        async def main() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._loop)
                await datapipeline_fake.until(task)
                nursery.cancel_scope.cancel()

        trio.run(main)

        task.assert_finished()

    def test_until_waits_for_a_moment(self, datapipeline_fake: DataPipelineFake) -> None:
        moment = datapipeline_fake.clock.now() + datetime.timedelta(days=3)

        async def main() -> None:
            await datapipeline_fake.until(moment)

        trio.run(main)

        assert datapipeline_fake.clock.now() == moment

    def test_until_nothing_that_can_come_is_an_error(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main() -> None:
            with pytest.raises(Stuck, match="Nothing is going to change"):
                await datapipeline_fake.until(lambda: False)

        trio.run(main)

    def test_an_error_of_a_predicate_is_raised_where_the_test_waits_for_it(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main() -> str:
            with pytest.raises(ZeroDivisionError):
                await datapipeline_fake.until(lambda: 1 / 0)
            return "goes on"

        assert trio.run(main) == "goes on"

    def test_until_in_another_thread_is_refused(self, datapipeline_fake: DataPipelineFake) -> None:
        errors: list[BaseException] = []

        def elsewhere() -> None:
            try:
                trio.run(datapipeline_fake.until)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

        assert isinstance(errors[0], FakeUsageError)
        assert "on the thread that entered the fake" in str(errors[0])

    def test_nothing_but_empty_polls_is_an_error(self, datapipeline_fake: DataPipelineFake) -> None:
        with pytest.raises(Stuck, match="empty polls"):
            trio.run(self._loop)

    def test_sleeps_until_a_clock_that_stands_still_are_an_error(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        end = time.monotonic() + 3600

        async def loop(made: Any) -> None:
            await made.list_pipelines()
            while time.monotonic() < end:
                await trio.sleep(60)

        with pytest.raises(Stuck, match=r"slept \d+ times in a row .* set freeze=True"):
            with_client(loop)

    def test_nothing_but_empty_polls_of_a_thread_is_an_error(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        made = boto3.client("datapipeline", config=Config(read_timeout=100))

        def poll() -> None:
            while True:
                made.poll_for_task(workerGroup="wg")

        async def main() -> None:
            await trio.to_thread.run_sync(poll)

        with pytest.raises(Stuck, match="empty polls"):
            trio.run(main)
        datapipeline_fake._problems.clear()

    def test_endless_calls_of_which_nothing_comes_end(
        self, datapipeline_fake: DataPipelineFake, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pytest_datapipeline._time.limits._CALLS_AT_A_STANDSTILL", 50)

        async def beat(made: Any) -> None:
            while True:
                await made.report_task_runner_heartbeat(taskrunnerId="tr")

        with pytest.raises(Stuck, match="Nothing came of 50 calls in a row"):
            with_client(beat)

    def test_wait_until_in_a_task_names_until(self, datapipeline_fake: DataPipelineFake) -> None:
        async def main() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._loop)
                await trio.sleep(1)
                with pytest.raises(FakeUsageError, match=r"await datapipeline_fake\.until"):
                    datapipeline_fake.wait_until(lambda: False)
                nursery.cancel_scope.cancel()

        trio.run(main)


class TestLeaving:
    def test_a_poll_that_still_waits_is_ended_by_its_nursery(self) -> None:
        async def main() -> None:
            async with trio.open_nursery() as nursery:
                with DataPipelineFake() as fake:
                    async with client() as made:
                        nursery.start_soon(empty_poll, made)
                        await trio.sleep(1)  # in virtual time
                        assert len(fake.waiting) == 1
                nursery.cancel_scope.cancel()

        trio.run(main)

    def test_a_poll_that_nobody_cancels_is_an_error(self) -> None:
        async def main() -> None:
            async with trio.open_nursery() as nursery:
                with DataPipelineFake(patience=0.1):
                    async with client() as made:
                        nursery.start_soon(empty_poll, made)
                        await trio.sleep(1)  # in virtual time

        with pytest.raises(BaseException) as raised:  # noqa: PT011  # a group
            trio.run(main)

        stuck = raised.value.exceptions[0]  # type: ignore[attr-defined]  # of a group
        assert isinstance(stuck, Stuck)
        assert "when the fake was left" in str(stuck)

    def test_a_restore_leaves_a_poll_that_waits_to_its_nursery(self) -> None:
        async def main() -> float:
            with DataPipelineFake() as fake:
                snapshot = fake.snapshot()
                async with client() as made:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(empty_poll, made)
                        await trio.sleep(1)  # in virtual time
                        fake.restore(snapshot)
                        nursery.cancel_scope.cancel()
                    before = trio.current_time()
                    await empty_poll(made)
                    return float(trio.current_time() - before)

        assert 90 <= trio.run(main) < 95

    @pytest.mark.parametrize("mocked", [True, False])
    def test_deadlines_keep_their_distance(self, mocked: bool) -> None:
        async def main() -> tuple[float, bool]:
            before = trio.current_time()
            with trio.move_on_after(3600) as scope:
                with DataPipelineFake():
                    async with client() as made:
                        await empty_poll(made)
                took = trio.current_time() - before
                left = scope.deadline - trio.current_time()
            return took, 3500 < left < 3511

        clock = testing.MockClock() if mocked else None
        took, is_kept = trio.run(main, clock=clock)

        assert 90 <= took < 100
        assert is_kept

    def test_one_fake_within_another_has_a_time_of_its_own(
        self, datapipeline_fake: DataPipelineFake
    ) -> None:
        async def main() -> None:
            async with client() as made:
                await empty_poll(made)
                with DataPipelineFake(start="2030-01-01T00:00:00") as inner:
                    await empty_poll(made)
                    assert time_of(inner) == "00:01:30"
                await empty_poll(made)

        trio.run(main)

        assert time_of(datapipeline_fake) == "00:03:00"


def test_a_wait_that_would_block_trio_says_what_to_do(datapipeline_fake: DataPipelineFake) -> None:
    task = datapipeline_fake.enqueue("wg")

    async def main() -> None:
        datapipeline_fake.wait_until(task)

    with pytest.raises(FakeUsageError, match="would block the event loop of coroutine"):
        trio.run(main)
