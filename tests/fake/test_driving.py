"""Driving the endless loop of a task runner on the test's own thread."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from support.pipelines import activity, daily

from pytest_datapipeline import (
    DataPipelineFake,
    FakeUsageError,
    RunnerUnwound,
    Stuck,
    UnmetExpectations,
    poll_for_task,
    report_task_progress,
    set_task_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def runner_of(client: Any, worker_group: str = "wg", status: str = "FINISHED") -> Callable[[], Any]:
    """A loop like most in the wild: endless, and it catches every exception."""

    def loop() -> None:
        while True:
            try:
                task = client.poll_for_task(workerGroup=worker_group).get("taskObject")
                if task is not None:
                    client.report_task_progress(taskId=task["taskId"])
                    client.set_task_status(taskId=task["taskId"], taskStatus=status)
            except Exception:
                continue

    return loop


def test_a_loop_runs_until_every_task_has_ended(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    tasks = datapipeline_fake.enqueue("wg", {}, {}, {})
    late = datapipeline_fake.enqueue("wg", delay=3600)

    datapipeline_fake.run(runner_of(datapipeline_client))

    assert all(task.status == "FINISHED" for task in [*tasks, late])
    assert datapipeline_fake.calls[-1] == set_task_status(taskId=late.task_id)


def test_a_failing_task_is_run_until_its_last_retry(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")

    datapipeline_fake.run(runner_of(datapipeline_client, status="FAILED"))

    assert [attempt.status for attempt in task.attempts] == ["FAILED"] * 3


def test_a_loop_runs_until_a_predicate_holds(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.run(
        runner_of(datapipeline_client), until=lambda: len(datapipeline_fake.calls) == 3
    )

    assert datapipeline_fake.calls == [poll_for_task()] * 3


def test_a_loop_runs_until_a_virtual_time_even_if_it_waits_in_a_poll(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    until = datapipeline_fake.clock.now() + timedelta(seconds=200)

    datapipeline_fake.run(runner_of(datapipeline_client), until=until)

    assert datapipeline_fake.clock.now() == until
    assert len(datapipeline_fake.calls) == 3


def test_a_loop_runs_for_a_span_of_virtual_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    before = datapipeline_fake.clock.now()

    datapipeline_fake.run(runner_of(datapipeline_client), until=timedelta(seconds=200))

    assert datapipeline_fake.clock.now() - before == timedelta(seconds=200)


def test_a_wait_can_last_for_a_span_of_virtual_time(datapipeline_fake: DataPipelineFake) -> None:
    before = datapipeline_fake.clock.now()

    datapipeline_fake.wait_until(timedelta(minutes=1))
    asyncio.run(datapipeline_fake.until(timedelta(minutes=1)))

    assert datapipeline_fake.clock.now() - before == timedelta(minutes=2)


def test_a_loop_runs_until_one_task_has_ended(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    first, second = datapipeline_fake.enqueue("wg", {}, {})

    datapipeline_fake.run(runner_of(datapipeline_client), until=first)

    assert (first.ended, second.ended) == (True, False)


def test_a_span_that_is_negative_is_refused(datapipeline_fake: DataPipelineFake) -> None:
    with pytest.raises(FakeUsageError, match="cannot be negative"):
        datapipeline_fake.wait_until(timedelta(seconds=-1))


def test_a_loop_that_ends_by_itself_gives_its_result_back(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")

    result = datapipeline_fake.run(
        lambda: len(datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"])
    )

    assert result == 4


def test_an_error_of_the_loop_comes_out(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue("wg")

    def loop() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        datapipeline_fake.run(loop)


def test_a_loop_that_gets_nowhere_is_ended_and_its_last_calls_are_named(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")

    def loop() -> None:
        while True:
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId="tr")

    with pytest.raises(Stuck) as caught:
        datapipeline_fake.run(loop, max_calls=100)

    text = str(caught.value)
    assert text.startswith("The loop made 100 calls (max_calls) in run()")
    assert text.count("report_task_runner_heartbeat(taskrunnerId='tr')") == 5


def test_a_loop_has_a_limit_in_virtual_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("another")

    with pytest.raises(Stuck, match="max_time"):
        datapipeline_fake.run(runner_of(datapipeline_client), max_time=timedelta(hours=1))


@pytest.mark.datapipeline(idle_limit=7200)
def test_a_loop_over_an_empty_world_ends_without_run_too(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with pytest.raises(Stuck, match=r"Nothing but empty polls for 2:00:00 of virtual time"):
        runner_of(datapipeline_client)()

    assert len(datapipeline_fake.calls) == 81


@pytest.fixture
def few_calls_are_a_standstill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_datapipeline._time.limits._CALLS_AT_A_STANDSTILL", 50)


def test_a_loop_whose_polls_are_all_refused_ends_without_run_too(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    few_calls_are_a_standstill: None,
) -> None:
    with pytest.raises(Stuck) as caught:
        runner_of(datapipeline_client, worker_group="")()

    lines = str(caught.value).splitlines()
    assert lines[:2] == [
        "Nothing came of 50 calls in a row: this would go on forever. If "
        "the loop swallows an error, mend what the error tells of; if it looks for something that "
        "comes with time, have it sleep (the setting virtual_sleep) or call "
        "clock.advance(seconds).",
        "Its last calls:",
    ]
    assert lines[-2].startswith("  poll_for_task(workerGroup='') at ")
    assert lines[-2].endswith(" -> InvalidRequestException")
    assert lines[-1] == "Help: pytest-datapipeline explain nothing-comes-of-calls"
    assert len(datapipeline_fake.calls) == 50


@pytest.mark.parametrize("attempts", [1, 3])
@pytest.mark.datapipeline(unmet_faults_fail=False)
def test_a_loop_that_is_throttled_for_ever_ends_although_its_back_off_moves_time(
    datapipeline_fake: DataPipelineFake, few_calls_are_a_standstill: None, attempts: int
) -> None:
    datapipeline_fake.fail("poll_for_task", "throttling", times=1_000_000)
    retries: Any = {"total_max_attempts": attempts}
    client = boto3.client("datapipeline", config=Config(retries=retries, read_timeout=100))

    with pytest.raises(Stuck, match="Nothing came of 50 calls in a row"):
        runner_of(client)()


def test_endless_heartbeats_end(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    few_calls_are_a_standstill: None,
) -> None:
    with pytest.raises(Stuck, match="Nothing came of 50 calls in a row"):
        while True:
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId="tr")


def test_calls_of_which_something_comes_are_no_standstill(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    few_calls_are_a_standstill: None,
) -> None:
    datapipeline_fake.enqueue("wg", *[{}] * 20)

    for _ in range(4):
        for _ in range(40):
            datapipeline_client.report_task_runner_heartbeat(taskrunnerId="tr")
        datapipeline_fake.clock.advance(1)
    datapipeline_fake.run(runner_of(datapipeline_client))

    assert datapipeline_fake.calls.count(set_task_status()) == 20


def test_a_runner_can_die_at_a_chosen_call_and_another_takes_its_task_over(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    task = datapipeline_fake.enqueue("wg")

    datapipeline_fake.run(runner_of(datapipeline_client), die_at=set_task_status())
    died_at = datapipeline_fake.clock.now()
    datapipeline_fake.run(runner_of(datapipeline_client))

    task.assert_finished()
    assert [attempt.status for attempt in task.attempts] == ["FAILED", "FINISHED"]
    # It had acknowledged: 15 minutes of silence, and the 10 minutes before a retry.
    assert datapipeline_fake.clock.now() - died_at == timedelta(minutes=25)


def test_the_call_at_which_a_runner_dies_is_never_made(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")

    datapipeline_fake.run(runner_of(datapipeline_client), die_at="report_task_progress")

    assert datapipeline_fake.calls == [poll_for_task()]


def test_a_runner_that_should_die_and_does_not_fails_the_test(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")
    datapipeline_client.list_pipelines()

    with pytest.raises(UnmetExpectations) as caught:
        datapipeline_fake.run(
            runner_of(datapipeline_client), die_at=set_task_status(taskStatus="FAILED")
        )

    assert str(caught.value) == (
        "The runner did not die: no call of its was set_task_status(taskStatus='FAILED'), at which "
        "it was to. It made poll_for_task (1), report_task_progress (1), set_task_status (1).\n"
        "Help: pytest-datapipeline explain runner-did-not-die"
    )


def test_an_error_of_the_loop_goes_before_that_its_runner_did_not_die(
    datapipeline_fake: DataPipelineFake,
) -> None:
    def loop() -> None:
        raise KeyError("the real reason")

    with pytest.raises(KeyError, match="the real reason"):
        datapipeline_fake.run(loop, until=lambda: False, die_at=set_task_status())


def test_a_runner_that_swallows_its_death_stays_dead(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg")

    def loop() -> None:
        while True:
            try:
                task = datapipeline_client.poll_for_task(workerGroup="wg")["taskObject"]
                datapipeline_client.report_task_progress(taskId=task["taskId"])
            except BaseException:
                pass

    datapipeline_fake.run(loop, die_at=report_task_progress())

    assert datapipeline_fake.calls == [poll_for_task()]


def test_a_death_outside_of_run_tells_how_to_go_on_after_it(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.fail("poll_for_task", "runner_dies")

    with pytest.raises(RunnerUnwound) as caught:
        datapipeline_client.poll_for_task(workerGroup="wg")

    assert str(caught.value) == (
        "the runner dies at PollForTask. To go on with the test from there, drive the runner with "
        "datapipeline_fake.run(...)."
    )


def generates() -> Any:
    yield


async def is_awaited() -> None: ...


@pytest.mark.parametrize(
    ("runner", "problem"),
    [
        (
            5,
            "run() takes the function of a runner, not 5. `run(runner())` calls it first, and "
            "gives what it returned: leave out the parentheses.\n"
            "Help: pytest-datapipeline explain not-a-runner",
        ),
        (
            generates,
            "run() was given generates, which is a generator: calling it runs none of it. Give a "
            "function that goes through it, as in `lambda: list(...)`.\n"
            "Help: pytest-datapipeline explain runner-is-a-generator",
        ),
        (
            lambda: generates(),
            "run() was given generates, which is a generator: calling it runs none of it. Give a "
            "function that goes through it, as in `lambda: list(...)`.\n"
            "Help: pytest-datapipeline explain runner-is-a-generator",
        ),
    ],
)
def test_run_refuses_what_is_no_loop(
    datapipeline_fake: DataPipelineFake, runner: Any, problem: str
) -> None:
    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.run(runner, until=lambda: True)

    assert str(caught.value) == problem


def test_run_refuses_a_coroutine_where_its_function_is_due(
    datapipeline_fake: DataPipelineFake,
) -> None:
    runner: Any = is_awaited()

    with pytest.raises(FakeUsageError, match="takes the function of a runner, not its coroutine"):
        datapipeline_fake.run(runner, until=lambda: True)


def test_run_refuses_a_matcher_without_its_parentheses(
    datapipeline_fake: DataPipelineFake,
) -> None:
    function: Any = set_task_status

    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.run(lambda: None, until=lambda: True, die_at=function)

    assert str(caught.value) == (
        "die_at must be an operation's name or a matcher, not the function set_task_status: call "
        "it, as in set_task_status().\n"
        "Help: pytest-datapipeline explain die-at-takes-a-matcher"
    )


def test_run_without_a_task_or_a_condition_is_refused(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    with pytest.raises(FakeUsageError, match="none was enqueued"):
        datapipeline_fake.run(runner_of(datapipeline_client))


def test_run_is_refused_where_every_task_has_ended_already(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    datapipeline_fake.enqueue("wg").cancel()

    with pytest.raises(FakeUsageError) as caught:
        datapipeline_fake.run(runner_of(datapipeline_client))

    assert str(caught.value) == (
        "run() ends the loop when every task has ended, but all of them have already: it would end "
        "at once. Enqueue a task, or give until=.\n"
        "Help: pytest-datapipeline explain nothing-to-run"
    )


def test_a_second_run_of_a_scenario_is_not_refused_where_a_disturbance_has_ended_all(
    datapipeline_explore: Any,
) -> None:
    def scenario(fake: DataPipelineFake) -> None:
        task = fake.enqueue("wg")
        client = boto3.client("datapipeline", config=Config(read_timeout=100))
        fake.run(runner_of(client), until=lambda: task.progress or task.ended)
        fake.run(runner_of(client))

    datapipeline_explore(scenario, only=["task_canceled"], operations=["report_task_progress"])


@pytest.mark.parametrize("move_time", [True, False])
def test_a_wait_that_would_block_the_loop_of_its_runner_says_what_to_do(
    datapipeline_fake: DataPipelineFake, move_time: bool
) -> None:
    task = datapipeline_fake.enqueue("wg")

    async def main() -> None:
        asyncio.current_task().set_name("test")  # type: ignore[union-attr]  # there is one
        runner = asyncio.create_task(asyncio.sleep(1), name="runner")
        try:
            datapipeline_fake.wait_until(lambda: task.ended, move_time=move_time)
        finally:
            runner.cancel()

    with pytest.raises(FakeUsageError) as caught:
        asyncio.run(main())

    obstacle = (
        "nothing is going to happen: no poll waits, and no task has a deadline"
        if move_time
        else "time is not to move (no poll waits)"
    )
    assert str(caught.value) == (
        f"wait_until() would block the event loop of coroutine 'test', and {obstacle}. In a "
        "coroutine use `await datapipeline_fake.until(...)`.\n"
        "Help: pytest-datapipeline explain wait-in-a-coroutine"
    )


def test_a_wait_in_a_coroutine_that_time_alone_ends_is_none_of_these(
    datapipeline_fake: DataPipelineFake,
) -> None:
    datapipeline_fake.work()
    task = datapipeline_fake.enqueue("wg", delay=60)

    async def main() -> None:
        datapipeline_fake.wait_until(task)

    asyncio.run(main())

    task.assert_finished()


@pytest.fixture
def endless(datapipeline_fake: DataPipelineFake) -> None:
    default, schedule, *others = daily(activity("A"))
    del schedule["occurrences"]
    datapipeline_fake.pipelines.activate([default, schedule, *others], name="reports")


def of_run(fake: DataPipelineFake) -> None:
    fake.run(lambda: None)


def of_wait_until(fake: DataPipelineFake) -> None:
    fake.wait_until()


def of_until(fake: DataPipelineFake) -> None:
    asyncio.run(fake.until())


@pytest.mark.parametrize("waits", [of_run, of_wait_until, of_until])
def test_every_task_of_a_schedule_without_an_end_is_not_waited_for(
    datapipeline_fake: DataPipelineFake, endless: None, waits: Callable[[DataPipelineFake], None]
) -> None:
    with pytest.raises(FakeUsageError) as caught:
        waits(datapipeline_fake)

    assert str(caught.value) == (
        "The schedule of A has no end: 'reports' never finishes. Say until when: a task, a moment, "
        "a span of time or a predicate.\n"
        "Help: pytest-datapipeline explain schedule-never-ends"
    )


@pytest.mark.datapipeline(start="2020-01-01T00:00:00")
def test_a_schedule_without_an_end_runs_for_a_span_of_time(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any, endless: None
) -> None:
    datapipeline_fake.run(runner_of(datapipeline_client), until=timedelta(days=3))

    assert [task.scheduled_start.day for task in datapipeline_fake.tasks if task.ended] == [1, 2, 3]


def test_run_within_run_is_refused(datapipeline_fake: DataPipelineFake) -> None:
    datapipeline_fake.enqueue("wg")

    with pytest.raises(FakeUsageError, match="from within"):
        datapipeline_fake.run(lambda: datapipeline_fake.run(lambda: None))


def test_a_condition_that_is_none_is_refused(datapipeline_fake: DataPipelineFake) -> None:
    with pytest.raises(FakeUsageError, match="nothing to wait for"):
        datapipeline_fake.run(lambda: None, until=3)  # type: ignore[call-overload]  # the mistake


def test_calls_between_which_a_test_lets_time_pass_are_at_no_standstill(
    datapipeline_fake: DataPipelineFake,
    datapipeline_client: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pytest_datapipeline._time.limits._CALLS_AT_A_STANDSTILL", 50)

    for _ in range(60):
        datapipeline_client.list_pipelines()
        minute = datapipeline_fake.clock.now() + timedelta(minutes=1)
        datapipeline_fake.wait_until(minute)

    assert len(datapipeline_fake.calls) == 60


def test_a_duration_beyond_all_bounds_is_refused(datapipeline_fake: DataPipelineFake) -> None:
    with pytest.raises(FakeUsageError, match="must be a duration of up to"):
        datapipeline_fake.clock.advance(10**400)


def test_an_error_of_the_predicate_is_no_failed_call_of_the_runner(
    datapipeline_fake: DataPipelineFake, datapipeline_client: Any
) -> None:
    def loop() -> None:
        while True:
            with contextlib.suppress(Exception):
                datapipeline_client.poll_for_task(workerGroup="wg")

    with pytest.raises(ZeroDivisionError):
        datapipeline_fake.run(loop, until=lambda: bool(1 / 0))


def test_a_mistake_of_the_test_is_no_failed_call_of_the_runner(
    datapipeline_client: Any,
) -> None:
    fake = DataPipelineFake()

    def loop() -> None:
        while True:
            with contextlib.suppress(Exception):
                datapipeline_client.poll_for_task(workerGroup="wg")

    with pytest.raises(UnmetExpectations), fake, fake.hold("poll_for_task"):  # noqa: SIM117
        with pytest.raises(FakeUsageError, match="nobody could release"):
            fake.run(loop, until=lambda: False)

    assert fake.calls[0].error == "FakeUsageError"
