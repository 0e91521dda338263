"""Loops that sleep where nothing comes of it are ended."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest

from pytest_datapipeline import DataPipelineFake, Stuck

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.inner_pytest import Run

REAL_SLEEP = time.sleep
IMPATIENT = 0.001


def reports(client: Any, sleep: Callable[[float], None]) -> Callable[[], None]:
    """A runner that works on one task until it is canceled."""

    def loop() -> None:
        task = client.poll_for_task(workerGroup="wg")["taskObject"]
        while not client.report_task_progress(taskId=task["taskId"])["canceled"]:
            sleep(3600)

    return loop


@pytest.mark.parametrize("taken_out", [False, True])
@pytest.mark.datapipeline(patience=IMPATIENT)
def test_a_loop_that_waits_in_real_time_for_virtual_time_is_ended(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, taken_out: bool
) -> None:
    datapipeline_fake.enqueue("wg").cancel(delay=5)

    def sleeps(seconds: float) -> None:
        (sleep if taken_out else time.sleep)(seconds)

    with pytest.raises(Stuck, match=r"slept for 0\.001 real seconds .* Set virtual_sleep=True"):
        datapipeline_fake.run(reports(datapipeline_client, sleeps), max_calls=10)

    assert time.sleep is sleep is REAL_SLEEP


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("patience=0.001", "datapipeline_fake.run(lambda: time.sleep(1))"),
        ("virtual_sleep=True", "[time.sleep(100) for _ in range(2_000)]"),
    ],
)
def test_its_report_ends_at_the_line_that_sleeps(run: Run, setting: str, code: str) -> None:
    source = f"""
        import time
        import pytest

        @pytest.mark.datapipeline({setting})
        def test_it(datapipeline_fake):
            datapipeline_fake.enqueue("wg")
            {code}
    """

    result = run(source)

    result.stdout.fnmatch_lines(["E *Stuck: *", "test_*.py:7: Stuck"])


@pytest.mark.datapipeline(patience=IMPATIENT)
def test_a_loop_that_swallows_it_is_ended_as_well(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")

    def loop() -> None:
        while True:
            with contextlib.suppress(BaseException):
                time.sleep(1)

    with pytest.raises(Stuck):
        datapipeline_fake.run(loop)


@pytest.mark.datapipeline(patience=IMPATIENT)
def test_sleeps_between_which_time_moves_are_counted_anew(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    task.cancel(delay=5)

    def sleeps(seconds: float) -> None:
        time.sleep(IMPATIENT * 0.9)
        datapipeline_fake.clock.advance(1)

    datapipeline_fake.run(reports(datapipeline_client, sleeps))

    assert task.status == "CANCELED"


@pytest.mark.datapipeline(patience=IMPATIENT)
def test_a_loop_that_sleeps_for_very_long_in_all_is_ended_though_time_moves(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg", delay=86_000)

    def loop() -> None:
        while True:
            datapipeline_client.poll_for_task(workerGroup="wg")
            time.sleep(IMPATIENT * 0.9)

    with pytest.raises(
        Stuck, match=r"slept for 0\.006 real seconds in run\(\)\. Set virtual_sleep"
    ):
        datapipeline_fake.run(loop)


@pytest.mark.datapipeline(virtual_sleep=True)
def test_sleeps_are_no_calls(datapipeline_fake: DataPipelineFake) -> None:
    def loop() -> None:
        for _ in range(100):
            time.sleep(1)

    datapipeline_fake.run(loop, until=lambda: False, max_calls=10)


def test_a_double_of_sleep_is_left_alone(
    datapipeline_fake: DataPipelineFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    datapipeline_fake.enqueue("wg")

    datapipeline_fake.run(lambda: time.sleep(3600))

    assert slept == [3600]


@pytest.mark.datapipeline(virtual_sleep=True)
def test_a_loop_that_sleeps_until_a_clock_that_stands_still_is_ended(
    datapipeline_fake: DataPipelineFake,
) -> None:
    end = time.monotonic() + 3600

    with pytest.raises(Stuck, match=r"slept 14\d\d times in a row .* set freeze=True"):
        while time.monotonic() < end:
            time.sleep(60)


def test_a_coroutine_that_does_so_is_ended(datapipeline_fake: DataPipelineFake) -> None:
    task = datapipeline_fake.enqueue("wg")
    end = time.monotonic() + 3600

    async def main() -> None:
        waiting = asyncio.create_task(datapipeline_fake.until(task))
        while time.monotonic() < end and not waiting.done():
            await asyncio.sleep(60)
        await waiting

    with pytest.raises(Stuck, match=r"slept 14\d\d times in a row .* set freeze=True"):
        asyncio.run(main())


def test_a_coroutine_may_sleep_until_a_moment_as_often_as_it_likes(
    datapipeline_fake: DataPipelineFake,
) -> None:
    slept = 0

    async def sleep_on() -> None:
        nonlocal slept
        while True:
            await asyncio.sleep(60)
            slept += 1

    async def main() -> None:
        sleeping = asyncio.create_task(sleep_on())
        await datapipeline_fake.until(datetime.timedelta(days=3))
        sleeping.cancel()

    asyncio.run(main())

    assert slept == pytest.approx(3 * 24 * 60, abs=1)


@pytest.mark.datapipeline(virtual_sleep=True, freeze=True)
def test_with_clocks_that_go_such_a_loop_ends_by_itself(
    datapipeline_fake: DataPipelineFake,
) -> None:
    before = datapipeline_fake.clock.now()
    end = time.time() + 7 * 86_400

    while time.time() < end:
        time.sleep(60)

    assert (datapipeline_fake.clock.now() - before).days == 7


@pytest.mark.datapipeline(virtual_sleep=True)
def test_a_call_now_and_then_is_progress(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    for _ in range(3):
        for _ in range(900):
            time.sleep(60)
        datapipeline_client.list_pipelines()
