"""`run` and `until` that nobody awaits: such a test would pass, and have tested nothing."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from pytest_datapipeline import DataPipelineFake, UnmetExpectations

if TYPE_CHECKING:
    from support.inner_pytest import Run


async def runner() -> None:
    """Does nothing, but in a coroutine."""


@pytest.mark.parametrize("method", ["run(runner)", "until(task)"])
def test_a_test_that_does_not_await_it_fails_and_is_told_the_line(run: Run, method: str) -> None:
    source = f"""
        async def runner():
            pass

        def test_it(datapipeline_fake):
            task = datapipeline_fake.enqueue("wg")
            datapipeline_fake.{method}
            assert "set_task_status" not in datapipeline_fake.calls
    """

    result = run(source, "-W", "error")

    name = method.partition("(")[0]
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"{name}(...) at *test_*.py:6 was never awaited, so nothing*"])


def test_a_test_that_fails_otherwise_is_told_in_its_report(run: Run) -> None:
    source = """
        async def runner():
            pass

        def test_it(datapipeline_fake):
            task = datapipeline_fake.enqueue("wg")
            datapipeline_fake.run(runner)
            task.assert_finished()
    """

    result = run(source)

    result.stdout.fnmatch_lines(
        ["E *Activity1 should be FINISHED*", "*- AWS Data Pipeline: never awaited -*"]
    )


@pytest.mark.parametrize("reset", [False, True])
def test_a_fake_by_itself_tells_it_at_its_end(reset: bool) -> None:
    told = pytest.raises(UnmetExpectations, match=r"run\(\.\.\.\) at .* was never awaited")

    with told, DataPipelineFake() as fake:
        fake.enqueue("wg")
        fake.run(runner)  # type: ignore[unused-coroutine]  # on purpose
        if reset:
            fake.reset()


def test_a_wait_for_a_held_call_is_told_as_well() -> None:
    told = pytest.raises(UnmetExpectations, match=r"until\(\.\.\.\) at .* `await gate\.until")

    with told, DataPipelineFake() as fake, fake.hold("poll_for_task") as gate:
        gate.until()  # type: ignore[unused-coroutine]  # on purpose


def test_what_is_awaited_later_is_no_mistake(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue("wg")
    running = datapipeline_fake.run(runner)

    asyncio.run(running)

    datapipeline_fake.verify()


def test_a_coroutine_that_has_run_is_not_kept(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue("wg")
    running = datapipeline_fake.run(runner)
    asyncio.run(running)
    kept = weakref.ref(running)

    del running
    asyncio.run(datapipeline_fake.run(runner))
    gc.collect()

    assert kept() is None
