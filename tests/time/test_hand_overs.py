"""Runners in which one polls, and others work on what it was handed: who, time cannot see."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_datapipeline import DataPipelineFake, Task

    # What polls in a loop, and gives each task away.
    Poller = Callable[[], None]
    # How a test has it poll, until a task has ended or a predicate holds.
    Until = Task | Callable[[], bool]
    Drive = Callable[[DataPipelineFake, Poller, Until], None]


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """A pool as a runner's module keeps it: its threads are older than the fake."""
    with ThreadPoolExecutor(2) as executor:
        both_begun = threading.Barrier(2)
        list(executor.map(lambda _: both_begun.wait(), range(2)))
        yield executor


def polling(give_away: Callable[[Any, str], object], tasks: int) -> Poller:
    """A runner's loop; it polls once more after the last task."""
    client = boto3.client("datapipeline", config=Config(read_timeout=100))

    def poll() -> None:
        given_away = 0
        while given_away <= tasks:
            task = client.poll_for_task(workerGroup="wg", hostname="host").get("taskObject")
            if task is not None:
                given_away += 1
                give_away(client, task["taskId"])

    return poll


def in_a_thread(fake: DataPipelineFake, poller: Poller, until: Until) -> None:
    threading.Thread(target=poller, daemon=True).start()
    fake.wait_until(until)


def driven(fake: DataPipelineFake, poller: Poller, until: Until) -> None:
    fake.run(poller, until=until)


WAYS = pytest.mark.parametrize("drive", [in_a_thread, driven])


def finish(client: Any, task_id: str) -> None:
    client.report_task_progress(taskId=task_id)
    client.set_task_status(taskId=task_id, taskStatus="FINISHED")


@WAYS
@pytest.mark.datapipeline(settle=5)
def test_a_thread_of_a_pool_acts_at_the_moment_at_which_it_was_given_a_task(
    datapipeline_fake: DataPipelineFake, pool: ThreadPoolExecutor, drive: Drive
) -> None:
    start = datapipeline_fake.clock.now()
    task = datapipeline_fake.enqueue("wg")

    def work(client: Any, task_id: str) -> None:
        # Nobody but this thread is to act any more.
        while not datapipeline_fake.waiting:
            pass
        assert sum(range(100_000)) > 0
        finish(client, task_id)

    drive(
        datapipeline_fake,
        polling(lambda *given: pool.submit(work, *given), tasks=1),
        task,
    )

    assert datapipeline_fake.clock.now() == start


@WAYS
@pytest.mark.parametrize("who", ["worker", "poller"])
@pytest.mark.datapipeline(settle=0.1)
def test_a_task_is_not_taken_back_while_another_thread_works_on_it(
    datapipeline_fake: DataPipelineFake, pool: ThreadPoolExecutor, drive: Drive, who: str
) -> None:
    task = datapipeline_fake.enqueue("wg", maximum_retries=0, report_progress_timeout=120)
    after_a_poll = datapipeline_fake.clock.now() + timedelta(seconds=90)

    def work(client: Any, task_id: str) -> None:
        while datapipeline_fake.clock.now() < after_a_poll:
            pass
        finish(client, task_id)

    def give_away(client: Any, task_id: str) -> None:
        if who == "poller":
            client.report_task_progress(taskId=task_id)
        pool.submit(work, client, task_id)

    drive(datapipeline_fake, polling(give_away, tasks=1), task)

    task.assert_finished()
    assert not datapipeline_fake.findings.broken


@WAYS
@pytest.mark.usefixtures("pool")
@pytest.mark.datapipeline(settle=0.02)
def test_a_task_that_nobody_works_on_is_taken_back_although_a_pool_idles(
    datapipeline_fake: DataPipelineFake, drive: Drive
) -> None:
    datapipeline_fake.enqueue("wg")
    lost: list[str] = []

    drive(
        datapipeline_fake,
        polling(lambda _, task_id: lost.append(task_id), tasks=2),
        lambda: len(lost) == 2,
    )

    assert lost[0] != lost[1]
    assert [finding.id for finding in datapipeline_fake.findings.broken] == ["late-acknowledgement"]


@pytest.mark.parametrize("how", ["event", "sleep between polls"])
@pytest.mark.datapipeline(settle=0.1, virtual_sleep=True)
def test_a_task_is_not_taken_back_while_a_thread_of_a_pool_waits_in_the_midst_of_its_work(
    datapipeline_fake: DataPipelineFake, pool: ThreadPoolExecutor, how: str
) -> None:
    task = datapipeline_fake.enqueue("wg", maximum_retries=0)
    before_the_end = datapipeline_fake.clock.now() + timedelta(seconds=30)

    def work(client: Any, task_id: str) -> None:
        until_time_moves = threading.Event()
        while datapipeline_fake.clock.now() < before_the_end:
            until_time_moves.wait(0.01)
        finish(client, task_id)

    def give_away(client: Any, task_id: str) -> None:
        pool.submit(work, client, task_id)
        if how == "sleep between polls":
            time.sleep(30)
            time.sleep(3600)

    in_a_thread(datapipeline_fake, polling(give_away, tasks=1), task)

    task.assert_finished()
    assert not datapipeline_fake.findings.broken


@pytest.mark.datapipeline(settle=0.02)
def test_an_idle_thread_of_a_pool_does_not_work_on_the_task_of_which_it_spoke_last(
    datapipeline_fake: DataPipelineFake, pool: ThreadPoolExecutor
) -> None:
    task = datapipeline_fake.enqueue("wg", maximum_retries=0)

    def fails(client: Any, task_id: str) -> None:
        client.report_task_progress(taskId=task_id)
        raise OSError

    in_a_thread(
        datapipeline_fake,
        polling(lambda *given: pool.submit(fails, *given), tasks=1),
        lambda: task.ended,
    )

    assert task.status == "FAILED"


@pytest.mark.datapipeline(settle=0.1)
def test_a_task_that_was_handed_over_before_a_snapshot_is_not_taken_back_after_its_restore(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, pool: ThreadPoolExecutor
) -> None:
    task = datapipeline_fake.enqueue("wg", maximum_retries=0)
    task_id = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]["taskId"]
    datapipeline_fake.restore(datapipeline_fake.snapshot())

    def work() -> None:
        enough = time.perf_counter() + 0.3
        while time.perf_counter() < enough:
            pass
        finish(datapipeline_client, task_id)

    pool.submit(work)
    datapipeline_fake.wait_until(task)

    task.assert_finished()
    assert not datapipeline_fake.findings.broken
