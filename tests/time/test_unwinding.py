# ruff: noqa: SIM105, E722
"""Loops that swallow even what `except Exception` does not catch."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from support.inner_pytest import run_apart

from pytest_datapipeline import DataPipelineFake, DataPipelineStubber, Stuck

if TYPE_CHECKING:
    from collections.abc import Callable

    Loop = Callable[[Callable[[], object]], None]


def bare_except(call: Callable[[], object]) -> None:
    while True:
        try:
            call()
        except:
            pass


def goes_on_with_the_loop(call: Callable[[], object]) -> None:
    while True:
        try:
            call()
        except BaseException:
            continue


def suppresses(call: Callable[[], object]) -> None:
    while True:
        with suppress(BaseException):
            call()


def suppresses_on_one_line(call: Callable[[], object]) -> None:
    while True:
        with suppress(BaseException): call()  # noqa: E701  # fmt: skip


def catches_twice(call: Callable[[], object]) -> None:
    while True:
        try:
            try:
                call()
            except BaseException:
                pass
        except BaseException:
            pass


def catches_in_two_functions(call: Callable[[], object]) -> None:
    def work() -> None:
        with suppress(BaseException):
            call()

    while True:
        try:
            work()
        except BaseException:
            pass


def loops_within_a_loop(call: Callable[[], object]) -> None:
    while True:
        try:
            bare_except(call)
        except BaseException:
            pass


def calls_again_in_the_handler(call: Callable[[], object]) -> None:
    while True:
        try:
            call()
        except BaseException:
            with suppress(BaseException):
                call()


LOOPS = [
    bare_except,
    goes_on_with_the_loop,
    suppresses,
    suppresses_on_one_line,
    catches_twice,
    catches_in_two_functions,
    loops_within_a_loop,
    calls_again_in_the_handler,
]
every_loop = pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)


@pytest.fixture
def nothing_is_left() -> Any:
    """No trace function, no profile function, and no exception that seems to be handled."""
    before = (sys.gettrace(), sys.getprofile(), sys.exc_info()[1])
    yield
    assert (sys.gettrace(), sys.getprofile(), sys.exc_info()[1]) == before


@every_loop
def test_run_returns_from_a_loop_that_swallows_everything(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    nothing_is_left: None,
    loop: Loop,
) -> None:
    task = datapipeline_fake.enqueue("wg")

    def work() -> None:
        held = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
        datapipeline_client.set_task_status(taskId=held["taskId"], taskStatus="FINISHED")

    returned = datapipeline_fake.run(lambda: loop(work))

    assert returned is None
    task.assert_finished()


@every_loop
def test_a_limit_of_run_ends_a_loop_that_swallows_everything(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    nothing_is_left: None,
    loop: Loop,
) -> None:
    def poll() -> None:
        datapipeline_client.poll_for_task(workerGroup="wg")

    with pytest.raises(Stuck, match=r"made 3 calls \(max_calls\)"):
        datapipeline_fake.run(lambda: loop(poll), until=lambda: False, max_calls=3)


@every_loop
@pytest.mark.datapipeline(idle_limit=600)
def test_a_loop_over_an_empty_world_ends_although_it_swallows_everything(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    nothing_is_left: None,
    loop: Loop,
) -> None:
    def poll() -> None:
        datapipeline_client.poll_for_task(workerGroup="wg")

    with pytest.raises(Stuck, match="Nothing but empty polls for 0:10:00"):
        loop(poll)


@every_loop
def test_a_stubber_ends_a_loop_that_swallows_everything(
    datapipeline_stubber: DataPipelineStubber,
    datapipeline_client: Any,
    nothing_is_left: None,
    loop: Loop,
) -> None:
    def poll() -> None:
        datapipeline_client.poll_for_task(workerGroup="wg")

    with pytest.raises(Stuck, match="100 calls were refused, and still they come"):
        loop(poll)

    datapipeline_stubber._problems.clear()


@every_loop
def test_a_loop_in_a_thread_that_swallows_everything_ends_with_the_fake(loop: Loop) -> None:
    with DataPipelineFake() as fake:
        client = boto3.client("datapipeline", config=Config(read_timeout=100))

        def poll() -> None:
            client.poll_for_task(workerGroup="wg")

        thread = threading.Thread(target=loop, args=(poll,))
        thread.start()
        fake.wait_until(lambda: fake.waiting, move_time=False)

    thread.join(timeout=10)
    assert not thread.is_alive()


def test_the_trace_function_of_a_debugger_is_back_in_force_after_run(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")
    before = sys.gettrace()

    def debugger(*_: object) -> None:
        return None

    sys.settrace(debugger)
    try:
        datapipeline_fake.run(
            lambda: bare_except(lambda: datapipeline_client.poll_for_task(workerGroup="wg")),
            until=lambda: task.task_id,
        )
        after = sys.gettrace()
    finally:
        sys.settrace(before)

    assert after is debugger


def test_an_exception_that_is_caught_a_few_times_is_only_raised_by_calls(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    caught = []

    def loop() -> str:
        for _ in range(5):
            try:
                datapipeline_client.poll_for_task(workerGroup="wg")
            except BaseException as error:
                caught.append(type(error).__name__)
        return "done"

    returned = datapipeline_fake.run(loop, until=lambda: True)

    assert returned == "done"
    assert caught == ["RunnerUnwound"] * 5


def test_a_loop_that_nothing_gets_out_of_ends_the_process(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(datapipeline_fake, datapipeline_client):
            def loop():
                while True:
                    try:
                        while True:
                            try: datapipeline_client.poll_for_task(workerGroup="wg")
                            except BaseException: pass
                    except BaseException: pass

            datapipeline_fake.run(loop, until=lambda: True)
        """
    )

    result = run_apart(pytester, "-s")

    assert result.ret == 70
    result.stderr.fnmatch_lines(
        [
            "RunnerUnwound: what run() was to wait for has come",
            "The loop swallows this whatever is done to end it, so pytest-datapipeline ends the "
            "process.",
        ]
    )
