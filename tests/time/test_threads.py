"""Runners in threads of their own: who waits, and when time moves on. All sleeps are virtual."""

from __future__ import annotations

import queue
import sys
import threading
import time
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from pytest_datapipeline import (
    DataPipelineFake,
    FakeUsageError,
    Stuck,
    UnmetExpectations,
    poll_for_task,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Runner(threading.Thread):
    """A task runner that finishes what it gets, until the fake ends it."""

    def __init__(self, name: str, worker_group: str = "wg", work: Callable[[], Any] | None = None):
        super().__init__(name=name, daemon=True)
        self.client = boto3.client("datapipeline", config=Config(read_timeout=100))
        self.worker_group = worker_group
        self.work = work
        self.done: list[str] = []

    def run(self) -> None:
        while True:
            answer = self.client.poll_for_task(workerGroup=self.worker_group, hostname=self.name)
            task = answer.get("taskObject")
            if task is not None:
                if self.work is not None:
                    self.work()
                self.client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
                self.done.append(task["taskId"])


def test_each_task_goes_to_exactly_one_of_many_runners(datapipeline_fake: DataPipelineFake) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        tasks = datapipeline_fake.enqueue("wg", *[{}] * 60)
        runners = [Runner(f"runner-{index}") for index in range(4)]
        for runner in runners:
            runner.start()

        datapipeline_fake.wait_until(lambda: sum(len(runner.done) for runner in runners) == 60)
    finally:
        sys.setswitchinterval(interval)

    done = [task_id for runner in runners for task_id in runner.done]
    assert sorted(done) == sorted(str(task.task_id) for task in tasks)


def test_a_poll_in_another_thread_waits_until_a_task_comes(
    datapipeline_fake: DataPipelineFake,
) -> None:
    runner = Runner("runner")
    runner.start()
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)
    before = datapipeline_fake.clock.now()

    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.wait_until(task)

    assert task.hostname == "runner"
    assert datapipeline_fake.clock.now() == before


def test_the_poll_that_waits_longest_gets_the_first_task(
    datapipeline_fake: DataPipelineFake,
) -> None:
    Runner("first").start()
    datapipeline_fake.wait_until(lambda: len(datapipeline_fake.waiting) == 1, move_time=False)
    Runner("second").start()
    datapipeline_fake.wait_until(lambda: len(datapipeline_fake.waiting) == 2, move_time=False)

    one = datapipeline_fake.enqueue("wg")
    two = datapipeline_fake.enqueue("wg")

    datapipeline_fake.wait_until()
    assert (one.hostname, two.hostname) == ("first", "second")


def test_moving_time_ends_the_polls_of_other_threads_one_after_the_other(
    datapipeline_fake: DataPipelineFake,
) -> None:
    start = datapipeline_fake.clock.now()
    Runner("runner").start()
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

    datapipeline_fake.clock.advance(3600)

    times = [(call.time - start).total_seconds() for call in datapipeline_fake.calls]
    assert times == [90.0 * index for index in range(41)]


def test_frozen_time_that_ticks_ends_the_polls_of_other_threads(
    datapipeline_fake: DataPipelineFake, freezer: Any
) -> None:
    Runner("runner").start()
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

    freezer.tick(180)

    assert datapipeline_fake.calls == [poll_for_task()] * 3


def test_waiting_lets_time_pass_while_all_runners_wait(
    datapipeline_fake: DataPipelineFake,
) -> None:
    start = datapipeline_fake.clock.now()
    task = datapipeline_fake.enqueue("wg", delay=1000)
    Runner("runner").start()

    datapipeline_fake.wait_until(task)

    assert datapipeline_fake.clock.now() - start == timedelta(seconds=1000)


def test_time_does_not_run_past_the_deadline_of_a_task_that_a_thread_works_on(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("slow")
    release = threading.Event()
    runner = Runner("slow", "slow", work=lambda: release.wait(10))
    runner.start()
    datapipeline_fake.wait_until(lambda: task.task_id, move_time=False)
    start = datapipeline_fake.clock.now()

    # The second poll would last until 180 seconds, beyond the acknowledgement due at 120.
    datapipeline_client.poll_for_task(workerGroup="wg")
    threading.Timer(0, release.set).start()
    datapipeline_client.poll_for_task(workerGroup="wg")

    task.assert_finished()
    ended = task.attempts[0].ended
    assert ended is not None
    assert ended - start < timedelta(seconds=120)


@pytest.mark.datapipeline(patience=0.1, settle=0.02)
def test_a_thread_that_never_returns_with_its_task_is_named(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("slow")
    release = threading.Event()
    Runner("dreamer", "slow", work=lambda: release.wait(10)).start()
    datapipeline_fake.wait_until(lambda: task.task_id, move_time=False)

    with pytest.raises(Stuck) as caught:
        for _ in range(2):
            datapipeline_client.poll_for_task(workerGroup="wg")

    release.set()
    first = str(caught.value).splitlines()[0]
    assert first.startswith(
        'Nothing happened for 0.1 real seconds: PollForTask ({"workerGroup": "wg"}) of the test '
        "itself waits, but thread 'dreamer' still works on @Activity1_"
    )
    assert first.endswith(
        "Have that runner go on or end, move time on with clock.advance(seconds), or raise the "
        "setting patience."
    )


@pytest.mark.datapipeline(settle=0.02)
def test_the_test_itself_may_move_time_past_a_deadline(
    datapipeline_fake: DataPipelineFake,
) -> None:
    task = datapipeline_fake.enqueue("wg")
    client = boto3.client("datapipeline", config=Config(read_timeout=100))
    release = threading.Event()

    def takes_and_dreams() -> None:
        client.poll_for_task(workerGroup="wg")
        release.wait(10)

    threading.Thread(target=takes_and_dreams).start()
    datapipeline_fake.wait_until(lambda: task.task_id, move_time=False)

    datapipeline_fake.clock.advance(120)
    status = task.status
    release.set()

    assert status == "WAITING_FOR_RUNNER"


def test_a_dead_thread_s_task_does_not_hold_time_up(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("set_task_status", "runner_dies")
    runner = Runner("mortal")
    runner.start()
    runner.join(timeout=10)

    answers = [datapipeline_client.poll_for_task(workerGroup="wg") for _ in range(2)]

    assert not runner.is_alive()
    assert "taskObject" not in answers[0]
    assert answers[1]["taskObject"]["taskId"] == task.task_id


def test_back_off_of_another_thread_takes_virtual_time(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.fail("poll_for_task", "throttling", per="request", times=2)
    task = datapipeline_fake.enqueue("wg")
    Runner("runner").start()

    datapipeline_fake.wait_until(task)

    assert len(datapipeline_fake.calls.backoffs) == 2
    task.assert_finished()


def test_polls_that_wait_when_the_fake_ends_end_their_threads_silently() -> None:
    with DataPipelineFake() as fake:
        runner = Runner("runner")
        runner.start()
        fake.wait_until(lambda: fake.waiting, move_time=False)

    runner.join(timeout=10)

    assert not runner.is_alive()


def test_a_wait_that_nobody_ends_becomes_an_error_that_fails_the_test() -> None:
    caught: list[BaseException] = []

    def polls() -> None:
        try:
            boto3.client("datapipeline").poll_for_task(workerGroup="wg")
        except BaseException as error:
            caught.append(error)

    fake = DataPipelineFake(patience=0.05)
    with pytest.raises(UnmetExpectations, match=r"Nobody has moved time for 0\.05"), fake:
        thread = threading.Thread(target=polls, name="lonely")
        thread.start()
        thread.join(timeout=10)

    assert isinstance(caught[0], Stuck)
    assert 'thread \'lonely\' in PollForTask ({"workerGroup": "wg"})' in str(caught[0])
    assert "call clock.advance(seconds), or wait_until(...)" in str(caught[0])


@pytest.mark.datapipeline(patience=0.05)
def test_waiting_for_what_never_comes_is_an_error(datapipeline_fake: DataPipelineFake) -> None:
    task = datapipeline_fake.enqueue("wg")

    with pytest.raises(Stuck, match="nothing is going to happen: no poll waits"):
        datapipeline_fake.wait_until(task)


def test_a_runner_whose_thread_has_died_is_named(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    thread = threading.Thread(
        target=lambda: datapipeline_client.poll_for_task(workerGroup="wg"), name="bad"
    )
    thread.start()
    thread.join()

    with pytest.raises(Stuck) as caught:
        datapipeline_fake.wait_until(task)

    assert str(caught.value).startswith(
        f"Nothing is going to change: wait_until() waits for {task!r}, but nothing is going to "
        "happen: no poll waits, and no task has a deadline. The thread 'bad' made calls and has "
        "ended. Start a runner, drive one with run(...), or have work(...) play one.\n"
    )


@pytest.mark.datapipeline(idle_limit=3600)
def test_waiting_while_runners_poll_an_empty_world_is_an_error(
    datapipeline_fake: DataPipelineFake,
) -> None:
    Runner("runner").start()

    with pytest.raises(Stuck, match="Nothing but empty polls for 1:00:00"):
        datapipeline_fake.wait_until(lambda: False)


@pytest.mark.datapipeline(virtual_sleep=True)
@pytest.mark.parametrize("max_time", [timedelta(hours=8), 28_800])
def test_waiting_for_what_does_not_come_while_others_go_on_is_an_error(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, max_time: float | timedelta
) -> None:
    task = datapipeline_fake.enqueue("wg")

    def send_heartbeats() -> None:
        while True:
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId="runner-1")
            time.sleep(3600)

    threading.Thread(target=send_heartbeats).start()

    with pytest.raises(Stuck, match=r"waits for .*Activity1.* max_time, .* \(8:00:00\)"):
        datapipeline_fake.wait_until(task, max_time=max_time)


@pytest.mark.datapipeline(patience=0.02, settle=0.001)
def test_waiting_for_a_runner_that_hangs_and_reports_in_real_time_is_an_error(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")
    tested = threading.Event()

    def hang() -> None:
        task_id = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]["taskId"]
        while not tested.wait(0.001):
            datapipeline_client.report_task_progress(taskId=task_id)

    thread = threading.Thread(target=hang)
    thread.start()

    with pytest.raises(Stuck, match=r"stood still for 0\.12 real seconds: .* still works on"):
        datapipeline_fake.wait_until(timedelta(hours=1))
    tested.set()
    thread.join()


@pytest.mark.datapipeline(virtual_sleep=True)
def test_a_thread_that_sleeps_between_heartbeats_is_not_overtaken_by_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    Runner("runner").start()

    def send_heartbeats() -> None:
        while True:
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId="runner-1")
            time.sleep(300)

    threading.Thread(target=send_heartbeats).start()
    datapipeline_fake.wait_until(datapipeline_fake.enqueue("wg", delay=86_400 / 2))

    beats = [beat.time for beat in datapipeline_fake.heartbeats["runner-1"]]
    assert {after - before for before, after in pairwise(beats)} == {timedelta(minutes=5)}


@pytest.mark.datapipeline(virtual_sleep=True)
def test_what_is_told_of_a_wait_in_vain_is_how_things_stand_then(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg", delay=60)
    Runner("runner", worker_group="group").start()

    def send_heartbeats() -> None:
        while True:
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId="runner-1")
            time.sleep(300)

    threading.Thread(target=send_heartbeats).start()

    with pytest.raises(Stuck) as caught:
        datapipeline_fake.wait_until(task, max_time=3600)

    assert "WAITING_FOR_RUNNER" in str(caught.value)
    assert "Polls were for 'group', while tasks wait in 'wg'" in str(caught.value)


@pytest.mark.datapipeline(virtual_sleep=True)
def test_a_thread_s_sleeps_before_its_first_call_are_virtual(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    """One thread polls, and others work the tasks."""
    begun = datapipeline_fake.clock.now()
    acknowledged = queue.Queue[str]()

    def acknowledge() -> None:
        while True:
            task = datapipeline_client.poll_for_task(workerGroup="wg").get("taskObject")
            if task is not None:
                datapipeline_client.report_task_progress(taskId=task["taskId"])
                acknowledged.put(task["taskId"])

    def finish() -> None:
        time.sleep(30)
        while task_id := acknowledged.get():
            time.sleep(100)
            datapipeline_client.set_task_status(taskId=task_id, taskStatus="FINISHED")

    for target in (acknowledge, finish):
        threading.Thread(target=target, daemon=True).start()
    task = datapipeline_fake.enqueue("wg", delay=10)
    datapipeline_fake.wait_until(task)

    acknowledged.put("")
    (done,) = datapipeline_fake.calls.filter("set_task_status")
    assert [attempt.status for attempt in task.attempts] == ["FINISHED"]
    assert done.time - begun == timedelta(seconds=130)


def test_a_thread_that_only_sleeps_goes_on_when_its_test_has_ended() -> None:
    slept = threading.Event()

    def sleep() -> None:
        time.sleep(3600)
        slept.set()

    with DataPipelineFake(virtual_sleep=True) as fake:
        thread = threading.Thread(target=sleep)
        thread.start()
        fake.wait_until(timedelta(minutes=1))

    thread.join(30)
    assert slept.is_set()


def test_a_moment_is_waited_for_however_far_it_is(datapipeline_fake: DataPipelineFake) -> None:
    before = datapipeline_fake.clock.now()

    datapipeline_fake.wait_until(timedelta(days=30))

    assert datapipeline_fake.clock.now() - before == timedelta(days=30)


def test_waiting_sees_what_a_thread_does_without_a_call(
    datapipeline_fake: DataPipelineFake,
) -> None:
    done = threading.Event()
    datapipeline_fake.enqueue("wg")
    runner = Runner("runner", work=done.set)
    runner.start()

    datapipeline_fake.wait_until(done.is_set, move_time=False)
    datapipeline_fake.wait_until(lambda: runner.done)

    assert len(runner.done) == 1


@pytest.mark.datapipeline(patience=0.2)
def test_waiting_ends_when_the_condition_holds_although_nobody_calls(
    datapipeline_fake: DataPipelineFake,
) -> None:
    looks = iter([False] * 4 + [True] * 9)

    datapipeline_fake.wait_until(lambda: next(looks), move_time=False)

    assert len(datapipeline_fake.calls) == 0


def test_a_waiting_poll_tells_who_waits_since_when(datapipeline_fake: DataPipelineFake) -> None:
    now = datapipeline_fake.clock.now()
    Runner("runner").start()
    datapipeline_fake.wait_until(lambda: datapipeline_fake.waiting, move_time=False)

    (poll,) = datapipeline_fake.waiting

    assert (poll.worker_group, poll.region, poll.hostname) == ("wg", "us-east-1", "runner")
    assert (poll.thread, poll.since, poll.abandoned) == ("runner", now, False)


def test_waiting_is_for_the_test_s_own_thread(datapipeline_fake: DataPipelineFake) -> None:
    caught: list[Exception] = []

    def waits() -> None:
        try:
            datapipeline_fake.wait_until(lambda: True)
        except FakeUsageError as error:
            caught.append(error)

    thread = threading.Thread(target=waits)
    thread.start()
    thread.join(timeout=10)

    assert "is for the thread that entered the fake" in str(caught[0])


def test_waiting_until_a_moment_moves_time_there(datapipeline_fake: DataPipelineFake) -> None:
    target = datapipeline_fake.clock.now() + timedelta(hours=1)

    datapipeline_fake.wait_until(target)

    assert datapipeline_fake.clock.now() == target


def test_a_runner_in_a_thread_that_swallows_its_death_stays_dead(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.fail("set_task_status", "runner_dies")
    datapipeline_fake.enqueue("wg")
    client = boto3.client("datapipeline", config=Config(read_timeout=100))

    def loop() -> None:
        while True:
            try:
                task = client.poll_for_task(workerGroup="wg")["taskObject"]
                client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
            except BaseException:
                pass

    thread = threading.Thread(target=loop)
    thread.start()
    thread.join(timeout=10)

    assert not thread.is_alive()
    assert datapipeline_fake.calls == [poll_for_task()]
