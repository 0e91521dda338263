"""Runners in which one polls, and others work on what it was handed: who, time cannot see."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_datapipeline import DataPipelineFake

    # What polls in a loop, and gives each task away.
    Poller = Callable[[], None]
    # How a test has it poll, until a condition holds.
    Drive = Callable[[DataPipelineFake, Poller, Callable[[], bool]], None]


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


def in_a_thread(fake: DataPipelineFake, poller: Poller, over: Callable[[], bool]) -> None:
    threading.Thread(target=poller, daemon=True).start()
    fake.wait_until(over)


def driven(fake: DataPipelineFake, poller: Poller, over: Callable[[], bool]) -> None:
    fake.run(poller, until=over)


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
        lambda: task.status == "FINISHED",
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

    drive(datapipeline_fake, polling(give_away, tasks=1), lambda: task.ended)

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
