"""A task is canceled while its runner works: waits go on until that has shown whether it stops."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import HTTPClientError

from pytest_datapipeline import (
    DataPipelineFake,
    FakeUsageError,
    poll_for_task,
    report_task_progress,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_datapipeline import Task

pytestmark = pytest.mark.datapipeline(
    start="2024-01-01T00:00:00", virtual_sleep=True, contract="report"
)
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


def cancels(task: Task, after: int) -> Callable[[int], None]:
    """Cancels a task after so many reports."""

    def after_report(reports: int) -> None:
        if reports == after:
            task.cancel()

    return after_report


def works(
    client: Any, looks: bool, after_report: Callable[[int], None] = lambda _: None
) -> Callable[[], None]:
    """A runner that reports every minute. `looks`: whether it looks at `canceled`."""

    def loop() -> None:
        while True:
            task = client.poll_for_task(workerGroup="wg", hostname="h").get("taskObject")
            reports = 0
            while task is not None:
                answer = client.report_task_progress(taskId=task["taskId"])
                if answer["canceled"] and looks:
                    break
                reports += 1
                after_report(reports)
                time.sleep(60)

    return loop


def test_a_runner_that_ignores_its_cancellation_is_found_under_run(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")

    datapipeline_fake.run(
        works(datapipeline_client, looks=False, after_report=cancels(task, after=3))
    )

    assert datapipeline_fake.findings.broken == ["canceled-ignored"]
    assert datapipeline_fake.calls.count(report_task_progress()) == 5


def test_one_that_stops_is_ended_where_it_would_poll_again(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")

    datapipeline_fake.run(
        works(datapipeline_client, looks=True, after_report=cancels(task, after=3))
    )

    assert datapipeline_fake.findings.broken == []
    assert datapipeline_fake.calls == [poll_for_task(), *[report_task_progress()] * 4]


def test_one_that_was_not_told_as_the_answer_was_lost_is_followed_to_its_end(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("report_task_progress", "answer_lost", after=3, per="request")

    datapipeline_fake.run(
        works(datapipeline_client, looks=True, after_report=cancels(task, after=3))
    )

    assert datapipeline_fake.findings.broken == []
    assert datapipeline_fake.calls == [poll_for_task(), *[report_task_progress()] * 5]


def test_one_that_never_got_the_task_is_not_waited_for(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_fake.fail("poll_for_task", "answer_lost")

    def loop() -> None:
        try:
            datapipeline_client.poll_for_task(workerGroup="wg")
        except HTTPClientError:
            task.cancel()
        while True:
            time.sleep(1)

    datapipeline_fake.run(loop)

    assert datapipeline_fake.clock.now() - START < 2 * MINUTE


def test_one_that_reports_no_more_has_five_minutes(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")

    def loop() -> None:
        datapipeline_client.poll_for_task(workerGroup="wg")
        task.cancel()
        while True:
            time.sleep(50)

    datapipeline_fake.run(loop)

    assert datapipeline_fake.clock.now() == START + 5 * MINUTE


@pytest.mark.parametrize(("looks", "found"), [(True, []), (False, ["canceled-ignored"])])
@pytest.mark.parametrize("of_all", [True, False], ids=["every task", "one task"])
def test_a_wait_for_a_thread_goes_on_until_that_has_shown_it(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    looks: bool,
    found: list[str],
    of_all: bool,
) -> None:
    task = datapipeline_fake.enqueue("wg")
    loop = works(datapipeline_client, looks, after_report=cancels(task, after=3))
    threading.Thread(target=loop, daemon=True).start()

    datapipeline_fake.wait_until(None if of_all else task)

    assert datapipeline_fake.findings.broken == found
    assert datapipeline_fake.calls.count(report_task_progress()) == 4 + len(found)


def test_a_wait_that_is_not_to_move_time_ends_with_the_task(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    loop = works(datapipeline_client, looks=False, after_report=cancels(task, after=1))
    threading.Thread(target=loop, daemon=True).start()

    datapipeline_fake.wait_until(task, move_time=False)

    assert datapipeline_fake.clock.now() == START


def test_a_thread_that_has_ended_is_not_waited_for(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    thread = threading.Thread(target=lambda: datapipeline_client.poll_for_task(workerGroup="wg"))
    thread.start()
    thread.join()
    task.cancel()

    datapipeline_fake.wait_until()

    assert datapipeline_fake.clock.now() == START


def test_a_thread_that_is_silent_has_five_minutes_of_virtual_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    release = threading.Event()

    def loop() -> None:
        datapipeline_client.poll_for_task(workerGroup="wg")
        task.cancel()
        release.wait(10)

    threading.Thread(target=loop, daemon=True).start()

    datapipeline_fake.wait_until(task)
    release.set()

    assert datapipeline_fake.clock.now() == START + 5 * MINUTE


def test_a_task_that_the_test_itself_polled_for_is_not_waited_for(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    datapipeline_client.poll_for_task(workerGroup="wg")
    task.cancel()

    datapipeline_fake.wait_until(task)
    other = datapipeline_fake.enqueue("wg")
    datapipeline_fake.run(
        lambda: datapipeline_client.set_task_status(
            taskId=datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]["taskId"],
            taskStatus="FINISHED",
        )
    )

    other.assert_finished()
    assert datapipeline_fake.clock.now() == START


def test_a_task_that_nobody_has_is_not_waited_for(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task.cancel()

    datapipeline_fake.wait_until()

    assert datapipeline_fake.clock.now() == START


def test_an_attempt_that_took_too_long_is_canceled_for_its_runner_likewise(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg", attempt_timeout=150, maximum_retries=0)

    datapipeline_fake.run(works(datapipeline_client, looks=False))

    assert datapipeline_fake.findings.broken == ["canceled-ignored"]


def test_a_cancellation_can_come_later(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task.cancel(delay=timedelta(seconds=150))

    datapipeline_fake.run(works(datapipeline_client, looks=True))

    assert task.finished == START + timedelta(seconds=150)
    assert datapipeline_fake.clock.now() == START + 3 * MINUTE


def test_one_that_comes_when_the_task_has_ended_does_nothing(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.work()
    task = datapipeline_fake.enqueue("wg")
    task.cancel(delay=60)

    datapipeline_fake.clock.advance(120)

    task.assert_finished()


@pytest.mark.parametrize("delay", [-1, "soon"])
def test_a_delay_that_is_none_is_refused(datapipeline_fake: DataPipelineFake, delay: Any) -> None:
    with pytest.raises(FakeUsageError, match=r"delay is "):
        datapipeline_fake.enqueue("wg").cancel(delay=delay)


def test_a_runner_of_an_exploration_has_the_whole_five_minutes(
    datapipeline_explore: Any,
) -> None:
    ends: list[timedelta] = []

    def scenario(fake: DataPipelineFake) -> None:
        fake.enqueue("wg")
        client = boto3.client("datapipeline", config=Config(read_timeout=100))
        before = fake.clock.now()

        def loop() -> None:
            while True:
                task = client.poll_for_task(workerGroup="wg", hostname="h").get("taskObject")
                if task and not client.report_task_progress(taskId=task["taskId"])["canceled"]:
                    client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

        fake.run(loop)
        ends.append(fake.clock.now() - before)

    datapipeline_explore(scenario, only=["task_canceled"], operations=["report_task_progress"])

    assert ends[-1] >= 5 * MINUTE
